package onboard

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// maxAccounts is what a file may have of one kind.
const maxAccounts = 1000

// An Account is one that OSM shall have.
type Account struct {
	Place  osm.Place
	Name   string
	values map[string]any // that NBI wants, without secrets
	once   map[string]any // that can be said when it is made, and not later
	secret map[string]any
	vim    string   // name of the VIM account of a cluster
	vims   []string // names of those that a WIM joins
}

// An Endpoint is where a WIM reaches a domain.
type Endpoint struct {
	Name     string
	UUID     string
	Workload bool       // it is a workload, and not the hand-off of the domain
	Device   slice.DPID // 0: it is at no switch
	Port     slice.Port
}

// Endpoints know what accounts call these places.
type Endpoints interface {
	// Endpoint finds one. An absent one is an error of kind NotFound.
	Endpoint(ctx context.Context, name string) (Endpoint, error)
}

// Sources are what a file of accounts is completed from.
type Sources struct {
	// Open reads a file by its name in the file of accounts.
	Open      func(name string) ([]byte, error)
	Endpoints Endpoints
}

// The entries of a file of accounts.
type (
	file struct {
		VIMs     []vimEntry     `json:"vims"`
		Clusters []clusterEntry `json:"clusters"`
		WIMs     []wimEntry     `json:"wims"`
		SDNs     []sdnEntry     `json:"sdns"`
	}
	vimEntry struct {
		Name         string         `json:"name"`
		Type         string         `json:"type"` // empty: dummy
		Domain       slice.Domain   `json:"domain"`
		URL          string         `json:"url"`
		User         string         `json:"user"`
		PasswordFile string         `json:"passwordFile"`
		Tenant       string         `json:"tenant"`
		Description  string         `json:"description"`
		CAFile       string         `json:"caFile"`
		Config       map[string]any `json:"config"`
	}
	clusterEntry struct {
		Name        string         `json:"name"`
		VIM         string         `json:"vim"`
		Kubeconfig  string         `json:"kubeconfig"`
		Version     string         `json:"version"`
		Nets        map[string]any `json:"nets"`
		CNI         []string       `json:"cni"`
		Namespace   string         `json:"namespace"`
		Description string         `json:"description"`
	}
	wimEntry struct {
		sdnEntry
		VLAN  uint32      `json:"vlan"`
		Ports []portEntry `json:"ports"` // none: one for each VIM account of the file
	}
	portEntry struct {
		VIM      string `json:"vim"`
		Endpoint string `json:"endpoint"` // empty: the domain of the VIM account
		VLAN     uint32 `json:"vlan"`     // 0: that of the WIM account
	}
	sdnEntry struct {
		Name         string         `json:"name"`
		Type         string         `json:"type"`
		URL          string         `json:"url"`
		User         string         `json:"user"`
		PasswordFile string         `json:"passwordFile"`
		Description  string         `json:"description"`
		Config       map[string]any `json:"config"`
	}
)

// ReadAccounts reads a file of accounts. Complaints name it, with line and column;
// the text of a secret is in none.
func ReadAccounts(ctx context.Context, name string, text []byte, s Sources) ([]Account, error) {
	doc, err := descriptor.Read(name, text, descriptor.Limits{})
	if err != nil {
		return nil, err
	}
	var f file
	if err := descriptor.FromYAML(name, text, &f); err != nil {
		return nil, err
	}
	r := reader{ctx: ctx, doc: doc, sources: s, names: map[string]bool{}, domains: map[string]slice.Domain{}}
	if n := len(f.VIMs) + len(f.Clusters) + len(f.WIMs) + len(f.SDNs); n == 0 || n > maxAccounts {
		r.complain("", "write vims, clusters, wims or sdns", "there are %d accounts: 1 to %d are taken", n, maxAccounts)
		return nil, r.problems.Err()
	}
	for i, e := range f.VIMs {
		r.vim(fmt.Sprintf("vims[%d]", i), e)
	}
	for i, e := range f.Clusters {
		r.cluster(fmt.Sprintf("clusters[%d]", i), e)
	}
	for i, e := range f.SDNs {
		r.sdn(fmt.Sprintf("sdns[%d]", i), e)
	}
	for i, e := range f.WIMs {
		if err := r.wim(fmt.Sprintf("wims[%d]", i), e, f.VIMs); err != nil {
			return nil, err
		}
	}
	return r.all, r.problems.Err()
}

// A reader makes accounts of entries.
type reader struct {
	ctx      context.Context //nolint:containedctx // of the one call that it lives for
	doc      *descriptor.Document
	sources  Sources
	problems descriptor.Problems
	names    map[string]bool         // that an account of a kind has
	domains  map[string]slice.Domain // of VIM accounts
	all      []Account
}

// complain complains about a value. One that is not there is named, since its place
// is that of what it should be in.
func (r *reader) complain(path, remedy, format string, args ...any) {
	if key := path[strings.LastIndexByte(path, '.')+1:]; key != path && !r.doc.Has(path) {
		format = key + ": " + format
	}
	r.problems = append(r.problems, r.doc.Problem(path, remedy, format, args...))
}

