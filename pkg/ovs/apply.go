package ovs

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/netip"
	"strconv"
	"time"

	"github.com/ovn-kubernetes/libovsdb/client"
	"github.com/ovn-kubernetes/libovsdb/model"
	"github.com/ovn-kubernetes/libovsdb/ovsdb"

	"github.com/l2sces/l2sces/pkg/bridge"
	"github.com/l2sces/l2sces/pkg/slice"
)

// Apply carries changes of one bridge out in one transaction, and returns when
// the switch has done them. What the switch could not do shows in the states
// that Read returns.
func (d *Database) Apply(ctx context.Context, name string, changes []bridge.Change) error {
	if len(changes) == 0 {
		return nil
	}
	err := d.transact(ctx, func(t *transaction) error {
		for _, c := range changes {
			if err := t.change(name, c, d.cfg.Local); err != nil {
				return fmt.Errorf("%s: %w", c, err)
			}
		}
		return t.members(name)
	})
	if err != nil {
		return fmt.Errorf("change bridge %s: %w", name, err)
	}
	return nil
}

// TLS tells the switch which files to use for its own key and certificate, and
// for the authority whose controllers it trusts.
func (d *Database) TLS(ctx context.Context, key, cert, ca string) error {
	err := d.transact(ctx, func(t *transaction) error {
		if t.have.root.SSL != nil {
			r := t.have.ssl[*t.have.root.SSL]
			if r.PrivateKey == key && r.Certificate == cert && r.CACert == ca {
				return nil
			}
		}
		id := t.name()
		t.add(t.db.Create(&sslRow{UUID: id, PrivateKey: key, Certificate: cert, CACert: ca}))
		root := rootRow{SSL: &id}
		t.add(t.db.Where(&t.have.root).Update(&root, &root.SSL))
		return nil
	})
	if err != nil {
		return fmt.Errorf("set the keys of the switch: %w", err)
	}
	return nil
}

// A transaction gathers operations, from what was there when it began.
type transaction struct {
	db    client.Client
	have  content
	ops   []ovsdb.Operation
	err   error // the first of add
	named int

	come, gone []string // ports of the bridge
	created    *bridgeRow
}

// transact has f gather operations, sends them, and waits for the switch. No
// operations are no transaction.
func (d *Database) transact(ctx context.Context, f func(*transaction) error) error {
	c, err := d.current()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, d.cfg.Wait)
	defer cancel()
	t := &transaction{db: c}
	if t.have, err = load(ctx, c); err != nil {
		return err
	}
	if err := f(t); err != nil {
		return err
	}
	if t.err != nil || len(t.ops) == 0 {
		return t.err
	}
	next, err := t.send(ctx)
	if errors.Is(err, client.ErrNotConnected) {
		c.Disconnect() // else it goes on saying that it is connected, now and then
	}
	if err != nil {
		return err
	}
	return settled(ctx, c, next)
}

// send adds the count of configurations to the transaction, and returns it.
func (t *transaction) send(ctx context.Context) (int, error) {
	root := &t.have.root
	t.add(t.db.Where(root).Mutate(root, model.Mutation{Field: &root.NextCfg, Mutator: ovsdb.MutateOperationAdd, Value: 1}))
	t.ops = append(t.ops, ovsdb.Operation{Op: ovsdb.OperationSelect, Table: "Open_vSwitch", Columns: []string{"next_cfg"}})
	if t.err != nil {
		return 0, t.err
	}
	results, err := t.db.Transact(ctx, t.ops...)
	if err != nil {
		return 0, slice.Errorf(slice.Unavailable, "transaction: %w", err)
	}
	if faults, err := ovsdb.CheckOperationResults(results, t.ops); err != nil {
		return 0, fmt.Errorf("transaction: %w %v", err, faults)
	}
	last := results[len(t.ops)-1]
	if len(last.Rows) == 1 {
		if n, ok := last.Rows[0]["next_cfg"].(float64); ok {
			return int(n), nil
		}
		if n, ok := last.Rows[0]["next_cfg"].(int); ok {
			return n, nil
		}
	}
	return 0, fmt.Errorf("transaction: the count of configurations is missing in %v", last.Rows)
}

// settled returns when the switch has carried out a configuration.
func settled(ctx context.Context, c client.Client, next int) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for {
		var roots []rootRow
		if err := c.List(ctx, &roots); err != nil {
			return err
		}
		if len(roots) == 1 && roots[0].CurCfg >= next {
			return nil
		}
		select {
		case <-ctx.Done():
			return slice.Errorf(slice.Unavailable, "the switch does not carry out its configuration: %w", ctx.Err())
		case <-tick.C:
		}
	}
}

