package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/lint"
	"github.com/l2sces/l2sces/pkg/pack"
	"github.com/l2sces/l2sces/pkg/slice"
)

// lintOptions are the flags of a check.
type lintOptions struct {
	against []string
	waive   []string
	closed  bool
	strict  bool
}

// packageLintCommand checks packages.
func packageLintCommand() *cobra.Command {
	var o lintOptions
	c := &cobra.Command{
		Use:   "lint PACKAGE...",
		Short: "Say what is wrong with packages before OSM does",
		Long: "Lint checks packages of functions, services and slice templates: folders, built archives, or bare descriptors.\n" +
			"It finds what OSM refuses, and what OSM takes and loses later. What one package refers to is looked for in the\n" +
			"others that are named, and in those of --against. Errors make the exit status 2. `l2sces package rules` lists\n" +
			"what is looked for.",
		Example:           "  l2sces package lint vnfd/* nsd/* descriptors/nst/*",
		Args:              cobra.MinimumNArgs(1),
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return checkLintOutput(cmd) },
		RunE: func(cmd *cobra.Command, args []string) error {
			report, err := o.lint(cmd.Context(), args)
			if err != nil {
				return err
			}
			if err := showReport(cmd, &report); err != nil {
				return err
			}
			if report.Errors > 0 || o.strict && report.Warnings > 0 {
				return slice.Errorf(slice.Invalid, "%s", report.Summary())
			}
			return nil
		},
	}
	f := c.Flags()
	f.StringP("output", "o", "table", "table, json, yaml or sarif")
	f.StringArrayVar(&o.against, "against", nil, "package that may be referred to and is not checked itself, or a folder of these; repeatable")
	f.StringArrayVar(&o.waive, "waive", nil, "RULE, or RULE@PATH of a value or file, to be silent about; repeatable")
	f.BoolVar(&o.closed, "closed", false, "no other packages will be there: an absent one is an error")
	f.BoolVar(&o.strict, "strict", false, "fail on warnings, too")
	return c
}

func checkLintOutput(cmd *cobra.Command) error {
	formats := append(slices.Clone(cli.Formats), "sarif")
	if format := cmd.Flag("output").Value.String(); !slices.Contains(formats, format) {
		return slice.Errorf(slice.Invalid, "--output %q is none of %s", format, strings.Join(formats, ", "))
	}
	return nil
}

// showReport writes a report in the format that is asked for.
func showReport(cmd *cobra.Command, report *lint.Report) error {
	if cmd.Flag("output").Value.String() != "sarif" {
		return show(cmd, report, report.Text)
	}
	data, err := report.SARIF(version)
	if err != nil {
		return err
	}
	_, err = cmd.OutOrStdout().Write(append(data, '\n'))
	return err
}

// lint opens the packages and checks them.
func (o lintOptions) lint(ctx context.Context, names []string) (report lint.Report, err error) {
	options := lint.Options{Closed: o.closed}
	for _, text := range o.waive {
		w, err := lint.ParseWaiver(text)
		if err != nil {
			return report, err
		}
		options.Waivers = append(options.Waivers, w)
	}
	var open packageFiles
	defer func() { err = errors.Join(err, open.close()) }()
	packages, err := open.all(ctx, names)
	if err != nil {
		return report, err
	}
	if options.Against, err = open.all(ctx, o.against); err != nil {
		return report, err
	}
	return lint.Check(packages, options), nil
}

// packageFiles opens packages and closes them in the end.
type packageFiles struct{ opened []io.Closer }

func (p *packageFiles) close() error {
	var errs []error
	for _, c := range p.opened {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

// all opens packages of every form, and all of a folder that holds several.
func (p *packageFiles) all(ctx context.Context, names []string) ([]lint.Package, error) {
	var packages []lint.Package
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, wrongFile(err)
		}
		name = filepath.ToSlash(filepath.Clean(name))
		switch ext := path.Ext(name); {
		case info.IsDir():
			found, err := folders(name)
			if err != nil {
				return nil, err
			}
			packages = append(packages, found...)
		case ext == ".yaml" || ext == ".yml" || ext == ".json":
			dir := path.Dir(name)
			packages = append(packages, lint.Package{Name: dir, Files: os.DirFS(dir), Bare: path.Base(name)})
		case ext == ".md": // a page about the packages beside it
		default:
			one, err := p.archive(ctx, name)
			if err != nil {
				return nil, err
			}
			packages = append(packages, one)
		}
	}
	return packages, nil
}

// folders returns the package of a folder, or those of the folders in it where
// it is none itself.
func folders(name string) ([]lint.Package, error) {
	files := os.DirFS(name)
	for _, pattern := range []string{"*.yaml", "*.yml", "*.json", "Definitions"} {
		if found, err := fs.Glob(files, pattern); err != nil || len(found) > 0 {
			return []lint.Package{{Name: name, Files: files}}, err
		}
	}
	below, err := fs.Glob(files, "*/*.y*ml")
	if err != nil {
		return nil, err
	}
	var packages []lint.Package
	for _, file := range below {
		dir := path.Join(name, path.Dir(file))
		if i := len(packages); i == 0 || packages[i-1].Name != dir {
			packages = append(packages, lint.Package{Name: dir, Files: os.DirFS(dir)})
		}
	}
	if len(packages) == 0 {
		return []lint.Package{{Name: name, Files: files}}, nil // which will be told that it is none
	}
	return packages, nil
}

// archive opens a built package. What is not safe in it is a finding.
func (p *packageFiles) archive(ctx context.Context, name string) (lint.Package, error) {
	one := lint.Package{Name: name, Built: true}
	opened, err := pack.Open(ctx, name, pack.Limits{})
	if errors.As(err, &one.Refused) {
		return one, nil
	}
	if err != nil {
		return one, fmt.Errorf("open %s: %w", name, err)
	}
	p.opened = append(p.opened, opened)
	one.Files = opened.Files()
	return one, nil
}

// packageRulesCommand prints what is looked for.
func packageRulesCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "rules [RULE]",
		Short:   "List the rules of package lint, or explain one",
		Example: "  l2sces package rules nst-link-dropped",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			all := lint.Rules()
			if len(args) == 0 {
				return show(cmd, all, func(w *strings.Builder) {
					for _, r := range all {
						fmt.Fprintf(w, "%s\t%s\t%s\n", r.ID, r.Severity, r.What)
					}
				})
			}
			i := slices.IndexFunc(all, func(r lint.Rule) bool { return r.ID == args[0] })
			if i < 0 {
				return slice.Errorf(slice.Invalid, "there is no rule %q: see `l2sces package rules`", args[0])
			}
			return show(cmd, all[i], all[i].Text)
		},
	}
}
