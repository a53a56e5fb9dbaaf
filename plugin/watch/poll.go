package watch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// maxSlices is how many slices of one OSM are followed.
const maxSlices = 10_000

// Poll looks once at all slices. Its error says that not all could be looked at;
// what could not stays as it is. What is wrong with a single slice is no error: see
// Faults.
func (w *Watcher) Poll(ctx context.Context) error {
	select {
	case w.polling <- struct{}{}:
		defer func() { <-w.polling }()
	case <-ctx.Done():
		return ctx.Err()
	}
	err := w.poll(ctx)
	followed := len(w.held)
	w.count(func(n *Counts) {
		n.Polls++
		n.Followed = followed
		if err != nil {
			n.Failed++
		} else {
			n.Last = w.cfg.Now()
		}
	})
	return err
}

func (w *Watcher) poll(ctx context.Context) error {
	if w.places.vims == nil {
		w.places.vims, w.places.clusters = map[string]string{}, map[string][]string{}
	}
	w.places.read, w.places.wims = map[string]bool{}, nil
	w.open()
	var list []json.RawMessage
	if err := w.osm.Get(ctx, slicesPath, &list); err != nil {
		return err
	}
	if len(list) > maxSlices {
		return slice.Errorf(slice.Exhausted, "%d slices are more than %d", len(list), maxSlices)
	}
	if err := w.readTemplates(ctx); err != nil {
		return err
	}
	records, errs := w.read(list)
	for _, r := range records {
		if err := w.tend(ctx, r); err != nil {
			errs = append(errs, fmt.Errorf("slice %s: %w", r.ID, err))
		}
	}
	errs = append(errs, w.leave(ctx, records))
	w.forget(records)
	return errors.Join(errs...)
}

// read reads the records, the newest of each slice, in the order of the list.
func (w *Watcher) read(list []json.RawMessage) (out []*nsi, errs []error) {
	place := map[string]int{}
	for _, text := range list {
		r, err := readNSI(text)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		i, twice := place[r.ID]
		switch {
		case !twice:
			place[r.ID] = len(out)
			out = append(out, r)
		case r.Admin.Modified > out[i].Admin.Modified:
			out[i] = r
		}
	}
	return out, errs
}

// readNSI reads one record. One that names its slice, but is broken elsewhere, is the
// slice's fault.
func readNSI(text []byte) (*nsi, error) {
	var r nsi
	err := json.Unmarshal(text, &r)
	if r.ID == "" || len(r.ID) > maxID {
		return nil, slice.Errorf(slice.Unavailable, "a slice record has no id, or a long one")
	}
	if err != nil {
		r.broken = slice.Errorf(slice.Invalid, "its record: %w", err)
	}
	return &r, nil
}

// maxID is the longest id of a record that is taken; OSM's have 36.
const maxID = 128

// tend brings the book's service of a slice in line with its record.
func (w *Watcher) tend(ctx context.Context, r *nsi) error {
	if slices.Contains(w.cfg.Ignore, r.NST) {
		return nil
	}
	within, cancel := context.WithTimeout(ctx, w.cfg.Within)
	defer cancel()
	if r.broken != nil {
		w.fault(r.ID, r.Name, r.broken.Error())
		return nil
	}
	last := w.memories[r.ID]
	if r.Admin.Modified < last.Modified {
		return nil // an answer from earlier
	}
	if last.Lost && r.Admin.Modified == last.Modified {
		// It was not there for a while. One list may be an old one.
		if w.absent[r.ID]++; w.absent[r.ID] < looks {
			return nil
		}
	}
	delete(w.absent, r.ID)
	err := w.apply(within, r)
	switch {
	case err == nil:
		w.fault(r.ID, r.Name, "")
	case errors.Is(err, errPassing), errors.Is(err, context.Canceled):
		return err
	default:
		w.fault(r.ID, r.Name, err.Error())
		if kind := slice.KindOf(err); kind == slice.Unavailable || kind == slice.Internal {
			return err
		}
	}
	return nil
}

