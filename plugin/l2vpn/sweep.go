package l2vpn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/l2sces/l2sces/plugin/service"
)

// Sweep collects services that have had fewer than two accesses for too long, of
// all accounts, with what accesses they have.
func (d *Door) Sweep(ctx context.Context) error {
	if d.orphan < 0 {
		return nil
	}
	var failed []error
	for _, name := range d.book.Accounts(service.L2VPN) {
		var old []string
		d.book.View(service.L2VPN, name, func(tx *service.Tx) { old = d.orphans(tx) })
		if len(old) == 0 {
			continue
		}
		err := d.book.Update(ctx, service.L2VPN, name, func(tx *service.Tx) error {
			old = d.orphans(tx) // some may have grown up meanwhile
			sweeper := &draft{tx: tx}
			for _, id := range old {
				sweeper.removeVPN(id)
			}
			return nil
		})
		if err != nil {
			failed = append(failed, fmt.Errorf("collect services of account %s: %w", name, err))
			continue
		}
		for _, id := range old {
			d.log.Info("service without two ends collected", "account", name, "service", id)
		}
	}
	return errors.Join(failed...)
}

// orphans returns the services of an account that are to be collected.
func (d *Door) orphans(tx *service.Tx) []string {
	var ids []string
	for _, name := range under(tx.Notes(), vpnNote) {
		var kept keptVPN
		if note(tx, name, &kept) && len(kept.Accesses) < fewest && d.now().Sub(kept.Changed) >= d.orphan {
			ids = append(ids, kept.VPN.ID)
		}
	}
	return slices.Clip(ids)
}
