package lint_test

import (
	"testing"
	"testing/fstest"

	"github.com/l2sces/l2sces/pkg/lint"
	"github.com/l2sces/l2sces/pkg/translate"
)

// FuzzCheck puts any text in the place of a descriptor, an annex, a chart or a
// charm: the linter answers, each finding with a place, and refuses every
// template that package translate refuses.
func FuzzCheck(f *testing.F) {
	files := good(f)
	places := []string{camera, router, site, town, annex, "vnfd/camera_knf/charms/camera/actions.yaml", "vnfd/camera_knf/helm-chart-v3s/camera/Chart.yaml", "nst/town/l2sces/lint.yaml", "nsd/site_ns/checksums.txt"}
	for i, place := range places {
		if file := files[place]; file != nil {
			f.Add(uint8(i), file.Data)
		}
	}
	for _, text := range []string{"", "- - -", "vnfd:", "nsd: {nsd: [{id: a, df: [null]}]}", "waivers: [{rule: mtu, reason: x}]", "00\tx\n", "nst: [{netslice-vld: [{}]}]"} {
		for i := range places {
			f.Add(uint8(i), []byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, place uint8, text []byte) {
		files := good(t)
		files[places[int(place)%len(places)]] = &fstest.MapFile{Data: text}
		report := lint.Check(packages(t, files, true), lint.Options{})
		for _, finding := range report.Findings {
			if finding.File == "" || finding.Rule == "" || finding.Message == "" {
				t.Errorf("says too little: %+v", finding)
			}
		}
		_, _, err := translate.File(files, translate.Files{Template: "nst/town", NSDs: []string{"nsd"}})
		if about := files[town]; err != nil && report.Errors == 0 {
			t.Errorf("package translate refuses what is clean here: %v\n%s", err, about.Data)
		}
	})
}
