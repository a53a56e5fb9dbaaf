#!/bin/sh
# Answers calls or makes them, on the interfaces of a slice. It waits until
# these have addresses, because a pod may start before its networks are there.
set -eu

# address prints the IPv4 address of an interface.
address() {
	until ip -4 -o address show dev "$1" 2>/dev/null | grep -q inet; do sleep 1; done
	ip -4 -o address show dev "$1" | sed -n '1s/.*inet \([0-9.]*\).*/\1/p'
}

# The station needs nothing of the kind while it only waits.
[ "$ROLE" = idle ] && exec sleep infinity

set -- -i "$(address "$SIGNAL")" -p "$SIP_PORT" -mi "$(address "$MEDIA")" -mp "$RTP_PORT" -nostdin
case $ROLE in
answer) exec sipp -sn uas -rtp_echo "$@" ;;
call) exec sipp "$PEER:$SIP_PORT" -sf /scenario/call.xml -r 1 -rp "$((EVERY * 1000))" -d "$((LASTS * 1000))" "$@" ;;
esac
