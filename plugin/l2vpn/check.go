package l2vpn

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/plugin/restconf"
)

// maxText is the longest text of a leaf, in bytes.
const maxText = 255

// check holds values against the tags of their types. It wants what read has put
// right.
func check(v reflect.Value, path string) error {
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		here, value := path+"/"+name, v.FieldByIndex(f.Index)
		if value.IsZero() && value.Kind() != reflect.Struct {
			if f.Tag.Get("must") != "" {
				return restconf.Errorf(restconf.MissingElement, here, "it has to be there")
			}
			continue
		}
		if err := checkNode(reflect.Indirect(value), f, here); err != nil {
			return err
		}
	}
	return nil
}

func checkNode(v reflect.Value, f reflect.StructField, path string) error {
	switch v.Kind() {
	case reflect.Struct:
		return check(v, path)
	case reflect.Slice:
		return checkList(v, restconf.KeysOf(f), path)
	case reflect.String:
		return checkText(v.String(), f.Tag.Get("one"), path)
	case reflect.Uint16, reflect.Uint32:
		return checkNumber(v.Uint(), f.Tag.Get("range"), path)
	default:
		return nil
	}
}

// checkList wants entries with different keys, identities being what they mean.
func checkList(v reflect.Value, keys []string, path string) error {
	seen := map[string]bool{}
	for i := range v.Len() {
		here := path + predicates(v.Index(i), keys)
		if seen[here] {
			return restconf.Errorf(restconf.BadElement, here, "it is there twice")
		}
		seen[here] = true
		if err := check(v.Index(i), here); err != nil {
			return err
		}
	}
	return nil
}

func checkText(s, one, path string) error {
	switch {
	case one != "" && !slices.Contains(strings.Fields(one), s):
		return restconf.Errorf(restconf.InvalidValue, path, "%.64q is not one of those that are done here: %s", s, words(one))
	case len(s) > maxText:
		return restconf.Errorf(restconf.InvalidValue, path, "%d bytes are more than %d", len(s), maxText)
	}
	return nil
}

func checkNumber(n uint64, span, path string) error {
	var first, last uint64
	if _, err := fmt.Sscanf(span, "%d..%d", &first, &last); err == nil && (n < first || n > last) {
		return restconf.Errorf(restconf.InvalidValue, path, "%d is not between %d and %d", n, first, last)
	}
	return nil
}

// predicates names an entry of a list by its keys, as an instance-identifier does
// (RFC 7950, section 9.13).
func predicates(v reflect.Value, keys []string) string {
	nodes := restconf.Nodes(v.Type())
	var out strings.Builder
	for _, key := range keys {
		out.WriteString(predicate(key, v.FieldByIndex(nodes[key].Index).String()))
	}
	return out.String()
}

// predicate quotes as XPath does, which knows no escapes.
func predicate(key, text string) string {
	quote := "'"
	if strings.Contains(text, quote) {
		quote = `"`
	}
	return "[" + key + "=" + quote + text + quote + "]"
}

// vpnPath and the like name what errors are about.
func vpnPath(id string) string {
	return rootPath + "/vpn-services/vpn-service" + predicate("vpn-id", id)
}

func sitePath(id string) string { return rootPath + "/sites/site" + predicate("site-id", id) }

func accessPath(site, id string) string {
	return sitePath(site) + "/site-network-accesses/site-network-access" + predicate("network-access-id", id)
}

