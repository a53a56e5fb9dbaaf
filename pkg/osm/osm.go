// Package osm calls the northbound interface (NBI) of Open Source MANO: packages,
// templates, instances, accounts and subscriptions. It knows what NBI answers
// and when a call may be repeated; what to do about it is decided by those who
// call. No secret gets into an error.
//
//	c, err := osm.New(osm.Config{URL: "https://osm:9999", User: "admin", Password: password})
//	id, err := c.Upload(ctx, osm.NST, "press", archive)
package osm

import (
	"cmp"
	"context"
	"crypto/tls"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Config says where NBI is and who calls it. URL, User and Password are
// indispensable, or URL and Token.
type Config struct {
	URL      string // https://HOST:PORT; the path is /osm if it has none
	User     string
	Password string
	Project  string      // empty: the user's own
	Token    Token       // of an earlier login; without a password there is no other after it
	TLS      *tls.Config // nil: what the machine trusts

	Timeout time.Duration // of one request with its answer: 30 s
	Tries   int           // of one call: 5
	Pause   time.Duration // before the second try, doubled each time: 500 ms
	Bytes   int64         // that an answer may have: 64 MiB

	// Dial opens connections in the place of the network. It may be nil.
	Dial   func(ctx context.Context, network, addr string) (net.Conn, error)
	Now    func() time.Time
	Jitter func() float64 // from 0 up to 1: how much of a pause's half is taken off
}

// maxPause is the longest wait between two tries, whatever OSM asks for.
const maxPause = 30 * time.Second

// A Client calls one OSM as one user. Its methods may be called by several
// goroutines.
type Client struct {
	cfg   Config
	base  string // without a slash at its end
	http  *http.Client
	turn  chan struct{} // held by whoever reads or renews the token
	token Token
}

// New returns a client. It calls nobody.
func New(cfg Config) (*Client, error) {
	base, err := baseOf(cfg.URL)
	if err != nil {
		return nil, err
	}
	if cfg.Token.ID == "" && (cfg.User == "" || cfg.Password == "") {
		return nil, slice.Errorf(slice.Invalid, "osm: user and password are needed")
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, 30*time.Second)
	cfg.Tries = max(cmp.Or(cfg.Tries, 5), 1)
	cfg.Pause = cmp.Or(cfg.Pause, 500*time.Millisecond)
	cfg.Bytes = cmp.Or(cfg.Bytes, 64<<20)
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Jitter == nil {
		cfg.Jitter = rand.Float64
	}
	transport := &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           cfg.Dial,
		TLSClientConfig:       cfg.TLS,
		ForceAttemptHTTP2:     true,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: cfg.Timeout,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   4,
	}
	// An answer that leads elsewhere would take the token along.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		cfg: cfg, base: base, turn: make(chan struct{}, 1), token: cfg.Token,
		http: &http.Client{Transport: transport, CheckRedirect: stay},
	}, nil
}

// Close ends idle connections. The token stays valid; see Logout.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// baseOf checks an address and completes it.
func baseOf(text string) (string, error) {
	u, err := url.Parse(text)
	switch {
	case err != nil, u.Host == "", u.Scheme != "https" && u.Scheme != "http":
		return "", slice.Errorf(slice.Invalid, "osm: the address is not https://HOST:PORT")
	case u.User != nil, u.RawQuery != "", u.Fragment != "":
		return "", slice.Errorf(slice.Invalid, "osm: the address %s://%s has more than a host, a port and a path", u.Scheme, u.Host)
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	return u.Scheme + "://" + u.Host + cmp.Or(path, "/osm"), nil
}
