package main

import (
	"context"
	"os"

	"github.com/l2sces/l2sces/cmd/internal/cli"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
	"github.com/l2sces/l2sces/plugin"
)

// scoDesk takes orders to the SCO itself: what the plugin does with a template
// is done here.
type scoDesk struct{ sco *cli.SCO }

func (d scoDesk) apply(ctx context.Context, o upload) (plugin.Answer, error) {
	in, warnings, err := readOrder(o.of)
	if err != nil {
		return plugin.Answer{}, err
	}
	status, err := d.sco.Slices.Apply(ctx, in, o.order)
	return plugin.Answer{Status: status, Warnings: warnings}, err
}

func (d scoDesk) status(ctx context.Context, id slice.ID) (intent.Status, error) {
	return d.sco.Slices.Status(ctx, id)
}

// list reads all pages.
func (d scoDesk) list(ctx context.Context) ([]intent.Status, error) {
	var all []intent.Status
	for q := (intent.Query{}); ; {
		page, err := d.sco.Slices.List(ctx, q)
		if err != nil {
			return nil, err
		}
		all = append(all, page.Slices...)
		if q.PageToken = page.Next; q.PageToken == "" {
			return all, nil
		}
	}
}

func (d scoDesk) delete(ctx context.Context, id slice.ID) error {
	_, err := d.sco.Slices.Delete(ctx, id, intent.Order{})
	return err
}

// readOrder reads what files ask for: a template, or written intents.
func readOrder(f translate.Files) (intent.Intents, []descriptor.Problem, error) {
	written, err := isIntents(f.Template)
	if err != nil {
		return intent.Intents{}, nil, err
	}
	if !written {
		in, warnings, err := translate.File(disk{}, f)
		return in, warnings, wrongFile(err)
	}
	if f.Params != "" || len(f.NSDs) > 0 || f.SliceID != "" || f.Tenant != "" {
		return intent.Intents{}, nil, slice.Errorf(slice.Invalid, "%s holds written intents: --params, --nsd, --slice and --tenant are for templates", f.Template)
	}
	text, err := os.ReadFile(f.Template)
	if err != nil {
		return intent.Intents{}, nil, wrongFile(err)
	}
	in, err := intent.FromYAML(f.Template, text)
	return in, nil, err
}
