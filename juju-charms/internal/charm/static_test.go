package charm_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/juju-charms/internal/charm"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/plugin/primitive"
)

var update = flag.Bool("update", false, "write the files of the charms anew")

// folder holds the charms.
const folder = "../.."

// The parts of the files of a charm, as Juju and charmcraft want them.
type (
	property struct {
		Type        string `json:"type"`
		Description string `json:"description,omitempty"`
		Default     any    `json:"default,omitempty"`
	}
	action struct {
		Description string              `json:"description"`
		Params      map[string]property `json:"params,omitempty"`
		Required    []string            `json:"required,omitempty"`
		Additional  bool                `json:"additionalProperties"`
	}
	options struct {
		Options map[string]property `json:"options"`
	}
	metadata struct {
		Name        string   `json:"name"`
		DisplayName string   `json:"display-name"`
		Summary     string   `json:"summary"`
		Description string   `json:"description"`
		Assumes     []string `json:"assumes"`
	}
	base struct {
		Name          string   `json:"name"`
		Channel       string   `json:"channel"`
		Architectures []string `json:"architectures"`
	}
	manifest struct {
		Bases []base `json:"bases"`
	}
	part struct {
		Plugin   string   `json:"plugin"`
		Source   string   `json:"source"`
		Snaps    []string `json:"build-snaps"`
		Override string   `json:"override-build"`
	}
	charmcraft struct {
		Name        string            `json:"name"`
		Type        string            `json:"type"`
		Title       string            `json:"title"`
		Summary     string            `json:"summary"`
		Description string            `json:"description"`
		Assumes     []string          `json:"assumes"`
		Base        string            `json:"base"`
		BuildBase   string            `json:"build-base"`
		Platforms   map[string]any    `json:"platforms"`
		Parts       map[string]part   `json:"parts"`
		Config      options           `json:"config"`
		Actions     map[string]action `json:"actions"`
	}
)

// A face is what can be seen of a charm, whatever it reaches.
type face struct {
	name, title, summary string
	parameters           map[string][]primitive.Parameter // by action
	help                 map[string]string
	tolerant             map[string]bool
	option               string
	more                 string // the option beside it
}

func faceOf[T any](c charm.Charm[T], title, summary, more string) face {
	f := face{
		name: c.Name, title: title, summary: summary, option: c.Option, more: more,
		parameters: map[string][]primitive.Parameter{}, help: map[string]string{}, tolerant: map[string]bool{},
	}
	for _, p := range c.Primitives {
		f.parameters[p.Name], f.help[p.Name], f.tolerant[p.Name] = p.Parameters, p.Help, p.Tolerant
	}
	return f
}

func faces() []face {
	return []face{
		faceOf(charm.SCO(), "Slice Connectivity Orchestrator", "Drives the SCO, which keeps slices over several domains", "tenant"),
		faceOf(charm.SDNC(), "SDN controller", "Asks the SDN controller of one domain", "domain"),
		faceOf(charm.SPS(), "Slice Packet Switch", "Looks after the slice switches of one domain, through their SDN controller", "domain"),
		faceOf(charm.NED(), "Network Edge Device", "Looks after the edge devices of one domain, through the SCO", "domain"),
	}
}

var jsonTypes = map[primitive.Type]string{primitive.Text: "string", primitive.Number: "integer", primitive.Truth: "boolean"}

func (f face) actions(t *testing.T) map[string]action {
	t.Helper()
	out := map[string]action{}
	for name, parameters := range f.parameters {
		a := action{Description: f.help[name], Params: map[string]property{}, Additional: f.tolerant[name]}
		if a.Description == "" {
			t.Errorf("%s: %s has no help", f.name, name)
		}
		for _, p := range parameters {
			q := property{Type: jsonTypes[p.Type], Description: p.Help()}
			if q.Description == "" {
				t.Errorf("%s: parameter %s has no help", f.name, p.Name)
			}
			switch {
			case p.Default == "":
			case p.Type == primitive.Number:
				var n int
				must(t, descriptor.FromYAML("default", []byte(p.Default), &n))
				q.Default = n
			case p.Type == primitive.Truth:
				q.Default = p.Default == "true"
			default:
				q.Default = p.Default
			}
			a.Params[p.Name] = q
			if p.Mandatory {
				a.Required = append(a.Required, p.Name)
			}
		}
		out[name] = a
	}
	return out
}

