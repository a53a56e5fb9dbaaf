package osmtest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/md5" //nolint:gosec // what NBI checks
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// A kind is one of packages.
type kind struct {
	table, path, content string
	keys                 []string // that the state has beside onboardingState
}

var kinds = []kind{
	{"vnfd", "/vnfpkgm/v1/vnf_packages", "package_content", []string{"onboardingState", "operationalState", "usageState"}},
	{"nsd", "/nsd/v1/ns_descriptors", "nsd_content", []string{"nsdOnboardingState", "nsdOperationalState", "nsdUsageState"}},
	{"nst", "/nst/v1/netslice_templates", "nst_content", []string{"onboardingState", "operationalState", "usageState"}},
}

// A content is what a package holds.
type content struct {
	descriptor string            // path of it
	files      map[string][]byte // by the path inside the top folder
	archive    []byte            // as it came
}

func (n *NBI) routePackages() {
	for _, k := range kinds {
		n.on("GET "+k.path, func(c *call) error { n.table(k.table).list(c); return nil })
		n.on("GET "+k.path+"/{id}", func(c *call) error { return n.show(k.table, c) })
		n.on("GET "+k.path+"/{id}/"+k.table, func(c *call) error { return n.file(k, c, "") })
		n.on("GET "+k.path+"/{id}/artifacts/{path...}", func(c *call) error { return n.file(k, c, c.r.PathValue("path")) })
		n.on("POST "+k.path, func(c *call) error {
			id := n.newPackage(k)
			c.created(http.StatusCreated, id, record{"_id": id})
			return nil
		})
		n.on("PUT "+k.path+"/{id}/"+k.content, func(c *call) error {
			if err := n.upload(k, c, c.r.PathValue("id")); err != nil {
				return err
			}
			c.answer.status = http.StatusNoContent
			return nil
		})
		n.on("GET "+k.path+"/{id}/"+k.content, func(c *call) error { return n.archive(k, c) })
		n.on("POST "+k.path+"_content", func(c *call) error { return n.onboard(k, c) })
		n.on("DELETE "+k.path+"/{id}", func(c *call) error { return n.removePackage(k, c) })
	}
}

// newPackage makes an empty package.
func (n *NBI) newPackage(k kind) string {
	id := n.id()
	n.table(k.table).rows = append(n.table(k.table).rows, record{
		"_id":    id,
		"_admin": record{"userDefinedData": record{}, "revision": 0, "created": n.seconds(), "modified": n.seconds(), "onboardingState": "CREATED", "operationalState": "DISABLED", "usageState": "NOT_IN_USE"},
	})
	return id
}

func (n *NBI) onboard(k kind, c *call) error {
	id := n.newPackage(k)
	if err := n.upload(k, c, id); err != nil {
		n.table(k.table).remove(id)
		return err
	}
	c.created(http.StatusCreated, id, record{"_id": id})
	return nil
}

// upload checks the content of a package and takes it.
func (n *NBI) upload(k kind, c *call, id string) error {
	old, err := n.table(k.table).get(id)
	if err != nil {
		return err
	}
	if err := sums(c); err != nil {
		return err
	}
	held, err := open(c.r.Header.Get("Content-Type"), c.body)
	if err != nil {
		return err
	}
	held.archive = c.body
	d, err := read(k, held)
	if err != nil {
		return err
	}
	if err := n.references(k, id, d); err != nil {
		return err
	}
	admin := object(clone(old["_admin"]))
	revision, _ := admin["revision"].(float64)
	admin["revision"], admin["modified"] = revision+1, n.seconds()
	admin["onboardingState"], admin["operationalState"] = "ONBOARDED", "ENABLED"
	d["_id"], d["_admin"] = id, admin
	for i, state := range []string{"ONBOARDED", "ENABLED", "NOT_IN_USE"} {
		d[k.keys[i]] = state
	}
	clear(old)
	for key, v := range d {
		old[key] = v
	}
	n.contents[id] = held
	return nil
}

