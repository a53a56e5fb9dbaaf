package onboard

import "github.com/l2sces/l2sces/pkg/osm"

// Resolve resolves parameters where no account is known but one.
func Resolve(p Params) error {
	_, err := p.resolve(directory{osm.VIMs: {"field": "1"}, osm.WIMs: {"wan": "2"}})
	return err
}
