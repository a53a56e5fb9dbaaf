package osm

import (
	"encoding/json"
	"strings"
)

// words are parts of keys behind which secrets stand.
var words = []string{"password", "credentials", "secret", "token"}

// shortest is the length below which a text behind such a key is a word like any
// other.
const shortest = 4

// secrets returns the texts of a JSON value that its keys call secret.
func secrets(body []byte) []string {
	var v any
	if json.Unmarshal(body, &v) != nil {
		return nil
	}
	var out []string
	collect(v, false, &out)
	return out
}

func collect(v any, secret bool, out *[]string) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			collect(x, secret || isSecret(k), out)
		}
	case []any:
		for _, x := range v {
			collect(x, secret, out)
		}
	case string:
		if secret && len(v) >= shortest {
			*out = append(*out, v)
		}
	}
}

func isSecret(key string) bool {
	key = strings.ToLower(key)
	for _, w := range words {
		if strings.Contains(key, w) {
			return true
		}
	}
	return false
}
