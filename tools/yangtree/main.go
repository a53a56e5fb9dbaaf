// Command yangtree makes a JSON Schema (draft-07) of a YANG model, out of the
// tree that `pyang -f tree` prints of it. What a tree does not tell, such as
// the words of an enumeration, stands in known.go. References between nodes and
// rules of meaning are not for a schema: package lint holds them.
//
//	yangtree -at vnfd -id https://example.org/vnfd.json TREE >vnfd.json
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	if err := run(os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "yangtree:", err)
		os.Exit(1) //nolint:forbidigo // the end of main
	}
}

func run(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("yangtree", flag.ContinueOnError)
	flags.SetOutput(stderr)
	at := flags.String("at", "", "path of the node that becomes the schema, such as nsd/nsd")
	id := flags.String("id", "", "the $id of the schema")
	title := flags.String("title", "", "the title of the schema")
	source := flags.String("source", "", "what the tree was printed of, for the $comment")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() != 1 {
		return fmt.Errorf("one file with a tree is wanted, not %d", flags.NArg())
	}
	f, err := os.Open(flags.Arg(0))
	if err != nil {
		return err
	}
	module, top, err := parse(f)
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("%s: %w", flags.Arg(0), err)
	}
	n := find(top, *at)
	if n == nil {
		return fmt.Errorf("%s: module %s has no node %s", flags.Arg(0), module, *at)
	}
	if *source == "" {
		*source = "module " + module
	}
	_, err = io.WriteString(stdout, print(schema(n, *id, *title, *source)))
	return err
}
