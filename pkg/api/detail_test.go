package api_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/pkg/api"
	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// What is wrong with intents comes field by field, with remedies, in the
// standard form and back in ours.
func TestFieldViolations(t *testing.T) {
	a := newAuthority(t)
	h := &house{}
	conn := a.dial(t, "n1", a.serve(t, anywhere, serveAll(h)).address)
	faults := intent.Faults{
		{Path: "slice.networks[2].cidr", Message: "192.0.2.9/24 has bits behind its length", Remedy: "write 192.0.2.0/24"},
		{Path: "slice.tenant", Message: "(no)"},
	}
	tests := map[string]struct {
		err    error
		faults intent.Faults
	}{
		"faults":           {slice.Errorf(slice.Invalid, "%w", faults), faults},
		"faults in a tale": {fmt.Errorf("apply: %w", slice.Errorf(slice.Invalid, "%w", faults)), faults},
		"a field":          {slice.Errorf(slice.Invalid, "order.mask[0]: there is no field x"), intent.Faults{{Path: "order.mask[0]", Message: "there is no field x"}}},
		"no field":         {slice.Errorf(slice.Invalid, "domain b: too large"), nil},
		"a conflict": {
			slice.Errorf(slice.Conflict, "%w", intent.Faults{{Path: "edits[0].addNetwork.name", Message: "there already", Remedy: "remove it"}}),
			intent.Faults{{Path: "edits[0].addNetwork.name", Message: "there already", Remedy: "remove it"}},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			h.err = test.err
			_, err := api.NewSliceClient(conn).Status(t.Context(), "s")
			var got intent.Faults
			errors.As(err, &got)
			if diff := cmp.Diff(test.faults, got); diff != "" || slice.KindOf(err) != slice.KindOf(test.err) || err.Error() != test.err.Error() {
				t.Errorf("%v of kind %s (-want +got)\n%s", err, slice.KindOf(err), diff)
			}
			_, err = pb.NewSliceServiceClient(conn).GetSlice(t.Context(), &pb.GetSliceRequest{})
			var lines []string
			for _, d := range status.Convert(err).Details() {
				switch d := d.(type) {
				case *errdetails.ErrorInfo:
					lines = append(lines, d.GetDomain()+" "+d.GetReason())
				case *errdetails.BadRequest:
					for _, v := range d.GetFieldViolations() {
						lines = append(lines, v.GetField()+": "+v.GetDescription())
					}
				}
			}
			want := []string{"l2sces.io " + strings.ToUpper(slice.KindOf(test.err).String())}
			for _, f := range test.faults {
				want = append(want, f.String())
			}
			if diff := cmp.Diff(want, lines); diff != "" {
				t.Errorf("details (-want +got)\n%s", diff)
			}
		})
	}
}

// However much is wrong, the answer fits into the headers that clients take.
func TestA11ErrorsAreBounded(t *testing.T) {
	a := newAuthority(t)
	h := &house{}
	var faults intent.Faults
	for i := range 100 {
		faults = append(faults, intent.Fault{Path: fmt.Sprintf("slice.networks[%d]", i), Message: strings.Repeat("ü", 100), Remedy: strings.Repeat("ö", 50)})
	}
	h.err = slice.Errorf(slice.Invalid, "%w", faults)
	conn := a.dial(t, "n1", a.serve(t, anywhere, serveAll(h)).address)
	_, err := pb.NewSliceServiceClient(conn).GetSlice(t.Context(), &pb.GetSliceRequest{})
	s := status.Convert(err)
	if n := len(s.Message()); n > 2048 || s.Code() != codes.InvalidArgument || !strings.HasSuffix(s.Message(), "; there is more") {
		t.Errorf("%d bytes of text: %v", n, err)
	}
	_, err = api.NewSliceClient(conn).Status(t.Context(), "s")
	var got intent.Faults
	if !errors.As(err, &got) || len(got) == 0 || got[0] != faults[0] || len(got) == len(faults) {
		t.Errorf("%d faults came back", len(got))
	}
}

// Our errors keep their kind, whatever code they travel with.
func TestKindsComeBack(t *testing.T) {
	a := newAuthority(t)
	h := &house{}
	c := api.NewSliceClient(a.dial(t, "n1", a.serve(t, anywhere, serveAll(h)).address))
	for k := slice.Internal; k <= slice.Stale; k++ {
		h.err = slice.Errorf(k, "oh")
		if _, err := c.Status(t.Context(), "s"); slice.KindOf(err) != k || err == nil || err.Error() != "oh" {
			t.Errorf("%s comes back as %s: %v", k, slice.KindOf(err), err)
		}
	}
}
