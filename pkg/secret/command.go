package secret

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"syscall"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// asked is what a command printed last. One runs it, the others wait.
type asked struct {
	turn chan struct{}

	pair  Pair
	err   error
	until time.Time
}

// output is what a command prints: PEM texts.
type output struct {
	Cert string `json:"tls.crt"`
	Key  string `json:"tls.key"`
	CA   string `json:"ca.crt"`
}

var errTooMuch = errors.New("it prints too much")

// ask returns what a command prints, or printed not long ago.
func (k *Keeper) ask(ctx context.Context, name string) (Pair, error) {
	path := k.Commands[name]
	if path == "" {
		return Pair{}, k.stranger(name)
	}
	a := k.of(name)
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return Pair{}, slice.Errorf(slice.Unavailable, "credential command %s still runs: %w", name, ctx.Err())
	}
	if k.now().Before(a.until) {
		return a.pair, a.err
	}
	pair, err := k.run(ctx, path)
	if ctx.Err() != nil {
		return Pair{}, slice.Errorf(slice.Unavailable, "credential command %s: %w", name, ctx.Err())
	}
	a.pair, a.err, a.until = pair, nil, k.now().Add(cmp.Or(k.Keep, 5*time.Minute))
	if err != nil {
		a.err = slice.Errorf(slice.Unavailable, "credential command %s: %w: run it by hand as the user of the SCO", name, err)
		a.until = k.now().Add(cmp.Or(k.Sorry, 10*time.Second))
	}
	return a.pair, a.err
}

func (k *Keeper) of(name string) *asked {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked == nil {
		k.asked = map[string]*asked{}
	}
	if k.asked[name] == nil {
		k.asked[name] = &asked{turn: make(chan struct{}, 1)}
	}
	return k.asked[name]
}

func (k *Keeper) now() time.Time {
	if k.Now == nil {
		return time.Now()
	}
	return k.Now()
}

// run runs a command without a shell and without arguments. Neither what it
// prints nor what it complains of gets into an error: both can hold secrets.
func (k *Keeper) run(ctx context.Context, path string) (Pair, error) {
	within, cancel := context.WithTimeout(ctx, cmp.Or(k.Timeout, 10*time.Second))
	defer cancel()
	out := &limited{left: 4 * maxText}
	cmd := exec.CommandContext(within, path)
	cmd.Stdout = out
	cmd.Dir = "/"
	// A group of its own, which ends as a whole.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.WaitDelay = time.Second
	err := cmd.Run()
	switch {
	case out.over:
		return Pair{}, errTooMuch
	case within.Err() != nil:
		return Pair{}, errors.New("it does not end in time")
	case err != nil:
		return Pair{}, err // the exit status, or why it did not start
	}
	return parse(out.text.Bytes())
}

// parse reads what a command has printed. What is wrong with it is not quoted.
func parse(text []byte) (Pair, error) {
	var o output
	if err := json.Unmarshal(text, &o); err != nil {
		return Pair{}, errors.New("it prints no JSON object of texts")
	}
	if o.Cert == "" || o.Key == "" || o.CA == "" {
		return Pair{}, errors.New("it prints no JSON object with tls.crt, tls.key and ca.crt")
	}
	return Pair{Cert: []byte(o.Cert), Key: []byte(o.Key), CA: []byte(o.CA)}, nil
}

// limited keeps what is written, up to a limit.
type limited struct {
	text bytes.Buffer
	left int
	over bool
}

func (l *limited) Write(p []byte) (int, error) {
	if len(p) > l.left {
		l.over = true
		return 0, errTooMuch
	}
	l.left -= len(p)
	return l.text.Write(p)
}
