package endpoint

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The limits of a file: endpoints, and bytes of a name.
const (
	maxEndpoints = 10_000
	maxName      = 256
	lastPort     = 0xffffff00 // OpenFlow 1.3.5, section 7.2.1, OFPP_MAX
)

// file is a file of endpoints.
type file struct {
	Endpoints []entry `json:"endpoints"`
}

// entry is one endpoint of a file.
type entry struct {
	Name      string         `json:"name"`
	UUID      string         `json:"uuid"`
	Domain    slice.Domain   `json:"domain"`
	Workload  slice.Workload `json:"workload"`
	Interface string         `json:"interface"`
	Device    string         `json:"device"` // sixteen digits, with or without of: before and /PORT behind
	Port      uint32         `json:"port"`
	Tenant    slice.Tenant   `json:"tenant"`
}

// read reads a file of endpoints; no text is no endpoints.
func read(name string, text []byte) ([]Endpoint, error) {
	if len(text) == 0 {
		return nil, nil
	}
	doc, err := descriptor.Read(name, text, descriptor.Limits{})
	if err != nil {
		return nil, err
	}
	var f file
	if err := descriptor.FromYAML(name, text, &f); err != nil {
		return nil, err
	}
	r := reader{doc: doc, names: map[string]bool{}, uuids: map[string]bool{}, places: map[string]string{}}
	if len(f.Endpoints) > maxEndpoints {
		r.complain("endpoints", "use fewer", "%d endpoints are more than %d", len(f.Endpoints), maxEndpoints)
		return nil, r.problems.Err()
	}
	var all []Endpoint
	for i, e := range f.Endpoints {
		all = append(all, r.entry(fmt.Sprintf("endpoints[%d]", i), e))
	}
	return all, r.problems.Err()
}

type reader struct {
	doc          *descriptor.Document
	problems     descriptor.Problems
	names, uuids map[string]bool
	places       map[string]string // endpoint at a port
}

func (r *reader) complain(path, remedy, format string, args ...any) {
	r.problems = append(r.problems, r.doc.Problem(path, remedy, format, args...))
}

// entry checks an endpoint.
func (r *reader) entry(path string, e entry) Endpoint {
	out := Endpoint{Name: e.Name, UUID: cmp.Or(e.UUID, UUID(e.Name)), Domain: e.Domain, Workload: e.Workload, Interface: e.Interface, Tenant: e.Tenant}
	switch {
	case e.Name == "" || len(e.Name) > maxName || !printable(e.Name):
		r.complain(path+".name", "use 1 to 256 characters that can be printed", "%.64q is no name of an endpoint", e.Name)
	case r.names[e.Name]:
		r.complain(path+".name", "keep one of the two", "endpoint %s is there already", e.Name)
	}
	r.names[e.Name] = true
	if _, err := uuid.Parse(out.UUID); err != nil || len(out.UUID) != len(uuid.Nil.String()) || r.uuids[out.UUID] {
		r.complain(path+".uuid", "leave it out, or write one of its own", "%.64q is no UUID, or is another endpoint's", out.UUID)
	}
	r.uuids[out.UUID] = true
	for _, l := range []struct{ field, text string }{{"domain", string(e.Domain)}, {"workload", string(e.Workload)}, {"tenant", string(e.Tenant)}} {
		if !slice.IsLabel(l.text) && (l.field == "domain" || l.text != "") {
			r.complain(path+"."+l.field, "use up to 63 lower-case letters, digits and dashes", "%.64q is no name of a %s", l.text, l.field)
		}
	}
	out.Device, out.Port = r.device(path, e)
	return out
}

func printable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c < ' ' || c == 0x7f || c == '�' })
}

// device reads where an endpoint is on a switch.
func (r *reader) device(path string, e entry) (slice.DPID, slice.Port) {
	if e.Device == "" {
		if e.Port != 0 {
			r.complain(path+".port", "give the device too", "a port without a device")
		}
		return 0, 0
	}
	name, number, behind := strings.Cut(strings.TrimPrefix(e.Device, "of:"), "/")
	port := uint64(e.Port)
	if behind {
		var err error
		if port, err = strconv.ParseUint(number, 10, 32); err != nil || e.Port != 0 && uint64(e.Port) != port {
			r.complain(path+".device", "write of:DPID/PORT, or device and port", "%.64q has no port, or another one", e.Device)
		}
	}
	var d slice.DPID
	if err := d.UnmarshalText([]byte(name)); err != nil || d == 0 {
		r.complain(path+".device", "write of: and sixteen hexadecimal digits", "%.64q is no device", e.Device)
	}
	if port > lastPort {
		r.complain(path+".port", "", "%d is no number of a port", port)
	}
	at := fmt.Sprintf("%s/%d", d, port)
	if other, taken := r.places[at]; taken && port != 0 {
		r.complain(path+".port", "keep one of the two", "endpoint %s is there", other)
	}
	r.places[at] = e.Name
	return d, slice.Port(port)
}
