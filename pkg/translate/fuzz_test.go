package translate_test

import (
	"testing"
	"testing/fstest"

	"github.com/l2sces/l2sces/pkg/translate"
)

// A template of anybody becomes intents that are right, or problems.
func FuzzTemplate(f *testing.F) {
	f.Add([]byte("nst: [{id: a, netslice-subnet: [{id: b, nsd-ref: c}]}]"), []byte("additionalParamsForNsi: {l2sces: {tenant: t, networks: [{name: a}]}}"))
	f.Fuzz(func(t *testing.T, template, params []byte) {
		fsys := fstest.MapFS{"nst.yaml": {Data: template}, "params.yaml": {Data: params}}
		in, _, err := translate.File(fsys, translate.Files{Template: "nst.yaml", Params: "params.yaml"})
		if err == nil && in.Validate() != nil {
			t.Errorf("what came of it is not right: %v", in.Validate())
		}
	})
}
