package cli_test

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/l2sces/l2sces/pkg/intent"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestWhatIsAsked(t *testing.T) {
	f, _, to := serve(t)
	tests := []struct{ args, want string }{
		{"domain register x --address h:1,h:2 --slices 4 --label a=b", `PutDomain {"name":"x","driver":"direct","addresses":["h:1","h:2"],"labels":{"a":"b"},"capacity":{"slices":4}} {}`},
		{"domain register x --address h:1 --credentials-secret ns/n --generation 2", `PutDomain {"name":"x","driver":"direct","addresses":["h:1"],"credentials":{"secret":"ns/n"}} {"generation":2}`},
		{"domain get a", `Registration "a"`},
		{"domain list", `Registrations`},
		{"domain verify a", `VerifyDomain "a"`},
		{"domain drain a", `DrainDomain "a" true`},
		{"domain drain a --undo", `DrainDomain "a" false`},
		{"domain remove a", `RemoveDomain "a"`},
		{
			"domain add s d --network n,m --link a --member n:w=192.0.2.9/02:00:00:00:00:09 --gateway d-1",
			`Edit "s" [{"addDomain":{"domain":{"name":"d","gateway":"d-1"},"links":[{"from":"d","to":"a"}],"networks":["n","m"],` +
				`"members":[{"network":"n","member":{"name":"w","domain":"d","address":"192.0.2.9","mac":"02:00:00:00:00:09"}}]}}] {}`,
		},
		{"domain detach s d", `Edit "s" [{"removeDomain":"d"}] {}`},
		{"link add s a b --cost 3", `Edit "s" [{"addLink":{"from":"a","to":"b","cost":3}}] {}`},
		{"link remove s a b", `Edit "s" [{"removeLink":{"from":"a","to":"b"}}] {}`},
		{
			"network add s x --cidr 192.0.2.0/24 --member w@a --member v@b=192.0.2.7 --request-id r1",
			`Edit "s" [{"addNetwork":{"name":"x","type":"","cidr":"192.0.2.0/24","domains":null,"members":[{"name":"w","domain":"a"},{"name":"v","domain":"b","address":"192.0.2.7"}]}}] {"requestId":"r1"}`,
		},
		{"network remove s x", `Edit "s" [{"removeNetwork":"x"}] {}`},
		{"path set s n a b --hops a,c,b --generation 3", `Edit "s" [{"setPath":{"network":"n","from":"a","to":"b","mode":"","hops":["a","c","b"],"protection":""}}] {"generation":3}`},
		{"path remove s n a b", `Edit "s" [{"removePath":{"network":"n","from":"a","to":"b","mode":"","protection":""}}] {}`},
		{"port add s n w --domain a --address 192.0.2.3", `Edit "s" [{"addMember":{"network":"n","member":{"name":"w","domain":"a","address":"192.0.2.3"}}}] {}`},
		{"port remove s n w", `Edit "s" [{"removeMember":{"network":"n","member":{"name":"w","domain":""}}}] {}`},
		{"port remove s n w --dry-run", `PlanEdits "s" [{"removeMember":{"network":"n","member":{"name":"w","domain":""}}}]`},
		{"slice pause s", `Pause "s" true {}`},
		{"slice resume s --generation 7", `Pause "s" false {"generation":7}`},
		{"slice history s", `History "s"`},
		{"events --slice s --after 3 --limit 4", `Events {"slice":"s","after":3,"limit":4}`},
		{"audit --tenant blue --caller user/ann", `Audit {"tenant":"blue","caller":"user/ann"}`},
		{"quota set blue --slices 3", `PutQuota {"tenant":"blue","slices":3}`},
		{"quota list", `Quotas`},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			before := len(f.calls())
			status, stdout, stderr := typed(t, append(strings.Fields(tt.args), to...)...)
			if status != 0 || stdout == "" || stderr != "" {
				t.Fatalf("status %d, stdout %q, stderr %q", status, stdout, stderr)
			}
			if diff := cmp.Diff([]string{tt.want}, f.calls()[before:]); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

var ages = regexp.MustCompile(`\b\d+d\b`)

func TestWhatIsShown(t *testing.T) {
	_, _, to := serve(t)
	tests := map[string]string{
		"describe.txt": "slice describe s", "history.txt": "slice history s", "domains.txt": "domain list", "events.txt": "events",
		"audit.txt": "audit", "quotas.txt": "quota list", "whoami.txt": "whoami", "plan.txt": "network remove s n --dry-run",
		"whoami.json": "whoami -o json", "quotas.yaml": "quota list -o yaml",
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			status, got, stderr := typed(t, append(strings.Fields(args), to...)...)
			if status != 0 {
				t.Fatalf("status %d, %s", status, stderr)
			}
			got = ages.ReplaceAllString(got, "AGE")
			file := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestWatchWithoutATerminal(t *testing.T) {
	_, _, to := serve(t)
	tests := []struct{ args, want string }{
		{"slice watch s --domain a", "s generation 3 Ready\ns generation 0 Gone\n"},
		{"events -w --slice s", "1900-01-02T03:04:05Z Warning s network/n Lost: gone\n"},
	}
	for _, tt := range tests {
		status, stdout, stderr := typed(t, append(strings.Fields(tt.args), to...)...)
		if status != 1 || stdout != tt.want || !strings.Contains(stderr, "goes home") {
			t.Errorf("%s: status %d, stderr %q, stdout %q, want %q", tt.args, status, stderr, stdout, tt.want)
		}
	}
	status, stdout, _ := typed(t, append([]string{"slice", "watch", "-o", "json"}, to...)...)
	if lines := strings.Split(stdout, "\n"); status != 1 || len(lines) != 4 || !strings.Contains(lines[1], `"kind":"SYNC"`) {
		t.Errorf("status %d, %d lines: %s", status, len(lines), stdout)
	}
}

func TestWaitAsksUntilReady(t *testing.T) {
	f, _, to := serve(t)
	f.phase = intent.Pending
	status, stdout, stderr := typed(t, append(strings.Fields("network remove s n --wait"), to...)...)
	if calls := f.calls(); status != 0 || !strings.Contains(stdout, "Ready") || len(calls) != 2 || calls[1] != `Status "s"` {
		t.Errorf("status %d, %q, %q, %q", status, stdout, stderr, calls)
	}
}

func TestTokens(t *testing.T) {
	f, dir, to := serve(t)
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	status, _, stderr := typed(t, "whoami", to[0], to[3], "--token-file="+token) // and no certificate
	if status != 0 || len(f.tokens) != 1 || f.tokens[0] != "Bearer secret" {
		t.Errorf("status %d, %s, tokens %q", status, stderr, f.tokens)
	}
}

func TestWrongInput(t *testing.T) {
	f, dir, to := serve(t)
	tests := []struct {
		args   string
		status int
		says   string
	}{
		{"network add s x --cidr 192.0.2.0", 2, "--cidr"},
		{"network add s x --member w", 2, `"w" is not WORKLOAD@DOMAIN`},
		{"network add s x --member w@a=1.2", 2, `--member "w@a=1.2"`},
		{"domain add s d --member w", 2, `"w" is not NETWORK:WORKLOAD`},
		{"port add s n w --domain a --mac zz", 2, "--mac"},
		{"port add s n w", 2, "--domain is required"},
		{"link add s a", 2, "accepts 3 arg"},
		{"path set absent n a b", 1, "slice absent is not there"},
		{"events --token-file " + dir + "/absent", 2, "absent"},
		{"domain", 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			status, _, stderr := typed(t, append(strings.Fields(tt.args), to...)...)
			if status != tt.status || !strings.Contains(stderr, tt.says) {
				t.Errorf("status %d, %q, want %d and %q", status, stderr, tt.status, tt.says)
			}
		})
	}
	for _, one := range []struct {
		args []string
		says string
	}{
		{to[:1], "needs --tls-ca"},
		{[]string{to[0], to[3]}, "who are you?"},
		{[]string{to[0], to[1], to[3]}, "go together"},
		{nil, "no lab"},
	} {
		if _, _, stderr := typed(t, append([]string{"whoami"}, one.args...)...); !strings.Contains(stderr, one.says) {
			t.Errorf("%q: %q, want %q", one.args, stderr, one.says)
		}
	}
	if calls := f.calls(); len(calls) != 1 {
		t.Errorf("and yet it was asked: %q", calls)
	}
}
