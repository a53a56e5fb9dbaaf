package osm

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Token is what NBI gave for user and password.
type Token struct {
	ID    string
	Until time.Time // when it ends at the latest
}

// early is how long before its end a token is renewed, so that none ends on its
// way.
const early = 30 * time.Second

// life is how long a token counts whose end NBI does not tell.
const life = 10 * time.Minute

// Login gets a token if there is none that counts.
func (c *Client) Login(ctx context.Context) error {
	_, err := c.login(ctx)
	return err
}

// Token logs in if need be, and returns the token, so that another process can go
// on with it.
func (c *Client) Token(ctx context.Context) (Token, error) {
	if _, err := c.login(ctx); err != nil {
		return Token{}, err
	}
	if err := c.take(ctx); err != nil {
		return Token{}, err
	}
	defer c.leave()
	return c.token, nil
}

// Logout gives the token back.
func (c *Client) Logout(ctx context.Context) error {
	if err := c.take(ctx); err != nil {
		return err
	}
	t := c.token
	c.token = Token{}
	c.leave()
	if t.ID == "" {
		return nil
	}
	// Not by its id, which would stand in an error.
	r := request{method: http.MethodDelete, path: "/admin/v1/tokens", open: true, header: map[string]string{"Authorization": "Bearer " + t.ID}}
	if _, _, err := c.once(ctx, r); err != nil && slice.KindOf(err) != slice.NotFound && !unknownToken(err) {
		return err
	}
	return nil
}

// take waits for the turn to read or change the token.
func (c *Client) take(ctx context.Context) error {
	select {
	case c.turn <- struct{}{}:
		return nil
	case <-ctx.Done():
		return slice.Errorf(slice.Unavailable, "osm: log in: %w", ctx.Err())
	}
}

func (c *Client) leave() { <-c.turn }

// forget drops a token that NBI does not know, unless another has come.
func (c *Client) forget(ctx context.Context, id string) {
	if c.take(ctx) != nil {
		return // the call ends anyway
	}
	defer c.leave()
	if c.token.ID == id {
		c.token = Token{}
	}
}

// login returns the token, and gets one first if there is none that counts. Of
// several callers one gets it.
func (c *Client) login(ctx context.Context) (string, error) {
	if err := c.take(ctx); err != nil {
		return "", err
	}
	defer c.leave()
	if c.token.ID != "" && c.cfg.Now().Before(c.token.Until) {
		return c.token.ID, nil
	}
	if c.cfg.Password == "" {
		return "", slice.Errorf(slice.Denied, "osm: the token does not count any more: log in again")
	}
	body, err := json.Marshal(credentials{c.cfg.User, c.cfg.Password, c.cfg.Project})
	if err != nil {
		return "", err
	}
	began := c.cfg.Now()
	a, err := c.call(ctx, request{
		method: http.MethodPost, path: "/admin/v1/tokens", body: body, open: true, again: true,
		header: map[string]string{"Content-Type": "application/json"},
	})
	if err != nil {
		return "", err
	}
	c.token, err = readToken(a.body, began)
	return c.token.ID, err
}

type credentials struct {
	User     string `json:"username"`
	Password string `json:"password"`
	Project  string `json:"project_id,omitempty"`
}

// readToken reads NBI's answer. The clocks of both sides may differ, so that only
// the length of the token's life counts.
func readToken(body []byte, began time.Time) (Token, error) {
	var a struct {
		ID      string  `json:"id"`
		Issued  float64 `json:"issued_at"`
		Expires float64 `json:"expires"`
	}
	if err := json.Unmarshal(body, &a); err != nil || a.ID == "" {
		// The answer may hold a token: it is not quoted.
		return Token{}, slice.Errorf(slice.Unavailable, "osm: log in: the answer holds no token")
	}
	lasts := life
	if d := a.Expires - a.Issued; a.Issued > 0 && d > 0 && d < 30*24*3600 {
		lasts = time.Duration(d * float64(time.Second))
	}
	return Token{a.ID, began.Add(max(lasts-early, lasts/2))}, nil
}
