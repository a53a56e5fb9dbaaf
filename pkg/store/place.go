package store

import (
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

const scheme = "etcd://"

// The lease of a leader: what it is by default, and its bounds. etcd itself
// keeps none shorter.
const (
	defaultLease = 5 * time.Second
	minLease     = 2 * time.Second
	maxLease     = time.Minute
)

// place is where an etcd store is.
type place struct {
	endpoints []string // HOST:PORT
	prefix    string   // of all keys; ends in a slash
	lease     time.Duration
	tls       bool
}

// Shared reports whether a location names a store that several processes
// share, and not a file.
func Shared(location string) bool { return strings.HasPrefix(location, scheme) }

// parsePlace reads etcd://HOST:PORT[,HOST:PORT...]/PREFIX[?lease=5s][&tls=true].
// Only what stays on the machine goes without TLS.
func parsePlace(location string) (place, error) {
	wrong := func(why string) (place, error) {
		return place{}, slice.Errorf(slice.Invalid, "store %q: %s; it is %sHOST:PORT[,HOST:PORT...]/PREFIX[?lease=5s][&tls=true]", location, why, scheme)
	}
	rest, options, _ := strings.Cut(strings.TrimPrefix(location, scheme), "?")
	hosts, prefix, _ := strings.Cut(rest, "/")
	prefix = strings.Trim(prefix, "/")
	if prefix == "" {
		return wrong("there is no prefix")
	}
	p := place{endpoints: strings.Split(hosts, ","), prefix: prefix + "/", lease: defaultLease}
	for _, e := range p.endpoints {
		if host, port, err := net.SplitHostPort(e); err != nil || host == "" || port == "" {
			return wrong(strconv.Quote(e) + " is not HOST:PORT")
		}
	}
	p.tls = slices.ContainsFunc(p.endpoints, func(e string) bool { return !loopback(e) })
	values, err := url.ParseQuery(options)
	if err != nil {
		return wrong(err.Error())
	}
	for key := range values {
		switch text := values.Get(key); key {
		case "lease":
			p.lease, err = time.ParseDuration(text)
			if err != nil || p.lease < minLease || p.lease > maxLease || p.lease%time.Second != 0 {
				return wrong("the lease is whole seconds, from 2s to 60s")
			}
		case "tls":
			on, err := strconv.ParseBool(text)
			if err != nil || !on && p.tls {
				return wrong("tls=" + text + ": without TLS etcd is on loopback only")
			}
			p.tls = on
		default:
			return wrong("there is no option " + strconv.Quote(key))
		}
	}
	return p, nil
}

func loopback(endpoint string) bool {
	host, _, _ := net.SplitHostPort(endpoint)
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
