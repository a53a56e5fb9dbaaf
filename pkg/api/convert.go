package api

import (
	"encoding/json"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// message turns a value into the message of the same JSON form.
func message[M proto.Message](v any, m M) (M, error) {
	text, err := json.Marshal(v)
	if err != nil {
		return m, fmt.Errorf("convert %T: %w", v, err)
	}
	if err := protojson.Unmarshal(text, m); err != nil {
		return m, fmt.Errorf("convert %T: %w", v, err)
	}
	return m, nil
}

// value turns a message into the value of the same JSON form.
func value[V any](m proto.Message) (V, error) {
	var v V
	text, err := protojson.Marshal(m)
	if err != nil {
		return v, fmt.Errorf("convert to %T: %w", v, err)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return v, fmt.Errorf("convert to %T: %w", v, err)
	}
	return v, nil
}
