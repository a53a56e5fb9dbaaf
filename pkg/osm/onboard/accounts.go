package onboard

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// kindOf names the kinds of accounts as people do.
var kindOf = map[osm.Place]string{osm.VIMs: "vim", osm.Clusters: "cluster", osm.WIMs: "wim", osm.SDNs: "sdn"}

// A registration is one account with what is to be done.
type registration struct {
	Account
	found osm.Account
	patch map[string]any // what differs
	wrong string         // why it cannot be done
}

// Accounts registers accounts. One that is there as it should be stays so; what a file
// does not name stays, too. OSM shows no secret, so that they are not compared: they
// are sent with a new account, with one that OSM calls faulty, and with all if secrets
// says so. One that fails keeps others only if they need it. OSM then looks whether it
// reaches what they name, which is waited for.
func (d Desk) Accounts(ctx context.Context, all []Account, secrets bool) ([]Result, error) {
	there := map[osm.Place][]osm.Account{}
	ids := map[string]string{} // of VIM accounts
	for p := range kindOf {
		var err error
		if there[p], err = d.NBI.Accounts(ctx, p); err != nil {
			return nil, fmt.Errorf("look at the accounts: %w", err)
		}
	}
	for _, v := range there[osm.VIMs] {
		ids[v.Name] = v.ID
	}
	if err := joined(all, ids); err != nil {
		return nil, err
	}
	steps, results := make([]registration, len(all)), make([]Result, len(all))
	for i, a := range all {
		steps[i], results[i] = compared(a, there[a.Place], ids, secrets)
	}
	if d.DryRun {
		return results, nil
	}
	for i := range steps {
		d.register(ctx, &steps[i], &results[i], ids)
	}
	d.settle(ctx, steps, results)
	return results, failures(results)
}

// joined wants the VIM accounts that others name to be given, or in OSM.
func joined(all []Account, ids map[string]string) error {
	have := map[string]bool{}
	for name := range ids {
		have[name] = true
	}
	for _, a := range all {
		if a.Place == osm.VIMs {
			have[a.Name] = true
		}
	}
	for _, a := range all {
		for _, v := range append(slices.Clone(a.vims), a.vim) {
			if v != "" && !have[v] {
				return slice.Errorf(slice.Invalid, "%s %s names VIM account %s, which is neither given nor in OSM, so nothing is done", kindOf[a.Place], a.Name, v)
			}
		}
	}
	return nil
}

// compared looks what is to be done with an account.
func compared(a Account, there []osm.Account, ids map[string]string, secrets bool) (registration, Result) {
	s, r := registration{Account: a, patch: map[string]any{}}, Result{Kind: kindOf[a.Place], Name: a.Name, Act: Create, State: Planned}
	i := slices.IndexFunc(there, func(o osm.Account) bool { return o.Name == a.Name })
	if i < 0 {
		return s, r
	}
	s.found = there[i]
	r.ID, r.Act = s.found.ID, Keep
	wanted := maps.Clone(a.values)
	if a.vim != "" {
		wanted["vim_account"] = ids[a.vim]
	}
	for key, v := range wanted {
		if !holds(s.found.Record[key], v, key == "nets" || key == "cni") {
			s.patch[key] = v
		}
	}
	changed := slices.Sorted(maps.Keys(s.patch))
	if s.found.State == "ERROR" {
		changed = append(changed, "again, for OSM says "+s.found.Detail)
	}
	if secrets && len(a.secret) > 0 {
		changed = append(changed, slices.Sorted(maps.Keys(a.secret))...)
	}
	if secrets || s.found.State == "ERROR" {
		maps.Copy(s.patch, a.secret)
	}
	if len(changed) > 0 {
		r.Act, r.Detail = Update, strings.Join(changed, ", ")
		s.patch["name"] = a.Name // so that there is something
	}
	s.wrong = lossy(s.patch)
	return s, r
}

// lossy says why a change cannot be made: in a change null means to remove
// (RFC 7396), so that nets without a network would go.
func lossy(patch map[string]any) string {
	nets, _ := patch["nets"].(map[string]any)
	for name, v := range nets {
		if v == nil {
			return fmt.Sprintf("OSM would drop net %s, which names no network, instead of changing nets: remove the cluster in OSM, and run this again", name)
		}
	}
	return ""
}

