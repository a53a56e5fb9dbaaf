package osm

import (
	"context"
	"net/http"

	"github.com/l2sces/l2sces/pkg/slice"
)

const subscriptions = "/nslcm/v1/subscriptions"

// Subscribe asks NBI to tell a callback when an operation of a network service
// ends. NBI tries the callback before it answers, and sends user and password
// there. A subscription that is there already is as good.
func (c *Client) Subscribe(ctx context.Context, callback, user, password string) error {
	filter := map[string]any{
		"notificationTypes": []string{"NsLcmOperationOccurrenceNotification"},
		"operationStates":   []string{"COMPLETED", "FAILED"},
	}
	body := map[string]any{"CallbackUri": callback, "filter": filter}
	if user != "" {
		body["authentication"] = map[string]any{"authType": "basic", "paramsBasic": map[string]string{"userName": user, "password": password}}
	}
	_, err := c.send(ctx, http.MethodPost, subscriptions, body)
	if slice.KindOf(err) == slice.Conflict {
		return nil
	}
	return err
}

// A Subscription is one that NBI has.
type Subscription struct {
	ID       string `json:"_id"`
	Callback string `json:"CallbackUri"`
}

// Subscriptions returns all.
func (c *Client) Subscriptions(ctx context.Context) (all []Subscription, err error) {
	return all, c.Get(ctx, subscriptions, &all)
}

// Unsubscribe deletes one. An absent one is no error.
func (c *Client) Unsubscribe(ctx context.Context, id string) error {
	return c.remove(ctx, subscriptions, id)
}
