// Package ipam allots numbers and addresses: VNIs, labels and ports out of a
// range, addresses out of the prefix of a network. It is arithmetic on values
// that can be stored as JSON; it stores nothing and configures no interface.
//
//	plan, err := plan.Assign(network, members)
package ipam
