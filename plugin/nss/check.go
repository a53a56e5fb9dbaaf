package nss

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/plugin/restconf"
)

// Limits of a document.
const (
	maxText       = 1024 // bytes
	maxID         = 255  // bytes
	maxSDPs       = 512  // of a slice service
	maxGroups     = 64
	maxConstructs = 1024 // of a group
	maxMTU        = 65_535
	maxVLAN       = 4095
)

// identities are the values of leaves that have a few.
var identities = map[string][]string{
	"availability": {"two-nines", "three-nines", "four-nines", "five-nines", "six-nines"},
	"security":     {"authentication", "integrity", "encryption"},
	"isolation":    {"traffic-isolation"},
	"override":     {"full-override", "partial-override"},
	"service tag":  {"customer", "service", "opaque"},
	"circuit tag":  {"vlan-id", "cvlan-id"},
	"match type":   {"any", "vlan"},
}

var adminStatuses = []identity{vpnCommon + ":admin-up", vpnCommon + ":admin-down", vpnCommon + ":admin-testing", vpnCommon + ":admin-pre-deployment"}

// path returns where a slice service is.
func (s *sliceService) path() string {
	return fmt.Sprintf("/%s:network-slice-services/slice-service[id=%s]", module, quote(s.ID))
}

func quote(s string) string {
	if strings.Contains(s, "'") {
		return `"` + s + `"`
	}
	return "'" + s + "'"
}

// check holds a document against what the model says beyond the form of nodes:
// values, references and counts.
func (doc *document) check() error {
	for _, t := range doc.templates() {
		path := fmt.Sprintf("/%s:network-slice-services/slo-sle-templates/slo-sle-template[id=%s]", module, quote(t.ID))
		if err := first(isID(path, t.ID), isShort(path+"/description", t.Description), t.check(path)); err != nil {
			return err
		}
		if err := doc.based(path, t); err != nil {
			return err
		}
	}
	if doc.Services == nil {
		return nil
	}
	for i := range doc.Services.Services {
		c := checker{doc: doc, s: &doc.Services.Services[i]}
		if err := c.check(); err != nil {
			return err
		}
	}
	return nil
}

// based wants every template that one stands on to be there, and an end of them.
func (doc *document) based(path string, t template) error {
	for seen := []string{t.ID}; t.Base != ""; {
		base, there := doc.template(t.Base)
		switch {
		case !there:
			return restconf.Errorf(restconf.DataMissing, path+"/template-ref", "there is no template %.64q", t.Base)
		case slices.Contains(seen, base.ID):
			return restconf.Errorf(restconf.InvalidValue, path+"/template-ref", "the template stands on itself")
		}
		seen, t = append(seen, base.ID), base
	}
	return nil
}

func (doc *document) template(id string) (template, bool) {
	all := doc.templates()
	i := slices.IndexFunc(all, func(t template) bool { return t.ID == id })
	if i < 0 {
		return template{}, false
	}
	return all[i], true
}

// checker holds one slice service against the model.
type checker struct {
	doc *document
	s   *sliceService
}

func (c *checker) check() error {
	s, path := c.s, c.s.path()
	err := first(isID(path, s.ID), isShort(path+"/description", s.Description), c.choice(path, s.choice), isStatus(path, s.Status), checkTags("service tag", path+"/service-tags/tag-type", s.tags()))
	if err != nil {
		return err
	}
	switch sdps, groups := len(s.sdps()), len(s.groups()); {
	case sdps < 2 || sdps > maxSDPs:
		return restconf.Errorf(restconf.BadElement, path+"/sdps/sdp", "there are %d: a slice service has 2 to %d", sdps, maxSDPs)
	case groups > maxGroups:
		return restconf.Errorf(restconf.BadElement, path+"/connection-groups/connection-group", "there are more than %d", maxGroups)
	}
	for _, p := range s.sdps() {
		if err := c.sdp(p); err != nil {
			return err
		}
	}
	for _, g := range s.groups() {
		if err := c.group(g); err != nil {
			return err
		}
	}
	return nil
}

