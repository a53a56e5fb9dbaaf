package access_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// lines reads the entries of a file.
func lines(t *testing.T, file string) []intent.AuditEntry {
	t.Helper()
	text, err := os.ReadFile(file)
	must(t, err)
	var all []intent.AuditEntry
	for line := range strings.Lines(string(text)) {
		var e intent.AuditEntry
		must(t, json.Unmarshal([]byte(line), &e))
		all = append(all, e)
	}
	return all
}

// audited returns a gate with an audit log.
func audited(t *testing.T, h *house, file string, size int64) *access.Gate {
	t.Helper()
	return gate(t, h, func(c *access.Config) { c.Audit = access.AuditConfig{File: file, Size: size, Keep: 3} })
}

func closed(t *testing.T, g *access.Gate) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	g.Run(ctx)
}

func TestAudit(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	h := newHouse(intents("red", "mine", 1), intents("blue", "theirs", 1))
	g := audited(t, h, file, 0)
	s, d := g.Slices(h), g.Registry(domains{})
	red, viewer, ops := as(t, "user/r", "red", access.Tenant), as(t, "user/v", "red", access.Viewer), as(t, "user/o", "", access.Operator)

	_, err := s.Apply(red, intents("", "mine", 2, 1), intent.Order{})
	must(t, err)
	_, err = s.Pause(viewer, "mine", true, intent.Order{})
	if slice.KindOf(err) != slice.Denied {
		t.Fatal(err)
	}
	_, _ = s.Status(red, "theirs") // not found, but recorded
	_, _ = s.Status(red, "absent") // not found, and of no interest
	_, err = d.PutDomain(ops, intent.Registration{Name: "field", Driver: "direct", Credentials: intent.Credentials{File: "/secret-folder"}}, intent.Order{Force: true})
	must(t, err)
	_, err = s.Delete(ops, "theirs", intent.Order{})
	must(t, err)
	if _, err := g.Admin(nil).Audit(red, intent.AuditQuery{}); slice.KindOf(err) != slice.Denied {
		t.Errorf("a tenant reads the audit log: %v", err)
	}

	want := []intent.AuditEntry{
		{Number: 1, Caller: "user/r", Tenant: "red", Role: "tenant", Method: "slice.apply", Object: "slice/mine", Result: "OK", Detail: "domains=2 networks=2 ports=3"},
		{Number: 2, Caller: "user/v", Tenant: "red", Role: "viewer", Method: "slice.pause", Object: "slice/mine", Result: "denied", Error: "user/v has role viewer, and slice.pause needs tenant"},
		{Number: 3, Caller: "user/r", Tenant: "red", Role: "tenant", Method: "slice.get", Object: "slice/theirs", Result: "not found", Error: "there is no slice theirs", Detail: "it belongs to tenant blue"},
		{Number: 4, Caller: "user/o", Role: "operator", Method: "domain.put", Object: "domain/field", Result: "OK", Detail: "driver=direct force"},
		{Number: 5, Caller: "user/o", Tenant: "blue", Role: "operator", Method: "slice.delete", Object: "slice/theirs", Result: "OK"},
		{Number: 6, Caller: "user/r", Tenant: "red", Role: "tenant", Method: "audit.list", Result: "denied", Error: "user/r has role tenant, and audit.list needs operator"},
	}
	untimed := cmpopts.IgnoreFields(intent.AuditEntry{}, "Time")
	if diff := cmp.Diff(want, lines(t, file), untimed); diff != "" {
		t.Error(diff)
	}
	closed(t, g)

	// Half a line of a crash is cut off, and the numbers go on.
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	must(t, err)
	_, err = f.WriteString(`{"number":7,"cal`)
	must(t, err)
	must(t, f.Close())
	g = audited(t, h, file, 0)
	_, err = g.Slices(h).Delete(ops, "mine", intent.Order{})
	must(t, err)
	got, err := g.Admin(nil).Audit(ops, intent.AuditQuery{After: 5, Tenant: "red"})
	must(t, err)
	want = []intent.AuditEntry{want[5], {Number: 7, Caller: "user/o", Tenant: "red", Role: "operator", Method: "slice.delete", Object: "slice/mine", Result: "OK"}}
	if diff := cmp.Diff(want, got, untimed); diff != "" {
		t.Error(diff)
	}
	if all := lines(t, file); len(all) != 7 {
		t.Errorf("%d lines", len(all))
	}
	newest, err := g.Admin(nil).Audit(ops, intent.AuditQuery{Limit: 1})
	must(t, err)
	if len(newest) != 1 || newest[0].Number != 7 {
		t.Errorf("the newest one: %+v", newest)
	}
	closed(t, g)
}

