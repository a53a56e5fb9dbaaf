package nss

import "slices"

// policy returns what a choice comes to, with the templates that it stands on.
func (doc *document) policy(c choice) policy {
	if c.Custom != nil {
		return c.Custom.policy
	}
	t, there := doc.template(c.Template)
	if !there {
		return policy{}
	}
	out := t.policy
	for t.Base != "" { // which has an end: see based
		t, _ = doc.template(t.Base)
		out = out.over(t.policy)
	}
	return out
}

// given reports whether a choice says anything.
func (c *choice) given() bool { return c.Template != "" || c.Custom != nil }

// refine returns the policy of a child: its own if it has one, and its parent's
// otherwise. With partial-override, what its own does not say is its parent's.
func (doc *document) refine(parent policy, child choice, override identity) policy {
	if !child.given() {
		return parent
	}
	own := doc.policy(child)
	if name, _ := override.own(); name == "partial-override" {
		return own.over(parent)
	}
	return own
}

// over returns a policy that says what it says, and what another one says beside.
func (p policy) over(base policy) policy {
	if p.SLO == nil {
		p.SLO = base.SLO
	} else if base.SLO != nil {
		merged := *p.SLO
		merged.Bounds = slices.Clone(merged.Bounds)
		for _, b := range base.SLO.Bounds {
			if !slices.ContainsFunc(merged.Bounds, func(have bound) bool { return have.Type == b.Type }) {
				merged.Bounds = append(merged.Bounds, b)
			}
		}
		if merged.Availability == "" {
			merged.Availability = base.SLO.Availability
		}
		if merged.MTU == 0 {
			merged.MTU = base.SLO.MTU
		}
		p.SLO = &merged
	}
	if p.SLE == nil {
		p.SLE = base.SLE
	} else if base.SLE != nil {
		merged := *p.SLE
		if merged.Security == nil {
			merged.Security = base.SLE.Security
		}
		if merged.Isolation == nil {
			merged.Isolation = base.SLE.Isolation
		}
		p.SLE = &merged
	}
	return p
}
