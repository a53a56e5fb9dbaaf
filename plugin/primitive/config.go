package primitive

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Config returns the primitive config, which says whom to drive. Address is the
// name of the parameter with the address, and of the function that is there.
// More are parameters of this function alone.
func Config[T any](address string, more ...Parameter) Primitive[T] {
	return Primitive[T]{
		Name: "config", Tolerant: true, Help: "Say whom to drive and as whom; empty ones stay as they are",
		Parameters: append([]Parameter{
			{Name: "osm-config", Type: Text},
			{Name: address, Type: Text},
			{Name: "credentials", Type: Text},
			{Name: timeout, Type: Number, Default: "60"},
		}, more...),
		bare: func(ctx context.Context, r Runner[T], c Call[T]) (Result, error) {
			return configure(ctx, r, c, address)
		},
	}
}

// configure remembers what is given, once the other side has answered. OSM
// calls config by itself before anybody could say more than OSM knows: such a
// call succeeds, and says what is missing.
func configure[T any](ctx context.Context, r Runner[T], c Call[T], address string) (Result, error) {
	given := Settings{Address: c.Text(address), Credentials: c.Text("credentials"), Tenant: c.Text("tenant"), Domain: c.Text("domain")}
	if err := checkSettings(given, address); err != nil {
		return Result{}, err
	}
	named := given.Address != "" || given.Credentials != ""
	next := given.or(c.Settings)
	next.Address = cmp.Or(next.Address, Discover(c.Text("osm-config"), address))
	if next.Address == "" {
		if err := keep(r, next, c.Settings); err != nil {
			return Result{}, err
		}
		return Result{Message: "nothing to drive yet: run config with " + address}, nil
	}
	c.Tell("calling " + next.Address)
	says, err := try(ctx, r, next)
	if err != nil && named {
		return Result{}, At(address, err)
	}
	if err := keep(r, next, c.Settings); err != nil {
		return Result{}, err
	}
	if err != nil {
		return Result{Message: fmt.Sprintf("%s is noted and does not answer yet: %s", next.Address, err)}, nil
	}
	return Result{Message: cmp.Or(says, next.Address+" answers")}, nil
}

func keep[T any](r Runner[T], next, before Settings) error {
	if next == before {
		return nil
	}
	if err := r.Keep.Save(next); err != nil {
		return fmt.Errorf("keep the settings: %w", err)
	}
	return nil
}

// try reaches the other side once.
func try[T any](ctx context.Context, r Runner[T], s Settings) (string, error) {
	to, end, err := r.reach(ctx, s)
	if err != nil {
		return "", err
	}
	defer end()
	return r.Check(ctx, to, s)
}

// Try says whether the other side answers, with what is configured.
func (r Runner[T]) Try(ctx context.Context) (string, error) {
	s, err := r.settings()
	if err != nil {
		return "", err
	}
	return try(ctx, r, s)
}

func checkSettings(s Settings, address string) error {
	if s.Address != "" {
		if _, port, err := net.SplitHostPort(s.Address); err != nil || port == "" {
			return fault(address, "", "%q is not HOST:PORT", clip(s.Address))
		}
	}
	if s.Tenant != "" && !slice.IsLabel(s.Tenant) {
		return fault("tenant", "", "%q is not a DNS label", clip(s.Tenant))
	}
	if s.Domain != "" && !slice.IsLabel(s.Domain) {
		return fault("domain", "", "%q is not a DNS label", clip(s.Domain))
	}
	return nil
}

// The ports at which functions offer what is driven here.
var ports = map[string]uint64{"sco": 7001, "sdnc": 8443}

// Discover returns the address of a function among the services of a KDU that
// OSM tells of, or nothing. What cannot be read tells nothing: OSM's form may
// change.
func Discover(osm, function string) string {
	doc, err := descriptor.Read("osm-config", []byte(osm), descriptor.Limits{})
	if err != nil {
		return ""
	}
	for _, service := range doc.Root().Get("v0").Get("k8s").Get("services").Entries() {
		ip := service.Value.Get("ip")
		host := ip.Text()
		if all := ip.Items(); len(all) > 0 {
			host = all[0].Text()
		}
		if _, err := netip.ParseAddr(host); err != nil {
			continue // the one without an address that names the pods
		}
		for _, p := range service.Value.Get("ports").Entries() {
			if port, ok := p.Value.Get("port").Uint(); ok && port == ports[function] {
				return net.JoinHostPort(host, strconv.FormatUint(port, 10))
			}
		}
	}
	return ""
}
