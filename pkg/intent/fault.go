package intent

import (
	"fmt"
	"strings"

	"github.com/l2sces/l2sces/pkg/slice"
)

// maxFaults bounds what Validate reports.
const maxFaults = 100

// A Fault is one thing wrong with intents. Its path, such as
// `slice.networks[2].members[0].address`, names the value by its JSON names.
type Fault struct {
	Path    string `json:"path"`
	Message string `json:"message"`
	Remedy  string `json:"remedy,omitempty"`
}

// String returns path, message and remedy.
func (f Fault) String() string {
	s := f.Path + ": " + f.Message
	if f.Remedy != "" {
		s += " (" + f.Remedy + ")"
	}
	return s
}

// Faults are all that is wrong. As an error they print one per line.
type Faults []Fault

// Error returns one line per fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

func (f *Faults) add(path, remedy, format string, args ...any) {
	if len(*f) < maxFaults {
		*f = append(*f, Fault{path, fmt.Sprintf(format, args...), remedy})
	}
}

// err gives the faults their kind.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return slice.Errorf(slice.Invalid, "%w", f)
}
