// Package primitive carries out the primitives of a descriptor: it turns a name
// and a few parameters, as OSM hands them to a charm or to an execution
// environment, into calls of what a function offers. It knows neither Juju nor
// OSM's gRPC, keeps nothing but settings, and decides nothing about networks.
//
//	runner := primitive.Runner[primitive.SCO]{Primitives: primitive.OfSCO(), Keep: memory, Dial: dial}
//	result, err := runner.Run(ctx, "create-slice", given, tell)
package primitive

import (
	"context"
)

// A Type is what a parameter holds, in OSM's words.
type Type string

// The types.
const (
	Text   Type = "STRING"
	Number Type = "INTEGER"
	Truth  Type = "BOOLEAN"
)

// A Parameter is one that a primitive takes. An empty text is as good as none.
type Parameter struct {
	Name      string
	Type      Type
	Mandatory bool
	Default   string
}

// A Primitive is one thing that can be asked of a function that T reaches.
type Primitive[T any] struct {
	Name       string
	Help       string // one line
	Parameters []Parameter
	// Tolerant ones take parameters that they do not know, and ignore them.
	Tolerant bool
	// Do carries it out. It is idempotent by meaning: what is there already, or
	// gone already, is success.
	Do func(ctx context.Context, c Call[T]) (Result, error)
	// bare ones are called before anything is known of the other side.
	bare func(ctx context.Context, r Runner[T], c Call[T]) (Result, error)
}

// A Call is one use of a primitive.
type Call[T any] struct {
	Values
	Settings Settings
	To       T            // the other side
	Tell     func(string) // says in one line how it goes on
}

// A Result is what became of a primitive that did not fail.
type Result struct {
	Pending bool   // it is ordered and goes on by itself
	Message string // one line
	Facts   []Fact
}

// A Fact is one small thing to know, under a name of lower-case letters and
// hyphens.
type Fact struct {
	Name string
	Text string
}

// maxFact is how many bytes a fact can have: OSM and Juju keep results in their
// databases.
const maxFact = 16 << 10

// Fact adds a fact. One that is too long keeps its end, which is what is newest
// in a log.
func (r *Result) Fact(name, text string) {
	const cut = "... (cut)\n"
	if len(text) > maxFact {
		text = cut + text[len(text)-maxFact+len(cut):]
	}
	r.Facts = append(r.Facts, Fact{name, text})
}
