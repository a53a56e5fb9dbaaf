// Package netnstest gives a test network namespaces of its own, which go when it
// ends. It needs root, and puts nothing into them.
//
//	ns := netnstest.Namespace(t)
package netnstest

import (
	"crypto/rand"
	"encoding/hex"
	"testing"

	"github.com/l2sces/l2sces/pkg/netns"
)

// Namespace makes a namespace of a random name for the time of a test.
func Namespace(tb testing.TB) string {
	tb.Helper()
	b := make([]byte, 4)
	if _, err := rand.Read(b); err != nil {
		tb.Fatal(err)
	}
	name := "t" + hex.EncodeToString(b)
	if err := netns.Make(name); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := netns.Delete(name); err != nil {
			tb.Error(err)
		}
	})
	return name
}
