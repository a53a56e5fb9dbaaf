package descriptor

import (
	"net/netip"
	"strconv"
	"strings"
	"sync"

	"github.com/xeipuuv/gojsonschema"
)

// A format is what a schema asks of text beside its type: that it says a
// number or a boolean where OSM converts it, or an address.
type format struct {
	rule   string
	wanted string
	fits   func(string) bool
}

// formats are ours; the validator knows others, which our schemas do not use.
var formats = map[string]format{
	"uint8":      whole(8),
	"uint16":     whole(16),
	"uint32":     whole(32),
	"uint64":     whole(64),
	"decimal":    {RuleType, "a number", isDecimal},
	"boolean":    {RuleType, "true or false", func(s string) bool { return s == "true" || s == "false" }},
	"ip-address": {RulePattern, "an IP address", func(s string) bool { _, err := netip.ParseAddr(s); return err == nil }},
	"ip-prefix":  {RulePattern, "an IP prefix", isPrefix},
}

func whole(bits int) format {
	return format{RuleType, "a whole number", func(s string) bool {
		_, err := strconv.ParseUint(s, 10, bits)
		return err == nil
	}}
}

func isDecimal(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil && !strings.ContainsAny(s, "xXpP_iInN")
}

// isPrefix takes a prefix with bits set behind it, as YANG does.
func isPrefix(s string) bool {
	_, err := netip.ParsePrefix(s)
	return err == nil
}

// IsFormat reports whether a value fits; what is no text is for other keywords.
func (f format) IsFormat(v any) bool {
	s, ok := v.(string)
	return !ok || f.fits(s)
}

// add notes that a node does not fit.
func (f format) add(problems *Problems, n *node, path string) {
	rule := f.rule
	if f.wanted == "a whole number" && n.text != "" && strings.Trim(n.text, "0123456789") == "" {
		problems.add(RuleRange, n.at, path, "", "%s is too large a number", quote(n.text))
		return
	}
	problems.add(rule, n.at, path, "", "%s is wanted here, this is %s", f.wanted, n.saying())
}

// addFormats tells the validator of our formats. It keeps them in one table for
// the whole program, and we are its only users.
var addFormats = sync.OnceFunc(func() {
	for name, f := range formats {
		gojsonschema.FormatCheckers.Add(name, f)
	}
})
