package main

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin"
)

// shelf keeps slices in the place of the SCO. A slice is ready when it is
// looked at for the second time.
type shelf struct {
	have map[slice.ID]intent.Intents
	seen map[slice.ID]int
}

func (s *shelf) Apply(_ context.Context, in intent.Intents, o intent.Order) (intent.Status, error) {
	status := intent.Status{ID: in.Slice.ID, Tenant: in.Slice.Tenant, Generation: 1, Phase: intent.Pending, Changed: true}
	if old, there := s.have[in.Slice.ID]; there {
		status.Changed = !intent.Equal(old, in)
	}
	if !o.DryRun {
		s.have[in.Slice.ID] = in
	}
	return status, nil
}

func (s *shelf) Status(_ context.Context, id slice.ID) (intent.Status, error) {
	in, there := s.have[id]
	if !there {
		return intent.Status{}, slice.Errorf(slice.NotFound, "slice %s is not there", id)
	}
	status := intent.Status{ID: id, Tenant: in.Slice.Tenant, Generation: 1, Phase: intent.Pending}
	if s.seen[id]++; s.seen[id] > 1 {
		status.Phase = intent.Ready
	}
	for i, n := range in.Slice.Networks {
		net := intent.NetworkStatus{Name: n.Name, Type: n.Type, Number: slice.Network(i + 1), CIDR: n.CIDR, MTU: 1450, Ready: true}
		for _, m := range n.Members {
			net.Members = append(net.Members, intent.MemberStatus{Name: m.Name, Domain: m.Domain, Address: m.Address, MAC: m.MAC, Ready: true})
		}
		status.Networks = append(status.Networks, net)
	}
	return status, nil
}

func (s *shelf) List(ctx context.Context, _ intent.Query) (intent.Page, error) {
	var all []intent.Status
	for id := range s.have {
		status, err := s.Status(ctx, id)
		if err != nil {
			return intent.Page{}, err
		}
		all = append(all, status)
	}
	return intent.Page{Slices: all}, nil
}

func (s *shelf) Delete(_ context.Context, id slice.ID, _ intent.Order) (bool, error) {
	_, there := s.have[id]
	delete(s.have, id)
	return there, nil
}

// serveLab serves the plugin in a folder like that of a lab and returns the
// folder and the flags that lead there.
func serveLab(t *testing.T) (string, []string) {
	t.Helper()
	dir := t.TempDir()
	pems := filepath.Join(dir, "pki")
	config := serverTLS(t, pems)
	l, err := web.Listen(t.Context(), "unix:"+dir+"/plugin.sock")
	if err != nil {
		t.Fatal(err)
	}
	caller := func(state tls.ConnectionState) (string, error) {
		id, err := pki.PeerIdentity(state)
		if err == nil && id != pki.User("admin") {
			err = slice.Errorf(slice.Denied, "not %s", id)
		}
		return string(id), err
	}
	door := plugin.New(&shelf{have: map[slice.ID]intent.Intents{}, seen: map[slice.ID]int{}}, caller, plugin.Config{})
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- plugin.Serve(ctx, tls.NewListener(l, config), door) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return dir, []string{
		"--plugin=unix:" + dir + "/plugin.sock", "--tls-cert=" + pems + "/admin.crt",
		"--tls-key=" + pems + "/admin.key", "--tls-ca=" + pems + "/ca.crt",
	}
}

func serverTLS(t *testing.T, pems string) *tls.Config {
	t.Helper()
	if err := pki.Init(pems); err != nil {
		t.Fatal(err)
	}
	for name, id := range map[string]pki.Identity{"plugin": pki.Plugin, "admin": pki.User("admin"), "node": pki.Node("a", "n")} {
		if err := pki.Issue(pems, name, id); err != nil {
			t.Fatal(err)
		}
	}
	config, err := pki.ServerTLS(pems+"/plugin.crt", pems+"/plugin.key", pems+"/ca.crt")
	if err != nil {
		t.Fatal(err)
	}
	return config
}

