package openflow

import "io"

// Messages reads messages as a session does, until there are no more, and
// returns them in copies.
func Messages(r io.Reader) (list [][]byte, err error) {
	in := newInbox(r)
	for {
		_, msg, err := in.next()
		if err != nil {
			return list, err
		}
		list = append(list, append([]byte(nil), msg...))
	}
}
