// Command sco is the charm of the SCO.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/l2sces/l2sces/juju-charms/internal/charm"
)

func main() {
	if err := charm.SCO().Handle(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
