package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/doors"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
)

// A doorRig is OSM's doors before an SCO in this process, with their book on disk.
type doorRig struct {
	*sliceRig
	book   *service.Book
	url    string
	client *http.Client
	spent  time.Duration // in requests, without what a client does between them
}

func newDoorRig(ctx context.Context, dir string, size int) (*doorRig, error) {
	rig, err := newSliceRig(ctx, dir)
	if err != nil {
		return nil, err
	}
	g := &doorRig{sliceRig: rig, client: &http.Client{}}
	if err := g.open(ctx, dir, size); err != nil {
		rig.stop()
		return nil, err
	}
	return g, nil
}

// open serves the doors on loopback.
func (g *doorRig) open(ctx context.Context, dir string, size int) error {
	ctx, cancel := context.WithCancel(ctx)
	var running sync.WaitGroup
	inner := g.stop
	g.stop = func() { cancel(); running.Wait(); g.client.CloseIdleConnections(); inner() }
	disk, err := openDisk(filepath.Join(dir, "book"))
	if err != nil {
		return err
	}
	log := slog.New(slog.DiscardHandler)
	if g.book, err = service.New(service.Config{Store: disk, Slices: g.sco, Logger: log}); err != nil {
		return errors.Join(err, disk.Close())
	}
	running.Go(func() { _ = g.book.Run(ctx); _ = disk.Close() }) // it ends with ctx, and nothing is written any more
	accounts := filepath.Join(dir, "accounts.yaml")
	for name, text := range map[string]string{accounts: "accounts: [{name: osm, tenant: bench, passwordFile: password}]", filepath.Join(dir, "password"): "password of a benchmark"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			return err
		}
	}
	who, err := account.Read(accounts, account.Config{Logger: log})
	if err != nil {
		return err
	}
	catalog, err := endpoint.New(nil, "endpoints", endpointsFile(size), endpoint.Config{Logger: log})
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	g.url = "http://" + l.Addr().String()
	running.Go(func() { _ = plugin.Serve(ctx, l, doors.New(g.book, catalog, who, doors.Config{Logger: log})) }) // ends with ctx
	return nil
}

// endpointsFile has two workloads for each service, and a third for the edit.
func endpointsFile(size int) []byte {
	var b bytes.Buffer
	b.WriteString("endpoints:\n")
	for i := range size {
		for k := range 3 {
			fmt.Fprintf(&b, "- {name: %s, domain: %s, workload: %s, device: '%016x', port: 1}\n",
				endName(i, k), sliceDomain(i+k), endName(i, k), 0x100000+i*3+k)
		}
	}
	return b.Bytes()
}

func endName(i, k int) string { return fmt.Sprintf("w%d-%d", i, k) }

// serviceNumber is what service number i comes to in the SCO.
func serviceNumber(name string, i int) intent.Intents {
	in := intent.Intents{Slice: intent.Slice{
		ID: slice.ID(fmt.Sprintf("%s-%d", name, i)), Tenant: "bench", Domains: []intent.Domain{{Name: sliceDomain(i)}, {Name: sliceDomain(i + 1)}},
		Networks: []intent.Network{{Name: "net"}},
	}}
	for k := range 2 {
		in.Slice.Networks[0].Members = append(in.Slice.Networks[0].Members, intent.Member{Name: slice.Workload(endName(i, k)), Domain: sliceDomain(i + k)})
	}
	return in
}

