package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// office answers with what it has, and keeps what it was asked.
type office struct {
	audit   intent.AuditQuery
	entries []intent.AuditEntry
	quota   intent.Quota
	image   []byte
	err     error
}

func (o *office) Audit(_ context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error) {
	o.audit = q
	return o.entries, o.err
}

func (o *office) PutQuota(_ context.Context, q intent.Quota) (intent.Quota, error) {
	o.quota = q
	return q, o.err
}

func (o *office) Quotas(context.Context) ([]intent.Quota, error) {
	return []intent.Quota{o.quota}, o.err
}

func (o *office) Export(_ context.Context, w io.Writer) error {
	_, err := w.Write(o.image)
	return errors.Join(err, o.err)
}

func TestAdmin(t *testing.T) {
	a := newAuthority(t)
	o := &office{entries: full[[]intent.AuditEntry](t), image: bytes.Repeat([]byte("image"), 200_000)}
	s := a.serve(t, anywhere, func(g *grpc.Server) { api.ServeAdmin(g, o) })
	c := api.NewAdminClient(a.dial(t, "n1", s.address))

	q := full[intent.AuditQuery](t)
	got, err := c.Audit(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(o.entries, got) + cmp.Diff(q, o.audit); diff != "" {
		t.Error(diff)
	}
	quota := full[intent.Quota](t)
	put, err := c.PutQuota(t.Context(), quota)
	if err != nil {
		t.Fatal(err)
	}
	all, err := c.Quotas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]intent.Quota{quota, quota}, append(all, put)); diff != "" {
		t.Error(diff)
	}
	var image bytes.Buffer
	if err := c.Export(t.Context(), &image); err != nil || !bytes.Equal(image.Bytes(), o.image) {
		t.Errorf("an image of %d bytes, want %d, %v", image.Len(), len(o.image), err)
	}
	o.err = slice.Errorf(slice.Denied, "not you")
	if err := c.Export(t.Context(), io.Discard); slice.KindOf(err) != slice.Denied {
		t.Errorf("an export that fails at its end: %v", err)
	}
	if who, err := c.WhoAmI(t.Context()); err != nil || who != (access.Caller{}) {
		t.Errorf("without a gate the caller is %+v, %v", who, err)
	}
}
