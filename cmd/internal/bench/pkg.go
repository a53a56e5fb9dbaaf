package bench

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	random "math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"slices"
	"syscall"
	"time"

	"github.com/l2sces/l2sces/pkg/pack"
)

// pkgBench compares the verification of a package with one look at its bytes.
// The package is a signed CSAR whose archive has the size that is named. Its
// files cannot be packed any smaller, as images, charts and programs that are
// packed already: they are stored, and every byte is hashed. What must be
// unpacked costs more for each byte of the archive; a CSAR with a program in
// it, and OSM's own form, are measured beside it.
var pkgBench = Benchmark{
	Name:  "pkg",
	Short: "verifying a signed package of 50 MB, against sha256sum of it",
	Needs: []string{"sha256sum"},
	Run:   runPkg,
}

// mostHeap is what a verification may keep in memory.
const mostHeap = 32 << 20

func runPkg(ctx context.Context, r *Runner) error {
	rig, err := newPkgRig(r.Dir)
	if err != nil {
		return err
	}
	size := int64(cmp.Or(r.Size, 50)) * 1_000_000
	signed, err := rig.random(ctx, pack.CSAR, size)
	if err != nil {
		return err
	}
	if err := rig.sound(ctx, signed); err != nil {
		return err
	}
	ours := r.program("l2sces", "package", "verify", "--ca", rig.ca, signed)
	if err := r.Compare(ctx, 5, "ms", ours, r.program("sha256sum", signed)); err != nil {
		return err
	}
	peak, err := rig.heap(ctx, signed)
	if err != nil {
		return err
	}
	r.Count("heap_mib", mib(peak))
	if err := r.besides(ctx, rig, size); err != nil {
		return err
	}
	if peak > mostHeap {
		return fmt.Errorf("a verification had %.1f MiB in memory, more than %d", mib(peak), mostHeap>>20)
	}
	return nil
}

func mib(bytes uint64) float64 { return float64(bytes) / (1 << 20) }

// besides measures what is no headline: OSM's own form, and a package whose
// content must be unpacked.
func (r *Runner) besides(ctx context.Context, rig *pkgRig, size int64) error {
	tarball, err := rig.random(ctx, pack.OSM, size)
	if err != nil {
		return err
	}
	packed, err := rig.program(ctx, filepath.Join(r.Programs, "l2sces"))
	if err != nil {
		return err
	}
	for name, file := range map[string]string{"osm": tarball, "deflated": packed} {
		ratio, err := r.median(ctx, r.program("sha256sum", file), r.program("l2sces", "package", "verify", file))
		if err != nil {
			return err
		}
		peak, err := rig.heap(ctx, file)
		if err != nil {
			return err
		}
		r.Count(name+"_ratio", ratio)
		r.Count(name+"_heap_mib", mib(peak))
	}
	return nil
}

// median returns the ratio of two measures over three turns.
func (r *Runner) median(ctx context.Context, theirs, ours Measure) (float64, error) {
	var all []float64
	for range 3 {
		a, err := ours(ctx)
		if err != nil {
			return 0, err
		}
		b, err := theirs(ctx)
		if err != nil {
			return 0, err
		}
		all = append(all, Pair{Ours: a, Theirs: b}.Ratio())
	}
	slices.Sort(all)
	return all[1], nil
}

// program measures a program from start to end, in milliseconds.
func (r *Runner) program(name string, args ...string) Measure {
	if name == "l2sces" {
		name = filepath.Join(r.Programs, name)
	}
	return func(ctx context.Context) (float64, error) {
		cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // named by this file
		start := time.Now()
		out, err := cmd.CombinedOutput()
		took := time.Since(start)
		if err != nil {
			return 0, fmt.Errorf("%s: %w: %s", name, err, out)
		}
		if usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok && name != "sha256sum" {
			r.result.Counts["resident_mib"] = max(float64(usage.Maxrss)/(1<<10), count(r.result.Counts["resident_mib"]))
		}
		return took.Seconds() * 1e3, nil
	}
}

func count(v any) float64 {
	f, _ := v.(float64) // zero at first
	return f
}

// pkgRig makes packages and a key to sign them with.
type pkgRig struct {
	dir   string
	ca    string // file
	key   *pack.Key
	roots *x509.CertPool
}

