package registry_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/registry"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestCheck(t *testing.T) {
	many := make([]string, 17)
	labels := map[string]string{}
	for i := range 65 {
		labels[strings.Repeat("x", i+1)] = ""
	}
	tests := map[string]struct {
		change func(*intent.Registration)
		text   string // of the fault; empty: none
	}{
		"as it is": {func(*intent.Registration) {}, ""},
		"several addresses": {func(r *intent.Registration) {
			r.Addresses = []string{"192.0.2.1:1", "[2001:db8::1]:65535", "h.example.org:1"}
		}, ""},
		"a folder":            {func(r *intent.Registration) { r.Credentials.File = "/etc/field" }, ""},
		"a command":           {func(r *intent.Registration) { r.Credentials.Command = "vault" }, ""},
		"no name":             {func(r *intent.Registration) { r.Name = "" }, "name: "},
		"A22 name as path":    {func(r *intent.Registration) { r.Name = "../field" }, "name: "},
		"A21 name with lines": {func(r *intent.Registration) { r.Name = "a\nb" }, `"a\nb"`},
		"kube":                {func(r *intent.Registration) { r.Driver = "kube" }, "driver: kube is not available in this release"},
		"no such driver":      {func(r *intent.Registration) { r.Driver = "pigeon" }, "driver: "},
		"no address":          {func(r *intent.Registration) { r.Addresses = nil }, "addresses: "},
		"many addresses":      {func(r *intent.Registration) { r.Addresses = many }, "addresses: 17"},
		"twice":               {func(r *intent.Registration) { r.Addresses = []string{"h:1", "h:1"} }, "addresses[1]: h:1 is given twice"},
		"no port":             {func(r *intent.Registration) { r.Addresses = []string{"h:1", "h"} }, "addresses[1]: "},
		"port 0":              {func(r *intent.Registration) { r.Addresses = []string{"h:0"} }, "addresses[0]: "},
		"port too large":      {func(r *intent.Registration) { r.Addresses = []string{"h:65536"} }, "addresses[0]: "},
		"port by name":        {func(r *intent.Registration) { r.Addresses = []string{"h:http"} }, "addresses[0]: "},
		"a socket":            {func(r *intent.Registration) { r.Addresses = []string{"unix:/run/x.sock"} }, "addresses[0]: "},
		"a resolver":          {func(r *intent.Registration) { r.Addresses = []string{"dns:///h:1"} }, "addresses[0]: "},
		"a list in one":       {func(r *intent.Registration) { r.Addresses = []string{"h,i:1"} }, "addresses[0]: "},
		"A20 a blank":         {func(r *intent.Registration) { r.Addresses = []string{"h -x:1"} }, "addresses[0]: "},
		"a long address":      {func(r *intent.Registration) { r.Addresses = []string{strings.Repeat("h", 300) + ":1"} }, "addresses[0]: "},
		"two credentials":     {func(r *intent.Registration) { r.Credentials = intent.Credentials{File: "/a", Command: "b"} }, "credentials: "},
		"a Secret":            {func(r *intent.Registration) { r.Credentials.Secret = "l2sces/field" }, "credentials.secret: a Kubernetes Secret needs the driver kube"},
		"a relative folder":   {func(r *intent.Registration) { r.Credentials.File = "field" }, "credentials.file: "},
		"A10 a way up":        {func(r *intent.Registration) { r.Credentials.File = "/etc/../root" }, "credentials.file: "},
		"a NUL":               {func(r *intent.Registration) { r.Credentials.File = "/etc/a\x00b" }, "credentials.file: "},
		"a long reference":    {func(r *intent.Registration) { r.Credentials.Command = strings.Repeat("x", 1025) }, "credentials: "},
		"many labels":         {func(r *intent.Registration) { r.Labels = labels }, "labels: 65"},
		"a nameless label":    {func(r *intent.Registration) { r.Labels = map[string]string{"": "x"} }, "labels: "},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := intent.Registration{Name: "field", Addresses: []string{"h:1"}}
			test.change(&r)
			got, err := registry.Check(r)
			if test.text == "" {
				r.Driver = "direct"
				if diff := cmp.Diff(r, got); diff != "" || err != nil {
					t.Errorf("%v (-want +got)\n%s", err, diff)
				}
				return
			}
			if slice.KindOf(err) != slice.Invalid || !strings.Contains(err.Error(), test.text) || len(err.Error()) > 300 {
				t.Errorf("got %v, want a short one with %q", err, test.text)
			}
		})
	}
}

