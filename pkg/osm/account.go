package osm

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Place is a kind of account: something outside that OSM uses.
type Place string

// The kinds of accounts, by their names at NBI.
const (
	VIMs     Place = "vim_accounts"
	Clusters Place = "k8sclusters"
	WIMs     Place = "wim_accounts"
	SDNs     Place = "sdns"
)

// An Account is one of them. What is secret in the record OSM has encrypted, and
// it is kept out of Record as well.
type Account struct {
	ID     string
	Name   string
	Type   string          // vim_type, wim_type or type; empty for a cluster
	URL    string          // vim_url, wim_url or url; empty for a cluster
	VIM    string          // of a cluster: id of its VIM account
	State  string          // PROCESSING, ENABLED, ERROR, …
	Detail string          // why
	Config json.RawMessage // as it was given
	Record map[string]json.RawMessage
}

// UnmarshalJSON reads NBI's record.
func (a *Account) UnmarshalJSON(text []byte) error {
	var r struct {
		ID    string `json:"_id"`
		Name  string `json:"name"`
		VIMT  string `json:"vim_type"`
		WIMT  string `json:"wim_type"`
		SDNT  string `json:"type"`
		VIMU  string `json:"vim_url"`
		WIMU  string `json:"wim_url"`
		SDNU  string `json:"url"`
		VIM   string `json:"vim_account"`
		Admin struct {
			State  string `json:"operationalState"`
			Detail any    `json:"detailed-status"`
		} `json:"_admin"`
		Config json.RawMessage `json:"config"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	*a = Account{
		ID: r.ID, Name: r.Name, Type: cmp.Or(r.VIMT, r.WIMT, r.SDNT), URL: cmp.Or(r.VIMU, r.WIMU, r.SDNU),
		VIM: r.VIM, State: r.Admin.State, Config: r.Config,
	}
	a.Detail, _ = r.Admin.Detail.(string) // an object while OSM has not looked yet
	if err := json.Unmarshal(text, &a.Record); err != nil {
		return err
	}
	for _, secret := range []string{"vim_password", "wim_password", "password", "credentials"} {
		delete(a.Record, secret)
	}
	return nil
}

// Accounts returns all of a kind.
func (c *Client) Accounts(ctx context.Context, p Place) (all []Account, err error) {
	return all, c.Get(ctx, p.path(), &all)
}

// Account returns one by NBI's id.
func (c *Client) Account(ctx context.Context, p Place, id string) (a Account, err error) {
	if err := need(id); err != nil {
		return a, err
	}
	return a, c.Get(ctx, at(p.path(), id), &a)
}

// FindAccount returns the one of a name. An absent one is an error of kind
// NotFound; of several with one name the first is taken.
func (c *Client) FindAccount(ctx context.Context, p Place, name string) (Account, error) {
	all, err := c.Accounts(ctx, p)
	if err != nil {
		return Account{}, err
	}
	for _, a := range all {
		if a.Name == name {
			return a, nil
		}
	}
	return Account{}, slice.Errorf(slice.NotFound, "osm: there is no %s %s", p, name)
}

// CreateAccount registers one by the values that NBI wants, and returns its id.
// OSM looks at it later: see State of the account.
func (c *Client) CreateAccount(ctx context.Context, p Place, values any) (id string, err error) {
	return c.send(ctx, http.MethodPost, p.path(), values)
}

// EditAccount changes the values that are given.
func (c *Client) EditAccount(ctx context.Context, p Place, id string, values any) error {
	if err := need(id); err != nil {
		return err
	}
	_, err := c.send(ctx, http.MethodPatch, at(p.path(), id), values)
	return err
}

// RemoveAccount deletes one. An absent one is no error.
func (c *Client) RemoveAccount(ctx context.Context, p Place, id string) error {
	return c.remove(ctx, p.path(), id)
}

func (p Place) path() string { return "/admin/v1/" + string(p) }
