package lint

import (
	"fmt"
	"strings"
)

// chapters are the rules by what they are about.
var chapters = []struct {
	title string
	rules []Rule
}{
	{"Packages", packageRules},
	{"Reading and model", modelRules},
	{"Ids, names and descriptions", textRules},
	{"Functions", vnfdRules},
	{"Configuration", configRules},
	{"Charts, charms and files", artifactRules},
	{"Services", nsdRules},
	{"Addresses", addressRules},
	{"Templates", nstRules},
}

const introduction = "# Rules of `l2sces package lint`\n\n" +
	"This page is made from the table of rules; a test keeps it as it is. `l2sces package rules RULE` prints one of them.\n\n" +
	"- **error**: OSM refuses the package, or fails with it.\n" +
	"- **warning**: OSM takes it and something is lost in silence, or it is fragile. With `--strict` it counts as an error.\n" +
	"- **note**: advice.\n\n" +
	"A finding is `file:line:column: rule: message (remedy)`, with the severity in front where it is no error. The exit status\n" +
	"is 2 where errors are found. Archives are opened with the limits of `l2sces package verify`; what these refuse has the\n" +
	"rules `archive-*`, which are errors all.\n\n" +
	"## Waivers\n\n" +
	"`--waive RULE` or `--waive RULE@PATH` silences a rule, everywhere or for one value (`nst[0].name`) or file and what is below.\n" +
	"A package brings its own waivers in `l2sces/lint.yaml`, a folder that OSM does not look into. There a reason must be given,\n" +
	"and errors cannot be waived. A waiver that finds nothing to waive is a warning.\n\n" +
	"```yaml\nwaivers:\n- rule: nst-differentiator\n  path: nst[0].SNSSAI-identifier\n  reason: The operator gives numbers of its own.\n```\n"

// Markdown returns the page of all rules.
func Markdown() string {
	var b strings.Builder
	b.WriteString(introduction)
	for _, c := range chapters {
		fmt.Fprintf(&b, "\n## %s\n\n| rule | severity | what it finds |\n|---|---|---|\n", c.title)
		for _, r := range c.rules {
			fmt.Fprintf(&b, "| [`%s`](#%s) | %s | %s |\n", r.ID, r.ID, r.Severity, r.What)
		}
		for _, r := range c.rules {
			fmt.Fprintf(&b, "\n### %s\n\n%s: %s %s\n\nRemedy: %s.\n\n%s", r.ID, r.Severity, r.What, r.Why, r.Remedy, r.Example.markdown())
		}
	}
	return b.String()
}

// Text writes a rule for a terminal.
func (r Rule) Text(w *strings.Builder) {
	fmt.Fprintf(w, "%s (%s)\n\n%s\n%s\nRemedy: %s.\n\n", r.ID, r.Severity, r.What, r.Why, r.Remedy)
	said, diff := r.Example.said()
	fmt.Fprintln(w, said)
	w.WriteString(diff)
}

func (e Example) markdown() string {
	said, diff := e.said()
	if diff == "" {
		return said + "\n"
	}
	return said + "\n\n```diff\n" + diff + "```\n"
}

// said tells what is done to a good package, and shows it where it is text.
func (e Example) said() (said, diff string) {
	switch {
	case e.Pipe:
		return fmt.Sprintf("Example: `%s` is a pipe.", e.File), ""
	case e.To != "":
		return fmt.Sprintf("Example: `%s` is called `%s`.", e.File, e.To), ""
	case e.Built:
		return fmt.Sprintf("Example: an archive is built of the folder of `%s` without the program of its charm.", e.File), ""
	case e.Old == "" && e.New == "":
		return fmt.Sprintf("Example: `%s` is missing.", e.File), ""
	}
	said = fmt.Sprintf("Example: in `%s`", e.File)
	if e.Again != "" {
		e.New += strings.ReplaceAll(e.Again, "%d", "0")
		said += fmt.Sprintf(", the end %d times", e.Times)
	}
	return said, e.Also.diff() + Edit{Old: e.Old, New: e.New}.diff()
}

// diff shows an edit line by line, with what stays above and below.
func (e Edit) diff() string {
	if e == (Edit{}) {
		return ""
	}
	old, now := lines(e.Old), lines(e.New)
	head := 0
	for head < min(len(old), len(now)) && old[head] == now[head] {
		head++
	}
	tail := 0
	for tail < min(len(old), len(now))-head && old[len(old)-1-tail] == now[len(now)-1-tail] {
		tail++
	}
	var b strings.Builder
	put := func(sign string, lines []string) {
		for _, line := range lines {
			b.WriteString(strings.TrimRight(sign+line, " ") + "\n")
		}
	}
	put(" ", old[:head])
	put("-", old[head:len(old)-tail])
	put("+", now[head:len(now)-tail])
	put(" ", old[len(old)-tail:])
	return b.String()
}

func lines(s string) []string {
	if s == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(s, "\n"), "\n")
}
