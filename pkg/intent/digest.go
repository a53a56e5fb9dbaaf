package intent

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// Digest returns a short text that is the same for the same segment, and
// another one for any other: by it the SCO sees whether a domain has what was
// asked of it, without reading all of it again.
func (s Segment) Digest() string {
	text, err := json.Marshal(s)
	if err != nil {
		return "" // says nothing; the parts of a segment always have a text
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}
