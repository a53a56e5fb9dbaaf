package compat

import (
	"context"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/compat/wire"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// CreateSlice makes a slice over clusters. The same once more is success.
func (s server) CreateSlice(ctx context.Context, r *wire.CreateSliceRequest) (*wire.CreateSliceResponse, error) {
	if r.GetSlice() == nil {
		return nil, refused("create slice", slice.Errorf(slice.Invalid, "slice: missing"))
	}
	o := order{provider: r.GetSlice().GetProvider(), namespace: r.GetNamespace(), links: r.GetSlice().GetLinks()}
	o.measured = r.GetSlice().GetMonitor() != nil
	var err error
	if o.domains, err = s.domains("slice.clusters", r.GetSlice().GetClusters()); err == nil {
		err = s.create(ctx, o)
	}
	if err != nil {
		return nil, refused("create slice", err)
	}
	return &wire.CreateSliceResponse{Message: "Slice created succesfully"}, nil //nolint:misspell // the original spells it so
}

// CreateOverlay makes a slice whose nodes are clusters. The original only
// declares it.
func (s server) CreateOverlay(ctx context.Context, r *wire.CreateOverlayRequest) (*wire.CreateOverlayResponse, error) {
	if r.GetOverlay() == nil {
		return nil, refused("create overlay", slice.Errorf(slice.Invalid, "overlay: missing"))
	}
	o := order{provider: r.GetOverlay().GetProvider(), links: r.GetOverlay().GetLinks()}
	for _, n := range r.GetOverlay().GetNodes() {
		o.domains = append(o.domains, intent.Domain{Name: slice.Domain(n)})
	}
	if err := s.create(ctx, o); err != nil {
		return nil, refused("create overlay", err)
	}
	return &wire.CreateOverlayResponse{Message: "Overlay created successfully"}, nil
}

// DeleteSlice takes a slice apart, with its networks. An absent one is success.
func (s server) DeleteSlice(ctx context.Context, r *wire.DeleteSliceRequest) (*wire.DeleteSliceResponse, error) {
	if r.GetSlice() == nil {
		return nil, refused("delete slice", slice.Errorf(slice.Invalid, "slice: missing"))
	}
	id, err := idOf(r.GetSlice().GetProvider(), r.GetNamespace())
	if err == nil {
		_, err = s.conf.Slices.Delete(ctx, id, intent.Order{})
	}
	if err != nil && !isAbsent(err) {
		return nil, refused("delete slice", err)
	}
	return &wire.DeleteSliceResponse{Message: "Slice deleted successfully"}, nil
}

// DeleteOverlay takes a slice apart by name alone.
func (s server) DeleteOverlay(ctx context.Context, r *wire.DeleteOverlayRequest) (*wire.DeleteOverlayResponse, error) {
	have, err := s.find(ctx, "", r.GetOverlayName(), r.GetProviderName())
	if err == nil {
		_, err = s.conf.Slices.Delete(ctx, have.ID, intent.Order{})
	}
	if err != nil && !isAbsent(err) {
		return nil, refused("delete overlay", err)
	}
	return &wire.DeleteOverlayResponse{Message: "Overlay deleted successfully"}, nil
}

// order is a slice as the original orders one.
type order struct {
	provider  *wire.Provider
	namespace string
	domains   []intent.Domain
	links     []*wire.Link
	measured  bool
}

// create makes a slice, or finds it as it is wanted.
func (s server) create(ctx context.Context, o order) error {
	tenant, err := s.tenant(ctx)
	if err != nil {
		return err
	}
	id, err := idOf(o.provider, o.namespace)
	if err != nil {
		return err
	}
	in := intent.Intents{Slice: intent.Slice{ID: id, Tenant: tenant, Domains: o.domains}, Overlay: overlay(o)}
	_, err = s.conf.Slices.Apply(ctx, in, intent.Order{New: true})
	if err == nil || slice.KindOf(err) != slice.Conflict {
		return err
	}
	have, missing := s.conf.Slices.Status(ctx, id)
	if missing != nil || have.Intents == nil || have.Phase == intent.Deleting || !alike(*have.Intents, in) {
		return err
	}
	return nil
}

// overlay returns the links as ours: none are a mesh.
func overlay(o order) intent.Overlay {
	out := intent.Overlay{Measured: o.measured}
	for _, l := range o.links {
		out.Shape = intent.Explicit
		out.Links = append(out.Links, intent.Link{From: slice.Domain(l.GetEndpointA()), To: slice.Domain(l.GetEndpointB())})
	}
	return out
}

// alike reports whether two intents ask for the same clusters and links. Paths
// and networks come later.
func alike(a, b intent.Intents) bool {
	for _, in := range []*intent.Intents{&a, &b} {
		in.Slice.Networks, in.Paths = nil, nil
		intent.Default(in)
	}
	return intent.Equal(a, b)
}

// domains returns clusters as ours: registered domains by name.
func (s server) domains(path string, clusters []*wire.Cluster) ([]intent.Domain, error) {
	var all []intent.Domain
	for i, c := range clusters {
		here := fmt.Sprintf("%s[%d]", path, i)
		if err := s.check(here, c); err != nil {
			return nil, err
		}
		all = append(all, intent.Domain{Name: slice.Domain(c.GetName()), Gateway: slice.Node(c.GetGatewayNode().GetName())})
	}
	return all, nil
}

// check refuses secrets: who sends them to everybody has none for long.
func (s server) check(path string, c *wire.Cluster) error {
	if c.GetName() == "" {
		return slice.Errorf(slice.Invalid, "%s.name: missing", path)
	}
	secret := c.GetRestConfig().GetApiKey() != "" || c.GetRestConfig().GetBearerToken() != ""
	if secret && !s.conf.DropSecrets {
		return slice.Errorf(slice.Invalid, "%s.rest_config: secrets are not taken in requests: leave it out, and have the cluster registered as domain %.64q (l2sces domain register)", path, c.GetName())
	}
	return nil
}

// has reports whether a slice reaches a domain.
func has(in *intent.Intents, d slice.Domain) bool {
	return in != nil && slices.ContainsFunc(in.Slice.Domains, func(have intent.Domain) bool { return have.Name == d })
}
