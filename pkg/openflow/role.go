package openflow

import (
	"context"
	"fmt"

	"github.com/l2sces/l2sces/pkg/openflow/ofp"
	"github.com/l2sces/l2sces/pkg/slice"
)

// master makes this controller the one that the switch obeys, for as long as
// none with a higher generation comes.
func (s *Session) master(ctx context.Context) error {
	if s.config.SkipRole {
		return nil
	}
	var got ofp.Role
	if err := s.ask(ctx, &ofp.Role{Role: ofp.RoleMaster, Generation: s.config.Generation}, &got); err != nil {
		return fmt.Errorf("become master: %w", err)
	}
	if got.Role != ofp.RoleMaster {
		return slice.Errorf(slice.Denied, "become master: the switch says role %d", got.Role)
	}
	return nil
}

// superseded reports, as an error that ends the connection, that the switch
// obeys a controller of a higher generation.
func (s *Session) superseded(m *ofp.Error) error {
	switch m.Error() {
	case "BAD_REQUEST IS_SLAVE", "ROLE_REQUEST_FAILED STALE":
		s.config.Superseded()
		return slice.Errorf(slice.Denied, "switch %s obeys another controller: %w", s.DPID(), m)
	}
	return nil
}
