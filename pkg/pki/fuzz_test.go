package pki_test

import (
	"testing"

	"github.com/l2sces/l2sces/pkg/pki"
)

// An identity that is taken is written as it was read, and one of a node names
// that node.
func FuzzIdentity(f *testing.F) {
	for _, seed := range []string{"l2sces://sco", "l2sces://domain/fire/node/n1", "l2sces://domain/fire/sdnc", "l2sces://user/admin", "l2sces://", "spiffe://x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		id, err := pki.ParseIdentity(text)
		if err != nil {
			return
		}
		if string(id) != text {
			t.Errorf("%q is read as %q", text, id)
		}
		if d, n, ok := id.Node(); ok && pki.Node(d, n) != id {
			t.Errorf("%q is the one of node %q of domain %q", text, n, d)
		}
	})
}