// vim reads a VIM account. One of type dummy is a place for clusters, and nothing
// else is asked of it.
func (r *reader) vim(path string, e vimEntry) {
	a := r.account(path, osm.VIMs, e.Name, e.Description)
	e.Type = cmp.Or(e.Type, "dummy")
	config := cloned(e.Config)
	if e.Type == "dummy" {
		e.URL, e.User, e.Tenant = cmp.Or(e.URL, "http://dummy"), cmp.Or(e.User, "none"), cmp.Or(e.Tenant, "none")
		if e.PasswordFile == "" {
			a.secret["vim_password"] = "none"
		}
	}
	r.domains[e.Name] = cmp.Or(e.Domain, slice.Domain(slice.Label(e.Name)))
	if e.Domain != "" && !slice.IsLabel(string(e.Domain)) {
		r.complain(path+".domain", "use up to 63 lower-case letters, digits and dashes", "%.64q is no name of a domain", e.Domain)
	}
	if e.Type == "l2sces" {
		config["domain"] = string(r.domains[e.Name])
		e.Tenant = cmp.Or(e.Tenant, string(r.domains[e.Name]))
	}
	if e.CAFile != "" {
		config["ca_cert_content"] = r.text(path+".caFile", e.CAFile)
	}
	r.short(path+".type", e.Type)
	r.url(path+".url", e.URL)
	r.line(path+".user", e.User)
	r.line(path+".tenant", e.Tenant)
	a.values["vim_type"], a.values["vim_url"], a.values["vim_user"], a.values["vim_tenant_name"] = e.Type, e.URL, e.User, e.Tenant
	if a.secret["vim_password"] == nil {
		a.secret["vim_password"] = r.password(path+".passwordFile", e.PasswordFile)
	}
	if len(config) > 0 {
		a.values["config"] = config
	}
	r.all = append(r.all, a)
}

// cluster reads a Kubernetes cluster.
func (r *reader) cluster(path string, e clusterEntry) {
	a := r.account(path, osm.Clusters, e.Name, e.Description)
	a.vim = e.VIM
	r.name(path+".vim", e.VIM)
	r.line(path+".version", e.Version)
	if len(e.Nets) == 0 {
		r.complain(path+".nets", "write like {mgmtnet: null, datanet: null}", "OSM takes no cluster without nets")
	}
	for net, v := range e.Nets {
		if _, is := v.(string); !is && v != nil {
			r.complain(path+".nets", "name a network of the VIM, or null", "net %.64q has no name", net)
		}
	}
	for i, cni := range e.CNI {
		r.short(fmt.Sprintf("%s.cni[%d]", path, i), cni)
	}
	a.values["k8s_version"], a.values["nets"] = e.Version, e.Nets
	if len(e.CNI) > 0 {
		a.values["cni"] = e.CNI
	}
	if e.Namespace != "" {
		r.name(path+".namespace", e.Namespace)
		a.values["namespace"] = e.Namespace
	}
	a.once["deployment_methods"] = map[string]any{"helm-chart-v3": true, "juju-bundle": false}
	a.secret["credentials"] = r.kubeconfig(path+".kubeconfig", e.Kubeconfig)
	r.all = append(r.all, a)
}

// sdn reads an SDN controller.
func (r *reader) sdn(path string, e sdnEntry) {
	a := r.account(path, osm.SDNs, e.Name, e.Description)
	r.short(path+".type", e.Type)
	a.values["type"] = e.Type
	r.called(path, &a, e, "url")
	r.all = append(r.all, a)
}

// called reads where an account leads, and what it logs in with.
func (r *reader) called(path string, a *Account, e sdnEntry, url string) {
	r.url(path+".url", e.URL)
	a.values[url] = e.URL
	if e.User != "" {
		r.line(path+".user", e.User)
		a.values["user"] = e.User
		a.secret["password"] = r.password(path+".passwordFile", e.PasswordFile)
	}
	if len(e.Config) > 0 {
		a.values["config"] = cloned(e.Config)
	}
}

// account begins one.
func (r *reader) account(path string, p osm.Place, name, description string) Account {
	a := Account{Place: p, Name: name, values: map[string]any{"name": name}, once: map[string]any{}, secret: map[string]any{}}
	r.name(path+".name", name)
	if key := string(p) + " " + name; r.names[key] {
		r.complain(path+".name", "keep one of the two", "%.64q is there already", name)
	} else {
		r.names[key] = true
	}
	if description != "" {
		a.values["description"] = description
		if len(description) > 255 || strings.ContainsAny(description, `'"`) {
			r.complain(path+".description", `use up to 255 characters without ' "`, "OSM takes no such description")
		}
	}
	return a
}

func cloned(m map[string]any) map[string]any {
	out := make(map[string]any, len(m)+2)
	for k, v := range m {
		out[k] = v
	}
	return out
}
