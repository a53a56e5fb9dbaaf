// Package access says who a caller is and what it may do: callers and their
// roles, the file of the policy, tokens, quotas, rates and the audit log. It
// stands before the services of the SCO, so that what it decides holds for every
// door alike. It keeps no slices and speaks no protocol.
//
//	gate, err := access.New(access.Config{Policy: "policy.yaml", Store: store, Holdings: sco})
//	slices := gate.Slices(sco) // for callers that gate.Admit has put into the context
package access