// change gathers the operations of one change.
func (t *transaction) change(name string, c bridge.Change, local netip.Addr) error {
	row, there := t.have.bridges[name]
	switch c.Action {
	case bridge.Create:
		t.create(c.Bridge)
		return nil
	case bridge.Add:
		return t.port(c.Port, local)
	}
	if !there {
		return slice.Errorf(slice.NotFound, "bridge %s is not there", name)
	}
	switch c.Action {
	case bridge.Configure:
		configure(&row, c.Bridge)
		t.add(t.db.Where(&row).Update(&row, &row.FailMode, &row.Protocols, &row.DatapathType, &row.OtherConfig))
	case bridge.Control:
		row.Controller = t.controllers(c.Bridge.Controllers)
		t.add(t.db.Where(&row).Update(&row, &row.Controller))
	case bridge.Replace:
		t.remove(row, c.Port.Name)
		return t.port(c.Port, local)
	case bridge.Tune:
		return t.tune(row, c.Port, local)
	case bridge.Remove:
		t.remove(row, c.Port.Name)
	default:
		return slice.Errorf(slice.Invalid, "no such change")
	}
	return nil
}

// create prepares the row of a new bridge; members completes it.
func (t *transaction) create(b bridge.Bridge) {
	row := &bridgeRow{UUID: t.name(), Name: b.Name}
	configure(row, b)
	row.Controller = t.controllers(b.Controllers)
	row.Ports = []string{t.row(interfaceRow{Name: b.Name, Type: "internal"})}
	t.created = row
}

// members puts ports into the bridge and takes others out.
func (t *transaction) members(name string) error {
	if t.created != nil {
		t.created.Ports = append(t.created.Ports, t.come...)
		t.add(t.db.Create(t.created))
		root := &t.have.root
		t.add(t.db.Where(root).Mutate(root, insert(&root.Bridges, t.created.UUID)))
		return t.err
	}
	row, there := t.have.bridges[name]
	if !there {
		return slice.Errorf(slice.NotFound, "bridge %s is not there", name)
	}
	if len(t.gone) > 0 {
		t.add(t.db.Where(&row).Mutate(&row, model.Mutation{Field: &row.Ports, Mutator: ovsdb.MutateOperationDelete, Value: t.gone}))
	}
	if len(t.come) > 0 {
		t.add(t.db.Where(&row).Mutate(&row, insert(&row.Ports, t.come...)))
	}
	return t.err
}

// port makes a port that members puts into the bridge.
func (t *transaction) port(p bridge.Port, local netip.Addr) error {
	i, err := interfaceOf(p, local)
	if err != nil {
		return err
	}
	t.come = append(t.come, t.row(i))
	return nil
}

// tune changes how a port is watched.
func (t *transaction) tune(b bridgeRow, p bridge.Port, local netip.Addr) error {
	want, err := interfaceOf(p, local)
	if err != nil {
		return err
	}
	for _, id := range b.Ports {
		port := t.have.ports[id]
		if port.Name != p.Name || len(port.Interfaces) != 1 {
			continue
		}
		i := t.have.interfaces[port.Interfaces[0]]
		i.BFD, i.ExternalIDs = want.BFD, want.ExternalIDs
		t.add(t.db.Where(&i).Update(&i, &i.BFD, &i.ExternalIDs))
	}
	return t.err
}

// row makes an interface and the port around it, and returns the port's id.
func (t *transaction) row(i interfaceRow) string {
	i.UUID = t.name()
	p := &portRow{UUID: t.name(), Name: i.Name, Interfaces: []string{i.UUID}}
	t.add(t.db.Create(&i))
	t.add(t.db.Create(p))
	return p.UUID
}

// remove notes the ports of a name; the database sweeps up rows that nobody
// refers to.
func (t *transaction) remove(b bridgeRow, name string) {
	for _, id := range b.Ports {
		if t.have.ports[id].Name == name {
			t.gone = append(t.gone, id)
		}
	}
}

// controllers makes rows for targets and returns their ids.
func (t *transaction) controllers(targets []string) []string {
	probe, backoff := inactivityProbe, maxBackoff
	var ids []string
	for _, target := range targets {
		id := t.name()
		t.add(t.db.Create(&controllerRow{UUID: id, Target: target, InactivityProbe: &probe, MaxBackoff: &backoff}))
		ids = append(ids, id)
	}
	return ids
}

// configure sets what every bridge must be, and leaves other settings alone.
func configure(row *bridgeRow, b bridge.Bridge) {
	mode := secure
	row.FailMode = &mode
	row.Protocols = []string{protocol}
	row.OtherConfig = maps.Clone(row.OtherConfig)
	if row.OtherConfig == nil {
		row.OtherConfig = map[string]string{}
	}
	row.OtherConfig[keyInBand] = "true"
	row.OtherConfig[keyDPID] = b.DPID.String()
	if b.Datapath != "" {
		row.DatapathType = b.Datapath
	}
}

// add takes what the client made of a row.
func (t *transaction) add(ops []ovsdb.Operation, err error) {
	if t.err == nil {
		t.err = err
	}
	t.ops = append(t.ops, ops...)
}

// name returns a name for a row that has no id yet.
func (t *transaction) name() string {
	t.named++
	return "row" + strconv.Itoa(t.named)
}

func insert(field *[]string, ids ...string) model.Mutation {
	return model.Mutation{Field: field, Mutator: ovsdb.MutateOperationInsert, Value: ids}
}
