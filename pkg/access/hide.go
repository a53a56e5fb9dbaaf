package access

import (
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// absent is the error about a slice that is not there, and about one that the
// caller must not know of. Both are found out in the same way, so that neither
// the text nor the time tells them apart.
func absent(id slice.ID) error { return slice.Errorf(slice.NotFound, "there is no slice %s", id) }

// notFree is the error about a new slice whose id is taken, by whomever. Ids are
// one for all tenants of an SCO: that one is taken cannot be hidden from who
// wants it, but by prefixes in the policy.
func notFree(id slice.ID) error {
	return slice.Errorf(slice.Conflict, "slice.id: %s is not free: choose another id", id)
}

// hides says why a caller must not know of a slice, or nil. What it hides it
// also records.
func (c *call) hides(id slice.ID) error {
	if !c.caller.Bound() {
		if owner, there := c.gate.cfg.Holdings.Owner(id); there {
			c.tenant = owner
		}
		return nil
	}
	owner, there := c.gate.cfg.Holdings.Owner(id)
	if there && c.caller.sees(owner) {
		return nil
	}
	err := absent(id)
	if there {
		c.hidden(owner)
	}
	if there && !c.rule.Changes { // a change is recorded anyway
		c.note(err)
	}
	return err
}

// hidden tells the readers of the audit log what the caller is not told.
func (c *call) hidden(owner slice.Tenant) { c.detail = "it belongs to tenant " + string(owner) }

// reveals returns an error as a caller may see it: of a slice that is not its
// own, or is not its own any more, only that there is none.
func (c *call) reveals(id slice.ID, err error) error {
	if err == nil || !c.caller.Bound() {
		return err
	}
	if owner, there := c.gate.cfg.Holdings.Owner(id); (there && !c.caller.sees(owner)) || (!there && slice.KindOf(err) == slice.NotFound) {
		return absent(id)
	}
	return err
}

// settle makes intents those of the caller's tenant, and says why it cannot
// order them, or nil. It is called in the turn of the slice.
func (c *call) settle(in *intent.Intents, o intent.Order) error {
	id := in.Slice.ID
	owner, there := c.gate.cfg.Holdings.Owner(id)
	if !c.caller.Bound() {
		c.tenant = in.Slice.Tenant
		return nil
	}
	mine := c.caller.Tenant
	if in.Slice.Tenant == "" {
		in.Slice.Tenant = mine
	}
	switch {
	case in.Slice.Tenant != mine:
		return slice.Errorf(slice.Denied, "slice.tenant: callers of tenant %s order slices of %[1]s only", mine)
	case there && owner == mine && o.New:
		return notFree(id)
	case there && owner == mine:
		return nil
	case there:
		c.hidden(owner)
	}
	switch {
	case o.New && there:
		return notFree(id)
	case o.Old, o.Generation != 0:
		return absent(id)
	case there:
		return slice.Errorf(slice.NotFound, "there is no slice %s of tenant %s, and its id is not free: choose another id", id, mine)
	}
	return c.gate.policy.now().free(mine, id)
}
