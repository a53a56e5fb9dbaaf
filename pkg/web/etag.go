package web

import (
	"slices"
	"strings"
)

// Matches reports whether a list of tags, as If-Match and If-None-Match have it
// (RFC 9110, section 13.1), holds one; an empty tag is that of nothing. Weak
// tags match only where the comparison may be weak.
func Matches(list, tag string, weak bool) bool {
	if strings.TrimSpace(list) == "*" {
		return tag != ""
	}
	return tag != "" && slices.ContainsFunc(strings.Split(list, ","), func(one string) bool {
		one = strings.TrimSpace(one)
		if weak {
			one = strings.TrimPrefix(one, "W/")
		}
		return one == tag
	})
}
