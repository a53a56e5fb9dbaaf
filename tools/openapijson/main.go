// Command openapijson writes the JSON form of an OpenAPI document that is
// written in YAML:
//
//	openapijson <openapi.yaml >openapi.json
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"

	"go.yaml.in/yaml/v3"
)

func main() {
	if err := convert(os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "openapijson:", err)
		os.Exit(1) //nolint:forbidigo // the end of main
	}
}

func convert(r io.Reader, w io.Writer) error {
	var document map[string]any
	if err := yaml.NewDecoder(r).Decode(&document); err != nil {
		return err
	}
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", " ")
	return e.Encode(document)
}
