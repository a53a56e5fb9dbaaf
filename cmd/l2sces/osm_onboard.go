package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/pack"
	"github.com/l2sces/l2sces/pkg/slice"
)

// onboardOptions are the flags of an upload.
type onboardOptions struct {
	desk   deskFlags
	lint   lintOptions
	noLint bool
}

// onboardCommand uploads packages.
func onboardCommand() *cobra.Command {
	var o onboardOptions
	c := &cobra.Command{
		Use:   "onboard PACKAGE|FOLDER...",
		Short: "Upload packages to OSM, those that others need first",
		Long: "Onboard reads archives (tar.gz, CSAR), or all archives of a folder, checks them as `l2sces package lint` does, and uploads\n" +
			"functions, then services, then templates, each with its digest. One that OSM has with the same bytes is left alone; one\n" +
			"with others is updated, which OSM refuses for most changes of a package in use. What is needed has to be given, or to\n" +
			"be in OSM; else nothing is done. After a failure the same command goes on. Of NAME.tar.gz and NAME.csar the first is taken.",
		Example: "  l2sces osm onboard bin/packages\n" +
			"  l2sces osm onboard bin/packages/rtp_knf.tar.gz bin/packages/rtp_ns.tar.gz --dry-run",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			names, err := archives(args)
			if err != nil {
				return err
			}
			packages, err := readPackages(cmd.Context(), names)
			if err != nil {
				return err
			}
			if err := o.check(cmd, names); err != nil {
				return err
			}
			return o.desk.at(cmd, func(ctx context.Context, desk onboard.Desk) error {
				results, err := desk.Packages(ctx, packages)
				return showResults(cmd, results, err)
			})
		},
	}
	f := c.Flags()
	o.desk.flags(f, 0)
	f.BoolVar(&o.noLint, "no-lint", false, "upload also what is broken")
	f.StringArrayVar(&o.lint.against, "against", nil, "package that may be referred to and is not uploaded itself, or a folder of these; repeatable")
	f.StringArrayVar(&o.lint.waive, "waive", nil, "RULE, or RULE@PATH of a value or file, to be silent about; repeatable")
	return c
}

// check holds packages to the rules, and shows what is wrong.
func (o onboardOptions) check(cmd *cobra.Command, names []string) error {
	if o.noLint {
		return nil
	}
	report, err := o.lint.lint(cmd.Context(), names)
	if err != nil || report.Errors == 0 {
		return err
	}
	var text strings.Builder
	report.Text(&text)
	_, _ = fmt.Fprint(cmd.ErrOrStderr(), text.String()) // the error says it in short
	return slice.Errorf(slice.Invalid, "nothing is uploaded: %s", report.Summary())
}

// endings are those of archives, the preferred ones first.
var endings = []string{".tar.gz", ".tgz", ".csar", ".zip"}

func archiveEnding(name string) string {
	i := slices.IndexFunc(endings, func(e string) bool { return strings.HasSuffix(name, e) })
	if i < 0 {
		return ""
	}
	return endings[i]
}

// archives returns the archives that arguments name, and of those that differ in
// their ending alone the preferred one. Signatures beside them are left out.
func archives(args []string) ([]string, error) {
	var all []string
	for _, name := range args {
		info, err := os.Stat(name)
		if err != nil {
			return nil, wrongFile(err)
		}
		if !info.IsDir() {
			all = append(all, filepath.Clean(name))
			continue
		}
		found, err := archivesOf(name)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	var out []string
	for _, name := range all {
		if filepath.Ext(name) != ".cms" && !slices.Contains(out, name) && !another(all, name) {
			out = append(out, name)
		}
	}
	return out, nil
}

func archivesOf(folder string) ([]string, error) {
	entries, err := os.ReadDir(folder)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, e := range entries {
		if !e.IsDir() && archiveEnding(e.Name()) != "" {
			found = append(found, filepath.Join(folder, e.Name()))
		}
	}
	if len(found) == 0 {
		return nil, slice.Errorf(slice.Invalid, "%s holds no archive: make them with `l2sces package build`", folder)
	}
	return found, nil
}

// another reports whether the same package is there with a better ending.
func another(all []string, name string) bool {
	ending := archiveEnding(name)
	stem := strings.TrimSuffix(name, ending)
	for _, better := range endings {
		if better == ending || ending == "" {
			return false
		}
		if slices.Contains(all, stem+better) {
			return true
		}
	}
	return false
}

// readPackages looks into archives: what they are, and what they need.
func readPackages(ctx context.Context, names []string) ([]onboard.Package, error) {
	var all []onboard.Package
	var failed []error
	for _, name := range names {
		p, err := readPackage(ctx, name)
		failed = append(failed, err)
		all = append(all, p)
	}
	return all, errors.Join(failed...)
}

func readPackage(ctx context.Context, name string) (onboard.Package, error) {
	opened, err := pack.Open(ctx, name, pack.Limits{})
	if err != nil {
		return onboard.Package{}, wrongFile(err)
	}
	p, err := described(name, opened)
	return p, errors.Join(err, opened.Close())
}

// described says what an archive is by its descriptor.
func described(name string, opened *pack.Package) (onboard.Package, error) {
	p := onboard.Package{Name: opened.Name, Read: func() ([]byte, error) { return readArchive(name) }}
	doc, err := descriptor.ReadFile(opened.Files(), opened.Descriptor, descriptor.Limits{})
	if err != nil {
		return p, fmt.Errorf("%s: %w", name, err)
	}
	switch doc.Kind() {
	case descriptor.KindVNFD:
		var d descriptor.VNFD
		d, _, err = doc.VNFD()
		p.Kind, p.ID = osm.VNFD, d.ID
	case descriptor.KindNSD:
		var d descriptor.NSD
		d, _, err = doc.NSD()
		p.Kind, p.ID, p.Needs = osm.NSD, d.ID, d.VNFDs
	case descriptor.KindNST:
		var d descriptor.NST
		d, _, err = doc.NST()
		p.Kind, p.ID = osm.NST, d.ID
		for _, s := range d.Subnets {
			if !slices.Contains(p.Needs, s.NSDRef) {
				p.Needs = append(p.Needs, s.NSDRef)
			}
		}
	default:
		return p, slice.Errorf(slice.Invalid, "%s: %s is no descriptor of a function, a service or a slice template", name, opened.Descriptor)
	}
	switch {
	case err != nil:
		return p, fmt.Errorf("%s: %w", name, err)
	case p.ID == "":
		return p, slice.Errorf(slice.Invalid, "%s: %s has no id", name, opened.Descriptor)
	}
	return p, nil
}

// maxArchive is what an upload may have, in bytes: it is held in memory.
const maxArchive = 512 << 20

// readArchive reads an archive as it is.
func readArchive(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, wrongFile(err)
	}
	defer func() { _ = f.Close() }() // only read from
	text, err := io.ReadAll(io.LimitReader(f, maxArchive+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxArchive {
		return nil, slice.Errorf(slice.Exhausted, "%s has more than %d bytes", name, maxArchive)
	}
	return text, nil
}
