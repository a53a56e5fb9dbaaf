package vim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"slices"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A plan is what was read from the profiles of a network.
type plan struct {
	CIDR     netip.Prefix `json:"cidr,omitzero"`
	Gateway  netip.Addr   `json:"gateway,omitzero"`
	Outside  []slice.Span `json:"outside,omitempty"` // of the range that DHCP would grant
	VLAN     slice.VLAN   `json:"vlan,omitempty"`
	Physical string       `json:"physical,omitempty"`
	Notes    []string     `json:"notes,omitempty"` // what was taken and does nothing
}

// An ipProfile is RO's, as far as it means something here. RO sends null for what
// it does not know.
type ipProfile struct {
	Version string          `json:"ip_version"`
	Subnet  string          `json:"subnet_address"`
	Gateway string          `json:"gateway_address"`
	DNS     json.RawMessage `json:"dns_address"`
	DHCP    *bool           `json:"dhcp_enabled"`
	Start   string          `json:"dhcp_start_address"`
	Count   json.Number     `json:"dhcp_count"`
}

// A provider is RO's provider_network_profile. OSM writes the tag with a hyphen or
// with an underscore, as a number or as a text.
type provider struct {
	Tag      json.Number `json:"segmentation-id"`
	Tag2     json.Number `json:"segmentation_id"`
	Physical string      `json:"physical-network"`
	Kind     string      `json:"network-type"`
}