func (s *sliceService) sdps() []sdp {
	if s.SDPs == nil {
		return nil
	}
	return s.SDPs.SDPs
}

func (s *sliceService) groups() []group {
	if s.Groups == nil {
		return nil
	}
	return s.Groups.Groups
}

func (s *sliceService) tags() []tag {
	if s.Tags == nil {
		return nil
	}
	return s.Tags.Tags
}

func (c *checker) hasSDP(path, id string) error {
	if !slices.ContainsFunc(c.s.sdps(), func(p sdp) bool { return p.ID == id }) {
		return restconf.Errorf(restconf.DataMissing, path, "there is no SDP %.64q", id)
	}
	return nil
}

func (c *checker) choice(path string, p choice) error {
	switch {
	case p.Template != "" && p.Custom != nil:
		return restconf.Errorf(restconf.BadElement, path, "slo-sle-template and service-slo-sle-policy are there both: choose one")
	case p.Custom != nil:
		path += "/service-slo-sle-policy"
		return first(isShort(path+"/description", p.Custom.Description), p.Custom.check(path))
	case p.Template == "":
		return nil
	}
	if _, there := c.doc.template(p.Template); !there {
		return restconf.Errorf(restconf.DataMissing, path+"/slo-sle-template", "there is no template %.64q", p.Template)
	}
	return nil
}

