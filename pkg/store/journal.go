package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A transaction of etcd has a limited size. An update that is larger is first
// written beside the values, in pieces. With the count of the pieces it has
// been made: what is left can be done by whoever leads, however often.
const (
	journalPrefix = markBucket + "/journal/"
	journalCount  = markBucket + "/journal-pieces"
	pieceBytes    = 700_000
	mostPieces    = 100
)

// writeLong makes an update that is too large for one transaction.
func (r *remote) writeLong(ctx context.Context, ops []op) error {
	text, err := json.Marshal(ops)
	if err != nil {
		return err
	}
	n := 0
	for piece := range slices.Chunk(text, pieceBytes) {
		if n == mostPieces {
			return slice.Errorf(slice.Exhausted, "an update of %d bytes is too large for etcd: the limit is %d", len(text), mostPieces*pieceBytes)
		}
		if err := r.commit(ctx, []op{{Key: pieceKey(n), Value: piece}}); err != nil {
			return err
		}
		n++
	}
	if err := r.commit(ctx, []op{{Key: []byte(journalCount), Value: strconv.AppendInt(nil, int64(n), 10)}}); err != nil {
		return err
	}
	if err := r.play(ctx, ops, n); err != nil {
		// It has been made, and is not to be seen yet: whoever leads next
		// finds it in the journal.
		r.fault(err)
		return err
	}
	return nil
}

func pieceKey(n int) []byte { return fmt.Appendf(nil, "%s%03d", journalPrefix, n) }

// play makes the changes of a journal and then removes it.
func (r *remote) play(ctx context.Context, ops []op, pieces int) error {
	for len(ops) > 0 {
		n, bytes := 0, 0
		for n < len(ops) && n < mostOps && (n == 0 || bytes+size(ops[n:n+1]) <= mostBytes) {
			bytes += size(ops[n : n+1])
			n++
		}
		if err := r.commit(ctx, ops[:n]); err != nil {
			return err
		}
		ops = ops[n:]
	}
	done := []op{{Key: []byte(journalCount), Gone: true}}
	for n := range pieces {
		done = append(done, op{Key: pieceKey(n), Gone: true})
	}
	for part := range slices.Chunk(done, mostOps) { // the count goes first
		if err := r.commit(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// replay finishes what an earlier leader has left in the journal.
func (r *remote) replay(ctx context.Context) error {
	count, there, err := (&remoteKeys{ctx: ctx, remote: r}).get(markBucket, journalCount[len(markBucket)+1:])
	if err != nil || !there {
		return err
	}
	var text []byte
	pieces := 0
	err = r.each(ctx, journalPrefix, func(_ string, piece []byte) error {
		if strconv.Itoa(pieces) != string(count) { // further ones are of an update that was never made
			text = append(text, piece...)
			pieces++
		}
		return nil
	})
	if err != nil {
		return err
	}
	var ops []op
	if err := json.Unmarshal(text, &ops); err != nil {
		return slice.Errorf(slice.Invalid, "the journal of %s pieces is torn: %w", count, err)
	}
	return r.play(ctx, ops, pieces)
}