func TestAuditRotates(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "audit.log")
	h := newHouse()
	g := audited(t, h, file, 2000)
	ops := as(t, "user/o", "", access.Operator)
	for i := range 60 {
		_, err := g.Slices(h).Delete(ops, slice.ID(fmt.Sprintf("s%d", i)), intent.Order{})
		must(t, err)
	}
	closed(t, g)
	var numbers []uint32
	for _, name := range []string{file + ".3", file + ".2", file + ".1", file} {
		info, err := os.Stat(name)
		must(t, err)
		if info.Size() > 2000 || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has %d bytes and mode %s", name, info.Size(), info.Mode())
		}
		for _, e := range lines(t, name) {
			numbers = append(numbers, e.Number)
		}
	}
	for i, n := range numbers {
		if want := 60 - uint32(len(numbers)-1-i); n != want {
			t.Fatalf("entry %d has number %d, want %d", i, n, want)
		}
	}
	all, err := os.ReadDir(dir)
	must(t, err)
	if len(all) != 4 {
		t.Errorf("%d files are kept, want 4", len(all))
	}
}

// TestF18AuditWithoutRoom has a log that cannot go on: reads are served, changes
// are not, and what had begun is recorded when there is room again.
func TestF18AuditWithoutRoom(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	h := newHouse(intents("red", "mine", 1))
	g := audited(t, h, file, 700)
	s, ops := g.Slices(h), as(t, "user/o", "", access.Operator)
	// A folder that is not empty is where the oldest file has to go.
	must(t, os.MkdirAll(file+".3/full", 0o700))
	changed := 0
	for ; changed < 20; changed++ {
		if _, err := s.Pause(ops, "mine", true, intent.Order{}); err != nil {
			if slice.KindOf(err) != slice.Unavailable || !strings.Contains(err.Error(), "audit log") {
				t.Fatal(err)
			}
			break
		}
	}
	if changed == 0 || changed == 20 {
		t.Fatalf("%d changes were made", changed)
	}
	for range 3 {
		if _, err := s.Status(ops, "mine"); err != nil {
			t.Fatalf("a read: %v", err)
		}
		if _, err := s.List(ops, query()); err != nil {
			t.Fatalf("a list: %v", err)
		}
		_, _ = s.Status(as(t, "user/b", "blue", access.Viewer), "mine")
	}
	must(t, os.RemoveAll(file+".3"))
	_, err := s.Pause(ops, "mine", false, intent.Order{})
	must(t, err)
	closed(t, g)
	var all []intent.AuditEntry
	for _, name := range []string{file + ".3", file + ".2", file + ".1", file} {
		all = append(all, lines(t, name)...)
	}
	for i, e := range all {
		if want := uint32(changed + 4 - len(all) + 1 + i); e.Number != want {
			t.Fatalf("entry %d has number %d, want %d: %+v", i, e.Number, want, all)
		}
	}
	if n := len(all); n < 5 || all[n-1].Detail != "paused=false" || all[n-5].Detail != "paused=true" {
		t.Errorf("the changes are not recorded: %+v", all)
	}
}

// TestAuditTakesNoneTwice has many callers at once.
func TestAuditTakesNoneTwice(t *testing.T) {
	file := filepath.Join(t.TempDir(), "audit.log")
	h := newHouse()
	g := audited(t, h, file, 1<<20)
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			for range 20 {
				_, _ = g.Slices(h).Delete(as(t, "user/o", "", access.Operator), slice.ID(fmt.Sprintf("s%d\n\"evil\"", i)), intent.Order{})
			}
		})
	}
	wait.Wait()
	closed(t, g)
	for i, e := range lines(t, file) {
		if int(e.Number) != i+1 {
			t.Fatalf("line %d has number %d", i+1, e.Number)
		}
		if strings.Contains(e.Object, "\n") {
			t.Fatalf("A21: object %q", e.Object)
		}
	}
}

// Lines come to the disk within a second, and the loop ends with its context.
func TestAuditRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := audited(t, newHouse(), filepath.Join(t.TempDir(), "audit.log"), 0)
		ctx, cancel := context.WithCancel(t.Context())
		var wait sync.WaitGroup
		wait.Go(func() { g.Run(ctx) })
		synctest.Wait()
		cancel()
		wait.Wait()
	})
}
