package onboard

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/osm"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A View is an instance as OSM has it, with its network services, and with what the
// SCO has for it.
type View struct {
	Name        string         `json:"name"`
	ID          string         `json:"id"`
	Template    string         `json:"template"`
	Operational string         `json:"operational"`
	Config      string         `json:"config,omitempty"`
	Detail      string         `json:"detail,omitempty"`
	VIM         string         `json:"vim,omitempty"` // of a service: name of its account
	Services    []View         `json:"services,omitempty"`
	SliceID     slice.ID       `json:"sliceID,omitempty"` // by which the SCO was asked
	Slice       *intent.Status `json:"slice,omitempty"`
	Message     string         `json:"message,omitempty"` // why there is no slice
}

// Slices are those of the SCO.
type Slices interface {
	Status(ctx context.Context, id slice.ID) (intent.Status, error)
}

// Look looks at the slice instance of a name, or at all if it is empty; the SCO, which
// may be nil, is asked for the slice of each.
func (d Desk) Look(ctx context.Context, name string, sco Slices) ([]View, error) {
	all, err := d.NBI.Instances(ctx, osm.Slices())
	if err != nil {
		return nil, err
	}
	accounts, err := d.NBI.Accounts(ctx, osm.VIMs)
	if err != nil {
		return nil, err
	}
	vims := map[string]string{}
	for _, a := range accounts {
		vims[a.ID] = a.Name
	}
	views := []View{}
	for _, i := range all {
		if name != "" && i.Name != name && i.ID != name {
			continue
		}
		v := view(i, vims)
		v.VIM = "" // each service has its own
		for _, s := range d.services(ctx, i) {
			v.Services = append(v.Services, view(s, vims))
		}
		beside(ctx, &v, i, sco)
		views = append(views, v)
	}
	if name != "" && len(views) == 0 {
		return nil, slice.Errorf(slice.NotFound, "OSM has no slice instance %.64q", name)
	}
	return views, nil
}

func view(i osm.Instance, vims map[string]string) View {
	var record struct {
		VIM string `json:"datacenter"`
	}
	_ = json.Unmarshal(i.Record, &record) // one that is gone has none
	v := View{Name: i.Name, ID: i.ID, Template: i.Descriptor, Operational: i.Operational, Config: i.Config, Detail: i.Detail, VIM: record.VIM}
	if name := vims[record.VIM]; name != "" {
		v.VIM = name
	}
	if v.Operational == "" {
		v.Operational = i.State
	}
	return v
}

// beside asks the SCO for the slice of an instance.
func beside(ctx context.Context, v *View, i osm.Instance, sco Slices) {
	v.SliceID = sliceOf(i)
	if sco == nil {
		return
	}
	s, err := sco.Status(ctx, v.SliceID)
	switch {
	case slice.KindOf(err) == slice.NotFound:
		v.Message = fmt.Sprintf("the SCO has no slice %s", v.SliceID)
	case err != nil:
		v.Message = err.Error()
	default:
		v.Slice = &s
	}
}

// sliceOf is what the SCO calls the slice of an instance: as its parameters say, else
// like the instance.
func sliceOf(i osm.Instance) slice.ID {
	var record struct {
		Params struct {
			Additional struct {
				L2SCES struct {
					Slice slice.ID `json:"slice"`
				} `json:"l2sces"`
			} `json:"additionalParamsForNsi"`
		} `json:"instantiation_parameters"`
	}
	if json.Unmarshal(i.Record, &record) == nil && record.Params.Additional.L2SCES.Slice != "" {
		return record.Params.Additional.L2SCES.Slice
	}
	if label := slice.Label(i.Name); slice.IsLabel(label) {
		return slice.ID(label)
	}
	return slice.ID(slice.Label("nsi-" + i.ID))
}
