package main

import (
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestAuthorize(t *testing.T) {
	const (
		slices   = "/l2sces.v1.SliceService/GetSlice"
		events   = "/l2sces.v1.EventService/WatchEvents"
		registry = "/l2sces.v1.RegistryService/PutDomain"
		domains  = "/l2sces.v1.RegistryService/ListRegistrations"
		verify   = "/l2sces.v1.RegistryService/VerifyDomain"
		admin    = "/l2sces.v1.AdminService/WhoAmI"
		node     = "/l2sces.v1.NodeService/Join"
		original = "/l2sces.L2SMMultiDomainService/CreateSlice"
		health   = "/grpc.health.v1.Health/Check"
	)
	all := []string{slices, events, registry, domains, verify, admin, node, original, health}
	tests := map[string]string{
		string(pki.User("ann")):       strings.Join([]string{slices, events, registry, domains, verify, admin, original, health}, " "),
		"token/ci":                    strings.Join([]string{slices, events, registry, domains, verify, admin, original, health}, " "),
		"oidc/ann@example.org":        strings.Join([]string{slices, events, registry, domains, verify, admin, original, health}, " "),
		string(pki.Plugin):            strings.Join([]string{slices, events, domains, verify, health}, " "),
		string(pki.Node("fire", "n")): strings.Join([]string{node, health}, " "),
		string(pki.SDNC("fire")):      health,
		string(pki.SCO):               health,
	}
	for caller, want := range tests {
		t.Run(caller, func(t *testing.T) {
			var may []string
			for _, method := range all {
				if err := authorize(caller, method); err == nil {
					may = append(may, method)
				} else if slice.KindOf(err) != slice.Denied {
					t.Error(err)
				}
			}
			if got := strings.Join(may, " "); got != want {
				t.Errorf("got %s\nwant %s", got, want)
			}
		})
	}
}

func TestRightsFlags(t *testing.T) {
	good := rights{audit: access.AuditConfig{Size: 4096, Keep: 1}}
	tests := map[string]struct {
		change func(*rights)
		want   string // of the fault; empty: none
	}{
		"defaults":       {func(*rights) {}, ""},
		"an issuer":      {func(r *rights) { r.oidc.Issuer, r.oidc.Audience = "https://id.example.org", "l2sces" }, ""},
		"a plain issuer": {func(r *rights) { r.oidc.Issuer, r.oidc.Audience = "http://id.example.org", "l2sces" }, "--oidc-issuer: "},
		"no audience":    {func(r *rights) { r.oidc.Issuer = "https://id.example.org" }, "--oidc-issuer: "},
		"a small log":    {func(r *rights) { r.audit.Size = 10 }, "--audit-size"},
		"no older logs":  {func(r *rights) { r.audit.Keep = 0 }, "--audit-keep"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := good
			test.change(&r)
			err := r.check()
			if test.want == "" {
				must(t, err)
			} else if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}
