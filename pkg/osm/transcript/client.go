package transcript

import (
	"crypto/tls"
	"net/http"
)

// NewClient returns a client for a Player. Like the recorded ones it opens a
// connection for each request; it follows no redirect.
func NewClient(config *tls.Config) *http.Client {
	return &http.Client{
		Timeout:   playTimeout,
		Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
}