func newPkgRig(dir string) (*pkgRig, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	// Made a while ago: the clock may be set back.
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bench"}, KeyUsage: x509.KeyUsageDigitalSignature,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, private.Public(), private)
	if err != nil {
		return nil, err
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	certPEM := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	rig := &pkgRig{dir: dir, ca: filepath.Join(dir, "ca.pem"), roots: x509.NewCertPool()}
	rig.roots.AppendCertsFromPEM(certPEM)
	if rig.key, err = pack.ReadKey(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER}), certPEM); err != nil {
		return nil, err
	}
	return rig, os.WriteFile(rig.ca, certPEM, 0o600)
}

const pkgDescriptor = "vnfd:\n  id: bench-knf\n  version: '1.0'\n  df:\n  - id: default-df\n"

// random makes a package of chance, in a few files.
func (r *pkgRig) random(ctx context.Context, format pack.Format, size int64) (string, error) {
	const parts = 4
	fill := func(folder string) error {
		for i := range parts {
			f, err := os.Create(filepath.Join(folder, "charms", fmt.Sprintf("part-%d", i))) //nolint:gosec // in a folder of our own
			if err != nil {
				return err
			}
			_, err = io.CopyN(f, random.NewChaCha8([32]byte{byte(i)}), size/parts)
			if err := errors.Join(err, f.Close()); err != nil {
				return err
			}
		}
		return nil
	}
	return r.build(ctx, "random-"+string(format), format, fill)
}

// program makes a CSAR with a program in it.
func (r *pkgRig) program(ctx context.Context, file string) (string, error) {
	data, err := os.ReadFile(file) //nolint:gosec // our own program
	if err != nil {
		return "", err
	}
	return r.build(ctx, "program", pack.CSAR, func(folder string) error {
		return os.WriteFile(filepath.Join(folder, "charms", "dispatch"), data, 0o755) //nolint:gosec // a program
	})
}

// build makes a signed package of a folder that it fills.
func (r *pkgRig) build(ctx context.Context, name string, format pack.Format, fill func(string) error) (file string, err error) {
	folder := filepath.Join(r.dir, name, "bench_knf")
	if err := os.MkdirAll(filepath.Join(folder, "charms"), 0o700); err != nil {
		return "", err
	}
	err = os.WriteFile(filepath.Join(folder, "bench_knf.yaml"), []byte(pkgDescriptor), 0o600)
	if err := errors.Join(err, fill(folder)); err != nil {
		return "", err
	}
	p, err := pack.Gather(pack.Source{Root: folder, Folder: folder}, pack.Limits{})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	o := pack.Options{Format: format, Key: r.key}
	if format == pack.OSM {
		o.Key = nil
	}
	file = filepath.Join(r.dir, name+".pkg")
	return file, pack.Build(ctx, p, file, o)
}

// sound sees that the package is taken, and refused with one byte changed.
func (r *pkgRig) sound(ctx context.Context, file string) error {
	report, err := r.verify(ctx, file)
	if err != nil {
		return err
	}
	if report.Signer == nil || !report.Signer.Verified {
		return errors.New("the signature was not checked")
	}
	data, err := os.ReadFile(file) //nolint:gosec // in a folder of our own
	if err != nil {
		return err
	}
	data[len(data)/2] ^= 1
	changed := file + ".changed"
	if err := os.WriteFile(changed, data, 0o600); err != nil {
		return err
	}
	if _, err := r.verify(ctx, changed); err == nil {
		return errors.New("a changed package is taken")
	}
	return os.Remove(changed)
}

func (r *pkgRig) verify(ctx context.Context, file string) (pack.Report, error) {
	return pack.Verify(ctx, file, pack.Trust{Roots: r.roots, At: time.Now()}, pack.Limits{})
}

// heap returns the most that was on the heap while a package was verified in
// this process, garbage and what the benchmark itself has there included.
func (r *pkgRig) heap(ctx context.Context, file string) (uint64, error) {
	runtime.GC()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	var most uint64
	look := func() {
		metrics.Read(sample)
		most = max(most, sample[0].Value.Uint64())
	}
	done := make(chan error, 1)
	go func() {
		_, err := r.verify(ctx, file)
		done <- err
	}()
	tick := time.NewTicker(200 * time.Microsecond)
	defer tick.Stop()
	for {
		select {
		case err := <-done:
			look()
			return most, err
		case <-tick.C:
			look()
		}
	}
}