// consistent checks what one leaf says of another (the model's when statements and
// its references inside a site).
func (c *config) consistent() error {
	for i := range c.Sites.Site {
		s := &c.Sites.Site[i]
		if err := s.consistent(); err != nil {
			return err
		}
		for j := range s.Accesses.Access {
			a := &s.Accesses.Access[j]
			if err := a.consistent(s, accessPath(s.ID, a.ID)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *site) consistent() error {
	if s.Devices == nil {
		return nil
	}
	if s.Management.Type == "customer-managed" {
		return restconf.Errorf(restconf.UnknownElement, sitePath(s.ID)+"/devices", "a site that is customer-managed has none")
	}
	for _, d := range s.Devices.Device {
		if !s.hasLocation(d.Location) {
			return dangling(sitePath(s.ID)+"/devices/device"+predicate("device-id", d.ID)+"/location", "location", d.Location)
		}
	}
	return nil
}

func (s *site) hasLocation(id string) bool {
	return s.Locations != nil && slices.ContainsFunc(s.Locations.Location, func(l location) bool { return l.ID == id })
}

func (s *site) hasDevice(id string) bool {
	return s.Devices != nil && slices.ContainsFunc(s.Devices.Device, func(d device) bool { return d.ID == id })
}

// dangling is the error of a reference to what is not there (RFC 7950, section
// 15.5).
func dangling(path, what, id string) error {
	return restconf.Errorf(restconf.DataMissing, path, "there is no %s %q", what, id)
}

func (a *access) consistent(s *site, path string) error {
	customer := s.Management.Type == "customer-managed"
	location, device := s.place()
	switch {
	case a.Location != "" && a.Device != "":
		return restconf.Errorf(restconf.BadElement, path+"/device-reference", "there is a location-reference as well: give one")
	case a.Location != "" && !customer:
		return restconf.Errorf(restconf.UnknownElement, path+"/location-reference", "the site is not customer-managed: give a device-reference")
	case a.Device != "" && customer:
		return restconf.Errorf(restconf.UnknownElement, path+"/device-reference", "the site is customer-managed: give a location-reference")
	case a.Location != "" && !s.hasLocation(a.Location):
		return dangling(path+"/location-reference", "location", a.Location)
	case a.Device != "" && !s.hasDevice(a.Device):
		return dangling(path+"/device-reference", "device", a.Device)
	case a.Location+a.Device+location+device == "":
		return restconf.Errorf(restconf.MissingElement, path+"/location-reference", "the site has neither a location nor a device: give it one")
	}
	if err := a.Connection.consistent(path + "/connection"); err != nil {
		return err
	}
	return a.Service.consistent(a.Attachment.VPN, path+"/service/svc-bandwidth/bandwidth")
}

func (c *connection) consistent(path string) error {
	if c == nil || c.Tagged == nil {
		return nil
	}
	switch t := c.Tagged; {
	case t.Dot1Q != nil && t.Type != "dot1q":
		return restconf.Errorf(restconf.UnknownElement, path+"/tagged-interface/dot1q-vlan-tagged", "the type of the interface is not dot1q")
	case t.Priority != nil && t.Type == "dot1q":
		return restconf.Errorf(restconf.UnknownElement, path+"/tagged-interface/priority-tagged", "the type of the interface is dot1q")
	case t.Type == "dot1q" && t.Dot1Q == nil:
		return restconf.Errorf(restconf.MissingElement, path+"/tagged-interface/dot1q-vlan-tagged/cvlan-id", "an interface of type dot1q has a tag")
	case t.Dot1Q != nil && c.Interface != "tagged":
		return restconf.Errorf(restconf.BadElement, path+"/eth-inf-type", "an interface with a tag is tagged")
	case t.Dot1Q != nil && c.Encapsulation == "ethernet":
		return restconf.Errorf(restconf.BadElement, path+"/encapsulation-type", "an interface with a tag has the encapsulation vlan")
	}
	return nil
}

func (s *accessService) consistent(of, path string) error {
	if s == nil || s.Bandwidth == nil {
		return nil
	}
	for _, b := range s.Bandwidth.Bandwidth {
		here := path + predicates(reflect.ValueOf(b), []string{"direction", "type"})
		switch {
		case b.Type == "bw-per-svc" && b.VPN == "":
			return restconf.Errorf(restconf.MissingElement, here+"/vpn-id", "a bandwidth of a service names it")
		case b.Type != "bw-per-svc" && b.VPN != "":
			return restconf.Errorf(restconf.UnknownElement, here+"/vpn-id", "only a bandwidth of a service names one")
		case b.VPN != "" && b.VPN != of:
			return restconf.Errorf(restconf.InvalidValue, here+"/vpn-id", "the access is not of this service")
		case b.rate() > maxRate:
			return restconf.Errorf(restconf.InvalidValue, here, "more than %d bits per second", uint64(maxRate))
		}
	}
	return nil
}
