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
	"github.com/l2sces/l2sces/pkg/lint"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/osm/onboard"
	"github.com/l2sces/l2sces/pkg/pack"
	"github.com/l2sces/l2sces/pkg/slice"
)

// onboardCommand brings packages into OSM.
func onboardCommand() *cobra.Command {
	var o osmRun
	var noLint bool
	c := &cobra.Command{
		Use:   "onboard PACKAGE|FOLDER...",
		Short: "Onboard packages, in the order in which they need each other",
		Long: "Onboard takes built archives (see `l2sces package build`), or folders of them: functions first, then services, then\n" +
			"templates. Where there is a tar.gz and a CSAR of one package the tar.gz is taken. The packages are checked first, as by\n" +
			"`l2sces package lint`; what they refer to has to be given, or in OSM. A package that is in OSM with the same bytes\n" +
			"stays as it is, another is updated. Each goes with its digests. After a failure run the same again: it goes on.",
		Example: "  l2sces osm onboard bin/packages --dry-run\n" +
			"  l2sces osm onboard bin/packages/toolbox_knf.tar.gz bin/packages/field_ns.tar.gz --osm https://osm.example:9999 --user admin --password-file osm.password",
		Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			files, err := archives(args)
			if err != nil {
				return err
			}
			all, err := onboardable(cmd.Context(), cmd.ErrOrStderr(), files, !noLint)
			if err != nil {
				return err
			}
			return o.at(cmd, func(ctx context.Context, d onboard.Desk) error {
				results, err := d.Packages(ctx, all)
				return showResults(cmd, results, err)
			})
		},
	}
	o.flags(c.Flags(), 0, "")
	c.Flags().BoolVar(&noLint, "no-lint", false, "do not check the packages first")
	return c
}

// endings are those of archives, the one that is preferred first.
var endings = []string{".tar.gz", ".tgz", ".csar", ".zip"}

// archives returns the archives that are named or lie in a folder, each package once.
func archives(names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, wrongFile(err)
		}
		if !info.IsDir() {
			if filepath.Ext(name) != ".cms" { // a signature beside its archive
				all = append(all, name)
			}
			continue
		}
		before := len(all)
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if _, is := stemOf(e.Name()); is {
				all = append(all, filepath.Join(name, e.Name()))
			}
		}
		if len(all) == before {
			return nil, slice.Errorf(slice.Invalid, "%s holds no archives: build them with l2sces package build", name)
		}
	}
	return preferred(all), nil
}

// stemOf returns the name of an archive without its ending.
func stemOf(name string) (string, bool) {
	for _, e := range endings {
		if stem, is := strings.CutSuffix(name, e); is {
			return stem, true
		}
	}
	return name, false
}

// preferred leaves one archive of each package.
func preferred(all []string) []string {
	best := map[string]int{}
	rank := func(name string) int {
		return slices.IndexFunc(endings, func(e string) bool { return strings.HasSuffix(name, e) })
	}
	for _, name := range all {
		stem, _ := stemOf(name)
		if r, there := best[stem]; !there || rank(name) < r {
			best[stem] = rank(name)
		}
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(all, func(name string) bool {
		stem, _ := stemOf(name)
		gone := rank(name) != best[stem] || seen[stem]
		seen[stem] = seen[stem] || !gone
		return gone
	})
}

// maxPackage is what a package may have, in bytes: OSM's client reads it back.
const maxPackage = 64 << 20

// onboardable reads what packages are, and what they need. Those with errors are kept
// from OSM, if they are to be checked.
func onboardable(ctx context.Context, stderr io.Writer, files []string, check bool) (all []onboard.Package, err error) {
	var checked []lint.Package
	for _, name := range files {
		opened, err := pack.Open(ctx, name, pack.Limits{})
		one := lint.Package{Name: name, Built: true}
		if check && errors.As(err, &one.Refused) { // what is not safe is told with the rest
			checked = append(checked, one)
			continue
		}
		if err != nil {
			return nil, wrongFile(err)
		}
		defer func() { _ = opened.Close() }() // only read from
		p, err := identified(name, opened)
		if err != nil {
			return nil, err
		}
		one.Files = opened.Files()
		all, checked = append(all, p), append(checked, one)
	}
	if !check {
		return all, nil
	}
	report := lint.Check(checked, lint.Options{})
	if report.Errors == 0 {
		return all, nil
	}
	for _, f := range report.Findings {
		if f.Severity == lint.Error {
			_, _ = fmt.Fprintln(stderr, f) // the error below says it again in short
		}
	}
	return nil, slice.Errorf(slice.Invalid, "%s; nothing is onboarded", report.Summary())
}

// identified reads what a package is.
func identified(name string, opened *pack.Package) (onboard.Package, error) {
	stem, _ := stemOf(filepath.Base(name))
	p := onboard.Package{Name: stem, Read: func() ([]byte, error) { return readPackage(name) }}
	text, err := opened.Read(opened.Descriptor)
	if err != nil {
		return p, err
	}
	doc, err := descriptor.Read(name+": "+opened.Descriptor, text, descriptor.Limits{})
	if err != nil {
		return p, err
	}
	err = identify(&p, doc)
	return p, err
}

// identify reads kind, id and needs of a package.
func identify(p *onboard.Package, doc *descriptor.Document) error {
	switch doc.Kind() {
	case descriptor.KindVNFD:
		d, _, err := doc.VNFD()
		p.Kind, p.ID = osm.VNFD, d.ID
		return err
	case descriptor.KindNSD:
		d, _, err := doc.NSD()
		p.Kind, p.ID, p.Needs = osm.NSD, d.ID, d.VNFDs
		return err
	case descriptor.KindNST:
		d, _, err := doc.NST()
		p.Kind, p.ID = osm.NST, d.ID
		for _, s := range d.Subnets {
			if !slices.Contains(p.Needs, s.NSDRef) {
				p.Needs = append(p.Needs, s.NSDRef)
			}
		}
		return err
	default:
		return slice.Errorf(slice.Invalid, "%s: this is no descriptor that OSM takes", doc.Name())
	}
}

func readPackage(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, wrongFile(err)
	}
	if info.Size() > maxPackage {
		return nil, slice.Errorf(slice.Invalid, "%s has %d bytes: up to %d are taken", name, info.Size(), maxPackage)
	}
	return os.ReadFile(name)
}
