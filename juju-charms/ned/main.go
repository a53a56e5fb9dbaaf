// Command ned is the charm of the edge devices of one domain.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/l2sces/l2sces/juju-charms/internal/charm"
)

func main() {
	if err := charm.NED().Handle(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
