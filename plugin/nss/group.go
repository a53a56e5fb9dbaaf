package nss

import (
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/restconf"
)

// An end is an SDP with the endpoints that it is.
type end struct {
	sdp   sdp
	up    bool
	ports []port
}

// A port is an endpoint, with what its circuit says.
type port struct {
	endpoint.Endpoint
	vlan slice.VLAN
	mtu  uint32
}

// end finds the endpoints of an SDP.
func (t *translator) end(s *sliceService, p sdp) (end, error) {
	node := p.Node
	if node == "" {
		node = p.ID
	}
	out := end{sdp: p, up: p.Status.up()}
	if len(p.circuits()) == 0 {
		found, err := t.catalog.Find(t.ctx, t.who.Tenant, node)
		if err != nil {
			return out, restconf.At(s.sdpPath(p.ID), err)
		}
		out.ports = []port{{Endpoint: found}}
		return out, nil
	}
	for _, c := range p.circuits() {
		name := node
		if c.Node != "" {
			name = c.Node
		}
		if c.TP != "" {
			name += "/" + c.TP
		}
		path := s.sdpPath(p.ID) + "/attachment-circuits/attachment-circuit[id=" + quote(c.ID) + "]"
		found, err := t.catalog.Find(t.ctx, t.who.Tenant, name)
		if err != nil {
			return out, restconf.At(path, err)
		}
		vlan, err := c.vlan(path)
		if err != nil {
			return out, err
		}
		out.ports = append(out.ports, port{found, vlan, c.MTU})
	}
	return out, nil
}

// domains returns those of an end, each once.
func (e end) domains() []slice.Domain {
	var all []slice.Domain
	for _, p := range e.ports {
		if !slices.Contains(all, p.Domain) {
			all = append(all, p.Domain)
		}
	}
	return all
}

// A pair is two SDPs, in the order of their ids.
type pair struct{ a, b string }

func pairOf(a, b string) pair { return pair{min(a, b), max(a, b)} }

// networker makes the network of a connection group.
type networker struct {
	t       *translator
	s       *sliceService
	g       group
	ends    map[string]end
	parent  policy // of the group, or of the slice service
	members []string
	pairs   map[pair]promise
}

// collect finds out who is in the group, and what each two are promised.
func (n *networker) collect() error {
	path := n.s.groupPath(n.g.ID)
	if err := n.shape(path); err != nil {
		return err
	}
	for _, k := range n.g.Constructs {
		if !k.Status.up() {
			continue
		}
		sdps := n.speakers(k)
		own := n.t.doc.refine(n.parent, k.choice, k.Override)
		promised, err := own.promise(k.path(path))
		if err != nil {
			return err
		}
		n.join(sdps, sdps, promised)
	}
	rest := n.matched("")
	rest = slices.DeleteFunc(rest, func(id string) bool { return slices.Contains(n.members, id) })
	promised, err := n.parent.promise(path)
	if err != nil {
		return err
	}
	n.join(rest, append(slices.Clone(n.members), rest...), promised)
	if name, _ := n.g.Type.own(); name == "point-to-point" && len(n.members) > 2 {
		return restconf.Errorf(restconf.InvalidValue, path, "a point-to-point group joins two SDPs, this has %d: give each pair a group of its own", len(n.members))
	}
	return nil
}

// shape wants a group in which everybody may hear everybody.
func (n *networker) shape(path string) error {
	switch n.g.Type {
	case "", vpnCommon + ":any-to-any", module + ":multipoint-to-multipoint", module + ":point-to-point":
	default:
		return restconf.Errorf(restconf.NotSupported, path+"/connectivity-type", "in one Ethernet segment all hear each other, which %.64q forbids: take any-to-any, or a point-to-point group for each pair", string(n.g.Type))
	}
	for _, p := range n.s.sdps() {
		if p.Match == nil {
			continue
		}
		for _, m := range p.Match.Criteria {
			if m.Group == n.g.ID && m.Role != "" && m.Role != vpnCommon+":any-to-any-role" {
				return restconf.Errorf(restconf.NotSupported, n.s.sdpPath(p.ID)+"/service-match-criteria/match-criterion/connection-group-sdp-role", "in one Ethernet segment all have one role, any-to-any-role")
			}
		}
	}
	return nil
}

// speakers returns the SDPs of a construct.
func (n *networker) speakers(k construct) []string {
	var sdps []string
	switch {
	case k.Sender != "":
		sdps = []string{k.Sender, k.Receiver}
	default:
		for _, m := range k.All {
			sdps = append(sdps, m.SDP)
		}
	}
	for _, id := range n.matched(k.ID) {
		if !slices.Contains(sdps, id) {
			sdps = append(sdps, id)
		}
	}
	return sdps
}

// matched returns the SDPs with a criterion for the group and a construct of it, or
// for the group as a whole.
func (n *networker) matched(construct string) []string {
	var sdps []string
	for _, p := range n.s.sdps() {
		if p.Match != nil && slices.ContainsFunc(p.Match.Criteria, func(m criterion) bool { return m.Group == n.g.ID && m.Construct == construct }) {
			sdps = append(sdps, p.ID)
		}
	}
	return sdps
}

// join brings SDPs into the group, and promises something to each of them towards
// each of others.
func (n *networker) join(sdps, others []string, promised promise) {
	for _, a := range sdps {
		if !n.ends[a].up {
			continue
		}
		if !slices.Contains(n.members, a) {
			n.members = append(n.members, a)
		}
		for _, b := range others {
			if a != b && n.ends[b].up {
				n.pairs[pairOf(a, b)] = n.pairs[pairOf(a, b)].with(promised)
			}
		}
	}
}

// vlan returns the tag by which a domain hands the group's frames over, 0 if it has
// none.
func (n *networker) vlan(id string, p port) (slice.VLAN, error) {
	vlan := p.vlan
	match := n.ends[id].sdp.Match
	if match == nil {
		return vlan, nil
	}
	for _, m := range match.Criteria {
		for _, t := range m.Types {
			if m.Group != n.g.ID || len(t.VLAN) == 0 {
				continue
			}
			path := n.s.sdpPath(id) + "/service-match-criteria/match-criterion/match-type/vlan"
			tag := slice.VLAN(t.VLAN[0])
			switch {
			case len(t.VLAN) > 1:
				return 0, restconf.Errorf(restconf.NotSupported, path, "a network has one tag at a domain, here are %d", len(t.VLAN))
			case tag == 0 || tag > slice.MaxVLAN:
				return 0, restconf.Errorf(restconf.InvalidValue, path, "VLAN %d is not between 1 and %d", tag, slice.MaxVLAN)
			case vlan != 0 && vlan != tag:
				return 0, restconf.Errorf(restconf.InvalidValue, path, "VLAN %d and VLAN %d are meant both", vlan, tag)
			}
			vlan = tag
		}
	}
	return vlan, nil
}
