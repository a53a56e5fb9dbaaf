package l2vpn

import "strings"

// A stray is what OSM's connector, or common usage, says otherwise than the model.
// Nothing else is tolerated. read puts right what was sent, show what we answer:
// where the connector leaves out what the model wants, the answer has it and what we
// keep does not, so that nobody has asked for it.
//
// Two more are not about a value: the connector sends accesses with PUT to their
// container (addressed), and to sites that nobody made (implicit).
type stray struct {
	what string
	read func(*config)
	show func(*config)
}

// shownMTU fits through the tunnels of any usual underlay.
const shownMTU = 1400

// shownVLAN is the tag that IEEE 802.1Q gives a port by default (table 9-2).
const shownVLAN = 1

var strays = []stray{
	{
		what: `vpn-svc-type "vpls": no identity of the model`,
		read: eachVPN(func(v *vpn) {
			if v.Type == "vpls" {
				v.Type = "ldp-l2tp-vpls"
			}
		}),
	}, {
		what: "a vpn-service without ce-vlan-preservation and ce-vlan-cos-preservation",
		show: eachVPN(func(v *vpn) { v.KeepsTag, v.KeepsTagPrio = or(v.KeepsTag, false), or(v.KeepsTagPrio, false) }),
	}, {
		what: `encapsulation-type "dot1q-vlan-tagged": the name of a container`,
		read: eachAccess(func(_ *site, a *access) {
			if c := a.Connection; c != nil && c.Encapsulation == "dot1q-vlan-tagged" {
				c.Encapsulation = "vlan"
			}
		}),
	}, {
		what: "a dot1q-vlan-tagged, with neither eth-inf-type nor type of the tagged-interface",
		read: eachAccess(func(_ *site, a *access) {
			if a.vlan() == 0 {
				return
			}
			if a.Connection.Interface == "" {
				a.Connection.Interface = "tagged"
			}
			if a.Connection.Tagged.Type == "" {
				a.Connection.Tagged.Type = "dot1q"
			}
		}),
	}, {
		what: "an access without location-reference and device-reference",
		show: eachAccess(func(s *site, a *access) {
			if a.Location == "" && a.Device == "" {
				a.Location, a.Device = s.place()
			}
		}),
	}, {
		what: "an access without svc-mtu",
		show: eachAccess(func(_ *site, a *access) {
			a.Service = or(a.Service, accessService{})
			if a.Service.MTU == nil {
				shown := *a.Service
				shown.MTU = or(shown.MTU, shownMTU)
				a.Service = &shown
			}
		}),
	},
}

// read puts right what was sent.
func (c *config) read() {
	for _, s := range strays {
		if s.read != nil {
			s.read(c)
		}
	}
}

// show completes what is answered.
func (c *config) show() {
	for _, s := range strays {
		if s.show != nil {
			s.show(c)
		}
	}
}

func eachVPN(f func(*vpn)) func(*config) {
	return func(c *config) {
		for i := range c.Services.Service {
			f(&c.Services.Service[i])
		}
	}
}

func eachAccess(f func(*site, *access)) func(*config) {
	return func(c *config) {
		for i := range c.Sites.Site {
			s := &c.Sites.Site[i]
			for j := range s.Accesses.Access {
				f(s, &s.Accesses.Access[j])
			}
		}
	}
}

func or[T any](p *T, value T) *T {
	if p != nil {
		return p
	}
	return &value
}

// implicit is the site of accesses that came to one which nobody made.
func implicit(id string) site {
	return site{
		ID: id, Flavor: "site-vpn-flavor-multi", Management: management{"customer-managed"},
		Locations: &locations{[]location{{ID: id}}}, DefaultVLAN: or[uint32](nil, shownVLAN),
	}
}

// place returns where an access is that does not say it: at the site's first
// location, or device.
func (s *site) place() (location, device string) {
	switch {
	case s.Management.Type == "customer-managed" && s.Locations != nil && len(s.Locations.Location) > 0:
		return s.Locations.Location[0].ID, ""
	case s.Management.Type != "customer-managed" && s.Devices != nil && len(s.Devices.Device) > 0:
		return "", s.Devices.Device[0].ID
	}
	return "", ""
}

// words writes what a leaf takes.
func words(one string) string { return strings.Join(strings.Fields(one), ", ") }
