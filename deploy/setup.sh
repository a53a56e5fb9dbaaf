#!/usr/bin/env bash
# setup.sh PURPOSE... installs the Debian packages that a purpose needs and this
# machine lacks, and says so. Where nothing is missing it does nothing.
#
#   run       the lab and the demo: Open vSwitch, ip, ping
#   test      the tests with race detection: a C compiler, a witness of offloads, etcd, openssl,
#             yanglint, and Python for the connector of OSM's RO
#   generate  the code made from pkg/api: protoc
#   lint      the linter of the OpenAPI document: npm
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

# need PACKAGE COMMAND...: remembers the package if one of the commands is away.
packages=()
need() {
	local package=$1 command
	shift
	for command in "$@"; do
		command -v "$command" >/dev/null && continue
		packages+=("$package")
		return
	done
}

for purpose in "$@"; do
	case $purpose in
	run)
		need openvswitch-switch ovs-vswitchd ovsdb-server ovsdb-tool ovs-vsctl ovs-ofctl ovs-appctl
		need iproute2 ip
		need iputils-ping ping
		[ -e /etc/ssl/certs/ca-certificates.crt ] || packages+=(ca-certificates)
		;;
	test)
		need gcc gcc
		need ethtool ethtool
		need etcd-server etcd
		need openssl openssl
		need libyang2-tools yanglint
		need python3 python3
		[ -e /usr/lib/python3/dist-packages/setuptools ] || packages+=(python3-setuptools python3-wheel)
		[ -e /usr/lib/python3/dist-packages/pip ] || packages+=(python3-pip)
		[ -e /usr/include/stdlib.h ] || packages+=(libc6-dev)
		;;
	generate) need protobuf-compiler protoc ;;
	lint) need npm npm ;;
	*)
		echo "setup: $purpose is none of run, test, generate, lint" >&2
		exit 2
		;;
	esac
done
[ ${#packages[@]} -eq 0 ] && exit 0

if ! command -v apt-get >/dev/null; then
	echo "setup: this machine has no apt-get; install what Debian calls: ${packages[*]}" >&2
	exit 1
fi
root=()
if [ "$(id -u)" -ne 0 ]; then
	if ! command -v sudo >/dev/null; then
		echo "setup: run as root: apt-get install ${packages[*]}" >&2
		exit 1
	fi
	root=(sudo)
fi
echo "setup: apt-get install ${packages[*]}"

# Debian starts a service when it installs one. The lab runs an Open vSwitch of
# its own for each node and has no use for the system's; a policy of our own
# keeps that one still for the length of the installation.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	printf '#!/bin/sh\nexit 101\n' | "${root[@]}" tee $policy >/dev/null
	"${root[@]}" chmod 755 $policy
	trap '"${root[@]}" rm -f $policy' EXIT
fi
"${root[@]}" apt-get update -qq
"${root[@]}" env DEBIAN_FRONTEND=noninteractive \
	apt-get install -qq -y --no-install-recommends "${packages[@]}" >/dev/null
