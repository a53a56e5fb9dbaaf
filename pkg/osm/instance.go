package osm

import (
	"context"
	"encoding/json"
	"net/http"
)

// An Instance is a network slice or a network service that OSM made.
type Instance struct {
	ID          string
	Name        string
	Descriptor  string // id of the template or of the service's descriptor
	State       string // nsiState or nsState
	Operational string // operational-status
	Config      string // config-status
	Detail      string // detailed-status
	Record      json.RawMessage
}

// UnmarshalJSON reads NBI's record.
func (i *Instance) UnmarshalJSON(text []byte) error {
	var r struct {
		ID          string `json:"_id"`
		Name        string `json:"name"`
		NST         string `json:"nst-ref"`
		NSD         string `json:"nsd-ref"`
		NSState     string `json:"nsState"`
		Operational string `json:"operational-status"`
		Config      string `json:"config-status"`
		Detail      any    `json:"detailed-status"`
		Admin       struct {
			NSIState string `json:"nsiState"`
		} `json:"_admin"`
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	*i = Instance{
		ID: r.ID, Name: r.Name, Descriptor: r.NST + r.NSD, State: r.Admin.NSIState,
		Operational: r.Operational, Config: r.Config, Record: append(json.RawMessage(nil), text...),
	}
	if i.State == "" {
		i.State = r.NSState
	}
	i.Detail, _ = r.Detail.(string) // else nobody has written one
	return nil
}

// A Life is where instances live: of slices or of services.
type Life struct{ instances, operations string }

// Slices are network slice instances.
func Slices() Life { return Life{"/nsilcm/v1/netslice_instances", "/nsilcm/v1/nsi_lcm_op_occs"} }

// Services are network service instances.
func Services() Life { return Life{"/nslcm/v1/ns_instances", "/nslcm/v1/ns_lcm_op_occs"} }

// Instances returns all.
func (c *Client) Instances(ctx context.Context, l Life) (all []Instance, err error) {
	return all, c.Get(ctx, l.instances, &all)
}

// Instance returns one by NBI's id.
func (c *Client) Instance(ctx context.Context, l Life, id string) (i Instance, err error) {
	if err := need(id); err != nil {
		return i, err
	}
	return i, c.Get(ctx, at(l.instances, id), &i)
}

// A Started is an order that OSM took.
type Started struct {
	ID        string // of the instance
	Operation string
}

// Instantiate creates an instance and starts it. The values are those that NBI
// wants: nsiName, nstId, vimAccountId and so on, or nsName, nsdId and so on. A call
// whose answer was lost is not repeated: look whether the name is there.
func (c *Client) Instantiate(ctx context.Context, l Life, values any) (s Started, err error) {
	body, err := json.Marshal(values)
	if err != nil {
		return s, err
	}
	path := l.instances + "_content"
	a, err := c.call(ctx, request{
		method: http.MethodPost, path: path, body: body, secret: secrets(body),
		header: map[string]string{"Content-Type": "application/json"},
	})
	if err != nil {
		return s, err
	}
	var r struct {
		ID  string `json:"id"`
		NSI string `json:"nsilcmop_id"`
		NS  string `json:"nslcmop_id"`
	}
	err = decode(path, a.body, &r)
	return Started{r.ID, r.NSI + r.NS}, err
}

// Terminate ends an instance; OSM keeps its record. One that is not instantiated
// is an error of kind Conflict.
func (c *Client) Terminate(ctx context.Context, l Life, id string) (operation string, err error) {
	if err := need(id); err != nil {
		return "", err
	}
	return c.send(ctx, http.MethodPost, at(l.instances, id, "terminate"), struct{}{})
}

// Forget deletes the record of an instance that is not instantiated. An absent one
// is no error.
func (c *Client) Forget(ctx context.Context, l Life, id string) error {
	return c.remove(ctx, l.instances, id)
}

// An Operation is something that OSM does with an instance.
type Operation struct {
	ID       string `json:"id"`
	Type     string `json:"lcmOperationType"`
	State    string `json:"operationState"` // PROCESSING, COMPLETED, FAILED, …
	Slice    string `json:"netsliceInstanceId"`
	Service  string `json:"nsInstanceId"`
	Detail   string `json:"detailed-status"`
	ErrorMsg string `json:"errorMessage"`
}

// Operation returns one by its id.
func (c *Client) Operation(ctx context.Context, l Life, id string) (o Operation, err error) {
	if err := need(id); err != nil {
		return o, err
	}
	return o, c.Get(ctx, at(l.operations, id), &o)
}

// Operations returns all.
func (c *Client) Operations(ctx context.Context, l Life) (all []Operation, err error) {
	return all, c.Get(ctx, l.operations, &all)
}
