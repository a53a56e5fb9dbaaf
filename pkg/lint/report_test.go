package lint_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/lint"
)

var update = flag.Bool("update", false, "write docs/lint.md anew")

// TestDocument keeps the page of rules as the table has them.
func TestDocument(t *testing.T) {
	const file = "../../docs/lint.md"
	want := lint.Markdown()
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil { //nolint:gosec // a page for everybody
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("run go test ./pkg/lint -run TestDocument -update:\n%s", diff)
	}
}

func TestFindingText(t *testing.T) {
	p := descriptor.Problem{Position: descriptor.Position{File: "a.yaml", Line: 3, Column: 5}, Rule: "mtu", Message: "too small", Remedy: "use more"}
	for severity, want := range map[lint.Severity]string{
		lint.Error:   "a.yaml:3:5: mtu: too small (use more)",
		lint.Warning: "warning: a.yaml:3:5: mtu: too small (use more)",
		lint.Note:    "note: a.yaml:3:5: mtu: too small (use more)",
	} {
		if got := (lint.Finding{Severity: severity, Problem: p}).String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// broken is one package with an error, a warning and a note.
func broken(t *testing.T, waivers string, o lint.Options) lint.Report {
	t.Helper()
	files := good(t)
	text := string(files[town].Data)
	text = replaced(t, text, "'00a1b2'", "'first'")
	text = replaced(t, text, "    name: video\n", "    name: Video\n")
	text = replaced(t, text, "type: ELINE", "type: ETREE")
	files[town] = mapFile(text)
	if waivers != "" {
		files["nst/town/l2sces/lint.yaml"] = mapFile(waivers)
	}
	return lint.Check(packages(t, files, false), o)
}

func rules(findings []lint.Finding) string {
	var all []string
	for _, f := range findings {
		all = append(all, f.Rule)
	}
	return strings.Join(all, " ")
}

func TestReportCountsAndSorts(t *testing.T) {
	r := broken(t, "", lint.Options{})
	if got, want := rules(r.Findings), "nst-differentiator nst-link-dropped schema-enum"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
	if got, want := r.Summary(), "5 packages: 1 error, 1 warning, 1 note"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestWaivers(t *testing.T) {
	asked := func(texts ...string) lint.Options {
		var o lint.Options
		for _, text := range texts {
			w, err := lint.ParseWaiver(text)
			if err != nil {
				t.Fatal(err)
			}
			o.Waivers = append(o.Waivers, w)
		}
		return o
	}
	own := func(rule, path string) string {
		return "waivers:\n- rule: " + rule + "\n  path: " + path + "\n  reason: Agreed with the operator.\n"
	}
	for _, row := range []struct {
		name, own    string
		options      lint.Options
		left, waived string
	}{
		{"rule", "", asked("nst-link-dropped"), "nst-differentiator schema-enum", "nst-link-dropped"},
		{"rule and path", "", asked("nst-link-dropped@nst[0].netslice-vld"), "nst-differentiator schema-enum", "nst-link-dropped"},
		{"rule and file", "", asked("nst-link-dropped@nst/town"), "nst-differentiator schema-enum", "nst-link-dropped"},
		{"an error, when asked", "", asked("schema-enum"), "nst-differentiator nst-link-dropped", "schema-enum"},
		{"another path", "", asked("nst-link-dropped@nst[1]"), "waiver-unused nst-differentiator nst-link-dropped schema-enum", ""},
		{"a path that only begins alike", "", asked("nst-link-dropped@nst[0].netslice-v"), "waiver-unused nst-differentiator nst-link-dropped schema-enum", ""},
		{"own", own("nst-differentiator", "nst[0]"), lint.Options{}, "nst-link-dropped schema-enum", "nst-differentiator"},
		{"own, elsewhere", own("nst-differentiator", "nst[0].name"), lint.Options{}, "waiver-unused nst-differentiator nst-link-dropped schema-enum", ""},
		{"own, an error", own("schema-enum", "nst[0]"), lint.Options{}, "waiver-form nst-differentiator nst-link-dropped schema-enum", ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			r := broken(t, row.own, row.options)
			if got := rules(r.Findings); got != row.left {
				t.Errorf("left are %s, want %s", got, row.left)
			}
			if got := rules(r.Waived); got != row.waived {
				t.Errorf("waived are %s, want %s", got, row.waived)
			}
		})
	}
	if _, err := lint.ParseWaiver("everything"); err == nil {
		t.Error("a waiver of no rule is taken")
	}
}

// TestWaiverCountsOnce finds the same twice with the same options.
func TestWaiverCountsOnce(t *testing.T) {
	w, err := lint.ParseWaiver("nst-link-dropped")
	if err != nil {
		t.Fatal(err)
	}
	o := lint.Options{Waivers: []lint.Waiver{w}}
	if diff := cmp.Diff(broken(t, "", o), broken(t, "", o)); diff != "" {
		t.Error(diff)
	}
}

func TestClosed(t *testing.T) {
	all := packages(t, good(t), false)
	only := slices.DeleteFunc(all, func(p lint.Package) bool { return !strings.HasPrefix(p.Name, "nst/") })
	if r := lint.Check(only, lint.Options{}); r.Errors != 0 || rules(r.Findings) != "package-absent package-absent" {
		t.Errorf("%v", r.Findings)
	}
	if r := lint.Check(only, lint.Options{Closed: true}); r.Errors != 2 {
		t.Errorf("%v", r.Findings)
	}
}

// TestRefused shows what a reader of archives refuses like everything else.
func TestRefused(t *testing.T) {
	at := descriptor.Problem{Position: descriptor.Position{File: "a.tar.gz/../x"}, Rule: "archive-path", Message: "it leads out", Remedy: "remove it"}
	r := lint.Check([]lint.Package{{Name: "a.tar.gz", Built: true, Refused: descriptor.Problems{at}}}, lint.Options{})
	if len(r.Findings) != 1 || r.Errors != 1 || r.Findings[0].String() != "a.tar.gz/../x: archive-path: it leads out (remove it)" {
		t.Errorf("%v", r.Findings)
	}
}

// TestSARIF holds the interchange format to what its standard demands.
func TestSARIF(t *testing.T) {
	w, err := lint.ParseWaiver("nst-differentiator")
	if err != nil {
		t.Fatal(err)
	}
	r := broken(t, "", lint.Options{Waivers: []lint.Waiver{w}})
	r.Findings = append(r.Findings, lint.Finding{Severity: lint.Error, Problem: descriptor.Problem{
		Position: descriptor.Position{File: "a b.tar.gz"}, Rule: "archive-path", Message: "it leads out",
	}})
	data, err := r.SARIF("1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	var log struct {
		Version string
		Runs    []struct {
			Tool struct {
				Driver struct {
					Name, Version string
					Rules         []struct {
						ID                   string
						ShortDescription     struct{ Text string }
						DefaultConfiguration struct{ Level string }
					}
				}
			}
			Results []struct {
				RuleID    string
				RuleIndex int
				Level     string
				Message   struct{ Text string }
				Locations []struct {
					PhysicalLocation struct {
						ArtifactLocation struct{ URI string }
						Region           *struct{ StartLine, StartColumn int }
					}
				}
				Suppressions []struct{ Kind, Justification string }
			}
		}
	}
	if err := json.Unmarshal(data, &log); err != nil {
		t.Fatal(err)
	}
	if log.Version != "2.1.0" || len(log.Runs) != 1 {
		t.Fatalf("version %s, %d runs", log.Version, len(log.Runs))
	}
	driver := log.Runs[0].Tool.Driver
	levels := []string{"error", "warning", "note"}
	for _, r := range driver.Rules {
		if r.ID == "" || r.ShortDescription.Text == "" || !slices.Contains(levels, r.DefaultConfiguration.Level) {
			t.Errorf("rule %+v", r)
		}
	}
	var got []string
	for _, r := range log.Runs[0].Results {
		if driver.Rules[r.RuleIndex].ID != r.RuleID || r.Message.Text == "" || !slices.Contains(levels, r.Level) {
			t.Errorf("result %+v", r)
		}
		at := r.Locations[0].PhysicalLocation
		line := fmt.Sprintf("%s %s %s", r.Level, r.RuleID, at.ArtifactLocation.URI)
		if at.Region != nil {
			line += fmt.Sprintf(" %d:%d", at.Region.StartLine, at.Region.StartColumn)
		}
		for _, s := range r.Suppressions {
			line += " " + s.Kind
		}
		got = append(got, line)
	}
	want := []string{
		"warning nst-link-dropped nst/town/nst.yaml 26:11",
		"error schema-enum nst/town/nst.yaml 27:11",
		"error archive-path a%20b.tar.gz",
		"note nst-differentiator nst/town/nst.yaml 6:27 external",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestOrderDoesNotMatter finds the same in whatever order packages are named.
func TestOrderDoesNotMatter(t *testing.T) {
	files := good(t)
	files[town] = mapFile(replaced(t, string(files[town].Data), "nss-ref: south", "nss-ref: sauth"))
	files[site] = mapFile(replaced(t, string(files[site].Data), "constituent-cpd-id: data-ext", "constituent-cpd-id: dataext"))
	files[router] = mapFile(replaced(t, string(files[router].Data), "cpd: mgmt-int", "cpd: mgnt-int"))
	all := packages(t, files, false)
	want := lint.Check(all, lint.Options{}).Findings
	if len(want) != 3 {
		t.Fatalf("%v", want)
	}
	rapid.Check(t, func(t *rapid.T) {
		order := rapid.Permutation(all).Draw(t, "order")
		if diff := cmp.Diff(want, lint.Check(order, lint.Options{}).Findings); diff != "" {
			t.Error(diff)
		}
	})
}

// TestManyFaults ends soon however much is wrong.
func TestManyFaults(t *testing.T) {
	var function, service strings.Builder
	function.WriteString("vnfd:\n  id: many-vnf\n  ext-cpd:\n")
	service.WriteString("nsd:\n  nsd:\n  - id: many-ns\n    vnfd-id: [many-vnf]\n    df:\n    - vnf-profile:\n      - id: m\n        vnfd-id: many-vnf\n        virtual-link-connectivity:\n        - constituent-cpd-id:\n")
	for i := range 5_000 {
		fmt.Fprintf(&function, "  - {id: p%d, int-cpd: {vdu-id: q%d}}\n", i, i)
		fmt.Fprintf(&service, "          - {constituent-base-element-id: m, constituent-cpd-id: r%d}\n", i)
	}
	files := good(t)
	files["vnfd/many_vnf/many_vnf.yaml"] = mapFile(function.String())
	files["nsd/many_ns/many_ns.yaml"] = mapFile(service.String())
	begin := time.Now()
	r := lint.Check(packages(t, files, false), lint.Options{})
	if took := time.Since(begin); len(r.Findings) > 2000 || took > 20*time.Second {
		t.Errorf("%d findings after %s", len(r.Findings), took)
	}
}