// unpack reads an object of RO's and returns its canonical form, and the keys that
// mean nothing here.
func unpack(what string, raw json.RawMessage, v any, known ...string) (canonical string, others []string, err error) {
	if len(raw) == 0 || string(raw) == "null" {
		return "", nil, nil
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(raw, &keys); err != nil {
		return "", nil, slice.Errorf(slice.Invalid, "%s: not an object", what)
	}
	maps.DeleteFunc(keys, func(_ string, v json.RawMessage) bool { return string(v) == "null" })
	if len(keys) == 0 {
		return "", nil, nil
	}
	for k, v := range keys {
		var tight bytes.Buffer
		if err := json.Compact(&tight, v); err != nil {
			return "", nil, err
		}
		keys[k] = tight.Bytes()
		if !slices.Contains(known, k) {
			others = append(others, fmt.Sprintf("%s: %.64q has no meaning here", what, k))
		}
	}
	slices.Sort(others)
	if err := json.Unmarshal(raw, v); err != nil {
		return "", nil, slice.Errorf(slice.Invalid, "%s: %w", what, err)
	}
	text, err := json.Marshal(keys)
	return string(text), others, err
}

// readProfile reads ip_profile into the plan.
func (p *plan) readProfile(raw json.RawMessage) (string, error) {
	const what = "ip_profile"
	var in ipProfile
	canonical, others, err := unpack(what, raw, &in, "ip_version", "subnet_address", "gateway_address", "dns_address", "dhcp_enabled", "dhcp_start_address", "dhcp_count")
	if err != nil {
		return "", err
	}
	p.Notes = append(p.Notes, others...)
	for _, step := range []func(ipProfile) error{p.subnet, p.gateway, p.dhcp} {
		if err := step(in); err != nil {
			return "", fmt.Errorf("%s: %w", what, err)
		}
	}
	if dns := string(in.DNS); dns != "" && dns != "null" && dns != `""` && dns != "[]" {
		p.Notes = append(p.Notes, fmt.Sprintf("dns_address %.128s is not told to workloads", dns))
	}
	return canonical, nil
}

func (p *plan) subnet(in ipProfile) error {
	if in.Subnet == "" {
		if in.Gateway != "" || in.Start != "" {
			return slice.Errorf(slice.Invalid, "addresses need a subnet_address")
		}
		return nil
	}
	cidr, err := netip.ParsePrefix(in.Subnet)
	if err != nil {
		return slice.Errorf(slice.Invalid, "subnet_address %.64q is not ADDRESS/LENGTH", in.Subnet)
	}
	if p.CIDR = cidr.Masked(); p.CIDR != cidr {
		p.Notes = append(p.Notes, fmt.Sprintf("subnet_address %s is taken as %s", cidr, p.CIDR))
	}
	want := map[bool]string{true: "IPv4", false: "IPv6"}[cidr.Addr().Is4()]
	if in.Version != "" && in.Version != want {
		return slice.Errorf(slice.Invalid, "ip_version is %.16q and subnet_address %s is %s", in.Version, cidr, want)
	}
	return nil
}

func (p *plan) gateway(in ipProfile) (err error) {
	if in.Gateway != "" {
		p.Gateway, err = p.address("gateway_address", in.Gateway)
	}
	return err
}

// address reads one that is in the subnet.
func (p *plan) address(key, text string) (netip.Addr, error) {
	a, err := netip.ParseAddr(text)
	if err != nil || a.Zone() != "" {
		return netip.Addr{}, slice.Errorf(slice.Invalid, "%s %.64q is not an address", key, text)
	}
	if !p.CIDR.Contains(a) {
		return netip.Addr{}, slice.Errorf(slice.Invalid, "%s %s is not in %s", key, a, p.CIDR)
	}
	return a, nil
}

// dhcp keeps planned addresses within those that DHCP would grant. There is no
// DHCP: workloads get their addresses with their interfaces.
func (p *plan) dhcp(in ipProfile) error {
	if in.DHCP != nil && !*in.DHCP || in.Start == "" && in.Count == "" || !p.CIDR.IsValid() {
		return nil
	}
	all := slice.SpanOf(p.CIDR)
	first, last, err := p.CIDR.Addr().Next(), all.Last, error(nil)
	if in.Start != "" {
		if first, err = p.address("dhcp_start_address", in.Start); err != nil {
			return err
		}
	}
	if in.Count != "" {
		n, err := in.Count.Int64()
		if err != nil || n < 1 {
			return slice.Errorf(slice.Invalid, "dhcp_count %.32q is not a number of addresses", in.Count)
		}
		if last = plus(first, uint64(n-1)); !p.CIDR.Contains(last) {
			return slice.Errorf(slice.Invalid, "dhcp_count: %s has no %d addresses from %s on", p.CIDR, n, first)
		}
	}
	if all.First.Less(first) {
		p.Outside = append(p.Outside, slice.Span{First: all.First, Last: first.Prev()})
	}
	if last.Less(all.Last) {
		p.Outside = append(p.Outside, slice.Span{First: last.Next(), Last: all.Last})
	}
	return nil
}

// plus returns the address n further on, and none behind the last one.
func plus(a netip.Addr, n uint64) netip.Addr {
	b := a.AsSlice()
	for i := len(b) - 1; i >= 0 && n > 0; i-- {
		n += uint64(b[i])
		b[i] = byte(n)
		n >>= 8
	}
	if n > 0 {
		return netip.Addr{}
	}
	sum, _ := netip.AddrFromSlice(b)
	return sum
}

// reserved returns what no port is given unasked. A port may ask for an address
// outside of the range of DHCP, but not for the gateway's.
func (p *plan) reserved(ports []intent.Member) []slice.Span {
	var out []slice.Span
	if p.Gateway.IsValid() {
		out = append(out, slice.Span{First: p.Gateway, Last: p.Gateway})
	}
	spans := slices.Clone(p.Outside)
	for _, m := range ports {
		for i, s := range spans {
			if m.Address.IsValid() && m.Address != p.Gateway && s.Contains(m.Address) {
				spans = slices.Replace(spans, i, i+1, without(s, m.Address)...)
				break
			}
		}
	}
	return append(out, spans...)
}

// without cuts an address out of a span.
func without(s slice.Span, a netip.Addr) []slice.Span {
	var out []slice.Span
	if s.First != a {
		out = append(out, slice.Span{First: s.First, Last: a.Prev()})
	}
	if s.Last != a {
		out = append(out, slice.Span{First: a.Next(), Last: s.Last})
	}
	return out
}

// readProvider reads provider_network_profile into the plan.
func (p *plan) readProvider(raw json.RawMessage) (string, error) {
	const what, longest = "provider_network_profile", 128
	var in provider
	canonical, others, err := unpack(what, raw, &in, "segmentation-id", "segmentation_id", "physical-network", "network-type")
	if err != nil {
		return "", err
	}
	if p.Notes = append(p.Notes, others...); len(in.Physical) > longest {
		return "", slice.Errorf(slice.Invalid, "%s: physical-network has more than %d bytes", what, longest)
	}
	p.Physical = in.Physical
	tag := in.Tag
	if tag == "" {
		tag = in.Tag2
	} else if in.Tag2 != "" && in.Tag2 != tag {
		return "", slice.Errorf(slice.Invalid, "%s: segmentation-id %.16q and segmentation_id %.16q are two tags", what, in.Tag, in.Tag2)
	}
	if in.Kind != "" && in.Kind != "vlan" {
		return "", slice.Errorf(slice.Invalid, "%s: network-type %.32q is not handed over here, only vlan", what, in.Kind)
	}
	if tag == "" {
		return canonical, nil
	}
	n, err := tag.Int64()
	if err != nil || n < 1 || n > int64(slice.MaxVLAN) {
		return "", slice.Errorf(slice.Invalid, "%s: segmentation-id %.16q is not a VLAN from 1 to %d", what, tag, slice.MaxVLAN)
	}
	p.VLAN = slice.VLAN(n)
	return canonical, nil
}
