package program_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/program"
	"github.com/l2sces/l2sces/pkg/descriptor"
	"github.com/l2sces/l2sces/pkg/slice"
)

func TestExecute(t *testing.T) {
	complaints := descriptor.Problems{
		{Position: descriptor.Position{File: "a.yaml", Line: 3, Column: 1}, Message: "m", Remedy: "r"},
		{Position: descriptor.Position{File: "a.yaml", Line: 4, Column: 1}, Message: "n"},
	}.Err()
	tests := []struct {
		name   string
		args   []string
		err    error
		status int
		says   string
	}{
		{"success", []string{"do", "it"}, nil, 0, ""},
		{"help of a group", nil, nil, 0, ""},
		{"help", []string{"help", "do"}, nil, 0, ""},
		{"fault", []string{"do", "it"}, errors.New("no disk"), 1, "top: no disk\n"},
		{"absent", []string{"do", "it"}, slice.Errorf(slice.NotFound, "no it"), 1, "top: no it\n"},
		{"wrong", []string{"do", "it"}, slice.Errorf(slice.Invalid, "it is wrong"), 2, "top: it is wrong\n"},
		{"complaints", []string{"do", "it"}, fmt.Errorf("read: %w", complaints), 2, "a.yaml:3:1: m (r)\na.yaml:4:1: n\n"},
		{"missing argument", []string{"do"}, nil, 2, "top: accepts 1 arg(s), received 0: see top do --help\n"},
		{"argument too many", []string{"plain", "x"}, nil, 2, "top: unexpected argument \"x\": see top plain --help\n"},
		{"unknown flag", []string{"do", "--x"}, nil, 2, "top: unknown flag: --x\n"},
		{"unknown command", []string{"d"}, nil, 2, "top: there is no command \"d\", but do: see top --help\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run := func(*cobra.Command, []string) error { return tt.err }
			top := &cobra.Command{Use: "top"}
			top.AddCommand(&cobra.Command{Use: "do IT", Args: cobra.ExactArgs(1), RunE: run}, &cobra.Command{Use: "plain", RunE: run})
			top.SetArgs(append([]string{}, tt.args...))
			var out, stderr strings.Builder
			top.SetOut(&out)
			if status := program.Execute(top, &stderr); status != tt.status || stderr.String() != tt.says {
				t.Errorf("status %d, %q, want %d, %q", status, stderr.String(), tt.status, tt.says)
			}
		})
	}
}

func TestLog(t *testing.T) {
	var text strings.Builder
	log, err := program.Log(&text, "sps", "warn")
	if err != nil {
		t.Fatal(err)
	}
	log.Info("quiet")
	log.Warn("loud")
	if got := text.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "msg=loud function=sps") {
		t.Errorf("log %q", got)
	}
	if _, err := program.Log(&text, "sps", "x"); slice.KindOf(err) != slice.Invalid {
		t.Errorf("level x: %v", err)
	}
}