func (c *checker) sdp(p sdp) error {
	path := c.s.sdpPath(p.ID)
	if err := first(isID(path, p.ID), isShort(path+"/description", p.Description), isShort(path+"/node-id", p.Node), isStatus(path, p.Status)); err != nil {
		return err
	}
	if p.Match != nil {
		for _, m := range p.Match.Criteria {
			if err := c.criterion(fmt.Sprintf("%s/service-match-criteria/match-criterion[index='%d']", path, m.Index), m); err != nil {
				return err
			}
		}
	}
	for _, a := range p.circuits() {
		here := fmt.Sprintf("%s/attachment-circuits/attachment-circuit[id=%s]", path, quote(a.ID))
		err := first(isID(here, a.ID), isShort(here+"/description", a.Description), isShort(here+"/ac-node-id", a.Node), isShort(here+"/ac-tp-id", a.TP))
		if err == nil && a.Tags != nil {
			err = checkTags("circuit tag", here+"/ac-tags/ac-tag", a.Tags.Tags)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sliceService) sdpPath(id string) string {
	return fmt.Sprintf("%s/sdps/sdp[id=%s]", s.path(), quote(id))
}

func (s *sliceService) groupPath(id string) string {
	return fmt.Sprintf("%s/connection-groups/connection-group[id=%s]", s.path(), quote(id))
}

func (p *sdp) circuits() []circuit {
	if p.Circuits == nil {
		return nil
	}
	return p.Circuits.Circuits
}

func (c *checker) criterion(path string, m criterion) error {
	for _, t := range m.Types {
		if err := oneOf("match type", path+"/match-type", t.Type); err != nil {
			return err
		}
		if name, _ := t.Type.own(); (name == "vlan") != (len(t.VLAN) > 0) {
			return restconf.Errorf(restconf.BadElement, path+"/match-type/vlan", "the type %s does not go with %d VLANs", name, len(t.VLAN))
		}
		for _, v := range t.VLAN {
			if v > maxVLAN {
				return restconf.Errorf(restconf.InvalidValue, path+"/match-type/vlan", "%d is not between 0 and %d", v, maxVLAN)
			}
		}
	}
	if m.Group == "" {
		return restconf.Errorf(restconf.MissingElement, path+"/target-connection-group-id", "the connection group is not said")
	}
	i := slices.IndexFunc(c.s.groups(), func(g group) bool { return g.ID == m.Group })
	if i < 0 {
		return restconf.Errorf(restconf.DataMissing, path+"/target-connection-group-id", "there is no connection group %.64q", m.Group)
	}
	if m.Construct != "" && !slices.ContainsFunc(c.s.groups()[i].Constructs, func(k construct) bool { return k.ID == m.Construct }) {
		return restconf.Errorf(restconf.DataMissing, path+"/target-connectivity-construct-id", "there is no connectivity construct %.64q", m.Construct)
	}
	return nil
}

func (c *checker) group(g group) error {
	path := c.s.groupPath(g.ID)
	if err := first(isID(path, g.ID), c.choice(path, g.choice), isOverride(path, g.Override)); err != nil {
		return err
	}
	if len(g.Constructs) > maxConstructs {
		return restconf.Errorf(restconf.BadElement, path+"/connectivity-construct", "there are more than %d", maxConstructs)
	}
	for _, k := range g.Constructs {
		if err := c.construct(k.path(path), k); err != nil {
			return err
		}
	}
	return nil
}

func (k *construct) path(group string) string {
	return fmt.Sprintf("%s/connectivity-construct[id=%s]", group, quote(k.ID))
}

func (c *checker) construct(path string, k construct) error {
	if err := first(isID(path, k.ID), c.choice(path, k.choice), isOverride(path, k.Override), isStatus(path, k.Status)); err != nil {
		return err
	}
	p2p := k.Sender != "" || k.Receiver != ""
	switch {
	case p2p && len(k.All) > 0:
		return restconf.Errorf(restconf.BadElement, path, "it is p2p and a2a: choose one")
	case p2p && (k.Sender == "" || k.Receiver == ""):
		return restconf.Errorf(restconf.MissingElement, path, "a p2p construct has p2p-sender-sdp and p2p-receiver-sdp")
	case p2p && k.Sender == k.Receiver:
		return restconf.Errorf(restconf.InvalidValue, path+"/p2p-receiver-sdp", "the sender is the receiver")
	case p2p:
		return first(c.hasSDP(path+"/p2p-sender-sdp", k.Sender), c.hasSDP(path+"/p2p-receiver-sdp", k.Receiver))
	}
	for _, m := range k.All {
		if err := c.hasSDP(path+"/a2a-sdp/sdp-id", m.SDP); err != nil {
			return err
		}
	}
	return nil
}

// first returns the first error.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func isID(path, id string) error {
	if id == "" || len(id) > maxID {
		return restconf.Errorf(restconf.InvalidValue, path, "a key has 1 to %d bytes", maxID)
	}
	return nil
}

func isShort(path, text string) error {
	if len(text) > maxText {
		return restconf.Errorf(restconf.InvalidValue, path, "the text has more than %d bytes", maxText)
	}
	return nil
}

func isStatus(path string, s *status) error {
	if s == nil || s.Admin == nil || s.Admin.Status == "" || slices.Contains(adminStatuses, s.Admin.Status) {
		return nil
	}
	return restconf.Errorf(restconf.InvalidValue, path+"/status/admin-status/status", "%.64q is not one of %v", string(s.Admin.Status), adminStatuses)
}

func isOverride(path string, i identity) error {
	if i == "" {
		return nil
	}
	return oneOf("override", path+"/service-slo-sle-policy-override", i)
}

func oneOf(what, path string, i identity) error {
	if name, own := i.own(); own && slices.Contains(identities[what], name) {
		return nil
	}
	return restconf.Errorf(restconf.InvalidValue, path, "%s %.64q is not one that is taken: %v", what, string(i), identities[what])
}

func checkTags(what, path string, tags []tag) error {
	for _, t := range tags {
		if err := oneOf(what, path, t.Type); err != nil {
			return err
		}
		for _, v := range t.Values {
			if err := isShort(path+"/tag-type-value", v); err != nil {
				return err
			}
		}
	}
	return nil
}

// isPercentile reports whether a text is a decimal of three digits up to 100.
func isPercentile(s string) bool {
	whole, fraction, dot := strings.Cut(s, ".")
	if dot && (fraction == "" || len(fraction) > 3 || strings.Trim(fraction, "0123456789") != "") {
		return false
	}
	n, err := strconv.ParseUint(whole, 10, 8)
	return err == nil && (n < 100 || n == 100 && strings.Trim(fraction, "0") == "")
}
