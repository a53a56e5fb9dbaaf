package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/l2sces/l2sces/pkg/pack"
)

// trustOptions are the flags that say whom to believe, and how much to read.
type trustOptions struct {
	ca       string
	at       string
	required bool
	limits   pack.Limits
}

func (o *trustOptions) flags(f *pflag.FlagSet) {
	f.StringVar(&o.ca, "ca", "", "certificates of the authorities that are trusted; with it a signature is required")
	f.StringVar(&o.at, "at", "", "time at which certificates must be valid; empty: now")
	f.BoolVar(&o.required, "require-signature", false, "refuse what is not signed, also without --ca")
	limitFlags(f, &o.limits)
}

// limitFlags binds what a package may have at most.
func limitFlags(f *pflag.FlagSet, l *pack.Limits) {
	f.Int64Var(&l.Bytes, "max-bytes", 2<<30, "bytes that a package may have when it is unpacked")
	f.Int64Var(&l.File, "max-file", 1<<30, "bytes that one file may have")
	f.IntVar(&l.Files, "max-files", 10_000, "entries that a package may have")
}

// trust reads whom to believe.
func (o *trustOptions) trust() (pack.Trust, error) {
	t := pack.Trust{Required: o.required || o.ca != "", At: time.Now()}
	if o.at != "" {
		at, err := parseTime("--at", o.at)
		if err != nil {
			return t, err
		}
		t.At = at
	}
	if o.ca == "" {
		return t, nil
	}
	text, err := os.ReadFile(o.ca)
	if err != nil {
		return t, wrongFile(err)
	}
	certs, err := pack.Certificates(o.ca, text)
	if err != nil {
		return t, err
	}
	t.Roots = x509.NewCertPool()
	for _, c := range certs {
		t.Roots.AddCert(c)
	}
	return t, nil
}

// packageVerifyCommand verifies archives.
func packageVerifyCommand() *cobra.Command {
	var o trustOptions
	c := &cobra.Command{
		Use:   "verify PACKAGE...",
		Short: "Say whether archives are safe, whole, and signed by whom",
		Long: "Verify reads each archive once, within limits, and leaves nothing behind. It refuses what could do harm where it\n" +
			"is unpacked, files that differ from manifest or checksums, and signatures that are not good. Without --ca it says\n" +
			"who signed and believes everybody.",
		Example: "  l2sces package verify bin/packages/sco_knf.csar --ca ca.crt",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			t, err := o.trust()
			if err != nil {
				return err
			}
			reports, err := verifyAll(cmd.Context(), args, t, o.limits)
			for _, r := range reports {
				warn(cmd.ErrOrStderr(), r.Warnings)
			}
			if len(reports) == 0 {
				return err
			}
			return errors.Join(show(cmd, reports, func(w *strings.Builder) {
				for _, r := range reports {
					tellVerified(w, r)
				}
			}), err)
		},
	}
	o.flags(c.Flags())
	return c
}

// verifyAll goes on after a package that is refused: whoever asks about many
// wants to know of all.
func verifyAll(ctx context.Context, names []string, t pack.Trust, l pack.Limits) (reports []pack.Report, all error) {
	for _, name := range names {
		r, err := pack.Verify(ctx, name, t, l)
		if err != nil {
			all = errors.Join(all, wrongFile(fmt.Errorf("%s is refused:\n%w", name, err)))
			continue
		}
		reports = append(reports, r)
	}
	return reports, all
}

func tellVerified(w *strings.Builder, r pack.Report) {
	fmt.Fprintf(w, "%s: %s with %d files, %d bytes; %d compared with manifest or checksums; %s\n",
		r.Package, r.Format, r.Files, r.Bytes, r.Checked, tellSigner(r))
}

func tellSigner(r pack.Report) string {
	switch s := r.Signer; {
	case s == nil:
		return "not signed"
	case !s.Verified:
		return "signed by " + s.Subject + ", whom nobody was asked about: give --ca"
	default:
		return "signed by " + s.Subject + ", trusted through " + s.Issuer
	}
}

// packageSignCommand signs an archive.
func packageSignCommand() *cobra.Command {
	var k keyFiles
	var out string
	var option int
	c := &cobra.Command{
		Use:   "sign PACKAGE --sign-key FILE --sign-cert FILE",
		Short: "Sign an archive, so that its receivers know whose it is",
		Long: "Sign puts a CMS signature into the manifest of a CSAR (option 1 of ETSI GS NFV-SOL 004), or makes a zip of the\n" +
			"CSAR, the signature and the certificate (option 2). A tar.gz has no place for a signature; it is written beside it,\n" +
			"with the ending .cms. OSM looks at none of these; `l2sces package verify` does. What was changed is not signed.",
		Example: "  l2sces package sign bin/packages/sco_knf.csar --sign-key ann.key --sign-cert ann.crt",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			key, err := k.read()
			if err != nil {
				return err
			}
			name, err := pack.Sign(cmd.Context(), args[0], out, option, key, pack.Limits{})
			if err != nil {
				return wrongFile(fmt.Errorf("%s is not signed:\n%w", args[0], err))
			}
			signed := struct {
				File string `json:"file"`
			}{name}
			return show(cmd, signed, func(w *strings.Builder) { fmt.Fprintln(w, name) })
		},
		PreRunE: func(*cobra.Command, []string) error { return checkOption(option) },
	}
	f := c.Flags()
	f.StringVar(&k.key, "sign-key", "", "private key, RSA or ECDSA in PEM")
	f.StringVar(&k.cert, "sign-cert", "", "certificate of the key, those between it and its authority behind it")
	f.IntVar(&option, "option", 1, "of ETSI GS NFV-SOL 004: 1, in the manifest; 2, around the CSAR")
	f.StringVar(&out, "out", "", "file to write; empty: the same, or its name with another ending")
	for _, required := range []string{"sign-key", "sign-cert"} {
		if err := c.MarkFlagRequired(required); err != nil {
			panic(err) // only when there is no such flag
		}
	}
	return c
}
