package bench

import (
	"fmt"
	"math/bits"
	"syscall"

	"github.com/l2sces/l2sces/pkg/netns"
)

// An overhearer waits in namespaces for frames that talk to switches, whoever
// sent them: those of our own controllers as well.
type overhearer struct{ sockets []int }

// switchTalk are the EtherTypes of discovery, PAUSE, link aggregation and port
// authentication.
var switchTalk = []uint16{0x88cc, 0x8942, 0x8808, 0x8809, 0x888e}

// listen waits in one more namespace.
func (o *overhearer) listen(namespace string) error {
	err := netns.Do(namespace, func() error {
		for _, kind := range switchTalk {
			fd, err := syscall.Socket(syscall.AF_PACKET, syscall.SOCK_RAW|syscall.SOCK_NONBLOCK, int(bits.ReverseBytes16(kind)))
			if err != nil {
				return err
			}
			o.sockets = append(o.sockets, fd)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("listen in %s: %w", namespace, err)
	}
	return nil
}

// heard counts what has come since it was asked last.
func (o *overhearer) heard() int {
	total := 0
	b := make([]byte, 64)
	for _, fd := range o.sockets {
		for {
			if _, _, err := syscall.Recvfrom(fd, b, syscall.MSG_TRUNC); err != nil {
				break // there is no more
			}
			total++
		}
	}
	return total
}

func (o *overhearer) close() {
	for _, fd := range o.sockets {
		_ = syscall.Close(fd) // it was only read
	}
}