// call sends a request and wants one of some answers.
func (g *doorRig) call(ctx context.Context, method, path string, body, answer any, statuses ...int) error {
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return err
		}
	}
	r, err := http.NewRequestWithContext(ctx, method, g.url+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.SetBasicAuth("osm", "password of a benchmark")
	r.Header.Set("Content-Type", "application/json")
	begin := time.Now()
	w, err := g.client.Do(r)
	if err != nil {
		return err
	}
	defer func() { _ = w.Body.Close() }() // only read from
	out, err := io.ReadAll(w.Body)
	g.spent += time.Since(begin)
	if err != nil {
		return err
	}
	if !slices.Contains(statuses, w.StatusCode) {
		return fmt.Errorf("%s %s: %d: %.500s", method, path, w.StatusCode, out)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(out, answer)
}

// holds fails unless so many services are in the book, and as many slices ready.
func (g *doorRig) holds(ctx context.Context, n int) error {
	if have := len(g.book.Services("")); have != n {
		return fmt.Errorf("the book has %d services, not %d", have, n)
	}
	return g.check(ctx, n)
}

// l2vpnConnector speaks RFC 8466 as OSM's connector does.
type l2vpnConnector struct{ *doorRig }

const l2vpnRoot = "/restconf/data/ietf-l2vpn-svc:l2vpn-svc"

func vpnID(i int) string { return fmt.Sprintf("%08d-0000-4000-8000-000000000000", i) }

func (c *l2vpnConnector) access(ctx context.Context, method string, i, site, k int) error {
	return c.call(ctx, method, fmt.Sprintf("%s/sites/site=s%d/site-network-accesses/", l2vpnRoot, site), map[string]any{
		"ietf-l2vpn-svc:site-network-access": []any{map[string]any{
			"connection": map[string]any{}, "bearer": map[string]any{"bearer-reference": endName(i, k)},
			"vpn-attachment":    map[string]any{"vpn-id": vpnID(i), "site-role": "any-to-any-role"},
			"network-access-id": fmt.Sprintf("%08d-0000-4000-8000-00000000000%d", i, site),
		}},
	}, nil, http.StatusCreated, http.StatusNoContent)
}

func (c *l2vpnConnector) create(ctx context.Context, i int) error {
	err := c.call(ctx, http.MethodPost, l2vpnRoot+"/vpn-services", map[string]any{
		"ietf-l2vpn-svc:vpn-service": []any{map[string]any{"vpn-id": vpnID(i), "vpn-svc-type": "vpws", "svc-topo": "any-to-any", "customer-name": "osm"}},
	}, nil, http.StatusCreated)
	for k := 0; k < 2 && err == nil; k++ {
		err = c.access(ctx, http.MethodPost, i, k, k)
	}
	return err
}

func (c *l2vpnConnector) edit(ctx context.Context, i int) error {
	return c.access(ctx, http.MethodPut, i, 1, 2)
}

func (c *l2vpnConnector) list(ctx context.Context) error {
	return c.call(ctx, http.MethodGet, l2vpnRoot+"/vpn-services", nil, nil, http.StatusOK)
}

func (c *l2vpnConnector) remove(ctx context.Context, i int) error {
	return c.call(ctx, http.MethodDelete, l2vpnRoot+"/vpn-services/vpn-service="+vpnID(i)+"/", nil, nil, http.StatusNoContent)
}

// vplsConnector posts the configuration document of ONOS as OSM's connector does.
type vplsConnector struct{ *doorRig }

const onosPath = "/onos/v1/network/configuration"

func portOf(i, k int) string { return fmt.Sprintf("of:%016x/1", 0x100000+i*3+k) }

// A document is ONOS' configuration, as far as the connector changes it.
type document struct {
	Devices json.RawMessage `json:"devices"`
	Links   json.RawMessage `json:"links"`
	Hosts   json.RawMessage `json:"hosts"`
	Layouts json.RawMessage `json:"layouts"`

	Ports map[string]port `json:"ports"`
	Apps  struct {
		VPLS struct {
			VPLS struct {
				List []vplsService `json:"vplsList"`
			} `json:"vpls"`
		} `json:"org.onosproject.vpls"`
	} `json:"apps"`
}

type port struct {
	Interfaces []portInterface `json:"interfaces"`
}

type portInterface struct {
	Name string `json:"name"`
	VLAN int    `json:"vlan"`
}

type vplsService struct {
	Name          string   `json:"name"`
	Interfaces    []string `json:"interfaces"`
	Encapsulation string   `json:"encapsulation"`
}

// change reads the document, lets it be changed and posts it, as often as there are
// changes.
func (c *vplsConnector) change(ctx context.Context, changes ...func(*document)) error {
	var doc document
	if err := c.call(ctx, http.MethodGet, onosPath, nil, &doc, http.StatusOK); err != nil {
		return err
	}
	for _, f := range changes {
		f(&doc)
		if err := c.call(ctx, http.MethodPost, onosPath, doc, nil, http.StatusOK); err != nil {
			return err
		}
	}
	return nil
}

// at puts an endpoint of a service at its port, or takes it off.
func (d *document) at(i, k int, there bool) {
	all := []portInterface{}
	if there {
		all = append(all, portInterface{endName(i, k), 1 + i%4000})
	}
	d.Ports[portOf(i, k)] = port{all}
}

func (c *vplsConnector) create(ctx context.Context, i int) error {
	return c.change(ctx, func(d *document) {
		d.at(i, 0, true)
		d.at(i, 1, true)
	}, func(d *document) {
		list := &d.Apps.VPLS.VPLS.List
		*list = append(*list, vplsService{vpnID(i), []string{endName(i, 0), endName(i, 1)}, "VLAN"})
	})
}

func (c *vplsConnector) edit(ctx context.Context, i int) error {
	return c.change(ctx, func(d *document) {
		d.at(i, 1, false)
		d.at(i, 2, true)
	}, func(d *document) {
		list := d.Apps.VPLS.VPLS.List
		if k := slices.IndexFunc(list, func(s vplsService) bool { return s.Name == vpnID(i) }); k >= 0 {
			list[k].Interfaces = []string{endName(i, 0), endName(i, 2)}
		}
	})
}

func (c *vplsConnector) remove(ctx context.Context, i int) error {
	return c.change(ctx, func(d *document) {
		for k := range 3 {
			d.at(i, k, false)
		}
		list := &d.Apps.VPLS.VPLS.List
		*list = slices.DeleteFunc(*list, func(s vplsService) bool { return s.Name == vpnID(i) })
	})
}

func (c *vplsConnector) list(ctx context.Context) error {
	return c.call(ctx, http.MethodGet, onosPath, nil, nil, http.StatusOK)
}
