package main

import (
	"encoding/json"
	"errors"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/graph"
	"github.com/l2sces/l2sces/pkg/lint"
	"github.com/l2sces/l2sces/pkg/slice"
)

// graphFormats are what a graph can be written as.
var graphFormats = []string{"svg", "dot", "json"}

// packageGraphCommand draws packages.
func packageGraphCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "graph PACKAGE...",
		Short: "Draw how templates, services and functions hang together",
		Long: "Graph draws which service each subnet of a template runs, which function each member of a service is, and\n" +
			"how the links of slices and services reach them. What is named and is not among the packages is red and\n" +
			"dashed. Packages are folders, built archives, bare descriptors, or folders of these.",
		Example: "  l2sces package graph vnfd nsd descriptors/nst >packages.svg",
		Args:    cobra.MinimumNArgs(1),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error {
			if format := cmd.Flag("output").Value.String(); !slices.Contains(graphFormats, format) {
				return slice.Errorf(slice.Invalid, "--output %q is none of %s", format, strings.Join(graphFormats, ", "))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return drawPackages(cmd, args) },
	}
	c.Flags().StringP("output", "o", "svg", strings.Join(graphFormats, ", "))
	return c
}

func drawPackages(cmd *cobra.Command, args []string) (err error) {
	var open packageFiles
	defer func() { err = errors.Join(err, open.close()) }()
	packages, err := open.all(cmd.Context(), args)
	if err != nil {
		return err
	}
	docs, err := packageDescriptors(packages)
	if err != nil {
		return err
	}
	g := graph.New(docs)
	var text []byte
	switch cmd.Flag("output").Value.String() {
	case "dot":
		text = g.DOT()
	case "json":
		if text, err = json.MarshalIndent(g, "", "  "); err != nil {
			return err
		}
		text = append(text, '\n')
	default:
		text = g.SVG()
	}
	_, err = cmd.OutOrStdout().Write(text)
	return err
}

// packageDescriptors reads the descriptors of packages. What is no YAML is told
// of all of them at once.
func packageDescriptors(packages []lint.Package) ([]*descriptor.Document, error) {
	var (
		docs     []*descriptor.Document
		problems descriptor.Problems
	)
	for _, p := range packages {
		if len(p.Refused) > 0 {
			problems = append(problems, p.Refused...)
			continue
		}
		names, err := descriptorFiles(p)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			data, err := fs.ReadFile(p.Files, name)
			if err != nil {
				return nil, err
			}
			doc, err := descriptor.Read(path.Join(p.Name, name), data, descriptor.Limits{})
			var faults descriptor.Problems
			if errors.As(err, &faults) {
				problems = append(problems, faults...)
				continue
			}
			docs = append(docs, doc)
		}
	}
	return docs, problems.Err()
}

// descriptorFiles returns the descriptors in the top folder of a package.
func descriptorFiles(p lint.Package) ([]string, error) {
	if p.Bare != "" {
		return []string{p.Bare}, nil
	}
	var names []string
	for _, pattern := range []string{"*.yaml", "*.yml", "Definitions/*.yaml", "Definitions/*.yml"} {
		found, err := fs.Glob(p.Files, pattern)
		if err != nil {
			return nil, err
		}
		names = append(names, found...)
	}
	return names, nil
}
