package slice

import "strings"

// maxLabel is the longest DNS label (RFC 1035, section 2.3.4).
const maxLabel = 63

// IsLabel reports whether a name is a DNS label as Kubernetes wants it: 1 to
// 63 lower-case letters, digits and hyphens, with no hyphen at an end
// (RFC 1123, section 2.1).
func IsLabel(s string) bool {
	if s == "" || len(s) > maxLabel || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for i := range len(s) {
		if !inLabel(s[i]) {
			return false
		}
	}
	return true
}

// Label makes a DNS label of a name that somebody else chose. It does not
// shorten: two long names must not become one.
func Label(s string) string {
	b := []byte(strings.ToLower(s))
	for i := range b {
		if !inLabel(b[i]) {
			b[i] = '-'
		}
	}
	return strings.Trim(string(b), "-")
}

func inLabel(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-'
}