// sums compares a content with what the headers say of it.
func sums(c *call) error {
	short, long := md5.Sum(c.body), sha512.Sum384(c.body) //nolint:gosec // what NBI checks
	if h := c.r.Header.Get("Content-File-MD5"); h != "" && h != hex.EncodeToString(short[:]) {
		return refusal{http.StatusConflict, "Error, MD5 mismatch"}
	}
	switch algorithm, sum, _ := strings.Cut(c.r.Header.Get("Digest"), "="); {
	case algorithm == "":
		return nil
	case !strings.EqualFold(algorithm, "sha-384"):
		return refusal{http.StatusBadRequest, "Unsupported digest algorithm"}
	case sum != base64.StdEncoding.EncodeToString(long[:]):
		return refusal{http.StatusConflict, "Error, SHA384 mismatch"}
	}
	return nil
}

// open reads a tar.gz. Zips are beyond this double.
func open(form string, body []byte) (*content, error) {
	if form != "application/gzip" && form != "application/x-gzip" {
		return nil, refusal{http.StatusUnsupportedMediaType, "this double of NBI takes only application/gzip"}
	}
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, refusal{http.StatusBadRequest, "Invalid package: not a gzip file"}
	}
	out, r := &content{files: map[string][]byte{}}, tar.NewReader(io.LimitReader(z, maxBody))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refusal{http.StatusBadRequest, "invalid file content"}
		}
		if err := out.add(h, r); err != nil {
			return nil, err
		}
	}
	if out.descriptor == "" {
		return nil, refusal{http.StatusBadRequest, "Not found any descriptor file at package descriptor tar.gz"}
	}
	return out, nil
}

// add takes one entry of the archive.
func (p *content) add(h *tar.Header, r io.Reader) error {
	name := h.Name
	switch {
	case strings.HasPrefix(name, "/") || slices.Contains(strings.Split(name, "/"), ".."):
		return refusal{http.StatusBadRequest, "Absolute path or '..' are not allowed for package descriptor tar.gz"}
	case h.Typeflag == tar.TypeDir || strings.HasPrefix(name, "./"):
		return nil // a name that begins so is never found again
	case !strings.Contains(name, "/"):
		return refusal{http.StatusBadRequest, "All files must be inside a dir for package descriptor tar.gz"}
	}
	_, inside, _ := strings.Cut(name, "/")
	if ext := path.Ext(inside); !strings.Contains(inside, "/") && (ext == ".yaml" || ext == ".yml") {
		if p.descriptor != "" {
			return refusal{http.StatusBadRequest, "Found more than one descriptor file at package descriptor tar.gz"}
		}
		p.descriptor = inside
	}
	data, err := io.ReadAll(r)
	p.files[inside] = data
	return err
}

// read takes the one descriptor out of its envelope.
func read(k kind, held *content) (record, error) {
	broken := refusal{http.StatusUnprocessableEntity, "the file is no " + k.table}
	var top record
	if err := descriptor.FromYAML(held.descriptor, held.files[held.descriptor], &top); err != nil {
		return nil, refusal{http.StatusBadRequest, err.Error()}
	}
	top = object(clone(top))
	var d record
	switch in := top[k.table].(type) {
	case record: // vnfd: {} and nsd: {nsd: []}
		d = in
		if list := items(in[k.table]); len(list) == 1 {
			d = list[0]
		}
	case []any:
		if len(in) != 1 {
			return nil, refusal{http.StatusBadRequest, "'" + k.table + "' must be a list of only one element"}
		}
		d = object(in[0])
	}
	if text(d["id"]) == "" {
		return nil, broken
	}
	return d, nil
}

