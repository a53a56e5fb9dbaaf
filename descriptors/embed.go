// Package descriptors holds what a slice may ask for: templates, parameters
// and the JSON Schemas that they are checked against. As a package it is only
// the schemas, embedded, so that no program has to find them on a disk.
//
//	data, err := descriptors.Schema.ReadFile("schema/nst.json")
package descriptors

import "embed"

// Schema holds the JSON Schemas in the folder `schema`.
//
//go:embed schema/*.json
var Schema embed.FS
