package main

import (
	"bytes"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// pkiCommand makes certificates for a bare site.
func pkiCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "pki",
		Short: "Make the certificates of a bare site",
		Long:  "A folder holds an authority (ca.crt, ca.key) and what it signs (NAME.crt, NAME.key). What is good stays as it is.",
	}
	c.AddCommand(
		renewCommand(), statusCommand(),
		&cobra.Command{
			Use: "init FOLDER", Short: "Make an authority", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				if err := pki.Init(args[0]); err != nil {
					return err
				}
				return showCertificates(cmd, filepath.Join(args[0], "ca.crt"))
			},
		},
		&cobra.Command{
			Use: "issue FOLDER NAME IDENTITY [HOST...]", Short: "Issue or renew a certificate",
			Long: "Identities are l2sces://sco, l2sces://plugin, l2sces://domain/DOMAIN/sdnc, l2sces://domain/DOMAIN/node/NODE and\n" +
				"l2sces://user/NAME. Hosts are names and addresses; our own programs go by the identity alone.",
			Example: "  l2sces pki issue /etc/l2sces/pki north-1 l2sces://domain/north/node/north-1",
			Args:    cobra.MinimumNArgs(3),
			RunE: func(cmd *cobra.Command, args []string) error {
				if err := pki.Issue(args[0], args[1], pki.Identity(args[2]), args[3:]...); err != nil {
					return wrongFile(err)
				}
				return showCertificates(cmd, filepath.Join(args[0], args[1]+".crt"))
			},
		},
		&cobra.Command{
			Use: "show FOLDER|FILE", Short: "Show certificates: whose they are and how long they last", Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				files, err := filepath.Glob(filepath.Join(args[0], "*.crt"))
				if err != nil {
					return err
				}
				if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
					files = args
				}
				return showCertificates(cmd, files...)
			},
		},
	)
	return c
}

// A certificate is what people want to know of one.
type certificate struct {
	File     string    `json:"file"`
	Identity string    `json:"identity,omitempty"` // none: an authority
	Hosts    []string  `json:"hosts,omitempty"`
	Until    time.Time `json:"until"`
}

func showCertificates(cmd *cobra.Command, files ...string) error {
	var all []certificate
	var errs []error
	for _, file := range files {
		c, err := readCertificate(file)
		errs = append(errs, err)
		all = append(all, c)
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	v := map[string][]certificate{"certificates": all}
	return show(cmd, v, func(w *strings.Builder) {
		fmt.Fprintln(w, "FILE\tIDENTITY\tHOSTS\tUNTIL")
		for _, c := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", c.File, cli.OrDash(c.Identity != "", c.Identity),
				cli.OrDash(len(c.Hosts) > 0, strings.Join(c.Hosts, ",")), c.Until.Format(time.RFC3339))
		}
	})
}

func readCertificate(file string) (certificate, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return certificate{}, wrongFile(err)
	}
	block, _ := pem.Decode(bytes.TrimSpace(text))
	if block == nil || block.Type != "CERTIFICATE" {
		return certificate{}, slice.Errorf(slice.Invalid, "%s holds no certificate", file)
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return certificate{}, slice.Errorf(slice.Invalid, "%s: %w", file, err)
	}
	c := certificate{File: file, Hosts: cert.DNSNames, Until: cert.NotAfter.UTC()}
	for _, ip := range cert.IPAddresses {
		c.Hosts = append(c.Hosts, ip.String())
	}
	if len(cert.URIs) > 0 {
		c.Identity = cert.URIs[0].String()
	}
	return c, nil
}
