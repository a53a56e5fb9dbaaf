package vim

import (
	"context"
	"net/http"
	"net/netip"
	"slices"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/service"
)

// A Port attaches a workload to a network. What it leaves open is planned.
type Port struct {
	Domain    slice.Domain `json:"domain,omitempty"` // that of the network, if it is named
	Interface string       `json:"interface,omitempty"`
	Address   netip.Addr   `json:"address,omitzero"`
	MAC       slice.MAC    `json:"mac,omitzero"`
}

// attach puts a workload of the domain into a network, or changes its port.
func (d *Door) attach(c echo.Context) error {
	var p Port
	if err := (web.Strict{}).Bind(&p, c); err != nil {
		return err
	}
	who, ctx := account.Of(c), c.Request().Context()
	doc, err := d.claim(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	m, err := d.member(ctx, who.Tenant, doc, slice.Workload(c.Param("workload")), p)
	if err != nil {
		return err
	}
	err = d.change(c, func(tx *service.Tx, t slice.Tenant) error {
		if doc, err = load(tx, doc.ID); err != nil {
			return err
		}
		if err := doc.attach(m); err != nil {
			return err
		}
		return doc.put(tx, t)
	})
	if err != nil {
		return err
	}
	return d.answer(c, doc)
}

// member finds the workload of a port.
func (d *Door) member(ctx context.Context, t slice.Tenant, doc document, w slice.Workload, p Port) (intent.Member, error) {
	domain := doc.Wish.Domain
	if p.Domain != "" && p.Domain != domain {
		return intent.Member{}, slice.Errorf(slice.Invalid, "domain: the network is in %s, not in %.64q", domain, string(p.Domain))
	}
	if !slice.IsLabel(string(w)) {
		return intent.Member{}, slice.Errorf(slice.Invalid, "workload %.64q is not a DNS label", string(w))
	}
	e, err := d.catalog.Find(ctx, t, string(domain)+"/"+string(w))
	if err != nil {
		return intent.Member{}, err
	}
	if e.Domain != domain || e.Workload != w {
		return intent.Member{}, slice.Errorf(slice.NotFound, "domain %s has no workload %s", domain, w)
	}
	if p.Interface == "" {
		p.Interface = e.Interface
	}
	return intent.Member{Name: w, Domain: domain, Interface: p.Interface, Address: p.Address, MAC: p.MAC}, nil
}

// attach puts a port into the document.
func (doc *document) attach(m intent.Member) error {
	if i := doc.port(m.Name); i >= 0 {
		doc.Ports[i] = m
		return nil
	}
	most := maxPorts
	if doc.Wish.Type == typePTP {
		most = linkEnds
	}
	if len(doc.Ports) >= most {
		return slice.Errorf(slice.Conflict, "the network has %d ports, which is all that it can have", most)
	}
	doc.Ports = append(doc.Ports, m)
	return nil
}

func (doc *document) port(w slice.Workload) int {
	return slices.IndexFunc(doc.Ports, func(m intent.Member) bool { return m.Name == w })
}

// detach takes a workload out of a network. One that is not in it is no error.
func (d *Door) detach(c echo.Context) error {
	err := d.change(c, func(tx *service.Tx, t slice.Tenant) error {
		doc, err := load(tx, c.Param("id"))
		if err != nil {
			return err
		}
		i := doc.port(slice.Workload(c.Param("workload")))
		if i < 0 {
			return nil
		}
		doc.Ports = slices.Delete(doc.Ports, i, i+1)
		return doc.put(tx, t)
	})
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// answer says how a network is.
func (d *Door) answer(c echo.Context, doc document) error {
	n, err := d.network(c.Request().Context(), account.Of(c), doc, true)
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, n)
}
