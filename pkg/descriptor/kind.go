package descriptor

import (
	"cmp"
	"slices"
)

// A Kind says what a document describes.
type Kind string

// The kinds. A document of no known kind has none.
const (
	KindNST    Kind = "network slice template"
	KindNSD    Kind = "network service descriptor"
	KindVNFD   Kind = "network function descriptor"
	KindLegacy Kind = "descriptor of OSM release 8 or older"
)

// envelopes are the keys that tell the kind of a document.
var envelopes = map[string]Kind{
	"nst": KindNST, "nst:nst": KindNST,
	"netslice-subnet": KindNST, "netslice-vld": KindNST, "SNSSAI-identifier": KindNST, // none around it
	"nsd": KindNSD, "nsd:nsd": KindNSD, "etsi-nfv-nsd:nsd": KindNSD,
	"vnfd": KindVNFD, "vnfd:vnfd": KindVNFD, "etsi-nfv-vnfd:vnfd": KindVNFD,
	"nsd-catalog": KindLegacy, "nsd:nsd-catalog": KindLegacy,
	"vnfd-catalog": KindLegacy, "vnfd:vnfd-catalog": KindLegacy,
}

// The keys that may stand around a template and a service descriptor.
var (
	nstEnvelopes = []string{"nst", "nst:nst"}
	nsdEnvelopes = []string{"nsd", "nsd:nsd", "etsi-nfv-nsd:nsd"}
)

// Kind returns what the document describes, as its first telling key says.
func (d *Document) Kind() Kind {
	return envelopes[d.envelope().key]
}

// envelope returns the first key that tells the kind.
func (d *Document) envelope() entry {
	for _, e := range d.root.entries {
		if _, ok := envelopes[e.key]; ok {
			return e
		}
	}
	return entry{at: d.root.at}
}

// expect complains when the document is of another kind.
func (d *Document) expect(want Kind) Problems {
	var problems Problems
	e := d.envelope()
	switch got := envelopes[e.key]; {
	case d.root.form != mapping:
		problems.add(RuleKind, d.root.at, "", "give a "+cmp.Or(string(want), "mapping"), "a mapping is wanted here, this is %s", d.root.form)
	case got == KindLegacy:
		problems.add(RuleLegacy, e.at, e.key, "convert it to ETSI SOL006", "%s: this format is no longer read", got)
	case got != "" && got != want:
		problems.add(RuleKind, e.at, e.key, "give a "+string(want), "this is a %s", got)
	}
	return problems
}

// body returns the one descriptor inside its envelope, and its path.
func (d *Document) body() (*node, string, Problems) {
	kind := d.Kind()
	problems := d.expect(kind)
	if len(problems) == 0 && kind == "" {
		problems.add(RuleKind, d.root.at, "", "begin with vnfd:, nsd: or nst:", "this is no descriptor that OSM knows")
	}
	if len(problems) > 0 {
		return d.root, "", problems
	}
	switch kind {
	case KindVNFD:
		return d.open()
	case KindNSD:
		return d.unwrap(2, nsdEnvelopes...)
	default:
		return d.unwrap(1, nstEnvelopes...)
	}
}

// open returns what stands under the key that tells the kind, and its path.
func (d *Document) open() (*node, string, Problems) {
	var problems Problems
	envelope := d.envelope()
	for _, e := range d.root.entries {
		if e.key != envelope.key {
			problems.add(RuleEnvelope, e.at, e.key, "remove it or correct its name", "unknown key %s beside %s", quote(e.key), envelope.key)
		}
	}
	return envelope.value, envelope.key, problems
}

// unwrap returns the only element of the list inside the envelopes, and its
// path. Without an envelope it is the document itself.
func (d *Document) unwrap(levels int, known ...string) (*node, string, Problems) {
	var problems Problems
	n, path := d.root, ""
	for range levels {
		i := slices.IndexFunc(n.entries, func(e entry) bool { return slices.Contains(known, e.key) })
		if i < 0 {
			break
		}
		for _, e := range slices.Delete(slices.Clone(n.entries), i, i+1) {
			problems.add(RuleEnvelope, e.at, join(path, e.key), "remove it or correct its name", "unknown key %s beside %s", quote(e.key), n.entries[i].key)
		}
		n, path = n.entries[i].value, join(path, n.entries[i].key)
	}
	switch {
	case path == "":
		return n, path, problems
	case n.form != list:
		problems.add(RuleEnvelope, n.at, path, "put a hyphen before its first key", "a list is wanted here, this is %s", n.form)
	case len(n.items) != 1:
		problems.add(RuleEnvelope, n.at, path, "put each in a file of its own", "one descriptor is wanted here, these are %d", len(n.items))
	default:
		return n.items[0], path + "[0]", problems
	}
	return n, path, problems
}
