package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
	"github.com/l2sces/l2sces/plugin"
)

const (
	callTimeout = 2 * time.Minute
	maxAnswer   = 64 << 20 // bytes
)

// A client speaks with the plugin.
type client struct {
	base string
	http *http.Client
}

// newClient prepares a client of the plugin at HOST:PORT or unix:PATH, with
// the certificate of a user.
func newClient(address, cert, key, ca string) (client, error) {
	config, err := pki.ClientTLS(cert, key, ca, pki.Plugin)
	if err != nil {
		return client{}, err
	}
	return client{base: "https://" + hostOf(address), http: &http.Client{
		Timeout:   callTimeout,
		Transport: &http.Transport{TLSClientConfig: config, DialContext: dialer(address), DisableKeepAlives: true},
	}}, nil
}

// hostOf names a socket's server, whose name plays no part.
func hostOf(address string) string {
	if strings.HasPrefix(address, "unix:") {
		return "plugin"
	}
	return address
}

func dialer(address string) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if path, ok := strings.CutPrefix(address, "unix:"); ok {
			network, addr = "unix", path
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}
}

// labClient returns a client of the plugin of a running lab.
func labClient(dir string) (client, error) {
	pem := func(file string) string { return filepath.Join(dir, "pki", file) }
	c, err := newClient("unix:"+filepath.Join(dir, "plugin.sock"), pem("admin.crt"), pem("admin.key"), pem("ca.crt"))
	if err != nil {
		return c, slice.Errorf(slice.Unavailable, "find the lab in %s, which may not be up: %w", dir, err)
	}
	return c, nil
}

// apply orders a slice and waits until the SCO has tried.
func (c client) apply(ctx context.Context, o upload) (plugin.Answer, error) {
	body, contentType, err := o.form()
	if err != nil {
		return plugin.Answer{}, err
	}
	var a plugin.Answer
	err = c.call(ctx, http.MethodPost, "", body, contentType, &a)
	for i := range a.Warnings {
		a.Warnings[i].File = o.local(a.Warnings[i].File)
	}
	return a, o.localized(err)
}

func (c client) status(ctx context.Context, id slice.ID) (s intent.Status, err error) {
	err = c.call(ctx, http.MethodGet, id, nil, "", &s)
	return s, err
}

func (c client) list(ctx context.Context) ([]intent.Status, error) {
	var all plugin.List
	err := c.call(ctx, http.MethodGet, "", nil, "", &all)
	return all.Slices, err
}

func (c client) delete(ctx context.Context, id slice.ID) error {
	return c.call(ctx, http.MethodDelete, id, nil, "", nil)
}

// call sends a request about a slice, or about all, and reads the answer.
func (c client) call(ctx context.Context, method string, id slice.ID, body io.Reader, contentType string, answer any) error {
	target := c.base + "/v1/slices"
	if id != "" {
		target += "/" + url.PathEscape(string(id))
	}
	req, err := http.NewRequestWithContext(ctx, method, target, body)
	if err != nil {
		return slice.Errorf(slice.Invalid, "%w", err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return unreached(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read from
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return unreached(err)
	}
	return understand(resp, text, answer)
}

// unreached gives an error of the connection its kind. The two sides may not
// like each other's certificates.
func unreached(err error) error {
	var op *net.OpError
	kind := slice.KindOf(err)
	switch {
	case errors.As(err, &op) && op.Op == "remote error":
		kind = slice.Denied
	case kind == slice.Internal:
		kind = slice.Unavailable
	}
	return slice.Errorf(kind, "reach the plugin: %w", err)
}

// understand makes a value or an error of an answer.
func understand(resp *http.Response, text []byte, answer any) error {
	if resp.StatusCode/100 != 2 {
		p := plugin.Problem{Title: resp.Status}
		if resp.Header.Get("Content-Type") == plugin.ProblemType {
			if err := json.Unmarshal(text, &p); err != nil {
				return fmt.Errorf("read the answer of the plugin: %w", err)
			}
		}
		p.Status = resp.StatusCode
		return p.Err()
	}
	if answer == nil {
		return nil
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("read the answer of the plugin: %w", err)
	}
	return nil
}

// applyPackage hands a template's package to the plugin of a running lab.
func applyPackage(ctx context.Context, labDir, nstDir, paramsFile string) (intent.Status, error) {
	c, err := labClient(labDir)
	if err != nil {
		return intent.Status{}, err
	}
	o, err := newUpload(translate.Files{Template: nstDir, Params: paramsFile})
	if err != nil {
		return intent.Status{}, err
	}
	a, err := c.apply(ctx, o)
	return a.Status, err
}

// deleteSlice deletes a slice of a running lab. One that is not there is
// success.
func deleteSlice(ctx context.Context, labDir string, id slice.ID) error {
	c, err := labClient(labDir)
	if err != nil {
		return err
	}
	return c.delete(ctx, id)
}

// sliceStatus asks the plugin of a running lab for a slice.
func sliceStatus(ctx context.Context, labDir string, id slice.ID) (intent.Status, error) {
	c, err := labClient(labDir)
	if err != nil {
		return intent.Status{}, err
	}
	return c.status(ctx, id)
}
