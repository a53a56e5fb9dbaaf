package nss

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/plugin/restconf"
)

// A promise is what a policy comes to:
//
//	one-way-delay-…      the path may be so long, in whole milliseconds, rounded down
//	two-way-delay-…      the same with half of it
//	…-bandwidth          reserved on the path in either direction; a port may send as
//	                     much as is reserved for it towards all others
//	availability         each path has a second one, to which switches fail over
//	mtu                  of the network
//	traffic-isolation    always so
//	security             tunnels between domains are encrypted and authenticated
//
// A maximum keeps every percentile. Of loss, of variation, and of bandwidth that is
// shared, nothing can be promised; only a bound of zero, which is none, is taken.
type promise struct {
	latencyMs uint32 // 0: any
	kbps      uint64 // 0: none
	protected bool
	mtu       uint32 // 0: any
	encrypted bool
}

// units of time in nanoseconds, and of bandwidth in bit/s. They are free text in the
// model.
var (
	timeUnits = map[string]uint64{
		"nanoseconds": 1, "microseconds": 1e3, "milliseconds": 1e6, "seconds": 1e9, "minutes": 60e9, "hours": 3600e9,
		"ns": 1, "us": 1e3, "ms": 1e6, "s": 1e9,
	}
	rateUnits = map[string]uint64{"bps": 1, "kbps": 1e3, "mbps": 1e6, "gbps": 1e9}
)

// promise says what a policy comes to. It is asked for at the place of the policy.
func (p *policy) promise(path string) (promise, error) {
	var out promise
	if p.SLE != nil {
		out.encrypted = len(p.SLE.Security) > 0
	}
	if p.SLO == nil {
		return out, nil
	}
	out.mtu, out.protected = p.SLO.MTU, p.SLO.Availability != ""
	for _, b := range p.SLO.Bounds {
		if err := out.bound(fmt.Sprintf("%s/slo-policy/metric-bound[metric-type='%s']", path, b.Type), b); err != nil {
			return out, err
		}
	}
	return out, nil
}

func (o *promise) bound(path string, b bound) error {
	name, _ := b.Type.own()
	if b.Bound == nil || *b.Bound == 0 {
		return nil // unbounded
	}
	switch name {
	case "one-way-delay-maximum", "one-way-delay-percentile":
		return o.delay(path, b, 1)
	case "two-way-delay-maximum", "two-way-delay-percentile":
		return o.delay(path, b, 2)
	case "one-way-bandwidth", "two-way-bandwidth":
		return o.bandwidth(path, b)
	default:
		return restconf.Errorf(restconf.NotSupported, path, "nothing can be promised of %s", name)
	}
}

func (o *promise) delay(path string, b bound, ways uint64) error {
	unit, known := timeUnits[strings.ToLower(b.Unit)]
	if !known {
		return restconf.Errorf(restconf.InvalidValue, path+"/metric-unit", "%.64q is not a unit of time: write milliseconds", b.Unit)
	}
	const ms = uint64(1e6)
	if uint64(*b.Bound) > math.MaxUint64/unit {
		return nil // longer than anything
	}
	limit := uint64(*b.Bound) * unit / ways / ms
	if limit == 0 {
		return restconf.Errorf(restconf.NotSupported, path+"/bound", "less than a millisecond each way cannot be promised")
	}
	if limit > math.MaxUint32 {
		return nil
	}
	o.latencyMs = least(o.latencyMs, uint32(limit))
	return nil
}

func (o *promise) bandwidth(path string, b bound) error {
	unit, known := rateUnits[strings.ToLower(b.Unit)]
	if !known {
		return restconf.Errorf(restconf.InvalidValue, path+"/metric-unit", "%.64q is not a unit of bandwidth: write bps, Kbps, Mbps or Gbps", b.Unit)
	}
	if uint64(*b.Bound) > math.MaxUint64/2/unit {
		return tooMuch(path)
	}
	const kbit = 1000
	kbps := (uint64(*b.Bound)*unit + kbit - 1) / kbit
	if kbps > math.MaxUint32 {
		return tooMuch(path)
	}
	o.kbps = max(o.kbps, kbps)
	return nil
}

func tooMuch(path string) error {
	return restconf.Errorf(restconf.InvalidValue, path, "more than %d kbit/s cannot be promised", uint32(math.MaxUint32))
}

// least returns the lower of two limits, of which 0 is none.
func least(a, b uint32) uint32 {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// with returns the promises of both.
func (o promise) with(other promise) promise {
	return promise{
		latencyMs: least(o.latencyMs, other.latencyMs), kbps: max(o.kbps, other.kbps),
		protected: o.protected || other.protected, mtu: max(o.mtu, other.mtu), encrypted: o.encrypted || other.encrypted,
	}
}

// check holds a policy against the model.
func (p *policy) check(path string) error {
	if p.SLO != nil {
		if err := p.SLO.check(path + "/slo-policy"); err != nil {
			return err
		}
	}
	if p.SLE != nil {
		for _, i := range p.SLE.Security {
			if err := oneOf("security", path+"/sle-policy/security", i); err != nil {
				return err
			}
		}
		for _, i := range p.SLE.Isolation {
			if err := oneOf("isolation", path+"/sle-policy/isolation", i); err != nil {
				return err
			}
		}
	}
	_, err := p.promise(path)
	return err
}

func (s *slo) check(path string) error {
	if s.Availability != "" {
		if err := oneOf("availability", path+"/availability", s.Availability); err != nil {
			return err
		}
	}
	if s.MTU > maxMTU {
		return restconf.Errorf(restconf.InvalidValue, path+"/mtu", "%d is more than %d", s.MTU, maxMTU)
	}
	for i, b := range s.Bounds {
		here := fmt.Sprintf("%s/metric-bound[metric-type='%.64s']", path, b.Type)
		name, own := b.Type.own()
		switch {
		case !own || !slices.Contains(metrics, name):
			return restconf.Errorf(restconf.InvalidValue, here+"/metric-type", "it is none of the model's")
		case slices.ContainsFunc(s.Bounds[:i], func(other bound) bool { return other.Type == b.Type }):
			return restconf.Errorf(restconf.BadElement, here, "it is there twice")
		case b.Unit == "":
			return restconf.Errorf(restconf.MissingElement, here+"/metric-unit", "the unit is not said")
		case b.Percentile != "" && !isPercentile(b.Percentile):
			return restconf.Errorf(restconf.InvalidValue, here+"/percentile-value", "%.64q is not between 0 and 100, with at most three decimals", b.Percentile)
		}
		if err := first(isShort(here+"/metric-unit", b.Unit), isShort(here+"/value-description", b.Description)); err != nil {
			return err
		}
	}
	return nil
}

// metrics are those of the model.
var metrics = []string{
	"one-way-bandwidth", "two-way-bandwidth", "shared-bandwidth",
	"one-way-delay-maximum", "one-way-delay-percentile", "two-way-delay-maximum", "two-way-delay-percentile",
	"one-way-delay-variation-maximum", "one-way-delay-variation-percentile",
	"two-way-delay-variation-maximum", "two-way-delay-variation-percentile",
	"one-way-packet-loss", "two-way-packet-loss",
}
