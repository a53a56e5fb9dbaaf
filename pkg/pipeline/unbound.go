package pipeline

import "github.com/l2sces/l2sces/pkg/flow"

// byAnySender lets every frame pass that Base does not stop: nobody vouches for
// what is behind an unbound port, and nothing is learned of it.
func byAnySender(n Network, a Attachment) flow.Flow {
	f := known(n, Guard, []flow.Match{flow.InPort(a.Port)}, flow.Goto(Limit))
	f.Priority = flow.Default
	return f
}
