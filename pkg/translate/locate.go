package translate

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// step parts the path of a fault: a list, an index and what is below.
var step = regexp.MustCompile(`^(slice\.networks|slice\.domains|overlay\.links|paths)\[(\d+)\](?:\.members\[(\d+)\])?(.*)$`)

// located turns faults of the intents into complaints about the files that
// they were made of.
func (t *translator) located(out intent.Intents, err error) error {
	var faults intent.Faults
	if !errors.As(err, &faults) {
		return err
	}
	var problems descriptor.Problems
	for _, f := range faults {
		problems = append(problems, descriptor.Problem{Position: t.locate(out, f.Path), Path: f.Path, Message: f.Message, Remedy: f.Remedy})
	}
	return problems.Err()
}

// locate finds the value behind a path of the intents. What annex or
// parameters write out is there. What they do not may come from the template,
// but for a member, which the template knows nothing of.
func (t *translator) locate(out intent.Intents, path string) descriptor.Position {
	refined, template := t.sources(out, path)
	at, exact := t.refined.At(refined)
	ours := refined != "" && at.Line != 0
	if ours && (exact || template == "" || strings.Contains(refined, ".members[")) {
		return at
	}
	return t.in.NST.At(t.at(template))
}

// sources returns where a value may come from: a path in annex and parameters,
// and one in the template. The intents are sorted, so it goes by names.
func (t *translator) sources(out intent.Intents, path string) (refined, template string) {
	m := step.FindStringSubmatch(path)
	if m == nil {
		return t.plainSources(path)
	}
	i, err := strconv.Atoi(m[2])
	if err != nil {
		return "", ""
	}
	rest, r := unsorted(m[4]), t.refined
	switch m[1] {
	case "slice.networks":
		return t.networkSources(out.Slice.Networks[i], m[3], rest)
	case "slice.domains":
		return t.domainSources(out.Slice.Domains[i].Name, rest)
	case "overlay.links":
		l := out.Overlay.Links[i]
		k := slices.IndexFunc(r.Overlay.Links, func(o descriptor.RefinedLink) bool {
			return min(o.From, o.To) == l.From && max(o.From, o.To) == l.To
		})
		if k >= 0 && r.Overlay.Links[k].From != l.From {
			rest = strings.NewReplacer(".from", ".to", ".to", ".from").Replace(rest) // the sorted form turned it round
		}
		return element("overlay.links", k, rest), ""
	default:
		p := out.Paths[i]
		k := slices.IndexFunc(r.Paths, func(o descriptor.RefinedPath) bool {
			return networkName(o.Network) == p.Network && o.From == p.From && o.To == p.To
		})
		return element("paths", k, rest), ""
	}
}

func (t *translator) networkSources(n intent.Network, member, rest string) (refined, template string) {
	k := slices.IndexFunc(t.refined.Networks, func(r descriptor.RefinedNetwork) bool { return networkName(r.Name) == n.Name })
	v := slices.IndexFunc(t.nst.VLDs, func(v descriptor.VLD) bool { return networkName(v.ID) == n.Name })
	if k >= 0 && member != "" {
		rest = t.member(n.Members, member, k) + rest
	}
	return element("networks", k, rest), element("netslice-vld", v, "")
}

func (t *translator) domainSources(name slice.Domain, rest string) (refined, template string) {
	s := slices.IndexFunc(t.nst.Subnets, func(s descriptor.Subnet) bool { return t.domainOf[s.ID] == name })
	template = element("netslice-subnet", s, ".id")
	k := slices.IndexFunc(t.refined.Domains, func(d descriptor.RefinedDomain) bool { return d.Name == name })
	if k >= 0 {
		return element("domains", k, rest), template
	}
	k = slices.IndexFunc(t.refined.Subnets, func(s descriptor.RefinedSubnet) bool { return s.Domain == name })
	return element("subnets", k, ".domain"), template
}

// plainSources are those of values that stand in no list.
func (t *translator) plainSources(path string) (refined, template string) {
	switch path {
	case "slice.id":
		if t.in.SliceID == "" && t.refined.Slice != "" {
			return "slice", ""
		}
		return "", "id"
	case "slice.tenant":
		return "tenant", ""
	case "slice.domains":
		return "domains", "netslice-subnet"
	case "slice.networks":
		return "networks", "netslice-vld"
	default:
		return path, ""
	}
}

// member returns the path of a member, inside its refined network.
func (t *translator) member(members []intent.Member, index string, network int) string {
	i, err := strconv.Atoi(index)
	if err != nil {
		return ""
	}
	k := slices.IndexFunc(t.refined.Networks[network].Members, func(m descriptor.RefinedMember) bool { return m.Name == members[i].Name })
	return element(".members", k, "")
}

func element(list string, index int, rest string) string {
	if index < 0 {
		return ""
	}
	return fmt.Sprintf("%s[%d]%s", list, index, rest)
}

// unsorted cuts the index off lists that the canonical form sorts.
func unsorted(rest string) string {
	for _, list := range []string{".domains[", ".avoid[", ".reserved[", ".ranges["} {
		if i := strings.Index(rest, list); i >= 0 {
			return rest[:i+len(list)-1]
		}
	}
	return rest
}
