package osm

import (
	"context"
	"crypto/md5" //nolint:gosec // NBI's Content-File-MD5 finds accidents; the SHA-384 beside it is the check
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Kind is a kind of package.
type Kind string

// The kinds, in the order in which they need each other.
const (
	VNFD Kind = "vnfd"
	NSD  Kind = "nsd"
	NST  Kind = "nst"
)

// resources are where NBI keeps each kind, and what it calls the content.
var resources = map[Kind]struct{ path, content string }{
	VNFD: {"/vnfpkgm/v1/vnf_packages", "package_content"},
	NSD:  {"/nsd/v1/ns_descriptors", "nsd_content"},
	NST:  {"/nst/v1/netslice_templates", "nst_content"},
}

// A Package is an onboarded one.
type Package struct {
	ID         string // NBI's
	Descriptor string // the id that the descriptor has; empty until there is content
	Name       string
	Revision   int
	State      string          // onboardingState
	Usage      string          // usageState: IN_USE or NOT_IN_USE
	Record     json.RawMessage // all of it
}

// UnmarshalJSON reads NBI's record.
func (p *Package) UnmarshalJSON(text []byte) error {
	var r struct {
		ID    string `json:"_id"`
		Of    string `json:"id"`
		Name  string `json:"name"`
		Title string `json:"product-name"`
		Admin struct {
			Revision int    `json:"revision"`
			State    string `json:"onboardingState"`
			Usage    string `json:"usageState"`
		} `json:"_admin"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	*p = Package{ID: r.ID, Descriptor: r.Of, Name: r.Name, Revision: r.Admin.Revision, State: r.Admin.State, Usage: r.Admin.Usage}
	if p.Name == "" {
		p.Name = r.Title
	}
	p.Record = append(json.RawMessage(nil), text...)
	return nil
}

// Packages returns all of a kind.
func (c *Client) Packages(ctx context.Context, k Kind) (all []Package, err error) {
	return all, c.Get(ctx, resources[k].path, &all)
}

// Package returns one by NBI's id.
func (c *Client) Package(ctx context.Context, k Kind, id string) (p Package, err error) {
	if err := need(id); err != nil {
		return p, err
	}
	return p, c.Get(ctx, at(resources[k].path, id), &p)
}

// Find returns the package of a descriptor's id. An absent one is an error of
// kind NotFound.
func (c *Client) Find(ctx context.Context, k Kind, descriptor string) (Package, error) {
	var all []Package
	if err := c.Get(ctx, resources[k].path+"?"+url.Values{"id": {descriptor}}.Encode(), &all); err != nil {
		return Package{}, err
	}
	for _, p := range all { // NBI splits a filter at commas
		if p.Descriptor == descriptor {
			return p, nil
		}
	}
	return Package{}, slice.Errorf(slice.NotFound, "osm: there is no %s %s", k, descriptor)
}

// Upload onboards a new package, a tar.gz or a zip, and returns NBI's id. If its
// content is refused nothing stays.
func (c *Client) Upload(ctx context.Context, k Kind, name string, content []byte) (id string, err error) {
	id, err = c.send(ctx, http.MethodPost, resources[k].path, struct{}{})
	if err == nil {
		err = need(id)
	}
	if err != nil {
		return "", err
	}
	if err := c.Update(ctx, k, id, name, content); err != nil {
		// Its error would hide the one that counts.
		_ = c.Remove(context.WithoutCancel(ctx), k, id)
		return "", err
	}
	return id, nil
}

// Update replaces the content of a package. NBI refuses most changes of one that
// is in use.
func (c *Client) Update(ctx context.Context, k Kind, id, name string, content []byte) error {
	if err := need(id); err != nil {
		return err
	}
	kind, ending, err := archive(content)
	if err != nil {
		return err
	}
	short, long := md5.Sum(content), sha512.Sum384(content) //nolint:gosec // see above
	_, err = c.call(ctx, request{
		method: http.MethodPut, path: at(resources[k].path, id, resources[k].content), body: content, again: true,
		header: map[string]string{
			"Content-Type": kind, "Content-Filename": fileName(name) + ending, "Content-File-MD5": hex.EncodeToString(short[:]),
			"Digest": "sha-384=" + base64.StdEncoding.EncodeToString(long[:]),
		},
	})
	return err
}

// Remove deletes a package. An absent one is no error; one in use is an error of
// kind Conflict.
func (c *Client) Remove(ctx context.Context, k Kind, id string) error {
	return c.remove(ctx, resources[k].path, id)
}

// remove deletes what a path holds under an id. An absent one is no error.
func (c *Client) remove(ctx context.Context, path, id string) error {
	if err := need(id); err != nil {
		return err
	}
	_, err := c.call(ctx, request{method: http.MethodDelete, path: at(path, id), again: true})
	if slice.KindOf(err) == slice.NotFound {
		return nil
	}
	return err
}

// Artifact reads a file of a package by its path inside.
func (c *Client) Artifact(ctx context.Context, k Kind, id, path string) ([]byte, error) {
	if err := need(id); err != nil {
		return nil, err
	}
	p := (&url.URL{Path: path}).EscapedPath()
	return c.File(ctx, at(resources[k].path, id, "artifacts")+"/"+p)
}

// Descriptor reads the descriptor of a package as it was written.
func (c *Client) Descriptor(ctx context.Context, k Kind, id string) ([]byte, error) {
	if err := need(id); err != nil {
		return nil, err
	}
	return c.File(ctx, at(resources[k].path, id, string(k)))
}

// Content reads a package back, byte for byte as it was uploaded. One that was
// never an archive is an error of kind Invalid.
func (c *Client) Content(ctx context.Context, k Kind, id string) ([]byte, error) {
	if err := need(id); err != nil {
		return nil, err
	}
	a, err := c.call(ctx, request{
		method: http.MethodGet, path: at(resources[k].path, id, resources[k].content), again: true,
		// Not a text: of a package with one file NBI would give the descriptor.
		header: map[string]string{"Accept": "application/zip, application/gzip"},
	})
	return a.body, err
}

// archive tells the two forms of a package apart by their first bytes.
func archive(content []byte) (kind, ending string, err error) {
	switch {
	case len(content) > 2 && content[0] == 0x1f && content[1] == 0x8b: // RFC 1952, section 2.3.1
		return "application/gzip", ".tar.gz", nil
	case len(content) > 4 && string(content[:4]) == "PK\x03\x04":
		return "application/zip", ".zip", nil
	default:
		return "", "", slice.Errorf(slice.Invalid, "osm: a package is a tar.gz or a zip")
	}
}

// fileName makes a name that a header and a file system take.
func fileName(name string) string {
	out := []byte(name)
	for i, b := range out {
		if b <= ' ' || b >= 0x7f || b == '/' || b == '\\' || b == '"' || b == ';' {
			out[i] = '_'
		}
	}
	if len(out) == 0 {
		return "package"
	}
	return string(out)
}
