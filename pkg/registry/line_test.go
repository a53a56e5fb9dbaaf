package registry_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A call that is under way ends well while the domain gets another line: other
// addresses, or other credentials.
func TestF25NoCallBreaks(t *testing.T) {
	changes := map[string]func(*testing.T, *world){
		"address": func(t *testing.T, w *world) { t.Helper(); w.put(t, field("b:1"), intent.Order{}) },
		"credentials": func(t *testing.T, w *world) {
			t.Helper()
			w.does(func() { w.mark = "two" })
			if _, err := w.VerifyDomain(t.Context(), "field"); err != nil {
				t.Fatal(err)
			}
		},
		"removal": func(t *testing.T, w *world) {
			t.Helper()
			if _, err := w.RemoveDomain(t.Context(), "field"); err != nil {
				t.Fatal(err)
			}
		},
	}
	for name, change := range changes {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, "a:1", "b:1")
				w.put(t, field("a:1"), intent.Order{})
				site := w.sites["a:1"]
				site.hold = make(chan struct{})
				ended := make(chan error, 1)
				domain := w.Domain("field")
				go func() { _, err := domain.Apply(t.Context(), nil); ended <- err }()
				synctest.Wait()
				change(t, w)
				close(site.hold)
				if err := <-ended; err != nil {
					t.Errorf("the call broke: %v", err)
				}
				synctest.Wait()
				want := map[string]int{"address": 0, "credentials": 1, "removal": 0}[name]
				if got := site.lines(); got != want {
					t.Errorf("%d lines to the old place, want %d", got, want)
				}
			})
		})
	}
}

// Credentials that do not work leave those before in use, and it is said.
func TestF25BadCredentials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a:1")
		w.put(t, field("a:1"), intent.Order{})
		site := w.sites["a:1"]
		site.hold = make(chan struct{})
		close(site.hold)
		w.does(func() { w.mark = "torn" })
		got, err := w.VerifyDomain(t.Context(), "field")
		if err != nil {
			t.Fatal(err)
		}
		if c := got.Conditions[0]; !c.Status || c.Reason != "OldCredentials" || c.Message == "" {
			t.Errorf("condition %+v", c)
		}
		if _, err := w.Domain("field").Apply(t.Context(), nil); err != nil {
			t.Errorf("a call: %v", err)
		}
		if n := site.lines(); n != 1 {
			t.Errorf("%d lines", n)
		}
		// The old ones end: the new ones are all there is.
		site.does(func() { site.keys = map[string]bool{"two": true} })
		w.does(func() { w.mark = "two" })
		got, err = w.VerifyDomain(t.Context(), "field")
		if last := w.told[len(w.told)-1]; last != "CredentialsRotated" {
			t.Errorf("events %v", w.told)
		}
		if err != nil || got.Conditions[0].Reason != "Answered" || site.lines() != 1 {
			t.Errorf("%+v, %v, %d lines", got.Conditions[0], err, site.lines())
		}
	})
}

// The loop finds rotated credentials and silent domains by itself, with one
// question each time.
func TestRunLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a:1")
		w.put(t, field("a:1"), intent.Order{})
		ctx, stop := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { w.Run(ctx) })
		site := w.sites["a:1"]
		<-time.After(61 * time.Second)
		synctest.Wait()
		site.does(func() {
			if n := site.calls["one"]; n != 1+3 {
				t.Errorf("%d questions in a minute", n)
			}
		})
		w.does(func() { w.mark = "two" })
		<-time.After(30 * time.Second)
		synctest.Wait()
		site.does(func() {
			if site.calls["two"] == 0 || site.open != 1 {
				t.Errorf("new credentials: %d questions, %d lines", site.calls["two"], site.open)
			}
			site.err = errors.New("silence")
		})
		<-time.After(30 * time.Second)
		synctest.Wait()
		have, err := w.Registration(t.Context(), "field")
		if err != nil || have.Conditions[0].Status || have.Conditions[0].Message != "silence" || have.Info.MTU != 1450 {
			t.Errorf("%+v, %v", have, err)
		}
		stop()
		running.Wait()
		if n := site.lines(); n != 0 {
			t.Errorf("%d lines are open at the end", n)
		}
		if _, err := w.Domain("field").List(t.Context()); slice.KindOf(err) != slice.Unavailable {
			t.Errorf("a call after the end: %v", err)
		}
	})
}

// The address is unknown at first: the line is opened when it can be.
func TestLateSite(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		if got := w.put(t, field("a:1"), intent.Order{Force: true}); got.Conditions[0].Message != "nobody is at a:1" {
			t.Errorf("%+v", got.Conditions)
		}
		w.sites["a:1"] = newWorld(t, "a:1").sites["a:1"]
		if got, err := w.VerifyDomain(t.Context(), "field"); err != nil || !got.Conditions[0].Status {
			t.Errorf("%+v, %v", got.Conditions, err)
		}
	})
}

// Callers at once open one line.
func TestManyCallersOneLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, "a:1")
		w.put(t, field("a:1"), intent.Order{Force: true})
		w.start(t)
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				if _, err := w.Domain("field").List(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := w.sites["a:1"].lines(); n != 1 {
			t.Errorf("%d lines", n)
		}
	})
}
