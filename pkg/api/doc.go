// Package api carries values of the house over gRPC: slices to the SCO,
// segments to the SDN controller of a domain, bridges and reports between
// controllers and agents. It decides nothing: each server hands a call to an
// interface, and each client is such an interface.
//
//	srv := api.NewServer(api.ServerConfig{TLS: tls, Authorize: rules})
//	api.ServeSlices(srv, sco)
//
// The messages lie in pkg/api/l2sces/v1. Their JSON names equal those of the
// values, so one pair of functions converts them all (docs/adr/0004).
package api
