// Command image builds the OCI images of the house without a docker daemon and
// without a registry, and unpacks and runs them where no container runtime is:
//
//	image build --arch amd64,arm64 --version v1 sco sps
//	image unpack bin/images/sps.tar FOLDER
//	image run --user 0 --cap NET_ADMIN FOLDER /usr/sbin/ovs-vswitchd --version
//
// What goes into an image stands in deploy/images/images.yaml. It pushes
// nothing anywhere.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/tools/image/cell"
	"github.com/l2sces/l2sces/tools/image/factory"
	"github.com/l2sces/l2sces/tools/image/oci"
)

func main() {
	cell.Enter(os.Args) // does not return in the process that a cell starts
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := command(ctx, os.Args[1:], os.Stdout)
	stop()
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "image:", err)
	status := 1
	if slice.KindOf(err) == slice.Invalid {
		status = 2
	}
	os.Exit(status) //nolint:forbidigo // the end of main
}

// command runs one of the commands.
func command(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		switch args[0] {
		case "build":
			return build(ctx, args[1:], out)
		case "unpack":
			return unpack(args[1:], out)
		case "run":
			return run(ctx, args[1:], out)
		}
	}
	return slice.Errorf(slice.Invalid, "one of build, unpack and run; each has --help")
}

// parse reads flags. Their faults are those of who called us.
func parse(f *flag.FlagSet, args []string) error {
	err := f.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return slice.Errorf(slice.Invalid, "%w", err)
	}
	return err
}

func build(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("image build", flag.ContinueOnError)
	var c factory.Config
	arch := f.String("arch", runtime.GOARCH, "architectures as Go calls them, comma-separated")
	created := f.Int64("created", 0, "time that the images and lists of contents have, in seconds of Unix; that of the commit is a good one")
	f.StringVar(&c.Root, "root", ".", "folder of the repository")
	f.StringVar(&c.Recipe, "recipe", "deploy/images/images.yaml", "what goes into the images, below the root")
	f.StringVar(&c.Out, "out", "bin/images", "folder for the images")
	f.StringVar(&c.Cache, "cache", "bin/cache", "folder for downloads and programs")
	f.StringVar(&c.Version, "version", "dev", "version of our programs, and tag of the images")
	f.BoolVar(&c.Update, "update", false, "fetch the lists of Debian's packages again, and so newer packages")
	if err := parse(f, args); err != nil {
		return err
	}
	c.Architectures, c.Created = strings.Split(*arch, ","), time.Unix(*created, 0)
	return factory.Build(ctx, c, f.Args(), out)
}

func unpack(args []string, out io.Writer) error {
	f := flag.NewFlagSet("image unpack", flag.ContinueOnError)
	arch := f.String("arch", runtime.GOARCH, "architecture")
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() != 2 {
		return slice.Errorf(slice.Invalid, "image unpack ARCHIVE FOLDER")
	}
	if err := os.MkdirAll(f.Arg(1), 0o755); err != nil {
		return err
	}
	c, err := oci.Unpack(f.Arg(0), *arch, f.Arg(1))
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%s: entrypoint %s, user %s\n", f.Arg(1), strings.Join(c.Config.Entrypoint, " "), c.Config.User)
	return err
}

func run(ctx context.Context, args []string, out io.Writer) error {
	f := flag.NewFlagSet("image run", flag.ContinueOnError)
	var c cell.Cell
	capabilities := f.String("cap", "", "capabilities that are kept, comma-separated, without CAP_")
	f.IntVar(&c.User, "user", 65532, "user and group")
	f.StringVar(&c.Network, "network", "", "file of the network namespace (/run/netns/NAME); empty: a new one")
	f.Func("mount", "FOLDER:PLACE of something that is seen in the image, many times", func(s string) error {
		from, to, ok := strings.Cut(s, ":")
		if !ok {
			return slice.Errorf(slice.Invalid, "%q is not FOLDER:PLACE", s)
		}
		c.Mounts = append(c.Mounts, cell.Mount{From: from, To: to})
		return nil
	})
	if err := parse(f, args); err != nil {
		return err
	}
	if f.NArg() < 2 {
		return slice.Errorf(slice.Invalid, "image run FOLDER PROGRAM ARGUMENT...")
	}
	c.Root, c.Args = f.Arg(0), f.Args()[1:]
	if *capabilities != "" {
		c.Capabilities = strings.Split(*capabilities, ",")
	}
	cmd, err := c.Command(ctx)
	if err != nil {
		return err
	}
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, out, os.Stderr
	return cmd.Run()
}
