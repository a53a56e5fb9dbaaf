package nss

import (
	"strconv"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/restconf"
)

// vlan returns the tag of a circuit, 0 if it has none.
func (c *circuit) vlan(path string) (slice.VLAN, error) {
	if c.Tags == nil {
		return 0, nil
	}
	var vlan slice.VLAN
	for _, t := range c.Tags.Tags {
		path := path + "/ac-tags/ac-tag[tag-type='" + string(t.Type) + "']/tag-type-value"
		if len(t.Values) != 1 {
			return 0, restconf.Errorf(restconf.NotSupported, path, "a network has one tag at a domain, here are %d", len(t.Values))
		}
		n, err := strconv.ParseUint(t.Values[0], 10, 16)
		if err != nil || n == 0 || n > uint64(slice.MaxVLAN) {
			return 0, restconf.Errorf(restconf.InvalidValue, path, "VLAN %.64q is not between 1 and %d", t.Values[0], slice.MaxVLAN)
		}
		if vlan != 0 && vlan != slice.VLAN(n) {
			return 0, restconf.Errorf(restconf.InvalidValue, path, "VLAN %d and VLAN %d are meant both", vlan, n)
		}
		vlan = slice.VLAN(n)
	}
	return vlan, nil
}