// files returns the static half of a charm.
func (f face) files(t *testing.T) map[string]any {
	t.Helper()
	const needs = "juju >= 3.6"
	long := f.summary + ". A proxy charm without a workload of its own: it calls an API with a certificate from a Juju secret."
	config := options{map[string]property{
		f.option:      {Type: "string", Description: primitive.Parameter{Name: f.option}.Help(), Default: ""},
		f.more:        {Type: "string", Description: primitive.Parameter{Name: f.more}.Help(), Default: ""},
		"credentials": {Type: "secret", Description: "Secret with tls-crt, tls-key and ca-crt, granted to this application"},
		// OSM sets options of these names where others would run the action config.
		"osm-config":      {Type: "string", Description: primitive.Parameter{Name: "osm-config"}.Help(), Default: ""},
		"timeout-seconds": {Type: "int", Description: "of config; it has no effect", Default: 60},
	}}
	return map[string]any{
		"charm/metadata.yaml": metadata{f.name, f.title, f.summary, long, []string{needs}},
		"charm/manifest.yaml": manifest{[]base{{"ubuntu", "24.04", []string{"amd64"}}}},
		"charm/config.yaml":   config,
		"charm/actions.yaml":  f.actions(t),
		"charmcraft.yaml": charmcraft{
			Name: f.name, Type: "charm", Title: f.title, Summary: f.summary, Description: long, Assumes: []string{needs},
			Base: "ubuntu@24.04", BuildBase: "ubuntu@24.04", Platforms: map[string]any{"amd64": nil},
			Parts: map[string]part{"charm": {
				Plugin: "nil", Source: "../..", Snaps: []string{"go"},
				Override: "CGO_ENABLED=0 go build -trimpath -buildvcs=false -ldflags '-s -w' -o \"$CRAFT_PART_INSTALL/dispatch\" ./juju-charms/" + f.name + "\n",
			}},
			Config: config, Actions: f.actions(t),
		},
	}
}

// The files of each charm say what its program does.
func TestFilesOfCharms(t *testing.T) {
	for _, f := range faces() {
		for name, value := range f.files(t) {
			want, err := descriptor.YAML(value)
			must(t, err)
			path := filepath.Join(folder, f.name, name)
			if *update {
				must(t, os.WriteFile(path, want, 0o644))
			}
			have, err := os.ReadFile(path)
			must(t, err)
			if diff := cmp.Diff(string(want), string(have)); diff != "" {
				t.Errorf("%s is not what the program does: go test ./juju-charms/internal/charm -update (-want +have)\n%s", path, diff)
			}
		}
	}
}

// A charm can do what the descriptor of its function says, and nothing else.
func TestActionsAreThePrimitivesOfTheDescriptors(t *testing.T) {
	for _, f := range faces() {
		path := filepath.Join(folder, "..", "vnfd", f.name+"_knf", f.name+"_knf.yaml")
		text, err := os.ReadFile(path)
		must(t, err)
		doc, err := descriptor.Read(path, text, descriptor.Limits{})
		must(t, err)
		body, problems := doc.Body()
		must(t, problems.Err())
		environments := body.Get("df").Items()[0].Get("lcm-operations-configuration").Get("operate-vnf-op-config").Get("day1-2").Items()
		if len(environments) == 0 {
			t.Fatalf("%s: no day1-2", path)
		}
		for _, e := range environments {
			have := map[string][]primitive.Parameter{}
			for _, p := range e.Get("config-primitive").Items() {
				have[p.Get("execution-environment-primitive").Text()] = parametersOf(p)
			}
			if diff := cmp.Diff(sorted(f.parameters), sorted(have)); diff != "" {
				t.Errorf("%s, %s: (-charm +descriptor)\n%s", path, e.Get("id").Text(), diff)
			}
			f.fixed(t, e)
		}
	}
}

// fixed checks what is run at the beginning and at the end.
func (f face) fixed(t *testing.T, e descriptor.Node) {
	t.Helper()
	for _, kind := range []string{"initial-config-primitive", "terminate-config-primitive"} {
		for _, p := range e.Get(kind).Items() {
			known := sorted(f.parameters)[p.Get("name").Text()]
			if known == nil {
				t.Errorf("%s: there is no primitive %s", f.name, p.Get("name").Text())
			}
			for _, given := range p.Get("parameter").Items() {
				if have, ok := known[given.Get("name").Text()]; !ok || string(have.Type) != given.Get("data-type").Text() {
					t.Errorf("%s: %s has no parameter %s of this type", f.name, p.Get("name").Text(), given.Get("name").Text())
				}
			}
		}
	}
}

func parametersOf(p descriptor.Node) []primitive.Parameter {
	var all []primitive.Parameter
	for _, n := range p.Get("parameter").Items() {
		all = append(all, primitive.Parameter{
			Name: n.Get("name").Text(), Type: primitive.Type(n.Get("data-type").Text()),
			Mandatory: n.Get("mandatory").Bool(), Default: n.Get("default-value").Text(),
		})
	}
	return all
}

// sorted returns parameters by primitive and name.
func sorted(all map[string][]primitive.Parameter) map[string]map[string]primitive.Parameter {
	out := map[string]map[string]primitive.Parameter{}
	for name, parameters := range all {
		out[name] = map[string]primitive.Parameter{}
		for _, p := range parameters {
			out[name][p.Name] = p
		}
	}
	return out
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
