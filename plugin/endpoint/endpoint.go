// Package endpoint knows what OSM's accounts call the places where a network
// touches a domain: a workload, or the hand-off of the domain. The names come from
// the domains that the SCO knows, and from a file.
//
//	e, err := catalog.Find(ctx, tenant, "ned-a")
package endpoint

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// An Endpoint is where a network can touch a domain.
type Endpoint struct {
	Name   string       `json:"name"` // service_endpoint_id of OSM; a domain's own is DOMAIN, a workload's DOMAIN/WORKLOAD
	UUID   string       `json:"uuid"` // always the same for the same name (RFC 9562, section 5.5)
	Domain slice.Domain `json:"domain"`
	// Workload is the one that becomes a member. Empty: the domain hands over its
	// networks by their tag.
	Workload  slice.Workload `json:"workload,omitempty"`
	Interface string         `json:"interface,omitempty"` // inside the workload; empty: the network's
	// Device and Port are switch_dpid and switch_port of OSM. Zero: it has none.
	Device slice.DPID   `json:"device,omitempty"`
	Port   slice.Port   `json:"port,omitempty"`
	Tenant slice.Tenant `json:"tenant,omitempty"` // who alone may use it; empty: everybody
}

// Domains are those that the SCO knows.
type Domains interface {
	Registrations(ctx context.Context) ([]intent.Registration, error)
	// VerifyDomain looks at one now: what the SCO says of it may be old.
	VerifyDomain(ctx context.Context, d slice.Domain) (intent.Registration, error)
}

// A Config is what a catalog can do without.
type Config struct {
	Logger *slog.Logger
	Now    func() time.Time
	// Fresh is how long what the domains have said counts, and the least time between
	// two looks at one of them. 0: 3 s.
	Fresh time.Duration
}

// A Catalog is all endpoints.
type Catalog struct {
	domains Domains
	conf    Config
	own     []Endpoint // of the file

	mu      sync.Mutex
	told    []Endpoint // by the domains; nil: they never told anything
	all     []Endpoint // these and those of the file, by name
	asked   time.Time  // last; zero: they are to be asked again
	trouble error      // of that time
	looked  map[slice.Domain]time.Time
}

// New returns the catalog of some domains, which may be nil, and of a file, whose
// endpoints win; complaints about it name the file, line and column.
func New(domains Domains, name string, text []byte, c Config) (*Catalog, error) {
	c.Logger, c.Fresh = cmp.Or(c.Logger, slog.New(slog.DiscardHandler)), cmp.Or(c.Fresh, 3*time.Second)
	if c.Now == nil {
		c.Now = time.Now
	}
	own, err := read(name, text)
	out := &Catalog{domains: domains, conf: c, own: own, looked: map[slice.Domain]time.Time{}}
	out.all = out.join(nil)
	return out, err
}

// UUID returns that of an endpoint without one of its own.
func UUID(name string) string {
	space := uuid.NewSHA1(uuid.NameSpaceURL, []byte("https://github.com/l2sces/l2sces/endpoint"))
	return uuid.NewSHA1(space, []byte(name)).String()
}

// Find returns the endpoint of a name. One that is not there, or is another
// tenant's, is an error of kind NotFound.
func (c *Catalog) Find(ctx context.Context, tenant slice.Tenant, name string) (Endpoint, error) {
	is := func(e Endpoint) bool { return e.Name == name }
	e, err := c.first(ctx, tenant, is)
	if domain, _, ok := strings.Cut(name, "/"); ok && slice.KindOf(err) == slice.NotFound && c.look(ctx, slice.Domain(domain)) {
		e, err = c.first(ctx, tenant, is)
	}
	if slice.KindOf(err) == slice.NotFound {
		err = slice.Errorf(slice.NotFound, "there is no endpoint %.256q: ask for a domain, for DOMAIN/WORKLOAD, or add it to the file of endpoints", name)
	}
	return e, err
}

// At returns the endpoint at a port of a switch. Where no endpoint has that port, it
// is that of the switch without one: the hand-off of a domain.
func (c *Catalog) At(ctx context.Context, tenant slice.Tenant, device slice.DPID, port slice.Port) (Endpoint, error) {
	e, err := c.first(ctx, tenant, func(e Endpoint) bool { return e.Device == device && e.Port == port && device != 0 })
	if slice.KindOf(err) == slice.NotFound {
		e, err = c.first(ctx, tenant, func(e Endpoint) bool { return e.Device == device && e.Port == 0 && device != 0 })
	}
	if slice.KindOf(err) == slice.NotFound {
		err = slice.Errorf(slice.NotFound, "there is no endpoint at port %d of of:%s", port, device)
	}
	return e, err
}

