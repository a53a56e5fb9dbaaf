package node_test

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/l2sces/l2sces/cmd/internal/node"
	"github.com/l2sces/l2sces/cmd/internal/program"
)

func TestExitStatus(t *testing.T) {
	full := []string{
		"--domain=a", "--node=n1", "--controller=192.0.2.1:1", "--tunnel-address=192.0.2.2/24",
		"--tls-cert=absent.crt", "--tls-key=absent.key", "--tls-ca=absent.ca",
	}
	for _, c := range []struct {
		name string
		args []string
		want int
		says string
	}{
		{"help", []string{"--help"}, 0, ""},
		{"nothing", nil, 2, "--domain is required"},
		{"unknown option", []string{"--x"}, 2, "unknown flag"},
		{"argument", append([]string{"x"}, full...), 2, `unexpected argument "x"`},
		{"not a prefix", []string{"--tunnel-address=192.0.2.2"}, 2, "tunnel-address"},
		{"unknown datapath", append([]string{"--datapath=x"}, full...), 2, "netdev or system"},
		{"unknown level", append([]string{"--log-level=x"}, full...), 2, "--log-level"},
		{"no certificate", full, 1, "absent.crt"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var options node.Options
			var out, stderr strings.Builder
			cmd := &cobra.Command{Use: "ned", RunE: func(cmd *cobra.Command, _ []string) error {
				return options.Run(cmd.Context(), &stderr, node.Actor{Name: "ned"})
			}}
			options.Flags(cmd.Flags())
			cmd.SetArgs(c.args)
			cmd.SetOut(&out)
			if got := program.Execute(cmd, &stderr); got != c.want || !strings.Contains(stderr.String(), c.says) {
				t.Errorf("status %d, %q, want %d and a word of %q", got, stderr.String(), c.want, c.says)
			}
		})
	}
}
