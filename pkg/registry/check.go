package registry

import (
	"cmp"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// The limits of a registration.
const (
	maxAddresses = 16
	maxAddress   = 300
	maxLabels    = 64
	maxLabel     = 253
	maxReference = 1024
)

// direct is the driver that calls the SDN controller of a domain itself.
const direct = "direct"

// Check returns a registration as it is kept, or what is wrong with it. What
// only answers tell is taken off.
func Check(r intent.Registration) (intent.Registration, error) {
	r.Driver = cmp.Or(r.Driver, direct)
	r.Generation, r.Static, r.Slices, r.Info, r.Conditions = 0, false, 0, intent.DomainInfo{}, nil
	r.Addresses = slices.Clone(r.Addresses)
	switch {
	case !slice.IsLabel(string(r.Name)):
		return r, slice.Errorf(slice.Invalid, "name: domain name %q: use 1 to 63 lower-case letters, digits and hyphens", clip(string(r.Name)))
	case r.Driver == "kube":
		return r, slice.Errorf(slice.Invalid, "driver: kube is not available in this release: use %s", direct)
	case r.Driver != direct:
		return r, slice.Errorf(slice.Invalid, "driver: %q is none: use %s", clip(r.Driver), direct)
	}
	for _, check := range []func(intent.Registration) error{checkAddresses, checkCredentials, checkLabels} {
		if err := check(r); err != nil {
			return r, err
		}
	}
	return r, nil
}

func checkAddresses(r intent.Registration) error {
	if len(r.Addresses) == 0 {
		return slice.Errorf(slice.Invalid, "addresses: none is given: name the HOST:PORT of the domain's SDN controller")
	}
	if len(r.Addresses) > maxAddresses {
		return slice.Errorf(slice.Invalid, "addresses: %d are given: at most %d are taken", len(r.Addresses), maxAddresses)
	}
	for i, a := range r.Addresses {
		if !isAddress(a) {
			return slice.Errorf(slice.Invalid, "addresses[%d]: %q is not HOST:PORT", i, clip(a))
		}
		if slices.Contains(r.Addresses[:i], a) {
			return slice.Errorf(slice.Invalid, "addresses[%d]: %s is given twice", i, a)
		}
	}
	return nil
}

// isAddress reports whether a text is the host and port of a server: nothing
// that could be read as the name of another way to find one.
func isAddress(text string) bool {
	host, port, err := net.SplitHostPort(text)
	if err != nil || host == "" || len(text) > maxAddress {
		return false
	}
	for _, c := range []byte(host) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
		if !letter && !strings.ContainsRune("-.:%_", rune(c)) {
			return false
		}
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n != 0
}

func checkCredentials(r intent.Registration) error {
	c, given := r.Credentials, 0
	for _, x := range []string{c.File, c.Secret, c.Command} {
		if x != "" {
			given++
		}
		if len(x) > maxReference {
			return slice.Errorf(slice.Invalid, "credentials: a reference has %d bytes: at most %d are taken", len(x), maxReference)
		}
	}
	switch {
	case given > 1:
		return slice.Errorf(slice.Invalid, "credentials: file, secret and command are given together: name one")
	case c.Secret != "":
		return slice.Errorf(slice.Invalid, "credentials.secret: a Kubernetes Secret needs the driver kube, which this release does not have: use file or command")
	case c.File != "" && (!filepath.IsAbs(c.File) || filepath.Clean(c.File) != c.File || strings.ContainsRune(c.File, 0)):
		return slice.Errorf(slice.Invalid, "credentials.file: %q is not the absolute, shortest path of a folder", clip(c.File))
	}
	return nil
}

func checkLabels(r intent.Registration) error {
	if len(r.Labels) > maxLabels {
		return slice.Errorf(slice.Invalid, "labels: %d are given: at most %d are taken", len(r.Labels), maxLabels)
	}
	for k, v := range r.Labels {
		if k == "" || len(k) > maxLabel || len(v) > maxLabel {
			return slice.Errorf(slice.Invalid, "labels: %q is empty or longer than %d bytes", clip(k), maxLabel)
		}
	}
	return nil
}

// clip keeps what somebody sent from filling an error.
func clip(text string) string { return text[:min(len(text), 80)] }
