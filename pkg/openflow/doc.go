// Package openflow speaks OpenFlow 1.3 with switches: it waits for them,
// agrees on the version, reads the rules that they hold as values of package
// flow, and carries changes out as one atomic bundle. It decides nothing:
// which rules a switch should hold is said by the handler that it calls for
// each switch. The bytes are those of package ofp.
//
//	s := openflow.Server{Config: openflow.Config{Tables: tables, Handler: func(ctx context.Context, sw *openflow.Session) {
//		fabric.Keep(ctx, sw)
//	}}}
//	err := s.Serve(ctx, tls.NewListener(l, config))
package openflow
