package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/pkg/lint"
	"github.com/l2sces/l2sces/pkg/pack"
	"github.com/l2sces/l2sces/pkg/slice"
)

// buildOptions are the flags of a build.
type buildOptions struct {
	formats  []string
	out      string
	root     string
	with     []string
	license  string
	time     string
	key      keyFiles
	noLint   bool
	dryRun   bool
	verbose  bool
	progress io.Writer
}

// built is one package that was made.
type built struct {
	Package string      `json:"package"`
	Format  pack.Format `json:"format"`
	File    string      `json:"file"`
	Files   int         `json:"files"`
	Bytes   int64       `json:"bytes"`
	Parts   []pack.Part `json:"parts,omitempty"` // of a dry run
}

// packageBuildCommand builds packages.
func packageBuildCommand() *cobra.Command {
	var o buildOptions
	c := &cobra.Command{
		Use:   "build FOLDER...",
		Short: "Make archives that OSM takes, the same bytes every time",
		Long: "Build makes an archive of each package folder: OSM's own tar.gz, or a CSAR of ETSI GS NFV-SOL 004. Links are\n" +
			"followed if they stay below --root, and the archive gets plain files. The packages are checked first, as by\n" +
			"`l2sces package lint`. An archive is there as a whole or not at all.",
		Example: "  l2sces package build vnfd/sco_knf --with charms/sco=bin/charms/sco --format osm,csar",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			o.progress = cmd.ErrOrStderr()
			all, err := o.build(cmd.Context(), args)
			if err != nil {
				return err
			}
			return show(cmd, all, func(w *strings.Builder) { tellBuilt(w, all) })
		},
	}
	f := c.Flags()
	f.StringSliceVar(&o.formats, "format", []string{string(pack.OSM)}, "osm, csar, or both")
	f.StringVar(&o.out, "out", filepath.Join("bin", "packages"), "folder for the archives")
	f.StringVar(&o.root, "root", "", "folder that links may not lead out of; empty: that of the git repository, else the working folder")
	f.StringArrayVar(&o.with, "with", nil, "DEST=FOLDER: lay a folder over what the package has at DEST; repeatable")
	f.StringVar(&o.license, "license", "", "text that a CSAR carries; empty: LICENSE of the root, if it is there")
	f.StringVar(&o.time, "time", "", "time of everything in the archive, in seconds since 1970 or as 2006-01-02T15:04:05Z; empty: SOURCE_DATE_EPOCH, else 1980")
	f.StringVar(&o.key.key, "sign-key", "", "private key to sign with, RSA or ECDSA in PEM")
	f.StringVar(&o.key.cert, "sign-cert", "", "certificate of the key, those between it and its authority behind it")
	f.BoolVar(&o.noLint, "no-lint", false, "do not check the packages first")
	f.BoolVar(&o.dryRun, "dry-run", false, "list what would go in, write nothing")
	f.BoolVarP(&o.verbose, "verbose", "v", false, "name every file that goes in")
	return c
}

// build checks the packages and makes the archives.
func (o buildOptions) build(ctx context.Context, folders []string) ([]built, error) {
	options, err := o.options(folders[0])
	if err != nil {
		return nil, err
	}
	if !o.noLint {
		if err := checkFirst(ctx, o.progress, folders); err != nil {
			return nil, err
		}
	}
	if !o.dryRun {
		if err := os.MkdirAll(o.out, 0o755); err != nil { //nolint:gosec // packages are for everybody
			return nil, err
		}
	}
	var all []built
	for _, folder := range folders {
		done, err := o.one(ctx, folder, options)
		if err != nil {
			return nil, err
		}
		all = append(all, done...)
	}
	return all, nil
}

// options reads what goes into every package.
func (o *buildOptions) options(folder string) (pack.Options, error) {
	var options pack.Options
	for _, format := range o.formats {
		if format != string(pack.OSM) && format != string(pack.CSAR) {
			return options, slice.Errorf(slice.Invalid, "--format %q is none of osm, csar", format)
		}
	}
	var err error
	if options.Key, err = o.key.read(); err != nil {
		return options, err
	}
	if o.root == "" {
		o.root = sourceRoot(folder)
	}
	file := o.license
	if file == "" {
		file = filepath.Join(o.root, "LICENSE")
	}
	options.License, err = os.ReadFile(file) //nolint:gosec // the user names it
	if err != nil && (o.license != "" || !errors.Is(err, os.ErrNotExist)) {
		return options, wrongFile(err)
	}
	text := o.time
	if text == "" {
		text = os.Getenv("SOURCE_DATE_EPOCH")
	}
	options.Time, err = parseTime("--time", text)
	return options, err
}

