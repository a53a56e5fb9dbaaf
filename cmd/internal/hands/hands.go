// Package hands gives a lab its hands: namespaces, processes, certificates and
// the doors of the programs of the house. It decides nothing.
//
//	err := hands.Keeper(say).Up(ctx, plan)
package hands

import (
	"context"
	"io"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/l2sces/l2sces/pkg/lab"
	"github.com/l2sces/l2sces/pkg/netns"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/process"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Keeper introduces a lab to its hands. Progress goes to say.
func Keeper(say func(format string, args ...any)) lab.Keeper {
	return lab.Keeper{
		Network:      network{},
		Processes:    processes{},
		Certificates: certificates{},
		Health:       health{},
		Say:          say,
	}
}

type network struct{}

func (network) Namespaces() ([]string, error) { return netns.List() }

func (network) Delete(namespace string) error { return netns.Delete(namespace) }

func (network) Make(n lab.Namespace) error {
	if err := netns.Make(n.Name); err != nil {
		return err
	}
	if n.Address.IsValid() {
		if err := netns.Address(n.Name, "lo", n.Address); err != nil {
			return err
		}
	}
	if !n.Forwarding {
		return nil
	}
	return netns.Forwarding(n.Name)
}

func (network) Connect(c lab.Cable) error {
	a := netns.End{Namespace: c.A.Namespace, Name: c.A.Interface}
	b := netns.End{Namespace: c.B.Namespace, Name: c.B.Interface}
	if err := netns.Connect(a, b); err != nil {
		return err
	}
	for _, p := range []lab.Plug{c.A, c.B} {
		if err := netns.NoOffload(p.Namespace, p.Interface); err != nil {
			return err
		}
		if !p.Address.IsValid() {
			continue
		}
		if err := netns.Address(p.Namespace, p.Interface, p.Address); err != nil {
			return err
		}
	}
	return nil
}

func (network) Route(r lab.Route) error { return netns.Route(r.Namespace, r.To, r.Via) }

type processes struct{}

func (processes) Run(ctx context.Context, c lab.Command) error {
	_, err := process.Run(ctx, process.Command{Args: c.Args, Env: c.Env})
	return err
}

func (processes) Start(ctx context.Context, p lab.Process) (lab.PID, error) {
	c := process.Command{Args: p.Command.Args, Env: p.Command.Env, Log: p.Log}
	id, err := process.Start(ctx, c, func(cmd *exec.Cmd) error { return netns.Start(p.Namespace, cmd) })
	return lab.PID{Number: id.PID, Start: id.Start}, err
}

func (processes) Alive(id lab.PID) bool { return idOf(id).Alive() }

func (processes) End(ctx context.Context, id lab.PID, hard bool) error {
	if hard {
		return idOf(id).Kill(ctx)
	}
	return idOf(id).End(ctx)
}

func (processes) Inside(namespace string) ([]lab.PID, error) {
	ids, err := process.Inside(filepath.Join("/run/netns", namespace))
	var all []lab.PID
	for _, id := range ids {
		all = append(all, lab.PID{Number: id.PID, Start: id.Start})
	}
	return all, err
}

func idOf(id lab.PID) process.ID { return process.ID{PID: id.Number, Start: id.Start} }

type certificates struct{}

func (certificates) Init(dir string) error { return pki.Init(dir) }

func (certificates) Issue(dir string, c lab.Certificate) error {
	return pki.Issue(dir, c.Name, pki.Identity(c.Identity), c.Hosts...)
}

type health struct{}

func (health) Ready(ctx context.Context, admin string) error {
	_, err := Ask(ctx, admin, "/readyz")
	return err
}

// Ask returns what the admin socket of a process says of a path.
func Ask(ctx context.Context, socket, path string) (string, error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://admin"+path, nil)
	if err != nil {
		return "", err
	}
	resp, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		return "", err
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	text, err := io.ReadAll(io.LimitReader(resp.Body, 1<<20))
	if err != nil {
		return "", err
	}
	if resp.StatusCode != http.StatusOK {
		return "", slice.Errorf(slice.Unavailable, "%s: %s", resp.Status, strings.TrimSpace(string(text)))
	}
	return string(text), nil
}
