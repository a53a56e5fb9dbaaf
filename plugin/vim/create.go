package vim

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/service"
)

// What RO calls the types of a network.
const (
	typeBridge = "bridge" // an isolated network
	typeData   = "data"   // the same for us: an underlay of many ports
	typePTP    = "ptp"    // of two ports
)

// Limits of what is kept for one account.
const (
	maxNetworks = 4096
	maxPorts    = 4096 // of one network
	maxRequests = 16   // that are remembered of one network
	maxName     = 255  // bytes
	maxWord     = 128  // bytes of an id that the shim chose
	linkEnds    = 2
)

// A Request asks for a network.
type Request struct {
	Request  string          `json:"request"` // id of the call: the same one is answered the same
	Process  string          `json:"process"` // id of the RO that calls
	Domain   slice.Domain    `json:"domain"`
	Name     string          `json:"name"`
	Type     string          `json:"type"`
	Shared   bool            `json:"shared"`
	Profile  json.RawMessage `json:"ip_profile"`
	Provider json.RawMessage `json:"provider_network_profile"`
}

// read checks a request and makes a document of it.
func (r *Request) read(now time.Time) (document, error) {
	if r.Type == "" {
		r.Type = typeBridge // RO asks so for a network of management
	}
	switch {
	case !isText(r.Name, 1, maxName):
		return document{}, slice.Errorf(slice.Invalid, "name: use 1 to %d bytes of printable text", maxName)
	case !isText(r.Request, 0, maxWord) || !isText(r.Process, 0, maxWord):
		return document{}, slice.Errorf(slice.Invalid, "request, process: use up to %d bytes of printable text", maxWord)
	case !slices.Contains([]string{typeBridge, typeData, typePTP}, r.Type):
		return document{}, slice.Errorf(slice.Invalid, "type %.32q is none of bridge, data, ptp", r.Type)
	}
	doc := document{ID: newID(), Process: r.Process, Since: now, Given: now, Network: networkName(r.Name)}
	profile, err := doc.Plan.readProfile(r.Profile)
	if err != nil {
		return document{}, err
	}
	provider, err := doc.Plan.readProvider(r.Provider)
	if err != nil {
		return document{}, err
	}
	doc.Wish = wish{r.Domain, r.Name, r.Type, r.Shared, profile, provider}
	if r.Request != "" {
		doc.Requests = []string{r.Request}
	}
	return doc, nil
}

// isText reports whether a text can be shown, and is as long as it shall be.
func isText(s string, least, most int) bool {
	return len(s) >= least && len(s) <= most && utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// newID returns a random UUID (RFC 9562, section 5.4).
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// create makes a network, unless it is there already: RO repeats a call whose
// answer it has lost.
func (d *Door) create(c echo.Context) error {
	var r Request
	if err := (web.Strict{}).Bind(&r, c); err != nil {
		return err
	}
	who := account.Of(c)
	doc, err := r.read(d.conf.Now().UTC())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(c.Request().Context(), d.conf.Patience)
	defer cancel()
	if err := d.reach(ctx, who.Tenant, r.Domain); err != nil {
		return err
	}
	var got document
	err = d.book.Update(ctx, service.VIM, who.Name, func(tx *service.Tx) error {
		var again bool
		if got, again, err = d.again(tx, r, doc); again || err != nil {
			return err
		}
		got = doc
		return d.add(tx, got, who.Tenant)
	})
	if err != nil {
		return err
	}
	n, err := d.network(ctx, who, got, false)
	if err != nil {
		return err
	}
	if got.ID == doc.ID {
		d.conf.Logger.Info("network made", "network", got.ID, "domain", string(got.Wish.Domain), "account", who.Name)
	}
	return c.JSON(http.StatusCreated, n)
}

// add puts a new network into the book.
func (d *Door) add(tx *service.Tx, doc document, t slice.Tenant) error {
	if len(tx.Services()) >= maxNetworks {
		return slice.Errorf(slice.Exhausted, "the account has %d networks, which is all that it may have", maxNetworks)
	}
	for _, r := range doc.Requests {
		tx.SetNote(noteRequest+r, []byte(doc.ID))
	}
	tx.SetNote(noteUnclaimed+doc.ID, []byte(doc.ID))
	return doc.put(tx, t)
}

// again returns the network that a call is to be answered with, if one is there:
// that of the same call, or one that an RO that is gone has never got to know of.
func (d *Door) again(tx *service.Tx, r Request, doc document) (document, bool, error) {
	if r.Request != "" {
		if id := tx.Note(noteRequest + r.Request); id != nil {
			old, err := load(tx, string(id))
			if err == nil && old.Wish != doc.Wish {
				err = slice.Errorf(slice.Conflict, "request %s has asked for another network: use an id for each call", r.Request)
			}
			return old, true, err
		}
	}
	for _, name := range tx.Notes() {
		id, is := strings.CutPrefix(name, noteUnclaimed)
		if !is {
			continue
		}
		old, err := load(tx, id)
		if err != nil {
			return document{}, false, err
		}
		if old.orphan(doc, d.conf.Grace) {
			return old, true, d.adopt(tx, &old, doc)
		}
	}
	return document{}, false, nil
}

// orphan reports whether a network that nobody has asked for can be given to
// another RO that wishes the same. Within one RO another call is another network,
// though the names may be equal: OSM cuts them.
func (doc *document) orphan(by document, grace time.Duration) bool {
	return doc.Wish == by.Wish && doc.Process != "" && by.Process != "" && doc.Process != by.Process &&
		len(doc.Ports) == 0 && !by.Given.Before(doc.Given.Add(grace))
}

func (d *Door) adopt(tx *service.Tx, old *document, by document) error {
	old.Process, old.Given = by.Process, by.Given
	for _, r := range by.Requests {
		tx.SetNote(noteRequest+r, []byte(old.ID))
	}
	old.Requests = append(old.Requests, by.Requests...)
	for len(old.Requests) > maxRequests {
		tx.SetNote(noteRequest+old.Requests[0], nil)
		old.Requests = old.Requests[1:]
	}
	return old.save(tx)
}
