package bench

import (
	"context"
	"fmt"
	"net"
)

// freePort returns a TCP port of loopback that nobody has.
func freePort(ctx context.Context) (int, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }() // its number is what counts
	a, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return 0, fmt.Errorf("%s is no address of TCP", l.Addr())
	}
	return a.Port, nil
}
