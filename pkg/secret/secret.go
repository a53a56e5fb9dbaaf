// Package secret reads the certificate with which a domain is called, from where
// a registration says that it is: a folder, or a command that the operator of
// the SCO has allowed. It hands certificates on and keeps none in a file, a log
// or an error.
//
//	keeper := &secret.Keeper{Own: own, Commands: map[string]string{"vault": "/usr/bin/vault-pair"}}
//	pair, err := keeper.Pair(ctx, intent.Credentials{Command: "vault"})
package secret

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// maxText is how much each of the three texts may have.
const maxText = 1 << 20

// A Pair is a certificate with its key, and the authorities to trust, as PEM
// texts.
type Pair struct{ Cert, Key, CA []byte }

// Mark returns a text that differs for different pairs and tells nothing of
// them.
func (p Pair) Mark() string {
	sum := sha256.New()
	for _, text := range [][]byte{p.Cert, p.Key, p.CA} {
		part := sha256.Sum256(text)
		sum.Write(part[:])
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// String tells nothing of the pair.
func (p Pair) String() string { return "a certificate and its key" }

// GoString tells nothing of the pair.
func (p Pair) GoString() string { return p.String() }

// LogValue tells nothing of the pair.
func (p Pair) LogValue() slog.Value { return slog.StringValue(p.String()) }

// Files are the files of a pair.
type Files struct{ Cert, Key, CA string }

// FilesOf returns the files of a folder in the manner of Kubernetes' Secrets of
// type kubernetes.io/tls.
func FilesOf(folder string) Files {
	return Files{
		Cert: filepath.Join(folder, "tls.crt"), Key: filepath.Join(folder, "tls.key"), CA: filepath.Join(folder, "ca.crt"),
	}
}

// A Keeper reads pairs. Its exported fields do not change while it is used.
type Keeper struct {
	Own      Files             // of whom no credentials are named
	Commands map[string]string // that are allowed: path by name
	Now      func() time.Time  // nil: time.Now
	Timeout  time.Duration     // that a command has; 10 s
	// What a command printed counts for a while: 5 min; that it failed: 10 s.
	Keep, Sorry time.Duration

	mu    sync.Mutex
	asked map[string]*asked // by the name of the command
}

// Pair reads the pair that credentials name, as it is now.
func (k *Keeper) Pair(ctx context.Context, c intent.Credentials) (Pair, error) {
	switch {
	case c.Secret != "":
		return Pair{}, slice.Errorf(slice.Invalid, "credentials.secret: Kubernetes Secrets are not read in this release: use file or command")
	case c.Command != "":
		return k.ask(ctx, c.Command)
	case c.File != "":
		return FilesOf(c.File).Pair()
	}
	return k.Own.Pair()
}

// Check refuses credentials that can never be read here.
func (k *Keeper) Check(c intent.Credentials) error {
	if c.Command != "" && k.Commands[c.Command] == "" {
		return k.stranger(c.Command)
	}
	return nil
}

func (k *Keeper) stranger(name string) error {
	return slice.Errorf(slice.Invalid, "credentials.command: %q is not allowed here; allowed are %v (--credential-command)", name[:min(len(name), 80)], slices.Sorted(maps.Keys(k.Commands)))
}

// Pair reads the files.
func (f Files) Pair() (Pair, error) {
	var p Pair
	var errs [3]error
	p.Cert, errs[0] = read(f.Cert)
	p.Key, errs[1] = read(f.Key)
	p.CA, errs[2] = read(f.CA)
	if err := errors.Join(errs[:]...); err != nil {
		return Pair{}, slice.Errorf(slice.Unavailable, "read the credentials: %w", err)
	}
	return p, nil
}

func read(name string) ([]byte, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // only read
	if info, err := f.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, fmt.Errorf("%s is not a file", name))
	}
	text, err := io.ReadAll(io.LimitReader(f, maxText+1))
	if err == nil && len(text) > maxText {
		err = fmt.Errorf("%s has more than %d bytes", name, maxText)
	}
	return text, err
}
