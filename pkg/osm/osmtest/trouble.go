package osmtest

import (
	"net/http"
	"strings"
	"sync"
)

// A Trouble is what happens to a request. The zero value is none.
type Trouble struct {
	Status     int             // this is answered, and nothing is done
	RetryAfter string          // a header of the answer
	Slow       <-chan struct{} // the request waits until it is closed, or until the client leaves
	Lost       bool            // it is carried out, and the connection ends without an answer
	Cut        bool            // the connection ends before the answer does
	// Change makes another answer of the true one.
	Change func(status int, body []byte) (int, []byte)
}

// Disturb asks f of every request from now on what happens to it; nil ends that.
func (n *NBI) Disturb(f func(Request) Trouble) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.trouble = f
}

// Next makes trouble, one after the other, for the requests with a method and
// a beginning of their path, and none for others and later ones.
func (n *NBI) Next(method, path string, troubles ...Trouble) {
	var mu sync.Mutex
	n.Disturb(func(r Request) Trouble {
		mu.Lock()
		defer mu.Unlock()
		if len(troubles) == 0 || r.Method != method || !strings.HasPrefix(r.Path, path) {
			return Trouble{}
		}
		t := troubles[0]
		troubles = troubles[1:]
		return t
	})
}

// admit wants a token that counts.
func (n *NBI) admit(r *http.Request) *refusal {
	id, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !bearer {
		return &refusal{http.StatusUnauthorized, "Needed a token or Authorization http header"}
	}
	until, known := n.tokens[id]
	switch {
	case !known:
		return &refusal{http.StatusUnauthorized, "Invalid Token or Authorization HTTP header"}
	case n.Now().After(until):
		delete(n.tokens, id)
		return &refusal{http.StatusUnauthorized, "Expired Token or Authorization HTTP header"}
	}
	return nil
}
