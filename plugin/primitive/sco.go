package primitive

import (
	"context"
	"time"

	"github.com/l2sces/l2sces/pkg/intent"
)

// An SCO is what primitives ask of one.
type SCO struct {
	Slices  Slices
	Domains Domains
	Events  Events
	Audit   Audit // nil: none
	Now     func() time.Time
}

// The parameters that many primitives of the SCO have.
var (
	ofSlice      = Parameter{Name: "slice", Type: Text, Mandatory: true}
	maybeSlice   = Parameter{Name: "slice", Type: Text}
	ofDomain     = Parameter{Name: "domain", Type: Text, Mandatory: true}
	ofIntents    = Parameter{Name: "intents", Type: Text, Mandatory: true}
	ofRequest    = Parameter{Name: "request-id", Type: Text}
	ofGeneration = Parameter{Name: "generation", Type: Number, Default: "0"}
	dry          = Parameter{Name: "dry-run", Type: Truth, Default: "false"}
	waits        = Parameter{Name: wait, Type: Truth, Default: "true"}
	Limited      = Parameter{Name: timeout, Type: Number, Default: "60"}
	Since        = Parameter{Name: "since-minutes", Type: Number, Default: "60"}
	Lines        = Parameter{Name: "lines", Type: Number, Default: "500"}
)

// OfSCO returns the primitives of the SCO.
func OfSCO() []Primitive[SCO] {
	text := func(name string) Parameter { return Parameter{Name: name, Type: Text} }
	return []Primitive[SCO]{
		Config[SCO]("sco", text("tenant")),
		{Name: "create-slice", Help: "Make a slice from intents or from a slice template; the same again changes nothing", Do: createSlice, Parameters: []Parameter{ofSlice, ofIntents, text("tenant"), ofRequest, dry, waits, Limited}},
		{Name: "update-slice", Help: "Change a slice that is there", Do: updateSlice, Parameters: []Parameter{ofSlice, ofIntents, text("mask"), ofRequest, ofGeneration, dry, waits, Limited}},
		{Name: "delete-slice", Help: "Take a slice apart; one that is not there is deleted", Do: deleteSlice, Parameters: []Parameter{ofSlice, ofGeneration, dry, Limited}},
		{Name: "move-path", Help: "Give a network another way between two domains while frames flow", Do: movePath, Parameters: []Parameter{
			ofSlice,
			{Name: "network", Type: Text, Mandatory: true},
			{Name: "from", Type: Text, Mandatory: true},
			{Name: "to", Type: Text, Mandatory: true},
			{Name: "mode", Type: Text, Default: string(intent.PathExplicit)},
			text("hops"), text("avoid"),
			{Name: "max-latency-ms", Type: Number, Default: "0"},
			{Name: "min-bandwidth-kbps", Type: Number, Default: "0"},
			{Name: "protection", Type: Text, Default: string(intent.NoProtection)},
			{Name: "policy", Type: Text, Default: string(intent.Refuse)},
			ofGeneration, dry, waits, Limited,
		}},
		{Name: "add-domain", Help: "Register a domain, bring it into a slice, or both", Do: addDomain, Parameters: []Parameter{
			ofDomain, text("address"), text("credentials"),
			{Name: "force", Type: Truth, Default: "false"},
			maybeSlice, text("networks"), text("links"), text("members"), ofGeneration, dry, waits, Limited,
		}},
		{Name: "remove-domain", Help: "Take a domain out of a slice, or forget one that no slice uses", Do: removeDomain, Parameters: []Parameter{ofDomain, maybeSlice, ofGeneration, dry, Limited}},
		{Name: "get-status", Help: "Tell how a slice, a domain or everything is", Do: scoStatus, Parameters: []Parameter{maybeSlice, text("domain")}},
		{Name: "collect-logs", Help: "Return what happened, newest last", Do: scoLog, Parameters: []Parameter{maybeSlice, Since, Lines}},
	}
}

// CheckSCO says whether an SCO answers.
func CheckSCO(ctx context.Context, to SCO, s Settings) (string, error) {
	if _, err := to.Slices.List(ctx, intent.Query{PageSize: 1}); err != nil {
		return "", err
	}
	return "the SCO at " + s.Address + " answers", nil
}
