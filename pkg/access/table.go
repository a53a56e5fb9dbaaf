package access

import (
	"context"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A Verb is something that a caller can do.
type Verb string

// The verbs.
const (
	ApplySlice   Verb = "slice.apply"
	EditSlice    Verb = "slice.edit"
	DeleteSlice  Verb = "slice.delete"
	PauseSlice   Verb = "slice.pause"
	PlanSlice    Verb = "slice.plan"
	GetSlice     Verb = "slice.get"
	ListSlices   Verb = "slice.list"
	WatchSlices  Verb = "slice.watch"
	SliceHistory Verb = "slice.history"

	PutDomain    Verb = "domain.put"
	RemoveDomain Verb = "domain.remove"
	DrainDomain  Verb = "domain.drain"
	VerifyDomain Verb = "domain.verify"
	GetDomain    Verb = "domain.get"
	ListDomains  Verb = "domain.list"

	ListEvents  Verb = "event.list"
	WatchEvents Verb = "event.watch"

	ListQuotas Verb = "quota.list"
	PutQuota   Verb = "quota.put"
	ListAudit  Verb = "audit.list"
	Export     Verb = "state.export"
	WhoAmI     Verb = "whoami"
)

// A Rule says who may use a verb, and on what.
type Rule struct {
	Verb    Verb   `json:"verb"`
	Least   Role   `json:"least"`          // the lowest role that may
	Scope   string `json:"scope"`          // of callers that are bound to a tenant
	Changes bool   `json:"changes"`        // it is in the audit log, and waits for one that can be written
	Note    string `json:"note,omitempty"` // for a reader
}

// Rules are all that can be done, and by whom. The zero role stands for
// everybody who is known.
var Rules = []Rule{
	{ApplySlice, Tenant, "own", true, "an id that another tenant has is not found, or not free if the slice must be new"},
	{EditSlice, Tenant, "own", true, ""},
	{DeleteSlice, Tenant, "own", true, "what another tenant has is absent"},
	{PauseSlice, Tenant, "own", true, ""},
	{PlanSlice, Viewer, "own", false, ""},
	{GetSlice, Viewer, "own", false, ""},
	{ListSlices, Viewer, "own", false, ""},
	{WatchSlices, Viewer, "own", false, ""},
	{SliceHistory, Viewer, "own", false, ""},
	{PutDomain, Operator, "", true, ""},
	{RemoveDomain, Operator, "", true, ""},
	{DrainDomain, Operator, "", true, ""},
	{VerifyDomain, Operator, "", true, ""},
	{GetDomain, Viewer, "name and state", false, "addresses, credentials, nodes and members are for operators"},
	{ListDomains, Viewer, "name and state", false, "as domain.get"},
	{ListEvents, Viewer, "own", false, "events of no tenant are for operators"},
	{WatchEvents, Viewer, "own", false, "as event.list"},
	{ListQuotas, Viewer, "own", false, ""},
	{PutQuota, Admin, "", true, ""},
	{ListAudit, Operator, "", false, ""},
	{Export, Admin, "", true, "the state holds everything of every tenant"},
	{WhoAmI, Nobody, "itself", false, ""},
}

// rule returns the rule of a verb.
func rule(v Verb) Rule {
	for _, r := range Rules {
		if r.Verb == v {
			return r
		}
	}
	return Rule{Verb: v, Least: Admin, Changes: true} // a verb without a row: nobody less
}

// may returns who calls, if its role suffices for a verb.
func may(ctx context.Context, v Verb) (Caller, error) {
	c := From(ctx)
	if least := rule(v).Least; c.Role < least {
		return c, slice.Errorf(slice.Denied, "%s has role %s, and %s needs %s", c, c.Role, v, least)
	}
	return c, nil
}

// String returns the name of the caller for a message.
func (c Caller) String() string {
	if c.Name == "" {
		return "an unknown caller"
	}
	return c.Name
}
