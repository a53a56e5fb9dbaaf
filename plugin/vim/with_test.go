package vim_test

import (
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/l2sces/l2sces/pkg/web"
	"github.com/l2sces/l2sces/plugin/account"
	"github.com/l2sces/l2sces/plugin/endpoint"
	"github.com/l2sces/l2sces/plugin/service"
	"github.com/l2sces/l2sces/plugin/vim"
)

const endpoints = `endpoints:
- {name: core, domain: core, tenant: blue}
- {name: field, domain: field}
- {name: field/cam, domain: field, workload: cam}
- {name: field/mic, domain: field, workload: mic, interface: mic0}
- {name: field/far, domain: core, workload: far}
- {name: field/tap, domain: field, workload: tap}
- {name: field/secret, domain: field, workload: secret, tenant: red}
`

const accounts = `accounts:
- {name: ro, tenant: blue, passwordFile: password}
- {name: rival, tenant: red, passwordFile: password}
`

// password is that of all accounts. No text that is told may have it.
const password = "secret"

func catalog(tb testing.TB) *endpoint.Catalog {
	tb.Helper()
	c, err := endpoint.New(nil, "endpoints.yaml", []byte(endpoints), endpoint.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// mounted is a door as the plugin mounts it.
func mounted(tb testing.TB, d *vim.Door) http.Handler {
	tb.Helper()
	dir := tb.TempDir()
	for name, text := range map[string]string{"accounts.yaml": accounts, "password": password} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	who, err := account.Read(filepath.Join(dir, "accounts.yaml"), account.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	e := web.NewEcho(slog.New(slog.DiscardHandler), web.MaxBody)
	d.Mount(e.Group("/vim/v1", who.Admit(service.VIM)))
	return e
}
