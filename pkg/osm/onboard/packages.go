package onboard

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Package is an archive that OSM shall have.
type Package struct {
	Name  string // that OSM keeps it under, and that people know it by
	Kind  osm.Kind
	ID    string                 // of its descriptor
	Needs []string               // ids of the packages of the kind below that it refers to
	Read  func() ([]byte, error) // its bytes
}

// below is what packages of a kind refer to.
var below = map[osm.Kind]osm.Kind{osm.NSD: osm.VNFD, osm.NST: osm.NSD}

var kinds = []osm.Kind{osm.VNFD, osm.NSD, osm.NST}

// A step is one package with what is to be done.
type step struct {
	Package
	found osm.Package
}

// Packages onboards packages, those that are needed by others first. One that is there
// with the same bytes stays as it is; one with others is updated. It ends at the first
// that fails. Where something is missing nothing is done.
func (d Desk) Packages(ctx context.Context, all []Package) ([]Result, error) {
	ordered, err := order(all)
	if err != nil {
		return nil, err
	}
	if err := d.complete(ctx, ordered); err != nil {
		return nil, err
	}
	steps, results := make([]step, len(ordered)), make([]Result, len(ordered))
	for i, p := range ordered {
		results[i] = Result{Kind: string(p.Kind), Name: p.ID, State: Planned}
		steps[i].Package = p
		if steps[i].found, results[i].Act, err = d.compare(ctx, p); err != nil {
			return nil, fmt.Errorf("look at %s %s: %w", p.Kind, p.ID, err)
		}
		results[i].ID = steps[i].found.ID
	}
	if d.DryRun {
		return results, nil
	}
	return results, d.carry(ctx, steps, results)
}

// order sorts packages by what needs what.
func order(all []Package) ([]Package, error) {
	out := slices.Clone(all)
	slices.SortStableFunc(out, func(a, b Package) int {
		return cmp.Compare(slices.Index(kinds, a.Kind), slices.Index(kinds, b.Kind))
	})
	seen := map[string]string{}
	for _, p := range out {
		key := string(p.Kind) + " " + p.ID
		if other, twice := seen[key]; twice {
			return nil, slice.Errorf(slice.Invalid, "%s and %s are both %s: give one of them", other, p.Name, key)
		}
		seen[key] = p.Name
	}
	return out, nil
}

// complete wants everything that is needed to be given, or in OSM.
func (d Desk) complete(ctx context.Context, all []Package) error {
	have := map[string]bool{}
	for _, p := range all {
		have[string(p.Kind)+" "+p.ID] = true
	}
	var missing []string
	for _, p := range all {
		for _, need := range p.Needs {
			key := string(below[p.Kind]) + " " + need
			if have[key] {
				continue
			}
			_, err := d.NBI.Find(ctx, below[p.Kind], need)
			switch {
			case slice.KindOf(err) == slice.NotFound:
				missing = append(missing, fmt.Sprintf("%s %s needs %s", p.Kind, p.ID, key))
			case err != nil:
				return err
			}
			have[key] = true
		}
	}
	if len(missing) > 0 {
		return slice.Errorf(slice.Invalid, "%s: neither given nor in OSM, so nothing is done", strings.Join(missing, "; "))
	}
	return nil
}

// compare looks what is to be done with a package.
func (d Desk) compare(ctx context.Context, p Package) (osm.Package, Act, error) {
	found, err := d.NBI.Find(ctx, p.Kind, p.ID)
	switch {
	case slice.KindOf(err) == slice.NotFound:
		return found, Create, nil
	case err != nil:
		return found, "", err
	}
	content, err := p.Read()
	if err != nil {
		return found, "", err
	}
	there, err := d.NBI.Content(ctx, p.Kind, found.ID)
	switch kind := slice.KindOf(err); {
	case err == nil && sha256.Sum256(there) == sha256.Sum256(content):
		return found, Keep, nil
	case err == nil, kind == slice.NotFound, kind == slice.Conflict, kind == slice.Invalid: // a bare descriptor has no archive
		return found, Update, nil
	default:
		return found, "", err
	}
}

// carry does what was planned.
func (d Desk) carry(ctx context.Context, steps []step, results []Result) error {
	for i, s := range steps {
		r := &results[i]
		if r.Act == Keep {
			d.say(r, Done, "the same is there")
			continue
		}
		id, err := d.bring(ctx, s, r.Act)
		if err != nil {
			d.say(r, Failed, err.Error())
			for k := i + 1; k < len(results); k++ {
				results[k].State = Left
			}
			return slice.Errorf(slice.KindOf(err), "%s %s: %w; %d of %d are done: run it again to go on", s.Kind, s.ID, err, i, len(steps))
		}
		r.ID = id
		d.say(r, Done, "")
	}
	return nil
}

// bring uploads a package, or updates it.
func (d Desk) bring(ctx context.Context, s step, act Act) (id string, err error) {
	content, err := s.Read()
	if err != nil {
		return "", err
	}
	if act == Create {
		return d.NBI.Upload(ctx, s.Kind, s.Name, content)
	}
	err = d.NBI.Update(ctx, s.Kind, s.found.ID, s.Name, content)
	if kind := slice.KindOf(err); kind == slice.Conflict || kind == slice.Invalid {
		err = slice.Errorf(kind, "%w (of a package in use OSM changes little: end what was made of it, or give this one another id)", err)
	}
	return s.found.ID, err
}
