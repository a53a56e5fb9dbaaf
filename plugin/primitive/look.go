package primitive

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Events tells what happened: the SCO, as primitives need it.
type Events interface {
	Events(ctx context.Context, q intent.EventQuery) ([]intent.Event, error)
}

// line tells in one line how a slice is.
func line(s intent.Status) string {
	text := fmt.Sprintf("slice %s is %s, generation %d", s.ID, s.Phase, s.Generation)
	if s.Message != "" {
		text += ": " + strings.ReplaceAll(s.Message, "\n", "; ")
	}
	return text
}

// told tells of a slice.
func told(s intent.Status) Result {
	r := Result{Message: line(s)}
	r.Fact("slice", string(s.ID))
	r.Fact("phase", string(s.Phase))
	r.Fact("generation", fmt.Sprint(s.Generation))
	var networks strings.Builder
	for _, n := range s.Networks {
		ready := 0
		for _, m := range n.Members {
			if m.Ready {
				ready++
			}
		}
		fmt.Fprintf(&networks, "%s: ready %t, members %d of %d, number %d, %s\n",
			n.Name, n.Ready, ready, len(n.Members), n.Number, cmp.Or(strings.Join(n.Links, " "), "no links"))
		if n.Message != "" {
			fmt.Fprintf(&networks, "  %s\n", n.Message)
		}
	}
	if networks.Len() > 0 {
		r.Fact("networks", networks.String())
	}
	return r
}

// scoStatus tells of a slice, of a domain, or of everything in short.
func scoStatus(ctx context.Context, c Call[SCO]) (Result, error) {
	if id := c.Text("slice"); id != "" {
		s, err := c.To.Slices.Status(ctx, slice.ID(id))
		if err != nil {
			return Result{}, At("slice", err)
		}
		r := told(s)
		r.Fact("conditions", conditions(s.Conditions))
		return r, nil
	}
	if d := c.Text("domain"); d != "" {
		return domainStatus(ctx, c.To, slice.Domain(d))
	}
	slices, err := listed(ctx, c.To, intent.Query{})
	if err != nil {
		return Result{}, err
	}
	out := Result{Message: fmt.Sprintf("%d slices", len(slices))}
	out.Fact("slices", lines(slices))
	all, err := c.To.Domains.Registrations(ctx)
	switch {
	case err == nil:
		out.Message += fmt.Sprintf(", %d domains", len(all))
	case slice.KindOf(err) == slice.Denied:
		out.Message += ", domains are not for this caller"
	default:
		return Result{}, err
	}
	var text strings.Builder
	for i := range all {
		text.WriteString(registered(all[i]))
	}
	out.Fact("domains", text.String())
	return out, nil
}

// domainStatus tells of a domain and of the slices that reach it.
func domainStatus(ctx context.Context, to SCO, d slice.Domain) (Result, error) {
	r, err := to.Domains.Registration(ctx, d)
	if err != nil {
		return Result{}, At("domain", err)
	}
	all, err := listed(ctx, to, intent.Query{Domain: d})
	if err != nil {
		return Result{}, err
	}
	out := Result{Message: fmt.Sprintf("domain %s, used by %d slices", d, r.Slices)}
	out.Fact("domain", registered(r))
	out.Fact("gateway", cmp.Or(string(r.Info.Gateway), "none"))
	out.Fact("conditions", conditions(r.Conditions))
	out.Fact("slices", lines(all))
	return out, nil
}

// most is how many slices are told of.
const most = 100

// listed returns the first slices of a query.
func listed(ctx context.Context, to SCO, q intent.Query) ([]intent.Status, error) {
	var all []intent.Status
	for {
		page, err := to.Slices.List(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Slices...)
		if page.Next == "" || len(all) >= most {
			return all[:min(len(all), most)], nil
		}
		q.PageToken = page.Next
	}
}

func lines(all []intent.Status) string {
	var text strings.Builder
	for i := range all {
		text.WriteString(line(all[i]) + "\n")
	}
	return cmp.Or(text.String(), "none\n")
}

func registered(r intent.Registration) string {
	return fmt.Sprintf("%s: at %s, draining %t, slices %d, %s\n", r.Name, strings.Join(r.Addresses, ","), r.Draining, r.Slices,
		strings.ReplaceAll(strings.TrimSpace(conditions(r.Conditions)), "\n", "; "))
}

func conditions(all []intent.Condition) string {
	var text strings.Builder
	for _, c := range all {
		fmt.Fprintf(&text, "%s %t %s %s\n", c.Type, c.Status, c.Reason, strings.ReplaceAll(c.Message, "\n", "; "))
	}
	return cmp.Or(text.String(), "none\n")
}

// Audit tells who ordered what: the SCO, as primitives need it.
type Audit interface {
	Audit(ctx context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error)
}

// scoLog returns what happened to a slice, or to all, and who ordered what, if
// the caller may know.
func scoLog(ctx context.Context, c Call[SCO]) (Result, error) {
	id := slice.ID(c.Text("slice"))
	r, err := log(ctx, c, intent.EventQuery{Slice: id})
	if err != nil || c.To.Audit == nil {
		return r, err
	}
	all, err := c.To.Audit.Audit(ctx, intent.AuditQuery{Limit: c.Number("lines")})
	switch {
	case err == nil:
	case slice.KindOf(err) == slice.Denied:
		r.Message += ", the audit log is not for this caller"
	default:
		return r, err
	}
	var text strings.Builder
	for i := range all {
		if e := &all[i]; c.recent(e.Time, c.To.Now()) && (id == "" || e.Object == "slice/"+string(id)) {
			fmt.Fprintf(&text, "%s %s %s %s: %s\n", e.Time.UTC().Format(time.RFC3339), e.Caller, e.Method, cmp.Or(e.Object, "all"), cmp.Or(e.Error, e.Result))
		}
	}
	if text.Len() > 0 {
		r.Fact("audit", text.String())
	}
	return r, nil
}

// recent reports whether something is not older than is asked for.
func (c Call[T]) recent(at, now time.Time) bool {
	since := time.Duration(c.Number(Since.Name)) * time.Minute
	return since == 0 || now.Sub(at) <= since
}

// maxLines is how many lines of a log are returned.
const maxLines = 5000

// log returns events as lines, newest last.
func log(ctx context.Context, c Call[SCO], q intent.EventQuery) (Result, error) {
	q.Limit = c.Number("lines")
	if q.Limit == 0 || q.Limit > maxLines {
		return Result{}, fault("lines", "", "%d is not between 1 and %d", q.Limit, maxLines)
	}
	all, err := c.To.Events.Events(ctx, q)
	if err != nil {
		return Result{}, err
	}
	var text strings.Builder
	n := 0
	for _, e := range all {
		if !c.recent(e.Time, c.To.Now()) {
			continue
		}
		n++
		fmt.Fprintf(&text, "%s %s %s%s: %s\n", e.Time.UTC().Format(time.RFC3339), e.Reason, cmp.Or(e.Object, "slice/"+string(e.Slice)),
			times(e.Count), strings.ReplaceAll(e.Message, "\n", "; "))
	}
	r := Result{Message: fmt.Sprintf("%d events", n)}
	if n > 0 {
		r.Fact("log", text.String())
	}
	return r, nil
}

func times(n uint32) string {
	if n < 2 {
		return ""
	}
	return fmt.Sprintf(" (%d times)", n)
}
