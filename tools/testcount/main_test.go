package main

import (
	"strings"
	"testing"
)

func TestCount(t *testing.T) {
	tests := []struct {
		name, in string
		ok       bool
		last     string
		says     string
	}{
		{
			"all well",
			`{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"noise\n"}
{"Action":"pass","Package":"p","Test":"TestA/x"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Elapsed":0.5}`,
			true, "2 passed, 0 failed, 0 skipped", "ok    p 0.5s",
		},
		{
			"a failure",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"fail","Package":"p"}`,
			false, "1 passed, 1 failed, 0 skipped", "got 1, want 2",
		},
		{
			"a skip",
			`{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:9: no kernel module\n"}
{"Action":"skip","Package":"p","Test":"TestA"}
{"Action":"pass","Package":"p","Test":"TestB"}`,
			true, "1 passed, 0 failed, 1 skipped", "skip  p TestA: a_test.go:9: no kernel module",
		},
		{
			"a build that failed",
			`{"Action":"pass","Package":"q","Test":"TestB"}
{"ImportPath":"p","Action":"build-output","Output":"p.go:1: syntax error\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"fail","Package":"p"}`,
			false, "1 passed, 1 failed, 0 skipped", "p.go:1: syntax error",
		},
		{
			"a panic",
			`{"Action":"pass","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Test":"TestA","Output":"panic: oops\n"}
{"Action":"fail","Package":"p"}`,
			false, "1 passed, 1 failed, 0 skipped", "panic: oops",
		},
		{"nothing", "", false, "0 passed, 0 failed, 0 skipped", ""},
		{"not json", "go: no such module", false, "0 passed, 0 failed, 0 skipped", "go: no such module"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out strings.Builder
			ok, err := count(strings.NewReader(tt.in), &out)
			if ok != tt.ok || err != nil {
				t.Errorf("ok: %t, %v; want %t", ok, err, tt.ok)
			}
			lines := strings.Split(strings.TrimSpace(out.String()), "\n")
			if got := lines[len(lines)-1]; got != tt.last {
				t.Errorf("last line %q, want %q", got, tt.last)
			}
			if !strings.Contains(out.String(), tt.says) {
				t.Errorf("%q is not in\n%s", tt.says, out.String())
			}
		})
	}
}
