package lint

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

// What OSM's own forms take at instantiation.
const (
	maxName  = 255
	maxList  = 1000
	unfit    = `,;()'"`
	unquoted = `'"`
)

var plainID = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$`)

// texts looks at ids, names and descriptions, and at lists that are too long.
func (u *unit) texts() {
	id := u.body.Get("id")
	if id.Text() == "" && id.Form() != descriptor.FormMapping && id.Form() != descriptor.FormList {
		u.add("id-missing", id, "the descriptor has no id")
	} else {
		u.label(id, "the descriptor")
	}
	for _, key := range []string{"name", "product-name"} {
		n := u.body.Get(key)
		if strings.ContainsAny(n.Text(), unfit) || utf8.RuneCountInString(n.Text()) > maxName {
			u.add("name-text", n, "%s has a character or a length that instances must not have", quoted(n.Text()))
		}
	}
	if d := u.body.Get("description"); unfitDescription(d.Text()) {
		u.add("description-text", d, "the description has quotes or more than %d characters", maxName)
	}
	every(u.body, func(n descriptor.Node) {
		if items := len(n.Items()); items > maxList {
			u.add("list-length", n, "a list of %d elements", items)
		}
	})
}

// unfitDescription reports whether OSM would refuse a text where an instance
// inherits it.
func unfitDescription(s string) bool {
	return utf8.RuneCountInString(s) > maxName || strings.ContainsAny(s, unquoted)
}

// label wants an id that names in Kubernetes and in DNS can be made of.
func (u *unit) label(n descriptor.Node, of string) {
	switch id := n.Text(); {
	case slice.IsLabel(id) || id == "":
	case plainID.MatchString(id):
		u.add("id-label", n, "the id of %s, %s, is no DNS label", of, quoted(id))
	default:
		u.add("id-text", n, "no name can be made of the id of %s, %s", of, quoted(id))
	}
}
