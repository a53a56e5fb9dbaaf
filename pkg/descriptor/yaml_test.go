package descriptor_test

import (
	"net/netip"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

type embedded struct {
	Inner int `json:"inner"`
}

type thing struct {
	Zulu  string `json:"zulu"`
	Alpha []struct {
		N int8 `json:"n"`
	} `json:"alpha,omitempty"`
	Yes  bool                 `json:"yes"`
	Map  map[string]float64   `json:"map,omitempty"`
	Byte *uint8               `json:"byte,omitempty"`
	CIDR netip.Prefix         `json:"cidr,omitzero"`
	MACs map[string]slice.MAC `json:"macs,omitempty"`
	IDs  []slice.NetworkID    `json:"ids,omitempty"`
	Any  any                  `json:"any,omitempty"`
	Skip string               `json:"-"`
	embedded
}

func TestYAMLRoundTrip(t *testing.T) {
	eight := uint8(8)
	want := thing{
		Zulu: "010", Yes: true, Byte: &eight,
		Map:  map[string]float64{"b": 1.5, "a": 1e30, "yes": 2},
		CIDR: netip.MustParsePrefix("192.0.2.0/24"),
		MACs: map[string]slice.MAC{"m": {2, 0, 0, 0, 0, 1}},
		IDs:  []slice.NetworkID{{Slice: "s", Network: "n"}},
		Any:  []any{"no", "", "a: b", "12:30", "two\nlines", nil, true},
	}
	want.Alpha = append(want.Alpha, struct {
		N int8 `json:"n"`
	}{-3})
	text, err := descriptor.YAML(want)
	if err != nil {
		t.Fatal(err)
	}
	const golden = `zulu: "010"
alpha:
- "n": -3
"yes": true
`
	if got := string(text); len(got) < len(golden) || got[:len(golden)] != golden {
		t.Errorf("got\n%swant\n%s", got, golden)
	}
	var got thing
	if err := descriptor.FromYAML("f", text, &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(thing{}), cmpopts.EquateComparable(netip.Prefix{})); diff != "" {
		t.Errorf("%s-want +got:\n%s", text, diff)
	}
}

func TestFromYAMLRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"zulu: a\nzul: b\n":   `f:2:1: schema-unknown-key: unknown key "zul"`,
		"Skip: a\n":           `f:1:1: schema-unknown-key: unknown key "Skip"`,
		"alpha: [{n: 200}]\n": `f:1:13: schema-type: "200" is not a number of type int8`,
		"alpha: {n: 2}\n":     "f:1:8: schema-type: a list is wanted here, this is a mapping",
		"byte: -1\n":          `f:1:7: schema-type: "-1" is not a number of type uint8`,
		"byte: true\n":        "f:1:7: schema-type: a number is wanted here, this is true or false",
		"yes: maybe\n":        "f:1:6: schema-type: true or false is wanted here, this is text",
		"zulu: true\n":        "f:1:7: schema-type: text is wanted here, this is true or false",
		"cidr: [1]\n":         "f:1:7: schema-type: text is wanted here, this is a list",
		"macs: {m: '02'}\n":   `f:1:11: schema-type: "02": hardware address "02" is not six pairs of hexadecimal digits`,
		"map: 1\n":            "f:1:6: schema-type: a mapping is wanted here, this is a number",
		"- a\n":               "f:1:1: schema-type: a mapping is wanted here, this is a list",
	} {
		var v thing
		err := descriptor.FromYAML("f", []byte(text), &v)
		if diff := cmp.Diff([]string{want}, messages(t, err)); diff != "" {
			t.Errorf("%s-want +got:\n%s", text, diff)
		}
	}
}

// Text that no block can hold comes back as well.
func TestYAMLTextOfLines(t *testing.T) {
	for _, want := range []string{"\tdd\n", "a\n\tb", " a\n\tb\n", "\n\t", "\t", " \n x", "a\n"} {
		text, err := descriptor.YAML(map[string]string{"k": want})
		if err != nil {
			t.Errorf("%q: %v", want, err)
			continue
		}
		var got map[string]string
		if err := descriptor.FromYAML("f", text, &got); err != nil || got["k"] != want {
			t.Errorf("%q was written as %q and read as %q, %v", want, text, got["k"], err)
		}
	}
}
