// Package v1 is the document of the REST door of the SCO, and what is generated
// from it: the types of requests and answers, and the handlers that decode
// them. It decides nothing; package rest carries requests out.
//
//	v1.RegisterHandlers(echo, v1.NewStrictHandler(api, nil))
package v1

import _ "embed" // for the document

// YAML is the document as it is written (OpenAPI 3.1).
//
//go:embed openapi.yaml
var YAML []byte

// JSON is the same as generate makes it.
//
//go:embed openapi.json
var JSON []byte
