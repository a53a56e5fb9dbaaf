package onboard

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"

	"github.com/l2sces/l2sces/pkg/descriptor"
)

// name wants what OSM takes for a name.
func (r *reader) name(path, text string) {
	if text == "" || len(text) > 255 || strings.ContainsAny(text, `,;()'"`) {
		r.complain(path, `use 1 to 255 characters without , ; ( ) ' "`, "OSM takes no name %.64q", text)
	}
}

// short wants what OSM takes for a short name.
func (r *reader) short(path, text string) {
	if text == "" || len(text) > 60 || strings.ContainsAny(text, `,;().$'"`) {
		r.complain(path, `use 1 to 60 characters without , ; ( ) . $ ' "`, "OSM takes no short name %.64q", text)
	}
}

// line wants any text.
func (r *reader) line(path, text string) {
	if text == "" || len(text) > 255 {
		r.complain(path, "use 1 to 255 characters", "OSM wants a text here, and not %.64q", text)
	}
}

// url wants an address without secrets.
func (r *reader) url(path, text string) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || len(text) > 255 || strings.ContainsAny(text, `'"`) {
		r.complain(path, "write http://HOST:PORT or https://HOST:PORT", "this is no address")
	}
}

// open reads a file that an entry names.
func (r *reader) open(path, name string) []byte {
	if name == "" {
		r.complain(path, "name a file", "a file is wanted here: what is secret does not stand in this one")
		return nil
	}
	text, err := r.sources.Open(name)
	if err != nil {
		var why *fs.PathError
		if errors.As(err, &why) {
			err = why.Err
		}
		r.complain(path, "", "read %s: %s", name, err)
	}
	return text
}

// text reads a file of text.
func (r *reader) text(path, name string) string { return string(r.open(path, name)) }

// password reads one. OSM takes up to 60 characters.
func (r *reader) password(path, name string) string {
	before := len(r.problems)
	text := strings.TrimRight(string(r.open(path, name)), "\r\n")
	if len(r.problems) == before && (text == "" || len(text) > 60 || strings.ContainsAny(text, "\r\n")) {
		r.complain(path, "write one line of 1 to 60 characters", "%s holds no password that OSM takes", name)
	}
	return text
}

// kubeconfig reads the credentials of a cluster, which OSM takes as an object. What
// they refer to outside of them OSM would not find.
func (r *reader) kubeconfig(path, name string) map[string]any {
	before := len(r.problems)
	text := r.open(path, name)
	if len(r.problems) > before {
		return nil
	}
	var v map[string]any
	if err := descriptor.FromYAML(name, text, &v); err != nil {
		var problems descriptor.Problems
		if errors.As(err, &problems) && len(problems) > 0 { // their text might quote a secret
			r.complain(path, "write it as kubectl config view --raw does", "%s is no plain YAML", problems[0].Position)
			return nil
		}
		r.complain(path, "", "%s cannot be read", name)
		return nil
	}
	if v["clusters"] == nil || v["users"] == nil {
		r.complain(path, "name a kubeconfig", "%s has no clusters and users", name)
	}
	if key := outside(v); key != "" {
		r.complain(path, "write it with kubectl config view --raw --flatten --minify", "%s has %s, which OSM cannot use", name, key)
	}
	return v
}

// outside finds a key by which a kubeconfig refers to files or programs.
func outside(v any) string {
	switch v := v.(type) {
	case map[string]any:
		for key, x := range v {
			switch key {
			case "certificate-authority", "client-certificate", "client-key", "tokenFile", "exec", "auth-provider":
				if x != nil {
					return key
				}
			}
			if found := outside(x); found != "" {
				return found
			}
		}
	case []any:
		for _, x := range v {
			if found := outside(x); found != "" {
				return found
			}
		}
	}
	return ""
}
