// Package translate makes intents of what an operator onboards and orders in
// OSM: a slice template, the service descriptors it refers to, its annex and
// the parameters of the instantiation. It is pure: the same input gives the
// same intents. It does not judge whether the domains can do what is asked;
// the SCO does.
//
//	intents, warnings, err := translate.Intents(translate.Input{NST: doc})
package translate

import (
	"cmp"
	"errors"
	"slices"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Input is all that a slice is made of. Only the template is indispensable.
type Input struct {
	NST     *descriptor.Document
	NSDs    map[string]*descriptor.Document // by the id of the descriptor
	Annex   *descriptor.Document
	Params  *descriptor.Document
	SliceID slice.ID     // wins over the parameters; empty: theirs, else the template's id
	Tenant  slice.Tenant // who orders; parameters that name another are refused; empty: theirs
}

// defaultTenant owns slices for which nobody is named.
const defaultTenant = "default"

// Intents translates and validates. Warnings are what OSM takes silently and
// would do otherwise than it looks. An error holds descriptor.Problems where
// the input is at fault.
func Intents(in Input) (intent.Intents, []descriptor.Problem, error) {
	t := translator{in: in, domainOf: map[string]slice.Domain{}, nsds: map[string]*descriptor.NSD{}}
	if err := t.read(); err != nil {
		return intent.Intents{}, nil, err
	}
	t.name()
	t.domains()
	t.networks()
	t.refineOverlay()
	if len(t.problems) > 0 {
		return intent.Intents{}, nil, t.problems.Err()
	}
	intent.Default(&t.out)
	out := t.out.Canonical()
	if err := out.Validate(); err != nil {
		return intent.Intents{}, nil, t.located(out, err)
	}
	return out, t.warnings, nil
}

// translator carries one translation.
type translator struct {
	in       Input
	nst      descriptor.NST
	root     string // path of the template in its document
	nsds     map[string]*descriptor.NSD
	refined  *descriptor.Refined
	domainOf map[string]slice.Domain // by netslice-subnet
	out      intent.Intents
	warnings []descriptor.Problem
	problems descriptor.Problems
}

// read makes typed values of all documents, and reports the complaints of all
// of them at once.
func (t *translator) read() error {
	if t.in.NST == nil {
		return slice.Errorf(slice.Invalid, "no template is given")
	}
	var errs []error
	var err error
	t.nst, t.root, err = t.in.NST.NST()
	errs = append(errs, err)
	for id, doc := range t.in.NSDs {
		nsd, _, err := doc.NSD()
		errs = append(errs, err)
		t.nsds[cmp.Or(nsd.ID, id)] = &nsd
	}
	t.refined, err = descriptor.Refine(t.in.Annex, t.in.Params)
	errs = append(errs, err)
	if err := joined(errs); err != nil {
		return err
	}
	// Before anything that takes time by their number.
	if n := max(len(t.nst.Subnets), len(t.nst.VLDs), len(t.refined.Networks), len(t.refined.Subnets), len(t.refined.Domains)); n > intent.MaxNetworks {
		t.complain("", "split the slice", "%d subnets, links, networks or domains are more than %d", n, intent.MaxNetworks)
	}
	return t.problems.Err()
}

// joined gathers the problems of several errors in one.
func joined(errs []error) error {
	var all descriptor.Problems
	for _, err := range errs {
		var problems descriptor.Problems
		if err != nil && !errors.As(err, &problems) {
			return err
		}
		all = append(all, problems...)
	}
	return all.Err()
}

// at makes a path in the template's document.
func (t *translator) at(path string) string {
	if t.root == "" || path == "" {
		return cmp.Or(path, t.root)
	}
	return t.root + "." + path
}

func (t *translator) warn(path, remedy, format string, args ...any) {
	t.warnings = append(t.warnings, t.in.NST.Problem(t.at(path), remedy, format, args...))
}

func (t *translator) complain(path, remedy, format string, args ...any) {
	t.problems = append(t.problems, t.in.NST.Problem(t.at(path), remedy, format, args...))
}

// name fills what the slice is called, and its quality.
func (t *translator) name() {
	s := &t.out.Slice
	s.ID = cmp.Or(t.in.SliceID, t.refined.Slice, slice.ID(slice.Label(t.nst.ID)))
	s.Tenant = cmp.Or(t.in.Tenant, t.refined.Tenant, defaultTenant)
	if named := t.refined.Tenant; named != "" && named != s.Tenant {
		at, _ := t.refined.At("tenant")
		t.problems = append(t.problems, descriptor.Problem{
			Position: at, Path: "tenant", Remedy: "order as this tenant or remove the key",
			Message: "tenant " + string(named) + " is not the one that orders, " + string(s.Tenant),
		})
	}
	s.SNSSAI = intent.SNSSAI{SST: t.nst.SNSSAI.ServiceType, SD: t.nst.SNSSAI.Differentiator}
	if s.SNSSAI.SST == "" {
		t.warn("", "add SNSSAI-identifier.slice-service-type", "no service type: eMBB is taken")
	}
	if t.nst.Name == "" {
		t.warn("", "add name", "the template has no name")
	}
	q := t.nst.QoS
	if q == nil {
		t.warn("", "add quality-of-service.id", "no quality of service: the default is taken")
		return
	}
	s.QoS = intent.QoS{
		ID: uint32(q.ID), ResourceType: q.ResourceType, PriorityLevel: uint32(q.PriorityLevel),
		PacketDelayBudgetMs: uint32(q.PacketDelayBudget), PacketErrorRate: q.PacketErrorRate,
		MaxDataBurst: uint32(q.DefaultMaxDataBurst),
	}
}

// refineOverlay takes overlay and paths as they are written: a template has
// nothing to say about them.
func (t *translator) refineOverlay() {
	o := t.refined.Overlay
	t.out.Overlay = intent.Overlay{Shape: intent.Shape(o.Shape), Encryption: intent.Encryption(o.Encryption), Measured: o.Measured}
	for _, l := range o.Links {
		t.out.Overlay.Links = append(t.out.Overlay.Links, intent.Link(l))
	}
	if o.Shape == "" && len(o.Links) > 0 {
		t.out.Overlay.Shape = intent.Explicit
	}
	for _, p := range t.refined.Paths {
		t.out.Paths = append(t.out.Paths, intent.Path{
			Network: networkName(p.Network), From: p.From, To: p.To,
			Mode: intent.PathMode(p.Mode), Hops: slices.Clone(p.Hops),
			MaxLatencyMs: p.MaxLatencyMs, MinBandwidthKbps: p.MinBandwidthKbps,
			Avoid: slices.Clone(p.Avoid), Protection: intent.Protection(p.Protection), Policy: intent.Policy(p.Policy),
		})
	}
}

func networkName(id string) slice.NetworkName { return slice.NetworkName(slice.Label(id)) }
