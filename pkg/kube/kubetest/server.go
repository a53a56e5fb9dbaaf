// Package kubetest runs a Kubernetes API server for tests: the real
// kube-apiserver and etcd, with certificates, on free ports of loopback, in a
// folder that goes away with them. Nothing else of Kubernetes runs: no
// controller, no node. So a Deployment makes no pods, and a Namespace that is
// deleted stays there and says that it is going.
//
//	server := kubetest.Run(t, kubetest.Config{})
//	out, err := server.Kubectl(t.Context(), "get", "namespaces")
//
// Tests that use it carry the build tag kube; `make test` builds the programs
// that it needs and runs them.
package kubetest

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// patience is how long the two programs may take to begin. On an idle machine
// it is 3 s.
const patience = 2 * time.Minute

// A Config says what server is wanted. The zero value is good.
type Config struct {
	Programs string   // the folder with etcd, kube-apiserver and kubectl; bin/kube of the repository
	Flags    []string // for kube-apiserver, behind our own
}

// A Server is an API server with a store of its own.
type Server struct {
	URL        string
	Kubeconfig string // of somebody who may do everything

	programs string
	dir      string
	client   *http.Client
	ended    []*program // kube-apiserver, etcd: in the order in which they are ended
}

// Run starts a server that ends with the test.
func Run(tb testing.TB, c Config) *Server {
	tb.Helper()
	s, err := Start(tb.Context(), c)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Stop)
	return s
}

// Start starts a server and returns when it is ready for everything. Whoever
// starts one for several tests, in TestMain, has to stop it.
func Start(ctx context.Context, c Config) (*Server, error) {
	programs, err := find(c.Programs)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	// A port that was free may be taken before it is used. That is rare, and
	// rarer three times in a row.
	for range 2 {
		if s, err := start(ctx, programs, c.Flags); !errors.Is(err, errTaken) {
			return s, err
		}
	}
	return start(ctx, programs, c.Flags)
}

func start(ctx context.Context, programs string, flags []string) (*Server, error) {
	dir, err := os.MkdirTemp("", "kubetest-")
	if err != nil {
		return nil, err
	}
	s := &Server{programs: programs, dir: dir, Kubeconfig: filepath.Join(dir, "kubeconfig")}
	if err := s.begin(ctx, flags); err != nil {
		s.Stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) begin(ctx context.Context, flags []string) error {
	var ports [3]string
	for i := range ports {
		port, err := free(ctx)
		if err != nil {
			return err
		}
		ports[i] = port
	}
	s.URL = "https://127.0.0.1:" + ports[0]
	certificates, err := issue(s.dir)
	if err != nil {
		return err
	}
	s.client = certificates.client()
	if err := writeKubeconfig(s.Kubeconfig, s.URL, certificates); err != nil {
		return err
	}
	client, peer := "http://127.0.0.1:"+ports[1], "http://127.0.0.1:"+ports[2]
	if err := s.run(ctx, "etcd", etcdFlags(s.dir, client, peer)); err != nil {
		return err
	}
	if err := s.run(ctx, "kube-apiserver", append(serverFlags(s.dir, ports[0], client), flags...)); err != nil {
		return err
	}
	return s.await(ctx)
}

// etcdFlags keep the store on loopback. It is thrown away, so that nobody waits
// for a disk.
func etcdFlags(dir, client, peer string) []string {
	return []string{
		"--name=one", "--data-dir=" + filepath.Join(dir, "etcd"), "--unsafe-no-fsync", "--log-level=warn",
		"--listen-client-urls=" + client, "--advertise-client-urls=" + client,
		"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=one=" + peer,
	}
}

// serverFlags are those of a usual cluster, as far as one process can be one.
// On a machine without a default route the server would look in vain for an
// address to advertise and to write into the endpoints of its own service; it
// is told the one and spared the other.
func serverFlags(dir, port, etcd string) []string {
	in := func(name string) string { return filepath.Join(dir, name) }
	return []string{
		"--etcd-servers=" + etcd,
		"--bind-address=127.0.0.1", "--secure-port=" + port,
		"--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none",
		"--cert-dir=" + dir, "--client-ca-file=" + in("ca.crt"),
		"--tls-cert-file=" + in("server.crt"), "--tls-private-key-file=" + in("server.key"),
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + in("accounts.key"), "--service-account-signing-key-file=" + in("accounts.key"),
		"--service-cluster-ip-range=10.96.0.0/16",
		"--authorization-mode=Node,RBAC", "--enable-admission-plugins=NodeRestriction",
		"--allow-privileged=true",
	}
}

// await asks until the server says that it is ready, or one of the two has
// ended.
func (s *Server) await(ctx context.Context) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		for _, p := range s.ended {
			select {
			case <-p.gone:
				return p.why()
			default:
			}
		}
		if a, err := s.Call(ctx, Request{Path: "/readyz"}); err == nil && a.Code == http.StatusOK {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("kube-apiserver is not ready: %w: %s", ctx.Err(), s.ended[0].tail())
		case <-tick.C:
		}
	}
}

// Stop ends both programs at once and removes their folder. The server goes
// first: one that has lost its store takes its time.
func (s *Server) Stop() {
	for _, p := range s.ended {
		p.kill()
	}
	_ = os.RemoveAll(s.dir) // the system clears it away otherwise
}

// Kubectl runs kubectl as somebody who may do everything, and returns what it
// prints. What it says beside that is in the error, if there is one.
func (s *Server) Kubectl(ctx context.Context, args ...string) (string, error) {
	return s.KubectlWith(ctx, "", args...)
}

// KubectlWith is Kubectl with a text to read.
func (s *Server) KubectlWith(ctx context.Context, input string, args ...string) (string, error) {
	//nolint:gosec // arguments of the test
	c := exec.CommandContext(ctx, filepath.Join(s.programs, "kubectl"), args...)
	c.Env = []string{"KUBECONFIG=" + s.Kubeconfig, "HOME=" + s.dir, "PATH=" + s.programs}
	var out, said bytes.Buffer
	c.Stdin, c.Stdout, c.Stderr = bytes.NewBufferString(input), &out, &said
	if err := c.Run(); err != nil {
		return out.String(), fmt.Errorf("kubectl %s: %w: %s", args[0], err, cmp.Or(said.String(), out.String()))
	}
	return out.String(), nil
}

func free(ctx context.Context) (string, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}
