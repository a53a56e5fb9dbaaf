package descriptor_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestReadRefuses(t *testing.T) {
	tests := map[string]struct {
		yaml string
		want []string // positions and the message up to the remedy
	}{
		"nothing":           {"", []string{"f:1:1: yaml-empty: the file is empty"}},
		"comment only":      {"# a\n", []string{"f:1:1: yaml-empty: the file is empty"}},
		"two documents":     {"a: 1\n---\nb: 2\n", []string{"f:2:1: yaml-documents: a second document begins here"}},
		"leading zero":      {"a: 1\nvlan: 010\n", []string{"f:2:7: yaml-number: number 010 begins with a zero"}},
		"signed zero":       {"a: -07\n", []string{"f:1:4: yaml-number: number -07 begins with a zero"}},
		"duplicate":         {"a: 1\nb: 2\na: 3\n", []string{`f:3:1: yaml-duplicate-key: key "a" is there already, on line 1`}},
		"anchor and alias":  {"a: &x 1\nb: *x\n", []string{"f:1:4: yaml-alias: anchor &x is not allowed", "f:2:4: yaml-alias: alias *x is not allowed"}},
		"merge key":         {"<<: 1\n", []string{"f:1:1: yaml-key: a key must be plain text"}},
		"tag":               {"a: !!python/object:os.system x\n", []string{"f:1:4: yaml-tag: tag !!python/object:os.system is not allowed"}},
		"tag on a mapping":  {"a: !x {b: 1}\n", []string{"f:1:4: yaml-tag: tag !x is not allowed"}},
		"binary":            {"a: !!binary aGk=\n", []string{"f:1:4: yaml-tag: tag !!binary is not allowed"}},
		"wrong core tag":    {"a: !!int x\n", []string{`f:1:4: yaml-value: value "x" does not fit its type`}},
		"infinite":          {"a: .inf\n", []string{`f:1:4: yaml-value: value ".inf" does not fit its type`}},
		"key that is a map": {"{a: 1}: 2\n", []string{"f:1:1: yaml-key: a key must be plain text"}},
		"deep":              {strings.Repeat("[", 9) + strings.Repeat("]", 9), []string{"f:1:9: yaml-depth: nested deeper than 8"}},
		"many keys":         {"a: 1\nb: 1\nc: 1\nd: 1\ne: 1\n", []string{"f:1:1: yaml-keys: a mapping of 5 keys, more than 4"}},
		"many values":       {"[" + strings.Repeat("1,", 50) + "]", []string{"f:1:80: yaml-nodes: more than 40 values"}},
		"many bytes":        {strings.Repeat("#", 201), []string{"f:1:1: yaml-bytes: the file has 201 bytes, more than 200"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := descriptor.Read("f", []byte(test.yaml), descriptor.Limits{Bytes: 200, Depth: 8, Keys: 4, Nodes: 40})
			if diff := cmp.Diff(test.want, messages(t, err)); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// messages returns the complaints without their remedies.
func messages(t *testing.T, err error) []string {
	t.Helper()
	if err == nil {
		return nil
	}
	if got := slice.KindOf(err); got != slice.Invalid {
		t.Errorf("kind %v, want invalid: %v", got, err)
	}
	var problems descriptor.Problems
	if !errors.As(err, &problems) {
		t.Fatalf("not problems: %v", err)
	}
	var out []string
	for _, p := range problems {
		p.Remedy = ""
		out = append(out, p.String())
	}
	return out
}

func TestBrokenYAMLHasALine(t *testing.T) {
	for _, text := range []string{"nst:\n- id: a\n  name: 'b\n", "a: [1, 2\n", "a: 1\n\tb: 2\n", "a: b: c\n", "\x00"} {
		_, err := descriptor.Read("f", []byte(text), descriptor.Limits{})
		got := messages(t, err)
		if len(got) != 1 || !strings.Contains(got[0], ":1: yaml-syntax: not YAML: ") {
			t.Errorf("%q: %v", text, got)
		}
	}
}

// TestBombsAreRefused feeds what is small on the wire and large in memory. How
// cheap that is stands in BenchmarkBomb.
func TestBombsAreRefused(t *testing.T) {
	var keys, lol strings.Builder
	for i := range 32_000 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	lol.WriteString("a0: &a0 [x, x]\n")
	for i := 1; i < 60; i++ {
		fmt.Fprintf(&lol, "a%d: &a%d [*a%d, *a%d]\n", i, i, i-1, i-1)
	}
	tests := map[string]struct {
		yaml string
		want string
	}{
		"32,000 keys":      {keys.String(), "f:1:1: yaml-keys: a mapping of 32000 keys, more than 1000"},
		"aliases":          {lol.String(), "anchor &a0 is not allowed"},
		"10,000 deep":      {strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), "nested deeper than 64"},
		"10,000 keys deep": {strings.Repeat("{a: ", 9_999) + "1" + strings.Repeat("}", 9_999), "nested deeper than 64"},
		"10,000 hyphens":   {strings.Repeat("- ", 10_000) + "a", "nested deeper than 64"},
		"500,000 hyphens":  {strings.Repeat("- ", 500_000) + "a", "exceeded max depth"},
		"1 MiB of braces":  {strings.Repeat("{", 1<<20), "not YAML"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := descriptor.Read("f", []byte(test.yaml), descriptor.Limits{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// TestA16BombsCostLittle counts the work that a bomb makes, which a busy machine
// does not change as it changes time. What time it is, BenchmarkBomb says.
func TestA16BombsCostLittle(t *testing.T) {
	var keys strings.Builder
	for i := range 32_000 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	for name, test := range map[string]struct {
		yaml string
		most float64 // allocations
	}{
		"32,000 keys": {keys.String(), 10 * 64_000},
		"10,000 deep": {strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), 20 * 10_000},
	} {
		got := testing.AllocsPerRun(1, func() {
			if _, err := descriptor.Read("f", []byte(test.yaml), descriptor.Limits{}); err == nil {
				t.Error("accepted")
			}
		})
		if got > test.most {
			t.Errorf("%s: %.0f allocations, more than %.0f", name, got, test.most)
		}
	}
}

// BenchmarkBomb reads a mapping of 32,000 keys, which takes a second and more
// where keys are not counted before they are decoded, and lists in 10,000 lists.
func BenchmarkBomb(b *testing.B) {
	var keys strings.Builder
	for i := range 32_000 {
		fmt.Fprintf(&keys, "k%d: 1\n", i)
	}
	deep := strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000)
	for name, text := range map[string]string{"keys": keys.String(), "deep": deep} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := descriptor.Read("f", []byte(text), descriptor.Limits{}); err == nil {
					b.Fatal("accepted")
				}
			}
		})
	}
}

func TestAt(t *testing.T) {
	doc, err := descriptor.Read("f", []byte("a:\n- b: 1\n- b: two\n"), descriptor.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"": "f:1:1", "a": "f:2:1", "a[1]": "f:3:3", "a[1].b": "f:3:6", "a[1].c": "f:3:3", "a[7].b": "f:2:1",
	} {
		if got := doc.At(path).String(); got != want {
			t.Errorf("%q at %s, want %s", path, got, want)
		}
	}
	if doc.Has("a[7]") || !doc.Has("a[0].b") {
		t.Error("Has is wrong")
	}
	p := doc.Problem("a[1].b", "do it", "message %d", 1)
	if got, want := p.String(), "f:3:6: message 1 (do it)"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func FuzzRead(f *testing.F) {
	for _, seed := range []string{"a: 1", "nst: [{id: a, netslice-subnet: [{id: b, nsd-ref: c}]}]", "nsd: {nsd: [{id: a}]}", "? [a]\n: b", "- &a *a", "a: 0b1\nb: 0o7\nc: 1_0\nd: 1e400\n", "--- !!set\n", "%YAML 1.1\n---\n", "a: 2001-01-01\n", "-0.0", "<<: {a: 1}\n", "additionalParamsForNsi: {l2sces: {networks: [{name: a}]}}", "\"\tddH!\r\r\""} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		doc, err := descriptor.Read("f", data, descriptor.Limits{Bytes: 1 << 12})
		if err != nil {
			if slice.KindOf(err) != slice.Invalid {
				t.Fatalf("kind of %v", err)
			}
			return
		}
		_, _, nstErr := doc.NST()
		_, _, nsdErr := doc.NSD()
		_, annexErr := doc.Annex()
		_, paramsErr := doc.Params()
		for _, err := range []error{nstErr, nsdErr, annexErr, paramsErr} {
			if err != nil && slice.KindOf(err) != slice.Invalid {
				t.Fatalf("kind of %v", err)
			}
		}
		var before, after any
		if err := descriptor.FromYAML("f", data, &before); err != nil {
			t.Fatal(err)
		}
		text, err := descriptor.YAML(before)
		if err != nil {
			t.Fatal(err)
		}
		if err := descriptor.FromYAML("f", text, &after); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(before, after); diff != "" {
			t.Fatalf("what was written is read otherwise:\n%s\n%s", text, diff)
		}
	})
}
