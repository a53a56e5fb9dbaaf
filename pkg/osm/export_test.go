package osm

import "time"

// Refusal lets the fuzz test make an error of an answer.
func Refusal(status int, body []byte, secret string) error {
	return refusal(request{method: "GET", path: "/x"}, status, body, secret)
}

// ReadToken lets the fuzz test read an answer to a login.
func ReadToken(body []byte) (lasts time.Duration, err error) {
	began := time.Unix(0, 0)
	t, err := readToken(body, began)
	return t.Until.Sub(began), err
}
