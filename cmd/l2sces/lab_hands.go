package main

import (
	"io"

	"github.com/l2sces/l2sces/cmd/internal/hands"
	"github.com/l2sces/l2sces/pkg/lab"
)

// newKeeper introduces a lab to its hands. Progress goes to w.
func newKeeper(w io.Writer) lab.Keeper { return hands.Keeper(progress(w, "lab: ")) }
