package bench

import (
	"context"
	"sync"

	"github.com/l2sces/l2sces/pkg/openflow"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// bare does what the SCO has done for slices without one: the same writes, one
// after the other, the same calls of domains, and the same messages to the same
// kind of switches, side by side. It plans, compares and remembers nothing, so
// it is what cannot be saved.
type bare struct {
	disk     *store.Store
	domains  map[slice.Domain]*fakeDomain
	switches map[slice.DPID]*openflow.Session
	stop     func()
}

func newBare(ctx context.Context, dir string) (*bare, error) {
	disk, err := openDisk(dir)
	if err != nil {
		return nil, err
	}
	b := &bare{disk: disk, domains: map[slice.Domain]*fakeDomain{}, switches: map[slice.DPID]*openflow.Session{}}
	notes := &notebook{}
	notes.take()
	for i := range sliceDomains {
		d := sliceDomain(i)
		b.domains[d] = newFakeDomain(d, notes)
	}
	here := make(chan *openflow.Session, sliceDomains)
	end, err := callSwitches(ctx, func(ctx context.Context, s *openflow.Session) {
		here <- s
		<-ctx.Done()
	})
	if err != nil {
		_ = disk.Close() // the first fault counts
		return nil, err
	}
	b.stop = func() { end(); _ = disk.Close() } // nothing is written any more
	for range sliceDomains {
		select {
		case s := <-here:
			b.switches[s.DPID()] = s
		case <-ctx.Done():
			b.stop()
			return nil, ctx.Err()
		}
	}
	return b, nil
}

// do does what one slice has come to.
func (b *bare) do(ctx context.Context, w work) error {
	for _, values := range w.writes {
		if err := b.disk.WriteAll(values); err != nil {
			return err
		}
	}
	var all sync.WaitGroup
	for d, segments := range w.calls {
		all.Go(func() {
			_, _ = b.domains[d].Apply(ctx, segments) // it always answers
		})
	}
	all.Wait()
	faults := make(chan error, len(w.changes))
	for id, changes := range w.changes {
		all.Go(func() {
			for _, c := range changes {
				if err := b.switches[id].Apply(ctx, c); err != nil {
					faults <- err
					return
				}
			}
		})
	}
	all.Wait()
	select {
	case err := <-faults:
		return err
	default:
		return nil
	}
}
