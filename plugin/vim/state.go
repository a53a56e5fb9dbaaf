package vim

import (
	"context"
	"net/http"
	"slices"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/service"
)

// A Status is RO's word for how a network is.
type Status string

// The statuses.
const (
	Active  Status = "ACTIVE"
	Build   Status = "BUILD"
	Down    Status = "DOWN" // of all ports none works
	Error   Status = "ERROR"
	Deleted Status = "DELETED"
)

// A Network is one as RO wants to see it.
type Network struct {
	ID           string            `json:"id,omitempty"`
	Name         string            `json:"name,omitempty"`
	Status       Status            `json:"status"`
	ErrorMsg     string            `json:"error_msg,omitempty"`
	Info         string            `json:"vim_info,omitempty"` // YAML
	Type         string            `json:"type,omitempty"`
	Tenant       slice.Domain      `json:"tenant_id,omitempty"`
	Shared       bool              `json:"shared"`
	NetworkType  string            `json:"network_type,omitempty"`
	Segmentation slice.VLAN        `json:"segmentation_id,omitempty"`
	CreatedItems map[string]string `json:"created_items,omitempty"`
}

// Info is what a network tells people, as YAML.
type info struct {
	Domain   slice.Domain          `json:"domain"`
	Type     slice.NetworkType     `json:"type"`
	Network  slice.NetworkID       `json:"network,omitzero"` // of the SCO
	CIDR     string                `json:"cidr,omitempty"`
	Phase    service.Phase         `json:"phase"`
	Message  string                `json:"message,omitempty"`
	VLAN     slice.VLAN            `json:"vlan,omitempty"`
	Physical string                `json:"physicalNetwork,omitempty"`
	Ports    []intent.MemberStatus `json:"ports,omitempty"`
	Waiting  []slice.Workload      `json:"waiting,omitempty"` // for the other end of a ptp network
	Notes    []string              `json:"notes,omitempty"`
	Since    time.Time             `json:"since"`
}

// network says how a network is.
func (d *Door) network(ctx context.Context, who account.Account, doc document, detailed bool) (Network, error) {
	state, err := d.book.State(ctx, service.Key{Door: service.VIM, Account: who.Name, ID: doc.ID})
	if slice.KindOf(err) == slice.NotFound {
		return Network{ID: doc.ID, Status: Deleted}, nil
	}
	if err != nil {
		return Network{}, err
	}
	at := state.Networks[doc.Network]
	have := find(state.Slice, at)
	n := Network{
		ID: doc.ID, Name: doc.Wish.Name, Type: doc.Wish.Type, Tenant: doc.Wish.Domain, Shared: doc.Wish.Shared,
		CreatedItems: map[string]string{"network": doc.ID, "domain": string(doc.Wish.Domain)},
	}
	if n.Status = statusOf(state.Phase, have); n.Status != Active || state.Phase == service.Degraded {
		n.ErrorMsg = state.Message
	}
	if doc.Plan.VLAN != 0 {
		n.NetworkType, n.Segmentation = "vlan", doc.Plan.VLAN
	}
	if detailed {
		n.Info, err = doc.info(state, at, have)
	}
	return n, err
}

// statusOf says a phase in RO's words. RO fails the whole service when a network is
// neither ACTIVE nor BUILD, so that one that is degraded stays ACTIVE as long as one
// of its ports works.
func statusOf(p service.Phase, n intent.NetworkStatus) Status {
	switch p {
	case service.Active:
		return Active
	case service.Building:
		return Build
	case service.Degraded:
		if len(n.Members) > 0 && !slices.ContainsFunc(n.Members, func(m intent.MemberStatus) bool { return m.Ready }) {
			return Down
		}
		return Active
	default:
		return Error
	}
}

// find returns a network of a slice's status.
func find(s intent.Status, id slice.NetworkID) intent.NetworkStatus {
	i := slices.IndexFunc(s.Networks, func(n intent.NetworkStatus) bool { return s.ID == id.Slice && n.Name == id.Network })
	if i < 0 {
		return intent.NetworkStatus{}
	}
	return s.Networks[i]
}

func (doc *document) info(s service.State, at slice.NetworkID, have intent.NetworkStatus) (string, error) {
	in := info{
		Domain: doc.Wish.Domain, Type: doc.service("").Intents.Slice.Networks[0].Type, Network: at,
		Phase: s.Phase, Message: s.Message, VLAN: doc.Plan.VLAN, Physical: doc.Plan.Physical,
		Notes: slices.Concat(doc.Plan.Notes, s.Notes), Since: doc.Since,
	}
	if doc.Plan.CIDR.IsValid() {
		in.CIDR = doc.Plan.CIDR.String()
	}
	for _, m := range have.Members {
		if m.Domain == doc.Wish.Domain { // what others have is theirs to know
			in.Ports = append(in.Ports, m)
		}
	}
	if doc.Wish.Type == typePTP && len(doc.Ports) < linkEnds {
		for _, p := range doc.Ports {
			in.Waiting = append(in.Waiting, p.Name)
		}
	}
	text, err := descriptor.YAML(in)
	return string(text), err
}

func (d *Door) get(c echo.Context) error {
	who, ctx := account.Of(c), c.Request().Context()
	doc, err := d.claim(ctx, who, c.Param("id"))
	if err != nil {
		return err
	}
	n, err := d.network(ctx, who, doc, true)
	if err == nil && n.Status == Deleted {
		err = slice.Errorf(slice.NotFound, "there is no network %s", doc.ID)
	}
	if err != nil {
		return err
	}
	return c.JSON(http.StatusOK, n)
}

// claim returns the document of a network. From now on somebody knows of it.
func (d *Door) claim(ctx context.Context, who account.Account, id string) (doc document, err error) {
	var fresh bool
	d.book.View(service.VIM, who.Name, func(tx *service.Tx) {
		doc, err = load(tx, id)
		fresh = err == nil && tx.Note(noteUnclaimed+id) != nil
	})
	if !fresh {
		return doc, err
	}
	ctx, cancel := context.WithTimeout(ctx, d.conf.Patience)
	defer cancel()
	err = d.book.Update(ctx, service.VIM, who.Name, func(tx *service.Tx) error {
		tx.SetNote(noteUnclaimed+id, nil)
		return nil
	})
	return doc, err
}

// A Refresh asks how some networks are.
type Refresh struct {
	IDs []string `json:"ids"`
}

// Refreshed says how they are.
type Refreshed struct {
	Networks map[string]Network `json:"networks"`
}

func (d *Door) refresh(c echo.Context) error {
	var r Refresh
	if err := (web.Strict{}).Bind(&r, c); err != nil {
		return err
	}
	const most = 1000
	if len(r.IDs) > most {
		return slice.Errorf(slice.Invalid, "ids: ask for up to %d networks at once", most)
	}
	out, who, ctx := Refreshed{map[string]Network{}}, account.Of(c), c.Request().Context()
	for _, id := range r.IDs {
		doc, err := d.claim(ctx, who, id)
		if slice.KindOf(err) == slice.NotFound {
			out.Networks[id] = Network{Status: Deleted}
			continue
		}
		if err != nil {
			return err
		}
		if out.Networks[id], err = d.network(ctx, who, doc, true); err != nil {
			return err
		}
	}
	return c.JSON(http.StatusOK, out)
}
