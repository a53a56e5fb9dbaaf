package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/store"
)

// leadTime is how long an etcd store is waited for, which is as long as another
// process has it.
const leadTime = 10 * time.Second

// A vault is the store that a backup is made of, or goes to.
type vault struct {
	cli.Door
	store, owner string
	dryRun       bool
}

// scoCommand backs the state of an SCO up.
func scoCommand() *cobra.Command {
	v := &vault{Door: cli.Door{Find: findSCO}}
	c := &cobra.Command{Use: "sco", Short: "Back the state of an SCO up, and bring it back"}
	export := &cobra.Command{
		Use: "export FILE", Short: "Write the stored state into a file: one moment of it, with a sum", Args: cobra.ExactArgs(1),
		Long: "The state is that of the running SCO, or with --store that of a store which no process has open. FILE is replaced\n" +
			"when the image is whole; - is standard output.",
		RunE: func(cmd *cobra.Command, args []string) error { return v.export(cmd, args[0]) },
	}
	bring := &cobra.Command{
		Use: "import FILE --store PLACE", Short: "Fill an empty store with an exported state", Args: cobra.ExactArgs(1),
		Long: "A store that holds something, a torn image, and one of a later version are refused, and nothing is written.\n" +
			"An image of an earlier version is brought to this one.",
		RunE: func(cmd *cobra.Command, args []string) error { return v.bring(cmd, args[0]) },
	}
	v.Flags(export.Flags())
	for _, c := range []*cobra.Command{export, bring} {
		c.Flags().StringVar(&v.store, "store", "", "file of the state, or etcd://HOST:PORT[,HOST:PORT...]/PREFIX; no process may have it open")
		c.Flags().StringVar(&v.owner, "owner", string(pki.SCO), "whose state it is: l2sces://sco, or l2sces://domain/DOMAIN/sdnc")
	}
	bring.Flags().BoolVar(&v.dryRun, "dry-run", false, "check the image, write nothing")
	bring.Flags().StringVar(&v.Cert, "tls-cert", "", "your certificate for etcd, PEM")
	bring.Flags().StringVar(&v.Key, "tls-key", "", "key of your certificate, PEM")
	bring.Flags().StringVar(&v.CA, "tls-ca", "", "authority of etcd, PEM")
	export.MarkFlagsMutuallyExclusive("store", "sco")
	c.AddCommand(export, bring, compactCommand())
	return c
}

// compactCommand gives the room back that a state no longer needs.
func compactCommand() *cobra.Command {
	return &cobra.Command{
		Use: "compact FILE", Short: "Write the file of a state anew, without the room that is free", Args: cobra.ExactArgs(1),
		Long: "A file grows to the most that it ever held, and does not shrink by itself. No process may have it open. Whatever\n" +
			"happens, the file is the old one or the new one.",
		RunE: func(cmd *cobra.Command, args []string) error {
			before, err := os.Stat(args[0])
			if err != nil {
				return wrongFile(err)
			}
			if err := store.Compact(args[0]); err != nil {
				return err
			}
			after, err := os.Stat(args[0])
			if err != nil {
				return wrongFile(err)
			}
			_, err = fmt.Fprintf(cmd.ErrOrStderr(), "%s: %d bytes, were %d\n", args[0], after.Size(), before.Size())
			return err
		},
	}
}

func (v *vault) export(cmd *cobra.Command, file string) error {
	if file == "-" {
		return v.write(cmd, cmd.OutOrStdout())
	}
	i, err := replaceFile(file, func(w io.Writer) error {
		return v.write(cmd, &counter{w: w, say: progress(cmd.ErrOrStderr(), "export: ")})
	})
	if err != nil {
		return err
	}
	return showImage(cmd, file, i)
}

// write writes the image of the SCO, or of the store.
func (v *vault) write(cmd *cobra.Command, w io.Writer) error {
	if v.store == "" {
		return cli.Export(cmd, &v.Door, w)
	}
	if _, err := os.Stat(v.store); !store.Shared(v.store) && err != nil {
		return wrongFile(err) // opening would make a new one
	}
	return v.open(cmd.Context(), func(s *store.Store) error {
		_, err := s.Export(w)
		return err
	})
}

// replaceFile writes a file beside its place, reads it again, and puts it there
// when it is whole.
func replaceFile(file string, write func(io.Writer) error) (i store.Image, err error) {
	f, err := os.CreateTemp(filepath.Dir(file), filepath.Base(file)+".*")
	if err != nil {
		return i, wrongFile(err)
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
			return
		}
		err = os.Rename(f.Name(), file)
	}()
	if err := write(f); err != nil {
		return i, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return i, err
	}
	if i, err = store.CheckImage(f); err != nil {
		return i, err
	}
	return i, f.Sync()
}

func (v *vault) bring(cmd *cobra.Command, file string) error {
	if v.store == "" && !v.dryRun {
		return slice.Errorf(slice.Invalid, "--store says where to: give it, or --dry-run")
	}
	f, err := os.Open(file)
	if err != nil {
		return wrongFile(err)
	}
	defer func() { _ = f.Close() }() // only read from
	i, err := store.CheckImage(f)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	if v.dryRun {
		return showImage(cmd, file, i)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	in := &counter{r: f, say: progress(cmd.ErrOrStderr(), "import: ")}
	err = v.open(cmd.Context(), func(s *store.Store) error {
		i, err = s.Import(in)
		return err
	})
	if err != nil {
		return err
	}
	return showImage(cmd, file, i)
}

// open opens the store for f. One in etcd is waited for, but not for ever: as
// long as an SCO has it, it is that SCO's.
func (v *vault) open(ctx context.Context, f func(*store.Store) error) (err error) {
	conf := store.SeatConfig{Owner: v.owner, Self: "l2sces"}
	if v.Cert != "" {
		if conf.TLS, err = pki.HostTLS(v.Cert, v.Key, v.CA); err != nil {
			return wrongFile(err)
		}
	}
	seat, err := store.Take(v.store, conf)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, seat.Close()) }()
	within, cancel := context.WithTimeout(ctx, leadTime)
	defer cancel()
	term, err := seat.Lead(within)
	if err != nil {
		return slice.Errorf(slice.Conflict, "store %s: %w: %w", v.store, err, seat.Waits())
	}
	defer term.End()
	return f(term.Store)
}

func showImage(cmd *cobra.Command, file string, i store.Image) error {
	v := struct {
		File string `json:"file"`
		store.Image
	}{file, i}
	return show(cmd, v, func(w *strings.Builder) {
		fmt.Fprintln(w, "FILE\tSCHEMA\tVALUES\tBYTES")
		fmt.Fprintf(w, "%s\t%s\t%d\t%d\n", file, i.Schema, i.Values, i.Bytes)
	})
}

// A counter tells how far a long copy is.
type counter struct {
	w    io.Writer
	r    io.Reader
	say  func(format string, args ...any)
	done int64
}

const tellEvery = 64 << 20 // bytes

func (c *counter) count(n int, err error) (int, error) {
	before := c.done
	if c.done += int64(n); c.done/tellEvery > before/tellEvery {
		c.say("%d MB", c.done>>20)
	}
	return n, err
}

func (c *counter) Write(b []byte) (int, error) { return c.count(c.w.Write(b)) }

func (c *counter) Read(b []byte) (int, error) { return c.count(c.r.Read(b)) }
