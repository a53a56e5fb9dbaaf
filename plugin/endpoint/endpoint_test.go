package endpoint_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/endpoint"
)

// domains are what the SCO tells.
type domains struct {
	all   []intent.Registration
	err   error
	calls int
	looks int
	late  []slice.Workload // told only when a domain is looked at
}

func (d *domains) Registrations(context.Context) ([]intent.Registration, error) {
	d.calls++
	return d.all, d.err
}

// VerifyDomain lets a domain tell what it has.
func (d *domains) VerifyDomain(_ context.Context, name slice.Domain) (intent.Registration, error) {
	d.looks++
	for i := range d.all {
		if d.all[i].Name == name {
			d.all[i].Info.Members = append(d.all[i].Info.Members, d.late...)
			return d.all[i], d.err
		}
	}
	return intent.Registration{}, slice.Errorf(slice.NotFound, "there is no domain %s", name)
}

func two() *domains {
	return &domains{all: []intent.Registration{
		{Name: "field", Info: intent.DomainInfo{Gateway: "field-2", Members: []slice.Workload{"cam", "twin"}}},
		{Name: "fire", Info: intent.DomainInfo{Gateway: "fire-2", Members: []slice.Workload{"tablet", "twin", "field"}}},
	}}
}

const own = `
endpoints:
- {name: ned-a, domain: field, workload: cam, interface: eth1, device: 'of:0000000000000011/3'}
- {name: fire, domain: fire, device: '0000000000000012'}
- {name: secret, domain: fire, workload: tablet, tenant: red}
`