// parseTime reads seconds since 1970, or a time as people write it.
func parseTime(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil {
		return time.Unix(seconds, 0), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, slice.Errorf(slice.Invalid, "%s %q is no time: write 2006-01-02T15:04:05Z or seconds since 1970", flag, text)
	}
	return t, nil
}

// sourceRoot returns the top of the git repository that a folder is in, or
// where the user is.
func sourceRoot(folder string) string {
	dir, err := filepath.Abs(folder)
	if err != nil {
		return "."
	}
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		if above == dir {
			return "."
		}
		dir = above
	}
}

// checkFirst lints packages. Errors stop the build.
func checkFirst(ctx context.Context, stderr io.Writer, folders []string) error {
	report, err := lintOptions{}.lint(ctx, folders)
	if err != nil {
		return err
	}
	if report.Errors == 0 {
		return nil
	}
	for _, f := range report.Findings {
		if f.Severity == lint.Error {
			_, _ = fmt.Fprintln(stderr, f) // the error below says it again in short
		}
	}
	return slice.Errorf(slice.Invalid, "%s; nothing is built", report.Summary())
}

// one makes the archives of one folder.
func (o buildOptions) one(ctx context.Context, folder string, options pack.Options) (all []built, err error) {
	source := pack.Source{Root: o.root, Folder: folder}
	for _, w := range o.with {
		dest, from, ok := strings.Cut(w, "=")
		if !ok {
			return nil, slice.Errorf(slice.Invalid, "--with %q is not DEST=FOLDER", w)
		}
		source.Overlay = append(source.Overlay, pack.Overlay{Dest: dest, From: from})
	}
	p, err := pack.Gather(source, pack.Limits{})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	for _, format := range o.formats {
		options.Format = pack.Format(format)
		b, err := o.archive(ctx, p, options)
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// archive makes one archive.
func (o buildOptions) archive(ctx context.Context, p *pack.Parcel, options pack.Options) (built, error) {
	ending := map[pack.Format]string{pack.OSM: ".tar.gz", pack.CSAR: ".csar"}[options.Format]
	b := built{Package: p.Name, Format: options.Format, File: filepath.Join(o.out, p.Name+ending), Files: len(p.Parts)}
	if o.dryRun {
		b.Parts = p.Parts
		for _, part := range p.Parts {
			b.Bytes += part.Size
		}
		return b, nil
	}
	if o.verbose {
		options.Progress = func(name string, size int64) { progress(o.progress, "")("%s: %s, %d bytes", b.File, name, size) }
	}
	key := options.Key
	if options.Format == pack.OSM {
		options.Key = nil // the signature lies beside it
	}
	if err := pack.Build(ctx, p, b.File, options); err != nil {
		return b, fmt.Errorf("build %s: %w", b.File, err)
	}
	if options.Format == pack.OSM && key != nil {
		if _, err := pack.Sign(ctx, b.File, "", 1, key, pack.Limits{}); err != nil {
			return b, fmt.Errorf("sign %s: %w", b.File, err)
		}
	}
	info, err := os.Stat(b.File)
	if err != nil {
		return b, err
	}
	b.Bytes = info.Size()
	return b, nil
}

func tellBuilt(w *strings.Builder, all []built) {
	for _, b := range all {
		if b.Parts != nil {
			fmt.Fprintf(w, "%s would have %d files, %d bytes:\n", b.File, b.Files, b.Bytes)
			fmt.Fprintln(w, "FILE\tBYTES\tFROM")
			for _, p := range b.Parts {
				fmt.Fprintf(w, "%s\t%d\t%s\n", p.Name, p.Size, p.From)
			}
			continue
		}
		fmt.Fprintf(w, "%s: %d files, %d bytes\n", b.File, b.Files, b.Bytes)
	}
}

// keyFiles name a key with its certificate.
type keyFiles struct{ key, cert string }

// read reads the key, if one is named.
func (k keyFiles) read() (*pack.Key, error) {
	if k.key == "" && k.cert == "" {
		return nil, nil //nolint:nilnil // unsigned
	}
	if k.key == "" || k.cert == "" {
		return nil, slice.Errorf(slice.Invalid, "a signature needs both the key and its certificate")
	}
	key, err := os.ReadFile(k.key)
	if err != nil {
		return nil, wrongFile(err)
	}
	cert, err := os.ReadFile(k.cert)
	if err != nil {
		return nil, wrongFile(err)
	}
	signer, err := pack.ReadKey(key, cert)
	if err != nil {
		return nil, fmt.Errorf("read %s and %s: %w", k.key, k.cert, err)
	}
	return signer, nil
}
