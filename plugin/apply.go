package plugin

import (
	"errors"
	"maps"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/pkg/translate"
)

// apply carries out an order and answers with the status of the slice.
func (d *Door) apply(c echo.Context) error {
	answer, err := d.order(c)
	if err != nil {
		d.refused.Add(1)
		return err
	}
	d.taken.Add(1)
	d.log.Info("slice applied", "slice", string(answer.ID), "changed", answer.Changed, "caller", c.Get(callerKey))
	return c.JSON(http.StatusOK, answer)
}

func (d *Door) order(c echo.Context) (Answer, error) {
	began := d.now()
	o, err := readOrder(c.Request())
	if err != nil {
		return Answer{}, err
	}
	in, err := o.read()
	if err != nil {
		return Answer{}, err
	}
	parsed := d.now()
	intents, warnings, err := in.intents()
	if err != nil {
		return Answer{}, err
	}
	translated := d.now()
	status, err := d.slices.Apply(c.Request().Context(), intents, intent.Order{DryRun: o.dryRun})
	if err != nil {
		return Answer{}, err
	}
	phases := map[string]uint32{"parse": ms(parsed.Sub(began)), "translate": ms(translated.Sub(parsed))}
	maps.Copy(phases, status.PhasesMs)
	status.PhasesMs = phases
	return Answer{Status: status, Warnings: warnings}, nil
}

func ms(d time.Duration) uint32 { return uint32(d.Milliseconds()) }

// A read is an order whose documents have been read: a template and what goes
// with it, or intents that somebody wrote out.
type read struct {
	template translate.Input
	written  *intent.Intents
	document *descriptor.Document // of the intents
}

// read opens the documents of an order.
func (o order) read() (read, error) {
	if o.written != "" {
		return o.readIntents()
	}
	fsys, err := o.files.fs()
	if err != nil {
		return read{}, err
	}
	in, err := translate.Read(fsys, o.names)
	if slice.KindOf(err) == slice.NotFound { // in the package, not here
		err = slice.Errorf(slice.Invalid, "%w", err)
	}
	return read{template: in}, err
}

func (o order) readIntents() (read, error) {
	text := o.files.content[o.written]
	doc, err := descriptor.Read(o.written, text, descriptor.Limits{})
	if err != nil {
		return read{}, err
	}
	in, err := intent.FromYAML(o.written, text)
	return read{written: &in, document: doc}, err
}

// intents makes valid intents of what was read.
func (r read) intents() (intent.Intents, []descriptor.Problem, error) {
	if r.written == nil {
		return translate.Intents(r.template)
	}
	intent.Default(r.written)
	err := r.written.Validate()
	var faults intent.Faults
	if errors.As(err, &faults) {
		err = r.located(faults)
	}
	return r.written.Canonical(), nil, err
}

// located turns faults of written intents into complaints with their place.
func (r read) located(faults intent.Faults) error {
	var all descriptor.Problems
	for _, f := range faults {
		all = append(all, r.document.Problem(f.Path, f.Remedy, "%s", f.Message))
	}
	return all.Err()
}
