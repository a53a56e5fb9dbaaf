package pipeline_test

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/flow"
	"github.com/l2sces/l2sces/pkg/pipeline"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/topology"
)

const page = "../../docs/pipeline.md"

// The networks that the page shows, as switch 1 has them: 42 has a capped tenant
// port and a hand-off here and a tenant port on switch 2; 44 is an ext-vnet.
var (
	pageGraph = triangle
	pageVNet  = pipeline.Network{Number: 42, Type: slice.VNet, BandwidthKbps: 10_000, Attachments: []pipeline.Attachment{
		{Switch: 1, Port: 3, Behind: macs(0x11)},
		{Switch: 1, Port: 9, Label: 7, Behind: macs(0x31)},
		{Switch: 2, Port: 3, Behind: macs(0x21)},
	}}
	pageBound = pipeline.Network{Number: 43, Type: slice.VNet, Attachments: []pipeline.Attachment{
		{Switch: 1, Port: 5, Behind: macs(0x11), Addresses: addrs("192.0.2.11")},
		{Switch: 2, Port: 5, Behind: macs(0x21), Addresses: addrs("192.0.2.21")},
	}}
	pageProtected = pipeline.Network{Number: 45, Backup: 46, Type: slice.VLink, Attachments: []pipeline.Attachment{
		{Switch: 1, Port: 7, Behind: macs(0x11)}, {Switch: 2, Port: 7, Behind: macs(0x21)},
	}}
	pageMirrored = pipeline.Network{Number: 47, Copies: 48, Type: slice.VNet, Mirror: topology.End{Switch: 2, Port: 9}, Attachments: []pipeline.Attachment{
		{Switch: 1, Port: 8, Behind: macs(0x11)}, {Switch: 3, Port: 8, Behind: macs(0x31)},
	}}
	pageExt = pipeline.Network{Number: 44, Type: slice.ExtVNet, Attachments: []pipeline.Attachment{
		{Switch: 1, Port: 6}, {Switch: 2, Port: 6},
	}}
)

// dumps returns the numbered rules of switch 1, by table, groups with Flood and
// meters with Limit.
func dumps(t *testing.T) map[string]string {
	t.Helper()
	all := pipeline.Base()
	all.Flows = append(all.Flows, pipeline.Discovery(102))
	for _, n := range []pipeline.Network{pageVNet, pageBound, pageExt, pageProtected, pageMirrored} {
		r := compile(t, n, pageGraph).Rules[1]
		all.Flows = append(all.Flows, r.Flows...)
		all.Groups = append(all.Groups, r.Groups...)
		all.Meters = append(all.Meters, r.Meters...)
	}
	lines := map[string][]string{}
	add := func(table *flow.Table, rule fmt.Stringer) {
		lines[table.Name] = append(lines[table.Name], fmt.Sprintf("%d. %s\n", len(lines[table.Name])+1, rule))
	}
	for _, f := range all.Flows {
		add(f.Table, f)
	}
	for _, m := range all.Meters {
		add(pipeline.Limit, m)
	}
	for _, g := range all.Groups {
		add(pipeline.Flood, g)
	}
	text := map[string]string{}
	for name, l := range lines {
		text[name] = strings.Join(l, "")
	}
	return text
}

var dump = regexp.MustCompile("(?s)<!-- dump: (\\w+) -->\n```\n(.*?)```")

// The page tells what the tables declare, and shows what comes out.
func TestPage(t *testing.T) {
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	now, shown := dumps(t), map[string]bool{}
	text := dump.ReplaceAllStringFunc(string(old), func(block string) string {
		name := dump.FindStringSubmatch(block)[1]
		shown[name] = true
		return fmt.Sprintf("<!-- dump: %s -->\n```\n%s```", name, now[name])
	})
	if *update {
		if err := os.WriteFile(page, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		old = []byte(text)
	}
	if diff := cmp.Diff(text, string(old)); diff != "" {
		t.Errorf("%s is stale (-now +page); see -update\n%s", page, diff)
	}
	for _, table := range pipeline.Tables {
		if !shown[table.Name] {
			t.Errorf("%s does not show table %s", page, table.Name)
		}
		for _, line := range []string{heading(table), declared(table)} {
			if !strings.Contains(text, line) {
				t.Errorf("%s does not have the line %q", page, line)
			}
		}
	}
}

func heading(table *flow.Table) string {
	return fmt.Sprintf("\n## %s (table %d)\n", table.Name, table.ID)
}

// declared is the line of the page that says what a table matches and where it
// leads.
func declared(table *flow.Table) string {
	var fields, next []string
	for _, f := range table.Fields {
		fields = append(fields, "`"+f.String()+"`")
	}
	for _, n := range table.Next {
		next = append(next, n.Name)
	}
	orNone := func(words []string, none string) string {
		if len(words) == 0 {
			return none
		}
		return strings.Join(words, ", ")
	}
	return fmt.Sprintf("*Matches* %s. *Leads to* %s.", orNone(fields, "nothing"), orNone(next, "nothing"))
}
