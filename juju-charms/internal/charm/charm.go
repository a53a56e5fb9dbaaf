// Package charm is what the charms of the four functions share: it reads what
// Juju asks, hands actions to package primitive, and tells Juju how the unit is.
// The charms are proxies: they drive a function that runs in Kubernetes through
// its API, and hold no workload. It decides nothing about networks.
//
//	err := charm.Charm[primitive.SCO]{Name: "sco", Option: "sco", Primitives: primitive.OfSCO(), ...}.Handle()
package charm

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/gruyaume/goops"

	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/primitive"
)

// A Charm drives one function, which T reaches.
type Charm[T any] struct {
	Name       string // of the function
	Option     string // with the address: sco or sdnc
	Primitives []primitive.Primitive[T]
	// Server is who has to be at the address.
	Server func(s primitive.Settings) (pki.Identity, error)
	Dial   func(s primitive.Settings, config *tls.Config) (to T, end func(), err error)
	Check  func(ctx context.Context, to T, s primitive.Settings) (string, error)
}

// The keys of the secret that the option credentials names. Juju has no dots in
// keys.
const (
	secretCert = "tls-crt"
	secretKey  = "tls-key"
	secretCA   = "ca-crt"
)

// Handle does what Juju has started the program for. It fails only where Juju
// itself cannot be spoken with.
func (c Charm[T]) Handle(ctx context.Context) error {
	env := goops.ReadEnv()
	if env.ActionName != "" {
		return c.act(ctx, env.ActionName)
	}
	switch env.HookName {
	case "install":
		return goops.SetUnitStatus(goops.StatusMaintenance, "installed, not configured yet")
	case "stop", "remove":
		return nil // the function goes on without its charm
	}
	return c.tellStatus(ctx)
}

// act carries an action out. One that fails says so to Juju, and is no failure
// of the charm.
func (c Charm[T]) act(ctx context.Context, name string) error {
	given, err := parameters()
	if err != nil {
		return err
	}
	r, err := c.runner()
	if err != nil {
		return err
	}
	var deaf error
	result, err := r.Run(ctx, name, given, func(line string) {
		if deaf == nil {
			deaf = goops.ActionLogf("%s", line)
		}
	})
	if err != nil {
		goops.LogWarningf("action %s failed: %s", name, oneLine(err.Error()))
		return goops.FailActionf("%s", err)
	}
	facts := map[string]string{"state": "done", "message": result.Message}
	if result.Pending {
		facts["state"] = "pending"
	}
	for _, f := range result.Facts {
		facts[f.Name] = f.Text
	}
	if err := goops.SetActionResults(facts); err != nil {
		return err
	}
	if name == "config" {
		return c.tellStatus(ctx)
	}
	return nil
}

// tellStatus looks whether the function answers and tells Juju.
func (c Charm[T]) tellStatus(ctx context.Context) error {
	r, err := c.runner()
	if err != nil {
		return err
	}
	known, err := keeper{r.Usual}.Load()
	if err != nil {
		return err
	}
	if known.Address == "" && r.Usual.Address == "" {
		return goops.SetUnitStatus(goops.StatusBlocked, fmt.Sprintf("set the option %s, or run the action config", c.Option))
	}
	within, cancel := context.WithTimeout(ctx, lookTime)
	defer cancel()
	says, err := r.Try(within)
	switch {
	case err == nil:
		return goops.SetUnitStatus(goops.StatusActive, says)
	case slice.KindOf(err) == slice.Unavailable:
		return goops.SetUnitStatus(goops.StatusWaiting, oneLine(err.Error()))
	}
	return goops.SetUnitStatus(goops.StatusBlocked, oneLine(err.Error()))
}

// runner returns what carries primitives out, with the options as they are.
func (c Charm[T]) runner() (primitive.Runner[T], error) {
	options, err := c.options()
	if err != nil {
		return primitive.Runner[T]{}, err
	}
	return primitive.Runner[T]{
		Primitives: c.Primitives, Keep: keeper{options}, Usual: options, Check: c.Check,
		Dial: func(_ context.Context, s primitive.Settings) (to T, end func(), err error) {
			config, err := c.tls(s)
			if err != nil {
				return to, nil, err
			}
			return c.Dial(s, config)
		},
	}, nil
}

// options reads the options of the charm.
func (c Charm[T]) options() (primitive.Settings, error) {
	var options map[string]any
	if err := goops.GetConfig(&options); err != nil {
		return primitive.Settings{}, err
	}
	text := func(name string) string { s, _ := options[name].(string); return strings.TrimSpace(s) }
	return primitive.Settings{
		// OSM sets options where others would run config, and what it knows of services comes so.
		Address:     cmp.Or(text(c.Option), primitive.Discover(text("osm-config"), c.Option)),
		Credentials: text("credentials"), Tenant: text("tenant"), Domain: text("domain"),
	}, nil
}

// tls reads the credentials from Juju's secret. They go nowhere else.
func (c Charm[T]) tls(s primitive.Settings) (*tls.Config, error) {
	server, err := c.Server(s)
	if err != nil {
		return nil, err
	}
	if s.Credentials == "" {
		return nil, slice.Errorf(slice.Invalid, "credentials: name a secret with %s, %s and %s, and grant it to this application", secretCert, secretKey, secretCA)
	}
	content, err := goops.GetSecretByID(s.Credentials, false, true)
	if err != nil {
		return nil, slice.Errorf(slice.Unavailable, "credentials: the secret cannot be read: grant it to this application")
	}
	config, err := pki.ClientTLSOf([]byte(content[secretCert]), []byte(content[secretKey]), []byte(content[secretCA]), server)
	return config, primitive.At("credentials", err)
}

// parameters reads those of an action, as texts.
func parameters() (map[string]string, error) {
	var given map[string]any
	if err := goops.GetActionParams(&given); err != nil {
		return nil, err
	}
	out := map[string]string{}
	for name, value := range given {
		switch v := value.(type) {
		case nil:
		case string:
			out[name] = v
		case bool:
			out[name] = strconv.FormatBool(v)
		case float64:
			out[name] = strconv.FormatFloat(v, 'f', -1, 64)
		default:
			text, err := json.Marshal(v) // as a text it is refused, or read as a document
			if err != nil {
				return nil, err
			}
			out[name] = string(text)
		}
	}
	return out, nil
}

func oneLine(text string) string {
	const most = 200
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = strings.ToValidUTF8(text[:most], "") + "..."
	}
	return text
}
