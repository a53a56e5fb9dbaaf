package charm

import (
	"crypto/tls"
	"time"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/plugin/primitive"
)

// SCO returns the charm of the SCO.
func SCO() Charm[primitive.SCO] {
	return Charm[primitive.SCO]{
		Name: "sco", Option: "sco", Primitives: primitive.OfSCO(), Server: theSCO, Dial: dialSCO, Check: primitive.CheckSCO,
	}
}

// NED returns the charm of the NEDs of one domain. It drives the SCO, which
// commands them.
func NED() Charm[primitive.SCO] {
	c := SCO()
	c.Name, c.Primitives = "ned", primitive.OfNED()
	return c
}

func theSCO(primitive.Settings) (pki.Identity, error) { return pki.SCO, nil }

func dialSCO(s primitive.Settings, config *tls.Config) (primitive.SCO, func(), error) {
	line, err := api.Dial(s.Address, config)
	if err != nil {
		return primitive.SCO{}, nil, err
	}
	to := primitive.SCO{
		Slices: api.NewSliceClient(line), Domains: api.NewRegistryClient(line), Events: api.NewEventClient(line),
		Audit: api.NewAdminClient(line), Now: time.Now,
	}
	return to, func() { _ = line.Close() }, nil // the program ends
}
