package web

import (
	"encoding/base64"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// The items of a page: unless the client says how many, and at most.
const (
	defaultPage = 100
	largestPage = 1000
)

// Page cuts a page out of all items, which have to be in the order of their
// keys. A cursor is the key of the last item of the page before, so that what
// comes and goes meanwhile shifts nothing.
func Page[T any](all []T, key func(T) string, limit *int, cursor *string) (items []T, next *string, err error) {
	n := defaultPage
	if limit != nil {
		n = *limit
	}
	if n < 1 || n > largestPage {
		return nil, nil, slice.Errorf(slice.Invalid, "limit %d is not between 1 and %d", n, largestPage)
	}
	if cursor != nil && *cursor != "" {
		after, err := base64.RawURLEncoding.DecodeString(*cursor)
		if err != nil {
			return nil, nil, slice.Errorf(slice.Invalid, "cursor %q is none of ours: pass the next of a page", *cursor)
		}
		i, found := slices.BinarySearchFunc(all, string(after), func(x T, k string) int { return strings.Compare(key(x), k) })
		if found {
			i++
		}
		all = all[i:]
	}
	if len(all) <= n {
		return slices.Concat([]T{}, all), nil, nil
	}
	last := base64.RawURLEncoding.EncodeToString([]byte(key(all[n-1])))
	return all[:n], &last, nil
}
