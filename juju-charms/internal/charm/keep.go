package charm

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/gruyaume/goops"

	"github.com/l2sces/l2sces/plugin/primitive"
)

// lookTime is how long a function may take to show that it is there. Juju runs
// one hook at a time.
const lookTime = 10 * time.Second

// stateKey is where the unit keeps what the action config has said.
const stateKey = "settings"

// keeper keeps settings in the state of the unit. They hold as long as the
// options are what they were then: whoever changes an option afterwards means
// it.
type keeper struct{ options primitive.Settings }

type kept struct {
	Options  primitive.Settings `json:"options"`
	Settings primitive.Settings `json:"settings"`
}

// Load returns what was said last.
func (k keeper) Load() (primitive.Settings, error) {
	text, err := goops.GetState(stateKey)
	if err != nil || text == "" {
		return primitive.Settings{}, nil //nolint:nilerr // the library tells an absent value by an error
	}
	var v kept
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		return primitive.Settings{}, fmt.Errorf("read the state of the unit: %w", err)
	}
	if v.Options != k.options {
		return primitive.Settings{}, nil
	}
	return v.Settings, nil
}

// Save keeps settings.
func (k keeper) Save(s primitive.Settings) error {
	text, err := json.Marshal(kept{k.options, s})
	if err != nil {
		return err
	}
	return goops.SetState(stateKey, string(text))
}
