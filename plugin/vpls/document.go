package vpls

import (
	"strconv"

	"github.com/l2sces/l2sces/pkg/slice"
)

// app is the one of ONOS' applications whose configuration we read.
const app = "org.onosproject.vpls"

// Limits of a document.
const (
	maxPorts      = 10_000
	maxInterfaces = 40_000 // of all ports together
	maxServices   = 5_000
	maxName       = 256 // bytes
)

// blank is what an account reads before it has written anything.
const blank = `{"devices":{},"ports":{},"links":{},"apps":{},"hosts":{},"layouts":{}}`

// A document is ONOS' network configuration. What nobody reads is kept as it is.
type document struct {
	top, apps, app, vpls object // each inside the one before
	ports                object

	at      map[string]spot // where the interfaces are, by their names
	entries []entry
}

// A spot is where an interface is: the key of its port, and its tag. The zero value
// is nowhere.
type spot struct {
	port string
	vlan slice.VLAN
}

// An entry is one element of vplsList.
type entry struct {
	name       string
	interfaces []string
}

// The paths of what we read, as faults name them.
const (
	appPath  = `apps."` + app + `"`
	vplsPath = appPath + ".vpls"
	listPath = vplsPath + ".vplsList"
)

// readDocument reads what was written, and puts in what the connector wants to find
// there later: ports, each with its list of interfaces, and the list of services.
func readDocument(text []byte) (*document, error) {
	if err := check(text); err != nil {
		return nil, err
	}
	d := &document{at: map[string]spot{}}
	for _, level := range []struct {
		into *object
		path string
		text func() []byte
	}{
		{&d.top, "document", func() []byte { return text[space(text, 0):] }},
		{&d.ports, "ports", func() []byte { return d.top.get("ports") }},
		{&d.apps, "apps", func() []byte { return d.top.get("apps") }},
		{&d.app, appPath, func() []byte { return d.apps.get(app) }},
		{&d.vpls, vplsPath, func() []byte { return d.app.get("vpls") }},
	} {
		var w *wrong
		if *level.into, w = readObject(level.text()); w != nil {
			return nil, w.at("%s", level.path)
		}
	}
	if err := d.readPorts(); err != nil {
		return nil, err
	}
	return d, d.readList()
}

// text returns the document as it is read.
func (d *document) text(updated int64) []byte {
	vpls := d.vpls.with("lastUpdateTime", strconv.AppendQuote(nil, strconv.FormatInt(updated, 10)))
	apps := d.apps.with(app, d.app.with("vpls", vpls.text()).text())
	return d.top.with("ports", d.ports.text()).with("apps", apps.text()).text()
}