// apply does what a record asks for.
func (w *Watcher) apply(ctx context.Context, r *nsi) error {
	switch r.phase() {
	case wanted:
		return w.want(ctx, r)
	case ended:
		return w.end(ctx, r.ID, memory{Modified: r.Admin.Modified, Ended: true})
	case failed:
		if w.held[r.ID] != nil {
			return slice.Errorf(slice.Invalid, "it failed in OSM: what there is of it stays until OSM ends it")
		}
	case strange:
		if w.held[r.ID] != nil {
			return slice.Errorf(slice.Invalid, "OSM says %.64q of it, which nobody here knows: it stays as it is", r.Operational)
		}
	}
	return nil
}

// want puts the service of a slice into the book, if it differs from the one there.
func (w *Watcher) want(ctx context.Context, r *nsi) error {
	s, err := w.gather(ctx, r)
	if err != nil {
		return err
	}
	old := w.held[r.ID]
	if old == nil {
		if ours, err := w.ours(ctx, s); err != nil || !ours {
			return err
		}
	}
	wish, err := w.service(ctx, s, old)
	if err != nil || old != nil && same(*old, wish) {
		return err
	}
	for id, other := range w.held {
		if id != r.ID && other.Intents.Slice.ID == wish.Intents.Slice.ID {
			return slice.Errorf(slice.Conflict, "slice %s is that of instance %s: give one of the two another name", wish.Intents.Slice.ID, id)
		}
	}
	if err := w.update(ctx, r.ID, &wish, memory{Modified: r.Admin.Modified}); err != nil {
		return err
	}
	w.count(func(n *Counts) { n.Changed++ })
	w.log.Info("slice instance put", "nsi", r.ID, "name", r.Name, "slice", string(wish.Intents.Slice.ID))
	return nil
}

// end takes a slice out of the book, if it is there.
func (w *Watcher) end(ctx context.Context, id string, m memory) error {
	if w.held[id] == nil {
		return nil
	}
	if err := w.update(ctx, id, nil, m); err != nil {
		return err
	}
	w.count(func(n *Counts) { n.Removed++ })
	w.log.Info("slice instance removed", "nsi", id)
	return nil
}

// leave removes services whose slices OSM does not know any more: they are in no
// list, twice in a row, and not there when they are asked for by name.
func (w *Watcher) leave(ctx context.Context, records []*nsi) error {
	there := map[string]bool{}
	for _, r := range records {
		there[r.ID] = true
	}
	var errs []error
	for _, id := range slices.Sorted(maps.Keys(w.held)) {
		if there[id] {
			continue
		}
		var r json.RawMessage
		err := w.osm.Get(ctx, slicesPath+"/"+url.PathEscape(id), &r)
		switch {
		case err == nil:
			delete(w.absent, id)
			errs = append(errs, passing(fmt.Errorf("the list lacks slice %s, which is there", id)))
		case slice.KindOf(err) != slice.NotFound:
			errs = append(errs, passing(err))
		default:
			if w.absent[id]++; w.absent[id] < looks {
				continue
			}
			delete(w.absent, id)
			if err := w.end(ctx, id, memory{Modified: w.memories[id].Modified, Lost: true}); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// forget drops what is known of slices and services that are not there any more.
func (w *Watcher) forget(records []*nsi) {
	ids, nsrs := map[string]bool{}, map[string]bool{}
	for _, r := range records {
		ids[r.ID] = true
		for _, o := range r.Admin.Subnets {
			nsrs[o.NSR] = true
		}
	}
	if len(records) == 0 && len(w.held) > 0 {
		return // the list may be empty by accident
	}
	maps.DeleteFunc(w.services, func(id string, _ nsr) bool { return !nsrs[id] })
	maps.DeleteFunc(w.missing, func(id string, _ int) bool { return !nsrs[id] })
	maps.DeleteFunc(w.absent, func(id string, _ int) bool { return !ids[id] && w.held[id] == nil })
	for _, f := range w.Faults() {
		if !ids[f.ID] && w.held[f.ID] == nil {
			w.fault(f.ID, f.Name, "")
		}
	}
}