func (c *Catalog) first(ctx context.Context, tenant slice.Tenant, is func(Endpoint) bool) (Endpoint, error) {
	right := func(e Endpoint) bool { return is(e) && e.usable(tenant) }
	if i := slices.IndexFunc(c.own, right); i >= 0 {
		return c.own[i], nil
	}
	all, err := c.ask(ctx)
	if err != nil {
		return Endpoint{}, err
	}
	if i := slices.IndexFunc(all, right); i >= 0 {
		return all[i], nil
	}
	return Endpoint{}, slice.Errorf(slice.NotFound, "there is no such endpoint")
}

func (e Endpoint) usable(tenant slice.Tenant) bool { return e.Tenant == "" || e.Tenant == tenant }

// List returns those that a tenant may use, by their names. While the SCO is away,
// it is those of the file and what the domains said last. A workload that the file
// keeps for a tenant is that tenant's under every name.
func (c *Catalog) List(ctx context.Context, tenant slice.Tenant) ([]Endpoint, error) {
	all, err := c.ask(ctx)
	if err != nil {
		return nil, err
	}
	var out []Endpoint
	for _, e := range all {
		if e.usable(tenant) {
			out = append(out, e)
		}
	}
	return out, nil
}

// join returns what the domains have told and what is in the file, by name.
func (c *Catalog) join(told []Endpoint) []Endpoint {
	all := map[string]Endpoint{}
	for _, e := range slices.Concat(told, c.own) {
		all[e.Name] = e
	}
	c.close(all)
	return slices.SortedFunc(maps.Values(all), func(x, y Endpoint) int { return cmp.Compare(x.Name, y.Name) })
}

// close takes away a workload's own name where the file keeps the workload for a
// tenant.
func (c *Catalog) close(all map[string]Endpoint) {
	for _, e := range c.own {
		if e.Tenant == "" || e.Workload == "" {
			continue
		}
		for _, name := range []string{string(e.Workload), string(e.Domain) + "/" + string(e.Workload)} {
			if alias := all[name]; alias.Domain == e.Domain && alias.Workload == e.Workload && alias.Tenant == "" {
				alias.Tenant = e.Tenant
				all[name] = alias
			}
		}
	}
}

// askTimeout is how long the SCO may take to tell its domains.
const askTimeout = 5 * time.Second

// ask returns all endpoints, with what the domains say now or said last; it is an
// error only if they never said anything.
func (c *Catalog) ask(ctx context.Context) ([]Endpoint, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.conf.Now(); c.domains != nil && (c.asked.IsZero() || now.Sub(c.asked) >= c.conf.Fresh) {
		c.askNow(ctx, now)
	}
	if c.trouble != nil && c.told == nil {
		return nil, slice.Errorf(slice.Unavailable, "the domains are not known yet: %w", c.trouble)
	}
	return c.all, nil
}

func (c *Catalog) askNow(ctx context.Context, now time.Time) {
	within, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	domains, err := c.domains.Registrations(within)
	c.trouble = err
	if ctx.Err() == nil { // who went away has not asked
		c.asked = now
	}
	if err != nil {
		c.conf.Logger.Warn("the SCO does not tell its domains", "reason", err.Error())
		return
	}
	c.told = endpoints(domains)
	c.all = c.join(c.told)
}

// look asks a domain that is known for a workload that it was not known to have,
// and says whether it has.
func (c *Catalog) look(ctx context.Context, d slice.Domain) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.conf.Now()
	known := slices.ContainsFunc(c.told, func(e Endpoint) bool { return e.Domain == d })
	if last, ok := c.looked[d]; !known || ok && now.Sub(last) < c.conf.Fresh {
		return false
	}
	c.looked[d] = now
	if _, err := c.domains.VerifyDomain(ctx, d); err != nil {
		c.conf.Logger.Warn("the SCO does not look at a domain", "domain", string(d), "reason", err.Error())
		return false
	}
	c.asked = time.Time{}
	return true
}

// endpoints are those of domains: each domain, and each workload, which goes by its
// own name too if no other domain has one of that name.
func endpoints(domains []intent.Registration) []Endpoint {
	count := map[slice.Workload]int{}
	taken := map[string]bool{}
	for _, d := range domains {
		taken[string(d.Name)] = true
		for _, w := range d.Info.Members {
			count[w]++
		}
	}
	all := []Endpoint{}
	add := func(e Endpoint) {
		e.UUID = UUID(e.Name)
		all = append(all, e)
	}
	for _, d := range domains {
		edge := Endpoint{Name: string(d.Name), Domain: d.Name}
		if d.Info.Gateway != "" {
			edge.Device = slice.DPIDOf(d.Name, d.Info.Gateway, bridge.NED)
		}
		add(edge)
		for _, w := range d.Info.Members {
			add(Endpoint{Name: string(d.Name) + "/" + string(w), Domain: d.Name, Workload: w})
			if count[w] == 1 && !taken[string(w)] {
				add(Endpoint{Name: string(w), Domain: d.Name, Workload: w})
			}
		}
	}
	return all
}