func TestCheckTakesAnswersOff(t *testing.T) {
	got, err := registry.Check(intent.Registration{
		Name: "field", Addresses: []string{"h:1"}, Generation: 9, Static: true, Slices: 3,
		Info: intent.DomainInfo{MTU: 1}, Conditions: []intent.Condition{{Type: "Reachable"}},
	})
	want := intent.Registration{Name: "field", Driver: "direct", Addresses: []string{"h:1"}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}

func TestJudge(t *testing.T) {
	sent := time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC)
	came := sent.Add(4 * time.Second)
	good := registry.Answer{
		Name: "field", Sent: sent, Came: came, Skew: 5 * time.Second, MTU: 1400,
		Info: intent.DomainInfo{Name: "field", MTU: 1400, Version: "l2sces/v1", Time: sent.Add(time.Second), Encryptions: []intent.Encryption{"none", "wireguard", "ipsec"}},
	}
	fine := map[string]string{"Reachable": "Answered", "Compatible": "SameVersion", "ClockInSync": "InSync", "SizeFits": "Fits", "Encrypts": "Offered"}
	tests := map[string]struct {
		change          func(*registry.Answer)
		condition, want string
	}{
		"good":               {func(*registry.Answer) {}, "Reachable", "Answered"},
		"another domain":     {func(a *registry.Answer) { a.Info.Name = "" }, "Compatible", "OtherDomain"},
		"no version":         {func(a *registry.Answer) { a.Info.Version = "" }, "Compatible", "VersionUntold"},
		"another version":    {func(a *registry.Answer) { a.Info.Version = "l2sces/v2" }, "Compatible", "OtherVersion"},
		"no time":            {func(a *registry.Answer) { a.Info.Time = time.Time{} }, "ClockInSync", "ClockUntold"},
		"just behind":        {func(a *registry.Answer) { a.Info.Time = sent.Add(-5 * time.Second) }, "ClockInSync", "InSync"},
		"behind":             {func(a *registry.Answer) { a.Info.Time = sent.Add(-5*time.Second - 1) }, "ClockInSync", "ClockBehind"},
		"just ahead":         {func(a *registry.Answer) { a.Info.Time = came.Add(5 * time.Second) }, "ClockInSync", "InSync"},
		"F17 an hour ahead":  {func(a *registry.Answer) { a.Info.Time = came.Add(time.Hour) }, "ClockInSync", "ClockAhead"},
		"no size":            {func(a *registry.Answer) { a.Info.MTU = 0 }, "SizeFits", "SizeUntold"},
		"too small for IPv6": {func(a *registry.Answer) { a.Info.MTU, a.MTU = 1279, 0 }, "SizeFits", "TooSmall"},
		"just large enough":  {func(a *registry.Answer) { a.Info.MTU, a.MTU = 1280, 0 }, "SizeFits", "Fits"},
		"F27 has shrunk":     {func(a *registry.Answer) { a.Info.MTU = 1399 }, "SizeFits", "SmallerThanSlices"},
		"plain":              {func(a *registry.Answer) { a.Info.Encryptions = []intent.Encryption{"none"} }, "Encrypts", "NoneOffered"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			a := good
			test.change(&a)
			got := map[string]string{}
			for _, c := range registry.Judge(a) {
				got[c.Type] = c.Reason
				if bad := c.Reason != fine[c.Type]; bad == c.Status || bad && c.Message == "" {
					t.Errorf("condition %+v", c)
				}
			}
			want := map[string]string{}
			for k, v := range fine {
				want[k] = v
			}
			want[test.condition] = test.want
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("reasons (-want +got)\n%s", diff)
			}
		})
	}
}
