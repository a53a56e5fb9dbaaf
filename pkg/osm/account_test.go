package osm_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestAccounts(t *testing.T) {
	_, c := open(t, nil)
	ctx := t.Context()
	vim, err := c.CreateAccount(ctx, osm.VIMs, map[string]string{
		"name": "vim-a", "vim_type": "l2sces", "vim_url": "http://sco:9998", "vim_user": "u", "vim_password": "geheim", "vim_tenant_name": "t",
	})
	if err != nil {
		t.Fatal(err)
	}
	for place, values := range map[osm.Place]any{
		osm.Clusters: map[string]any{"name": "k8s-a", "credentials": map[string]string{"token": "geheim"}, "vim_account": vim, "k8s_version": "1.30", "nets": map[string]any{"n": nil}},
		osm.WIMs:     map[string]any{"name": "wim", "wim_type": "onos_vpls", "wim_url": "http://sco:8181", "password": "geheim", "config": map[string]any{"wim_port_mapping": []string{}}},
		osm.SDNs:     map[string]any{"name": "sdn", "type": "onos_vpls", "url": "http://sco:8181", "password": "geheim"},
	} {
		id, err := c.CreateAccount(ctx, place, values)
		if err != nil || id == "" {
			t.Fatal(place, err)
		}
		if err := c.EditAccount(ctx, place, id, map[string]string{"description": "d"}); err != nil {
			t.Error(place, err)
		}
		a, err := c.Account(ctx, place, id)
		if err != nil || a.ID != id || a.State != "ENABLED" || a.Name == "" || string(a.Record["description"]) != `"d"` {
			t.Errorf("%s: %+v, %v", place, a, err)
		}
		if text, err := json.Marshal(a); err != nil || bytes.Contains(text, []byte("geheim")) || bytes.Contains(text, []byte("encrypted")) {
			t.Errorf("%s: %s, %v", place, text, err)
		}
		if found, err := c.FindAccount(ctx, place, a.Name); err != nil || found.ID != id {
			t.Errorf("%s: %v, %v", place, found, err)
		}
		if place == osm.Clusters && a.VIM != vim {
			t.Errorf("cluster of VIM %q", a.VIM)
		}
	}
	if err := c.RemoveAccount(ctx, osm.VIMs, vim); slice.KindOf(err) != slice.Conflict {
		t.Errorf("a VIM with a cluster: %v", err)
	}
	if _, err := c.CreateAccount(ctx, osm.SDNs, map[string]string{"name": "sdn", "type": "x"}); slice.KindOf(err) != slice.Conflict {
		t.Errorf("a name twice: %v", err)
	}
	if _, err := c.CreateAccount(ctx, osm.WIMs, map[string]string{"name": "w;"}); slice.KindOf(err) != slice.Invalid {
		t.Errorf("a bad one: %v", err)
	}
	if _, err := c.FindAccount(ctx, osm.WIMs, "none"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("an absent one: %v", err)
	}
	if err := c.RemoveAccount(ctx, osm.WIMs, "none"); err != nil {
		t.Error(err)
	}
}

func TestInstances(t *testing.T) {
	nbi, c := open(t, nil)
	ctx, ids := t.Context(), onboard(t, c)
	started, err := c.Instantiate(ctx, osm.Slices(), map[string]any{"nsiName": "s", "nstId": ids[osm.NST], "vimAccountId": "vim", "additionalParamsForNsi": map[string]any{"x": map[string]int{"y": 1}}})
	if err != nil || started.ID == "" || started.Operation == "" {
		t.Fatal(started, err)
	}
	if _, err := c.Terminate(ctx, osm.Slices(), started.ID); slice.KindOf(err) != slice.Conflict {
		t.Errorf("one that is not instantiated: %v", err)
	}
	if o, err := c.Operation(ctx, osm.Slices(), started.Operation); err != nil || o.State != "PROCESSING" || o.Slice != started.ID {
		t.Errorf("%+v, %v", o, err)
	}
	nbi.Start(started.ID)
	nbi.Finish(started.ID)
	i, err := c.Instance(ctx, osm.Slices(), started.ID)
	if err != nil || i.State != "INSTANTIATED" || i.Operational != "running" || i.Descriptor != "two" || i.Name != "s" {
		t.Errorf("%+v, %v", i, err)
	}
	all, err := c.Instances(ctx, osm.Services())
	if err != nil || len(all) != 2 || all[0].State != "READY" || all[1].Name != "s.b" {
		t.Errorf("%+v, %v", all, err)
	}
	if err := c.Forget(ctx, osm.Slices(), started.ID); slice.KindOf(err) != slice.Conflict {
		t.Errorf("a running one: %v", err)
	}
	if op, err := c.Terminate(ctx, osm.Slices(), started.ID); err != nil || op == "" {
		t.Error(op, err)
	}
	nbi.Terminated(started.ID)
	for range 2 {
		if err := c.Forget(ctx, osm.Slices(), started.ID); err != nil {
			t.Error(err)
		}
	}
	ns, err := c.Instantiate(ctx, osm.Services(), map[string]any{"nsName": "n", "nsdId": ids[osm.NSD], "vimAccountId": "vim"})
	if err != nil || ns.ID == "" || ns.Operation == "" {
		t.Error(ns, err)
	}
	if ops, err := c.Operations(ctx, osm.Services()); err != nil || len(ops) != 3 {
		t.Errorf("%+v, %v", ops, err)
	}
}

func TestSubscriptions(t *testing.T) {
	_, c := open(t, nil)
	for range 2 { // a second one is the first
		if err := c.Subscribe(t.Context(), "https://plugin/osm", "osm", "geheim"); err != nil {
			t.Fatal(err)
		}
	}
	all, err := c.Subscriptions(t.Context())
	if err != nil || len(all) != 1 || all[0].Callback != "https://plugin/osm" {
		t.Fatalf("%+v, %v", all, err)
	}
	for range 2 {
		if err := c.Unsubscribe(t.Context(), all[0].ID); err != nil {
			t.Error(err)
		}
	}
}