func catalog(t *testing.T, d endpoint.Domains, now func() time.Time) *endpoint.Catalog {
	t.Helper()
	c, err := endpoint.New(d, "endpoints.yaml", []byte(own), endpoint.Config{Now: now})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestFind(t *testing.T) {
	c := catalog(t, two(), nil)
	for _, tc := range []struct {
		tenant   slice.Tenant
		name     string
		domain   slice.Domain
		workload slice.Workload
	}{
		{"blue", "field", "field", ""},
		{"blue", "field/cam", "field", "cam"},
		{"blue", "cam", "field", "cam"},
		{"blue", "fire/twin", "fire", "twin"},
		{"blue", "ned-a", "field", "cam"},
		{"red", "secret", "fire", "tablet"},
		{"blue", "twin", "", ""},   // of two domains
		{"blue", "secret", "", ""}, // of another tenant
		{"blue", "tablet", "", ""}, // the same under another name
		{"blue", "fire/tablet", "", ""},
		{"red", "fire/tablet", "fire", "tablet"},
		{"blue", "nobody", "", ""},
	} {
		e, err := c.Find(t.Context(), tc.tenant, tc.name)
		if e.Domain != tc.domain || e.Workload != tc.workload || (err != nil) != (tc.domain == "") || err != nil && slice.KindOf(err) != slice.NotFound {
			t.Errorf("%s finds %s: %+v, %v", tc.tenant, tc.name, e, err)
		}
	}
	_, hidden := c.Find(t.Context(), "blue", "secret")
	_, absent := c.Find(t.Context(), "blue", "absent")
	if strings.ReplaceAll(hidden.Error(), "secret", "absent") != absent.Error() {
		t.Errorf("another tenant's endpoint is told apart from none: %v, %v", hidden, absent)
	}
}

func TestAt(t *testing.T) {
	c := catalog(t, two(), nil)
	edge := slice.DPIDOf("field", "field-2", bridge.NED)
	for _, tc := range []struct {
		device slice.DPID
		port   slice.Port
		name   string
	}{
		{0x11, 3, "ned-a"}, {0x12, 7, "fire"}, {edge, 1, "field"}, {0x11, 4, ""}, {0x13, 1, ""}, {0, 0, ""},
	} {
		e, err := c.At(t.Context(), "blue", tc.device, tc.port)
		if e.Name != tc.name || (err == nil) != (tc.name != "") {
			t.Errorf("at %s/%d: %+v, %v", tc.device, tc.port, e, err)
		}
	}
}

// Identifiers are the same in every run: OSM keeps them in its accounts.
func TestUUID(t *testing.T) {
	if got := endpoint.UUID("field/cam"); got != endpoint.UUID("field/cam") || got == endpoint.UUID("field/mic") || len(got) != 36 || got[14] != '5' {
		t.Errorf("uuid %s", got)
	}
	all, err := catalog(t, two(), nil).List(t.Context(), "blue")
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for i, e := range all {
		if seen[e.UUID] != "" || i > 0 && all[i-1].Name >= e.Name {
			t.Errorf("%s after %v", e.Name, seen)
		}
		seen[e.UUID] = e.Name
	}
	if len(all) != 8 {
		t.Errorf("%d endpoints: %+v", len(all), all)
	}
}

func TestDomainsAreAskedNowAndThen(t *testing.T) {
	now := time.Unix(0, 0)
	d := two()
	c := catalog(t, d, func() time.Time { return now })
	for range 3 {
		if _, err := c.List(t.Context(), "blue"); err != nil {
			t.Fatal(err)
		}
	}
	if d.calls != 1 {
		t.Errorf("asked %d times", d.calls)
	}
	now = now.Add(time.Minute)
	d.err = errors.New("away")
	if e, err := c.Find(t.Context(), "blue", "field/cam"); err != nil || e.Workload != "cam" {
		t.Errorf("while the SCO is away: %+v, %v", e, err)
	}
}

// While the SCO was never reached, nobody is told that a name is not there.
func TestNeverReached(t *testing.T) {
	c := catalog(t, &domains{err: errors.New("away")}, nil)
	if e, err := c.Find(t.Context(), "blue", "ned-a"); err != nil || e.Workload != "cam" {
		t.Errorf("an endpoint of the file: %+v, %v", e, err)
	}
	if _, err := c.Find(t.Context(), "blue", "field/cam"); slice.KindOf(err) != slice.Unavailable {
		t.Errorf("an endpoint of a domain: %v", err)
	}
}

// A workload that came a moment ago is found; names that are not there do not make
// the SCO look all the time.
func TestNewWorkload(t *testing.T) {
	d := two()
	d.late = []slice.Workload{"drone"}
	c := catalog(t, d, func() time.Time { return time.Unix(0, 0) })
	if e, err := c.Find(t.Context(), "blue", "field/drone"); err != nil || e.Workload != "drone" {
		t.Errorf("%+v, %v", e, err)
	}
	for range 3 {
		if _, err := c.Find(t.Context(), "blue", "field/ghost"); slice.KindOf(err) != slice.NotFound {
			t.Errorf("a ghost: %v", err)
		}
		if _, err := c.Find(t.Context(), "blue", "nowhere/ghost"); slice.KindOf(err) != slice.NotFound {
			t.Errorf("a ghost nowhere: %v", err)
		}
	}
	if d.looks != 1 {
		t.Errorf("looked %d times", d.looks)
	}
}

// Before the SCO has told anything, the file's endpoints are there, and of others it is
// not said that they are not.
func TestBeforeTheDomainsAreKnown(t *testing.T) {
	now := time.Unix(0, 0)
	d := two()
	d.err = errors.New("away")
	c := catalog(t, d, func() time.Time { return now })
	if e, err := c.Find(t.Context(), "blue", "ned-a"); err != nil || e.Workload != "cam" {
		t.Errorf("of the file: %+v, %v", e, err)
	}
	if e, err := c.At(t.Context(), "blue", 0x11, 3); err != nil || e.Name != "ned-a" {
		t.Errorf("at a port of the file: %+v, %v", e, err)
	}
	for range 3 {
		if _, err := c.Find(t.Context(), "blue", "field/cam"); slice.KindOf(err) != slice.Unavailable {
			t.Errorf("of a domain: %v", err)
		}
	}
	if d.calls != 1 {
		t.Errorf("the SCO, which is away, is asked %d times at once", d.calls)
	}
	d.err, now = nil, now.Add(time.Minute)
	if _, err := c.Find(t.Context(), "blue", "nobody"); slice.KindOf(err) != slice.NotFound {
		t.Errorf("later: %v", err)
	}
}

func TestFileAtFault(t *testing.T) {
	for _, tc := range []struct{ text, want string }{
		{"endpoints: [{domain: field}]", "name"},
		{`endpoints: [{name: "a\u0007", domain: field}]`, "printed"},
		{"endpoints: [{name: a}]", "domain"},
		{"endpoints: [{name: a, domain: x}, {name: a, domain: x}]", "there already"},
		{"endpoints: [{name: a, domain: x, uuid: nonsense}]", "UUID"},
		{"endpoints: [{name: a, domain: x, device: 12}]", "device"},
		{"endpoints: [{name: a, domain: x, port: 3}]", "without a device"},
		{"endpoints: [{name: a, domain: x, device: 'of:0000000000000011/x'}]", "no port"},
		{"endpoints: [{name: a, domain: x, device: 'of:0000000000000011/3', port: 4}]", "another one"},
		{"endpoints: [{name: a, domain: x, device: 'of:0000000000000011/4294967295'}]", "no number of a port"},
		{"endpoints: [{name: a, domain: x, device: '0000000000000011', port: 1}, {name: b, domain: x, device: '0000000000000011', port: 1}]", "endpoint a is there"},
		{"endpoints: [{name: a, domain: x, colour: red}]", "colour"},
		{"endpoints: 3", "a list is wanted"},
	} {
		_, err := endpoint.New(nil, "e.yaml", []byte(tc.text), endpoint.Config{})
		if err == nil || !strings.Contains(err.Error(), tc.want) || !strings.Contains(err.Error(), "e.yaml:1:") {
			t.Errorf("%s: %v, want something of %q", tc.text, err, tc.want)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add(own)
	f.Add("endpoints: []")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := endpoint.New(nil, "e.yaml", []byte(text), endpoint.Config{})
		if err != nil {
			return
		}
		all, err := c.List(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range all {
			if found, err := c.Find(t.Context(), "", e.Name); err != nil || found != e {
				t.Errorf("%+v is not found: %+v, %v", e, found, err)
			}
		}
	})
}