// references wants an id of its own, and everything named to be there.
func (n *NBI) references(k kind, id string, d record) error {
	for _, r := range n.table(k.table).rows {
		if r["id"] == d["id"] && r["_id"] != id {
			return refusal{http.StatusConflict, fmt.Sprintf("%s with id '%v' already exists for this project", k.table, d["id"])}
		}
	}
	names, _ := d["vnfd-id"].([]any)
	for _, name := range names {
		if k.table == "nsd" && n.byID("vnfd", text(name)) == nil {
			return refusal{http.StatusConflict, fmt.Sprintf("Descriptor error at 'vnfd-id'='%v' references a non exist vnfd", name)}
		}
	}
	for _, s := range items(d["netslice-subnet"]) {
		if k.table == "nst" && n.byID("nsd", text(s["nsd-ref"])) == nil {
			return refusal{http.StatusConflict, fmt.Sprintf("Descriptor error at 'nsd-ref'='%v' references a non exist nsd", s["nsd-ref"])}
		}
	}
	return nil
}

// byID returns the package with a descriptor's id, or nil.
func (n *NBI) byID(table, id string) record {
	for _, r := range n.table(table).rows {
		if r["id"] == id {
			return r
		}
	}
	return nil
}

// file answers a file of a package; none is the descriptor.
func (n *NBI) file(k kind, c *call, name string) error {
	if _, err := n.table(k.table).get(c.r.PathValue("id")); err != nil {
		return err
	}
	held := n.contents[c.r.PathValue("id")]
	if held == nil {
		return refusal{http.StatusConflict, "package is not onboarded"}
	}
	if name == "" {
		name = held.descriptor
	}
	data, ok := held.files[name]
	switch {
	case !ok:
		return refusal{http.StatusNotFound, "artifact '" + name + "' does not exist"}
	case !strings.Contains(c.r.Header.Get("Accept"), "text/plain") && c.r.Header.Get("Accept") != "*/*":
		return refusal{http.StatusNotAcceptable, "Only 'text/plain' is possible"}
	}
	c.answer.header.Set("Content-Type", "text/plain")
	c.answer.status, c.answer.body = http.StatusOK, data
	return nil
}

// archive answers with a package as it was uploaded.
func (n *NBI) archive(k kind, c *call) error {
	id := c.r.PathValue("id")
	if _, err := n.table(k.table).get(id); err != nil {
		return err
	}
	held := n.contents[id]
	switch {
	case held == nil:
		return refusal{http.StatusConflict, "package is not onboarded"}
	case !strings.Contains(c.r.Header.Get("Accept"), "application/zip"):
		return refusal{http.StatusNotAcceptable, "Packages that contains several files need to be retrieved with 'application/zip'Accept header"}
	}
	c.answer.header.Set("Content-Type", "application/zip")
	c.answer.status, c.answer.body = http.StatusOK, held.archive
	return nil
}

// users are who keeps a package from being deleted.
var users = map[string][]struct{ table, why string }{
	"vnfd": {{"nsrs", "There is at least one VNF instance using this descriptor"}, {"nsd", "There is at least one NS referencing this descriptor"}},
	"nsd":  {{"nsrs", "There is at least one NS instance using this descriptor"}, {"nst", "There is at least one NST referencing this descriptor"}},
	"nst":  {{"nsis", "there is at least one Netslice Instance using this descriptor"}},
}

func (n *NBI) removePackage(k kind, c *call) error {
	r, err := n.table(k.table).get(c.r.PathValue("id"))
	if err != nil {
		return err
	}
	for _, u := range users[k.table] {
		for _, o := range n.table(u.table).rows {
			if of := text(r["id"]); of != "" && uses(u.table, o, of) {
				return refusal{http.StatusConflict, u.why}
			}
		}
	}
	n.table(k.table).remove(text(r["_id"]))
	delete(n.contents, text(r["_id"]))
	c.answer.status = http.StatusNoContent
	return nil
}

// uses reports whether a record names a descriptor.
func uses(table string, r record, id string) bool {
	switch table {
	case "nsis":
		return r["nst-ref"] == id
	case "nst":
		return slices.ContainsFunc(items(r["netslice-subnet"]), func(s record) bool { return s["nsd-ref"] == id })
	case "nsrs":
		names, _ := object(r["nsd"])["vnfd-id"].([]any)
		return r["nsd-ref"] == id || slices.Contains(names, any(id))
	default:
		names, _ := r["vnfd-id"].([]any)
		return slices.Contains(names, any(id))
	}
}
