package watch

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

const (
	vimsPath     = "/admin/v1/vim_accounts"
	clustersPath = "/admin/v1/k8sclusters"
	wimsPath     = "/admin/v1/wim_accounts"
)

// places are the accounts that were read. A name once read is kept, so that a slice
// does not move when an account is called otherwise.
type places struct {
	vims     map[string]string   // names by id
	clusters map[string][]string // names by VIM account
	wims     []account           // of this poll
	read     map[string]bool     // paths that were read in this poll
}

// accounts reads a list at most once in a poll.
func (w *Watcher) accounts(ctx context.Context, path string, keep func(account)) error {
	if w.places.read[path] {
		return nil
	}
	var all []account
	if err := w.osm.Get(ctx, path, &all); err != nil {
		return passing(err)
	}
	for _, a := range all {
		keep(a)
	}
	w.places.read[path] = true
	return nil
}

// vimName returns what a VIM account is called.
func (w *Watcher) vimName(ctx context.Context, id string) (string, error) {
	if name, known := w.places.vims[id]; known {
		return name, nil
	}
	err := w.accounts(ctx, vimsPath, func(a account) {
		if w.places.vims[a.ID] == "" {
			w.places.vims[a.ID] = a.Name
		}
	})
	if err != nil {
		return "", err
	}
	name, known := w.places.vims[id]
	if !known {
		return "", passing(slice.Errorf(slice.NotFound, "OSM does not list VIM account %.64q", id))
	}
	return name, nil
}

// clustersOf returns the names of the clusters of a VIM account.
func (w *Watcher) clustersOf(ctx context.Context, vim string) ([]string, error) {
	if names, known := w.places.clusters[vim]; known {
		return names, nil
	}
	err := w.accounts(ctx, clustersPath, func(a account) {
		if names := w.places.clusters[a.VIM]; !slices.Contains(names, a.Name) {
			w.places.clusters[a.VIM] = append(names, a.Name)
		}
	})
	return w.places.clusters[vim], err
}

// domainOf returns the domain that a VIM account is: as the table says, by id, name
// or cluster; else as it is called; else as a cluster of it is.
func (w *Watcher) domainOf(ctx context.Context, vim string) (slice.Domain, error) {
	if d, ok := w.cfg.Domains[vim]; ok {
		return d, nil
	}
	name, err := w.vimName(ctx, vim)
	if err != nil {
		return "", err
	}
	if d, ok := w.cfg.Domains[name]; ok {
		return d, nil
	}
	own := slice.Domain(slice.Label(name))
	if len(w.cfg.Domains) == 0 && w.cfg.Known == nil {
		return own, usable(own, name)
	}
	clusters, err := w.clustersOf(ctx, vim)
	if err != nil {
		return "", err
	}
	for _, c := range clusters {
		if d, ok := w.cfg.Domains[c]; ok {
			return d, nil
		}
	}
	if w.cfg.Known == nil {
		return own, usable(own, name)
	}
	known, err := w.cfg.Known(ctx)
	if err != nil {
		return "", passing(fmt.Errorf("domains: %w", err))
	}
	for _, c := range clusters {
		if d := slice.Domain(slice.Label(c)); !slices.Contains(known, own) && slices.Contains(known, d) {
			return d, nil
		}
	}
	return own, usable(own, name)
}

func usable(d slice.Domain, name string) error {
	if slice.IsLabel(string(d)) {
		return nil
	}
	return slice.Errorf(slice.Invalid, "no domain can be called like VIM account %.64q: say which one it is", name)
}

// errPassing is what is wrong with OSM or with the way to it, and not with a slice.
var errPassing = errors.New("not now")

// passing marks an error that says nothing of the slice.
func passing(err error) error { return fmt.Errorf("%w: %w", errPassing, err) }
