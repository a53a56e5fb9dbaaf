package vpls

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/service"
)

// bring changes the services of an account to those that a document lists, and
// leaves alone those for which nothing differs. It says what it took and cannot
// make true.
func (d *Door) bring(ctx context.Context, tx *service.Tx, who account.Account, doc *document) (warnings []string, err error) {
	listed := make(map[string]bool, len(doc.entries))
	for i, e := range doc.entries {
		listed[e.name] = true
		lost, err := d.bringOne(ctx, tx, who, doc, i)
		if err != nil {
			return nil, err
		}
		if len(lost) > 0 {
			warnings = append(warnings, fmt.Sprintf("service %s: no endpoint is known for %s", e.name, strings.Join(lost, ", ")))
		}
	}
	for _, note := range tx.Notes() {
		if id, is := strings.CutPrefix(note, serviceNote); is && !listed[id] {
			tx.SetNote(note, nil)
			tx.Remove(id)
		}
	}
	return warnings, nil
}

// bringOne does so with one service, and returns those of its interfaces that lead
// nowhere.
func (d *Door) bringOne(ctx context.Context, tx *service.Tx, who account.Account, doc *document, i int) (lost []string, err error) {
	name, points := doc.entries[i].name, doc.points(doc.entries[i])
	note := tx.Note(serviceNote + name)
	if unchanged(note, points) {
		return nil, nil
	}
	before, err := readKept(note)
	if err != nil {
		return nil, fmt.Errorf("read what is kept of service %s: %w", name, err)
	}
	for j := range points {
		if err := d.place(ctx, who.Tenant, fmt.Sprintf("%s[%d].interfaces[%d]", listPath, i, j), &points[j], before); err != nil {
			return nil, err
		}
		if points[j].At == nil {
			lost = append(lost, points[j].Name)
		}
	}
	text, err := kept(points)
	if err != nil || bytes.Equal(text, note) {
		return lost, err
	}
	if len(lost) > 0 {
		d.cfg.Logger.Warn("a service lists interfaces that lead to no endpoint", "account", who.Name, "service", name, "interfaces", lost)
	}
	tx.SetNote(serviceNote+name, text)
	put(tx, who, name, points)
	return lost, nil
}

// points returns the interfaces of a service with what the document says of them.
func (d *document) points(e entry) []point {
	points := make([]point, len(e.interfaces))
	for i, name := range e.interfaces {
		at := d.at[name]
		points[i] = point{Name: name, Port: at.port, VLAN: at.vlan}
	}
	return points
}

// put makes a service of its points: workloads become members, the hand-off of a
// domain counts by its tag. What leads nowhere is left out; of a service without a
// place nothing is wanted.
func put(tx *service.Tx, who account.Account, name string, points []point) {
	s := service.Service{Key: service.Key{Door: service.VPLS, Account: who.Name, ID: name}, Tenant: who.Tenant, Title: name}
	network := intent.Network{Name: networkName(s.Key), Type: slice.VNet}
	for _, p := range points {
		if p.At != nil {
			extend(&network, &s, p)
		}
	}
	if len(network.Domains) == 0 {
		tx.Remove(name)
		return
	}
	for _, domain := range network.Domains {
		s.Intents.Slice.Domains = append(s.Intents.Slice.Domains, intent.Domain{Name: domain})
	}
	s.Intents.Slice.Networks = []intent.Network{network}
	tx.Put(s)
}

// extend makes a point part of a network. Two interfaces may stand for one place.
func extend(n *intent.Network, s *service.Service, p point) {
	if !slices.Contains(n.Domains, p.At.Domain) {
		n.Domains = append(n.Domains, p.At.Domain)
	}
	if p.At.Workload == "" {
		h := service.HandOff{Network: n.Name, Domain: p.At.Domain, VLAN: p.VLAN, Claims: true}
		if p.VLAN != 0 && !slices.Contains(s.HandOffs, h) {
			s.HandOffs = append(s.HandOffs, h)
		}
		return
	}
	m := intent.Member{Name: p.At.Workload, Domain: p.At.Domain, Interface: p.At.Interface}
	if !slices.ContainsFunc(n.Members, func(o intent.Member) bool { return o.Name == m.Name && o.Domain == m.Domain }) {
		n.Members = append(n.Members, m)
	}
}

// networkName is one of its own for each service, so that a workload may be in many:
// its interface is called so.
func networkName(k service.Key) slice.NetworkName {
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %q", k.Door, k.Account, k.ID))
	return slice.NetworkName("vpls-" + hex.EncodeToString(sum[:5]))
}
