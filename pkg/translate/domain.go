package translate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// domains gives each subnet its domain and adds the domains that only annex or
// parameters name.
func (t *translator) domains() {
	mapped := map[string]slice.Domain{}
	for i, s := range t.refined.Subnets {
		mapped[s.ID] = s.Domain
		if !slices.ContainsFunc(t.nst.Subnets, func(n descriptor.Subnet) bool { return n.ID == s.ID }) {
			t.refinedProblem(fmt.Sprintf("subnets[%d].id", i), "correct the id", "the template has no netslice-subnet %q", s.ID)
		}
	}
	made := map[slice.Domain]string{}
	for i, s := range t.nst.Subnets {
		path := fmt.Sprintf("netslice-subnet[%d]", i)
		t.subnetWarnings(path, s)
		domain, ok := mapped[s.ID]
		if !ok {
			domain = slice.Domain(slice.Label(s.ID))
			other, taken := made[domain]
			switch made[domain] = s.ID; {
			case domain == "":
				t.complain(path+".id", "use letters or digits, or give its domain in subnets", "no domain can be named after subnet %q", s.ID)
			case taken:
				t.complain(path+".id", "give their domains in subnets", "subnets %q and %q both become domain %s", other, s.ID, domain)
			}
		}
		t.domainOf[s.ID] = domain
		t.addDomain(intent.Domain{Name: domain})
	}
	for _, d := range t.refined.Domains {
		t.addDomain(intent.Domain(d))
	}
}

// addDomain adds a domain once, and keeps its gateway.
func (t *translator) addDomain(d intent.Domain) {
	all := &t.out.Slice.Domains
	i := slices.IndexFunc(*all, func(o intent.Domain) bool { return o.Name == d.Name })
	switch {
	case i < 0:
		*all = append(*all, d)
	case d.Gateway != "":
		(*all)[i].Gateway = d.Gateway
	}
}

// subnetWarnings tells what makes OSM fail with a subnet that it took.
func (t *translator) subnetWarnings(path string, s descriptor.Subnet) {
	const unfit = `,;()'"`
	switch {
	case s.Description == "":
		t.warn(path, "add description", "subnet %s has no description: OSM will not instantiate it", s.ID)
	case len(s.Description) > 255 || strings.ContainsAny(s.Description, `'"`):
		t.warn(path+".description", "use at most 255 characters and no quotes", "OSM will not take this description at instantiation")
	}
	if strings.ContainsAny(s.ID, unfit) {
		t.warn(path+".id", "leave out "+unfit, "OSM cannot name a service after %q", s.ID)
	}
	if t.nsds[s.NSDRef] == nil {
		t.warn(path+".nsd-ref", "give the descriptor too", "service descriptor %s is not at hand: no addresses and MTU from it", s.NSDRef)
	}
}

// refinedProblem complains about a value of annex or parameters.
func (t *translator) refinedProblem(path, remedy, format string, args ...any) {
	at, _ := t.refined.At(path)
	t.problems = append(t.problems, descriptor.Problem{Position: at, Path: path, Remedy: remedy, Message: fmt.Sprintf(format, args...)})
}