func TestSliceCommands(t *testing.T) {
	_, to := serveLab(t)
	press, params := house+"descriptors/nst/press", "--params="+house+"descriptors/params/press.yaml"
	nsd := "--nsd=" + house + "nsd"
	intents := filepath.Join(t.TempDir(), "intents.yaml")
	_, text, _ := typed("nst", "translate", press, nsd, "--slice=written")
	if err := os.WriteFile(intents, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	steps := []struct {
		name   string
		args   []string
		status int
		stdout string // a word of it, or golden:FILE
		stderr string
	}{
		{"nothing there", []string{"list", "--output=json"}, 0, `"slices": []`, ""},
		{"dry run", []string{"apply", press, nsd, params, "--dry-run"}, 0, "press", ""},
		{"still nothing there", []string{"get", "press"}, 1, "", "slice press is not there"},
		{"apply", []string{"apply", press, nsd, params, "--wait", "--output=json"}, 0, `"phase": "Ready"`, ""},
		{"again", []string{"apply", press, nsd, params, "--output=yaml"}, 0, "phase: Pending", ""},
		{"get", []string{"get", "press"}, 0, "golden:press.table", ""},
		{"without service descriptors", []string{"apply", press, params}, 0, "", "warning: " + press + "/nst.yaml:"},
		{"written intents", []string{"apply", intents}, 0, "written", ""},
		{"intents with parameters", []string{"apply", intents, params}, 2, "", "stand alone"},
		{"another tenant", []string{"apply", press, nsd, params, "--tenant=x"}, 2, "", params[len("--params="):] + ":"},
		{"list", []string{"list"}, 0, "written  default", ""},
		{"delete", []string{"delete", "press"}, 0, "slice press is deleted", ""},
		{"delete again", []string{"delete", "press", "--output=json"}, 0, `"deleted": "press"`, ""},
		{"no name of a slice", []string{"get", strings.Repeat("a", 300)}, 2, "", "no slice can have this name"},
	}
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			status, stdout, stderr := typed(append(append([]string{"slice"}, s.args...), to...)...)
			if status != s.status || !strings.Contains(stderr, s.stderr) || s.stderr == "" && stderr != "" {
				t.Errorf("status %d, stderr %q, want %d and %q", status, stderr, s.status, s.stderr)
			}
			if name, ok := strings.CutPrefix(s.stdout, "golden:"); ok {
				golden(t, name, stdout)
			} else if !strings.Contains(stdout, s.stdout) {
				t.Errorf("stdout %q, want %q", stdout, s.stdout)
			}
		})
	}
}

func TestLabClient(t *testing.T) {
	dir, _ := serveLab(t)
	fire, params := house+"descriptors/nst/fire-emergency", house+"descriptors/params/fire-emergency.yaml"
	for _, changed := range []bool{true, false} {
		got, err := applyPackage(t.Context(), dir, fire, params)
		if err != nil {
			t.Fatal(err)
		}
		if _, measured := got.PhasesMs["translate"]; !measured || got.ID != "fire-emergency" || got.Tenant != "emergency" || got.Changed != changed {
			t.Errorf("status %+v, want changed %t", got, changed)
		}
	}
	s, err := sliceStatus(t.Context(), dir, "fire-emergency")
	if err != nil || len(s.Networks) != 4 {
		t.Errorf("%+v, %v, want 4 networks", s, err)
	}
	for range 2 {
		if err := deleteSlice(t.Context(), dir, "fire-emergency"); err != nil {
			t.Error(err)
		}
	}
	if _, err := sliceStatus(t.Context(), dir, "fire-emergency"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("after the delete: %v, want one of kind not found", err)
	}
}

func TestWhoMayNotSpeak(t *testing.T) {
	dir, to := serveLab(t)
	pems := dir + "/pki/"
	alien := filepath.Join(t.TempDir(), "pki")
	serverTLS(t, alien)
	tests := []struct {
		name string
		args []string
		says string
	}{
		{"a node", []string{"--tls-cert=" + pems + "node.crt", "--tls-key=" + pems + "node.key"}, "not l2sces://domain/a/node/n"},
		{"a stranger", []string{"--tls-cert=" + alien + "/admin.crt", "--tls-key=" + alien + "/admin.key"}, "reach the plugin"},
		{"whom the plugin is strange to", []string{"--tls-ca=" + alien + "/ca.crt"}, "reach the plugin"},
		{"nobody there", []string{"--plugin=unix:" + dir + "/absent.sock"}, "reach the plugin"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			args := append([]string{"slice", "list"}, to...)
			status, _, stderr := typed(append(args, tt.args...)...)
			if status != 1 || !strings.Contains(stderr, tt.says) {
				t.Errorf("status %d, %q, want 1 and %q", status, stderr, tt.says)
			}
		})
	}
}

func TestUploadNamesFilesInside(t *testing.T) {
	o, err := newUpload(translate.Files{
		Template: house + "descriptors/nst/press",
		NSDs:     []string{house + "nsd/field_ns", house + "nsd/fire_ns/fire_ns.yaml"},
	})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range o.files {
		names = append(names, f.part+" "+f.name)
	}
	want := []string{"package l2sces/intents.yaml", "package nst.yaml", "nsd 0/field_ns.yaml", "nsd 1/fire_ns.yaml"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
