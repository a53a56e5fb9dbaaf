package registry

import (
	"context"
	"fmt"

	"github.com/l2sces/l2sces/pkg/slice"
)

// RemoveDomain forgets a domain that no slice uses, and tells whether it was
// there. A domain that does not answer any more is forgotten although slices
// that are being deleted have not been cleared from it: nothing else would ever
// end them.
func (r *Registry) RemoveDomain(ctx context.Context, d slice.Domain) (existed bool, err error) {
	end, err := r.turns.wait(ctx, d)
	if err != nil {
		return false, err
	}
	defer end()
	e := r.entry(d)
	if e == nil {
		return false, nil
	}
	if e.Static {
		return true, slice.Errorf(slice.Conflict, "domain %s is given on the command line of the SCO: take it off there", d)
	}
	// From here on no slice can come to use it: one that has begun to is counted
	// below, and one that begins later is refused.
	r.closing(e, true)
	if err := r.unused(ctx, e); err != nil {
		r.closing(e, false)
		return true, err
	}
	if err := r.cfg.Store.Delete(bucketDomains, string(d)); err != nil {
		r.closing(e, false)
		return true, fmt.Errorf("forget domain %s: %w", d, err)
	}
	r.mu.Lock()
	delete(r.entries, d)
	r.mu.Unlock()
	e.line.retire()
	r.cfg.Logger.Info("domain removed", "domain", string(d))
	r.tell(d, false, "DomainRemoved", "slices cannot use it any more")
	return true, nil
}

func (r *Registry) closing(e *entry, yes bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.removing = yes
}

// unused says why a domain cannot be removed, or nil.
func (r *Registry) unused(ctx context.Context, e *entry) error {
	use := r.cfg.Use(e.Name)
	switch {
	case use.Living > 0:
		return slice.Errorf(slice.Conflict, "domain %s is used by slices, %d of them: take it out of them, or delete them, first", e.Name, use.Living)
	case use.Slices == 0 && use.Left == 0:
		return nil
	case r.works(ctx, e.line):
		return slice.Errorf(slice.Conflict, "domain %s is still being cleared of %d slices and %d networks: try again", e.Name, use.Slices, use.Left)
	}
	r.cfg.Logger.Warn("domain is removed although it was not cleared: it does not answer", "domain", string(e.Name), "slices", use.Slices, "networks", use.Left)
	return nil
}