// holds reports whether a record says what is wanted. Of an object it may say more
// unless exactly is set.
func holds(record json.RawMessage, wanted any, exactly bool) bool {
	text, err := json.Marshal(wanted)
	if err != nil {
		return false
	}
	var have, want any
	if json.Unmarshal(record, &have) != nil || json.Unmarshal(text, &want) != nil {
		return false
	}
	return within(want, have, exactly)
}

func within(want, have any, exactly bool) bool {
	w, isObject := want.(map[string]any)
	h, also := have.(map[string]any)
	if exactly || !isObject || !also {
		return reflect.DeepEqual(want, have)
	}
	for key, v := range w {
		if !within(v, h[key], false) {
			return false
		}
	}
	return true
}

// register creates or changes an account.
func (d Desk) register(ctx context.Context, s *registration, r *Result, ids map[string]string) {
	if r.Act == Keep {
		return
	}
	if s.wrong != "" {
		d.say(r, Failed, s.wrong)
		return
	}
	if s.vim != "" {
		if ids[s.vim] == "" {
			d.say(r, Left, "its VIM account is not there")
			return
		}
		s.values["vim_account"] = ids[s.vim]
		if _, differs := s.patch["vim_account"]; differs {
			s.patch["vim_account"] = ids[s.vim]
		}
	}
	var err error
	if r.Act == Update {
		err = d.NBI.EditAccount(ctx, s.Place, s.found.ID, s.patch)
	} else if r.ID, err = d.create(ctx, s); err == nil && s.Place == osm.VIMs {
		ids[s.Name] = r.ID
	}
	if err != nil {
		d.say(r, Failed, err.Error())
		return
	}
	d.say(r, Ordered, r.Detail)
}

// create makes an account. Where the answer was lost it looks whether it is there.
func (d Desk) create(ctx context.Context, s *registration) (string, error) {
	values := maps.Clone(s.values)
	maps.Copy(values, s.once)
	maps.Copy(values, s.secret)
	id, err := d.NBI.CreateAccount(ctx, s.Place, values)
	if slice.KindOf(err) == slice.Unavailable {
		if found, late := d.NBI.FindAccount(ctx, s.Place, s.Name); late == nil {
			return found.ID, nil
		}
	}
	return id, err
}

// settle waits until OSM has looked at all accounts.
func (d Desk) settle(ctx context.Context, steps []registration, results []Result) {
	done, err := false, error(nil)
	look := func(ctx context.Context) (bool, error) {
		open := 0
		for i := range results {
			r := &results[i]
			if r.State != Ordered && r.State != Planned {
				continue
			}
			a, err := d.NBI.Account(ctx, steps[i].Place, r.ID)
			if err != nil {
				return false, err
			}
			switch state, detail := judged(a, r.Act == Update); state {
			case "ENABLED":
				d.say(r, Done, r.Detail)
			case "ERROR":
				d.say(r, Failed, "OSM: "+detail)
			default:
				open++
			}
		}
		return open == 0, nil
	}
	if d.Timeout > 0 {
		done, err = d.await(ctx, look)
	}
	for i := range results {
		r := &results[i]
		switch {
		case r.State != Ordered && r.State != Planned || done:
		case d.Timeout == 0 && r.Act == Keep:
			r.State = Done
		case err != nil:
			d.say(r, Failed, err.Error())
		case d.Timeout > 0:
			d.say(r, Failed, fmt.Sprintf("OSM has not finished with it within %s: look again later", d.Timeout))
		}
	}
}

// judged returns what OSM says of an account. While it looks at a change the account has
// the state from before, and only the last of its operations tells.
func judged(a osm.Account, changed bool) (state, detail string) {
	var admin struct {
		Operations []struct {
			State  string `json:"operationState"`
			Detail any    `json:"detailed-status"` // an object while nobody has looked yet
		} `json:"operations"`
	}
	if !changed || json.Unmarshal(a.Record["_admin"], &admin) != nil || len(admin.Operations) == 0 {
		return a.State, a.Detail
	}
	switch last := admin.Operations[len(admin.Operations)-1]; last.State {
	case "PROCESSING", "STARTING":
		return "PROCESSING", ""
	case "FAILED":
		return "ERROR", fmt.Sprint(last.Detail)
	}
	return a.State, a.Detail
}

// failures makes one error of results that failed.
func failures(results []Result) error {
	var bad []string
	for _, r := range results {
		if r.State == Failed || r.State == Left {
			bad = append(bad, fmt.Sprintf("%s %s: %s", r.Kind, r.Name, r.Detail))
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return slice.Errorf(slice.Unavailable, "%d of %d failed: %s", len(bad), len(results), strings.Join(bad, "; "))
}
