package charm

import (
	"crypto/tls"
	"time"

	"github.com/l2sces/l2sces/juju-charms/internal/domain"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/primitive"
)

// SDNC returns the charm of the SDN controller of one domain.
func SDNC() Charm[*domain.Client] {
	return Charm[*domain.Client]{
		Name: "sdnc", Option: "sdnc", Primitives: domain.OfSDNC(), Server: theSDNC, Dial: dialSDNC, Check: domain.Check,
	}
}

// SPS returns the charm of the slice switches of one domain. It asks their SDN
// controller.
func SPS() Charm[*domain.Client] {
	c := SDNC()
	c.Name, c.Primitives = "sps", domain.OfSPS()
	return c
}

func theSDNC(s primitive.Settings) (pki.Identity, error) {
	if s.Domain == "" {
		return "", slice.Errorf(slice.Invalid, "domain: name the domain of the SDN controller")
	}
	return pki.SDNC(slice.Domain(s.Domain)), nil
}

func dialSDNC(s primitive.Settings, config *tls.Config) (*domain.Client, func(), error) {
	c := domain.New(s.Address, config, time.Now)
	return c, c.Close, nil
}
