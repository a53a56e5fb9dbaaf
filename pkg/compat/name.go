package compat

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/compat/wire"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// What the original takes where a request names nothing.
const (
	usualSlice     = "slice"
	usualNamespace = "default"
)

// between separates namespace and name in the id of a slice. Neither may hold
// it, so that two pairs never become one id.
const between = "--"

// idOf returns the id of the slice that a provider and a namespace name. Slices
// of the usual namespace have their bare name.
func idOf(p *wire.Provider, namespace string) (slice.ID, error) {
	name, namespace := cmp.Or(p.GetName(), usualSlice), cmp.Or(namespace, usualNamespace)
	if err := label("provider.name", name); err != nil {
		return "", err
	}
	if err := label("namespace", namespace); err != nil {
		return "", err
	}
	if namespace == usualNamespace {
		return slice.ID(name), nil
	}
	id := namespace + between + name
	if !slice.IsLabel(id) {
		return "", slice.Errorf(slice.Invalid, "provider.name: %q and namespace %q are too long together: use 61 bytes for both", name, namespace)
	}
	return slice.ID(id), nil
}

func label(field, name string) error {
	if !slice.IsLabel(name) || strings.Contains(name, between) {
		return slice.Errorf(slice.Invalid, "%s: %.64q: use 1 to 63 lower-case letters, digits and single inner hyphens", field, name)
	}
	return nil
}

// find returns the slice of the first of some names that there is, in whatever
// namespace: some requests of the original have none.
func (s server) find(ctx context.Context, namespace string, names ...string) (intent.Status, error) {
	names = slices.DeleteFunc(names, func(name string) bool { return name == "" })
	if len(names) == 0 {
		names = []string{usualSlice}
	}
	for _, name := range names {
		st, err := s.named(ctx, namespace, name)
		if !isAbsent(err) {
			return st, err
		}
	}
	return intent.Status{}, slice.Errorf(slice.NotFound, "there is no slice %.64q", names[0])
}

func (s server) named(ctx context.Context, namespace, name string) (intent.Status, error) {
	id, err := idOf(&wire.Provider{Name: name}, namespace)
	if err != nil {
		return intent.Status{}, err
	}
	st, err := s.conf.Slices.Status(ctx, id)
	if !isAbsent(err) || namespace != "" {
		return st, err
	}
	var found []slice.ID
	for q := (intent.Query{}); ; {
		page, err := s.conf.Slices.List(ctx, q)
		if err != nil {
			return intent.Status{}, err
		}
		for _, other := range page.Slices {
			if _, its, ok := strings.Cut(string(other.ID), between); ok && its == name {
				found = append(found, other.ID)
			}
		}
		if q.PageToken = page.Next; q.PageToken == "" {
			break
		}
	}
	switch len(found) {
	case 0:
		return intent.Status{}, err
	case 1:
		return s.conf.Slices.Status(ctx, found[0])
	}
	return intent.Status{}, unreadyf("there are %d slices called %q, in several namespaces: use l2sces.v1.SliceService, which names one", len(found), name)
}
