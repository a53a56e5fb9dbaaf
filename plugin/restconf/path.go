package restconf

import (
	"net/url"
	"strings"

	"github.com/labstack/echo/v4"
)

// Limits of a path.
const (
	maxSteps = 32
	maxKey   = 1024 // bytes of one key
)

// A Step is one node of a data resource's path (RFC 8040, section 3.5.3).
type Step struct {
	Module string // as it is given; empty: that of the step before
	Name   string
	Keys   []string // of an entry of a list, decoded; nil: the step names none
}

// Key returns the only key of a step.
func (s Step) Key() (string, bool) {
	if len(s.Keys) != 1 {
		return "", false
	}
	return s.Keys[0], true
}

// ParsePath reads an escaped path below /restconf/data, such as
// ietf-l2vpn-svc:l2vpn-svc/sites/site=a%2Fb. Slashes at its ends count for nothing.
func ParsePath(escaped string) ([]Step, error) {
	escaped = strings.Trim(escaped, "/")
	if escaped == "" {
		return nil, nil
	}
	parts := strings.Split(escaped, "/")
	if len(parts) > maxSteps {
		return nil, Errorf(InvalidValue, "", "the path has more than %d steps", maxSteps)
	}
	steps := make([]Step, len(parts))
	for i, part := range parts {
		s, err := parseStep(part)
		if err != nil {
			return nil, err
		}
		steps[i] = s
	}
	return steps, nil
}

func parseStep(part string) (Step, error) {
	var s Step
	name, keys, list := strings.Cut(part, "=")
	name, err := url.PathUnescape(name)
	if err != nil {
		return s, Errorf(InvalidValue, "", "the path: %s", err)
	}
	if module, rest, ok := strings.Cut(name, ":"); ok {
		s.Module, name = module, rest
		if !isName(s.Module) {
			return s, Errorf(InvalidValue, "", "the path: %.64q is not the name of a module", s.Module)
		}
	}
	if s.Name = name; !isName(name) {
		return s, Errorf(InvalidValue, "", "the path: %.64q is not the name of a node", name)
	}
	if !list {
		return s, nil
	}
	for key := range strings.SplitSeq(keys, ",") {
		key, err := Unescape(key)
		if err != nil {
			return s, err
		}
		s.Keys = append(s.Keys, key)
	}
	return s, nil
}

// Unescape decodes one key of a path.
func Unescape(key string) (string, error) {
	text, err := url.PathUnescape(key)
	if err != nil {
		return "", Errorf(InvalidValue, "", "the path: %s", err)
	}
	if len(text) > maxKey || !isText(text) {
		return "", Errorf(InvalidValue, "", "the path: a key is text of at most %d bytes", maxKey)
	}
	return text, nil
}

// Escape encodes one key for a path, also what a path could bear (RFC 8040,
// section 3.5.3).
func Escape(key string) string { return strings.ReplaceAll(url.PathEscape(key), ",", "%2C") }

// isName reports whether a text is an identifier of YANG (RFC 7950, section 6.2).
func isName(s string) bool {
	const first = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
	return s != "" && len(s) <= 64 && strings.ContainsRune(first, rune(s[0])) && strings.Trim(s, first+"0123456789-.") == ""
}

// PathOf returns the path of a request below /restconf/data. It is the way to the
// keys of a path: what echo has for a parameter is decoded or not, as it happens.
func PathOf(c echo.Context) ([]Step, error) {
	_, path, _ := strings.Cut(c.Request().URL.EscapedPath(), "/restconf/data")
	return ParsePath(path)
}

// LastKey returns the key of the last step of a request's path.
func LastKey(c echo.Context) (string, error) {
	steps, err := PathOf(c)
	if err != nil {
		return "", err
	}
	if len(steps) > 0 {
		if key, one := steps[len(steps)-1].Key(); one {
			return key, nil
		}
	}
	return "", Errorf(InvalidValue, "", "the path names no entry: write list=key")
}

// Location tells a client where the resource that it made is (RFC 8040, section
// 4.4.1).
func Location(c echo.Context, steps []Step) {
	before, _, _ := strings.Cut(c.Request().URL.EscapedPath(), "/restconf/data")
	var b strings.Builder
	b.WriteString(before + "/restconf/data")
	for _, s := range steps {
		b.WriteByte('/')
		if s.Module != "" {
			b.WriteString(s.Module + ":")
		}
		b.WriteString(s.Name)
		for i, key := range s.Keys {
			b.WriteByte("=,"[min(i, 1)])
			b.WriteString(Escape(key))
		}
	}
	c.Response().Header().Set(echo.HeaderLocation, b.String())
}
