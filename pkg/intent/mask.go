package intent

import (
	"maps"
	"slices"

	"github.com/l2sces/l2sces/pkg/slice"
)

// fields are those that a mask can name. The id and the tenant of a slice are
// not among them: they never change.
var fields = map[string]func(to, from *Intents){
	"overlay":            func(to, from *Intents) { to.Overlay = from.Overlay },
	"overlay.encryption": func(to, from *Intents) { to.Overlay.Encryption = from.Overlay.Encryption },
	"overlay.links":      func(to, from *Intents) { to.Overlay.Links = from.Overlay.Links },
	"overlay.measured":   func(to, from *Intents) { to.Overlay.Measured = from.Overlay.Measured },
	"overlay.shape":      func(to, from *Intents) { to.Overlay.Shape = from.Overlay.Shape },
	"paths":              func(to, from *Intents) { to.Paths = from.Paths },
	"slice": func(to, from *Intents) {
		id, tenant := to.Slice.ID, to.Slice.Tenant
		to.Slice = from.Slice
		to.Slice.ID, to.Slice.Tenant = id, tenant
	},
	"slice.domains":  func(to, from *Intents) { to.Slice.Domains = from.Slice.Domains },
	"slice.networks": func(to, from *Intents) { to.Slice.Networks = from.Slice.Networks },
	"slice.qos":      func(to, from *Intents) { to.Slice.QoS = from.Slice.QoS },
	"slice.snssai":   func(to, from *Intents) { to.Slice.SNSSAI = from.Slice.SNSSAI },
}

// Masked returns the intents with the fields that a mask names as they are
// given, neither with defaults nor validated. The other fields stay.
func (in Intents) Masked(given Intents, mask []string) (Intents, error) {
	for i, path := range mask {
		take, known := fields[path]
		if !known {
			return in, slice.Errorf(slice.Invalid, "order.mask[%d]: there is no field %.64q: known are %v", i, path, slices.Sorted(maps.Keys(fields)))
		}
		take(&in, &given)
	}
	return in, nil
}
