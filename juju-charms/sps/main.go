// Command sps is the charm of the slice switches of one domain.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/l2sces/l2sces/juju-charms/internal/charm"
)

func main() {
	if err := charm.SPS().Handle(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
