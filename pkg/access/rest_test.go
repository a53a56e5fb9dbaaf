package access_test

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/access"
	"github.com/l2sces/l2sces/pkg/rest"
	v1 "github.com/l2sces/l2sces/pkg/rest/v1"
)

const (
	someNetwork = `{"name": "n9", "type": "vnet", "domains": ["field"]}`
	somePath    = `{"mode": "any", "protection": "none"}`
)

// overHTTP has a row for each operation of the document of /v1.
var overHTTP = map[string]row{
	"listSlices":        {access.Viewer, lists, "", []string{"?tenant=blue", "?id=theirs"}},
	"createSlice":       {access.Tenant, newOnly, someIntents, nil},
	"getSlice":          {access.Viewer, slicesByID, "@ID@", nil},
	"putSlice":          {access.Tenant, newSlices, someIntents, nil},
	"editSlice":         {access.Tenant, slicesByID, `@ID@{"edits": [{"removeNetwork": "n0"}]}`, nil},
	"deleteSlice":       {access.Tenant, slicesByID, "@ID@", nil},
	"pauseSlice":        {access.Tenant, slicesByID, "@ID@", nil},
	"resumeSlice":       {access.Tenant, slicesByID, "@ID@", nil},
	"listRevisions":     {access.Viewer, slicesByID, "@ID@", nil},
	"plan":              {access.Viewer, slicesByID, `{"id": "ID", "delete": true}`, []string{`{"id": "ID", "edits": [{"removeNetwork": "n0"}]}`}},
	"watchSlices":       {access.Viewer, lists, "", []string{"?tenant=blue", "?id=theirs"}},
	"listSliceDomains":  {access.Viewer, slicesByID, "@ID@", nil},
	"addDomain":         {access.Tenant, slicesByID, `@ID@{"domain": {"name": "farm"}}`, nil},
	"removeDomain":      {access.Tenant, slicesByID, "@ID@", nil},
	"listSliceLinks":    {access.Viewer, slicesByID, "@ID@", nil},
	"addLink":           {access.Tenant, slicesByID, `@ID@{"from": "field", "to": "fire"}`, nil},
	"removeLink":        {access.Tenant, slicesByID, "@ID@", nil},
	"listSliceNetworks": {access.Viewer, slicesByID, "@ID@", nil},
	"addNetwork":        {access.Tenant, slicesByID, "@ID@" + someNetwork, nil},
	"getSliceNetwork":   {access.Viewer, slicesByID, "@ID@", nil},
	"removeNetwork":     {access.Tenant, slicesByID, "@ID@", nil},
	"listMembers":       {access.Viewer, slicesByID, "@ID@", nil},
	"addMember":         {access.Tenant, slicesByID, `@ID@{"name": "w9", "domain": "field"}`, nil},
	"removeMember":      {access.Tenant, slicesByID, "@ID@", nil},
	"listPaths":         {access.Viewer, slicesByID, "@ID@", nil},
	"setPath":           {access.Tenant, slicesByID, "@ID@" + somePath, nil},
	"removePath":        {access.Tenant, slicesByID, "@ID@", nil},

	"listDomains":              {access.Viewer, lists, "", nil},
	"getDomain":                {access.Viewer, lists, "", nil},
	"putDomain":                {access.Operator, common, `{"name": "fire", "addresses": ["192.0.2.1:1"]}`, nil},
	"removeDomainRegistration": {access.Operator, common, "", nil},
	"verifyDomain":             {access.Operator, common, "", nil},
	"drainDomain":              {access.Operator, common, "", nil},
	"undrainDomain":            {access.Operator, common, "", nil},

	"listEvents":   {access.Viewer, lists, "", []string{"?tenant=blue", "?slice=theirs"}},
	"streamEvents": {access.Viewer, lists, "", []string{"?tenant=blue"}},
	"listAudit":    {access.Operator, common, "", nil},
	"listQuotas":   {access.Viewer, lists, "", nil},
	"putQuota":     {access.Admin, common, `{"slices": 3}`, nil},
	"whoAmI":       {access.Nobody, lists, "", nil},
	"exportState":  {access.Admin, common, "", nil},
}

// TestA18EveryOperationOfREST is TestA18EveryMethodOfGRPC for the other door.
func TestA18EveryOperationOfREST(t *testing.T) {
	r := newRig(t)
	server := r.web(t)
	have := map[string]bool{}
	for _, o := range operations(t) {
		x, ok := overHTTP[o.ID]
		have[o.ID] = true
		if !ok {
			t.Errorf("operation %s has no row in the table: say who may use it", o.ID)
			continue
		}
		t.Run(o.ID, func(t *testing.T) {
			r.try(t, x, "403", func(role access.Role, body string) answer {
				return o.send(t, server, "Bearer "+r.secrets[role], body)
			})
			for _, nobody := range []string{"", "Bearer l2sces_x", "Basic eDp4"} {
				if got := o.send(t, server, nobody, x.body); got.code != "401" {
					t.Errorf("authorization %q: %v", nobody, got)
				}
			}
		})
	}
	for id := range overHTTP {
		if !have[id] {
			t.Errorf("the row of %s is of no operation", id)
		}
	}
}

func (r *rig) web(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewTLSServer(rest.New(rest.Config{
		Slices: r.gate.Slices(r.house), Registry: r.gate.Registry(domains{}), Events: r.gate.Events(r.house), Admin: r.gate.Admin(export),
		Admit: r.gate.HTTP(func(tls.ConnectionState) (string, error) { return "", nil }),
	}))
	t.Cleanup(s.Close)
	return s
}

// operation is one of the document.
type operation struct {
	ID           string `json:"operationId"`
	method, path string
}

func operations(t *testing.T) []operation {
	t.Helper()
	var doc struct {
		Paths map[string]map[string]json.RawMessage `json:"paths"`
	}
	must(t, json.Unmarshal(v1.JSON, &doc))
	var all []operation
	for path, methods := range doc.Paths {
		for method, text := range methods {
			o := operation{method: strings.ToUpper(method), path: path}
			if method != "parameters" {
				must(t, json.Unmarshal(text, &o))
				all = append(all, o)
			}
		}
	}
	if len(all) < 10 {
		t.Fatalf("the document has %d operations", len(all))
	}
	return all
}

// places fill the path of an operation, but for its slice.
var places = strings.NewReplacer("{network}", "n0", "{member}", "w0-0", "{from}", "field", "{to}", "fire", "{tenant}", "green", "{link}", "field-fire")

// send carries an operation out on the slice that the body names, or a query.
func (o operation) send(t *testing.T, s *httptest.Server, authorization, body string) answer {
	t.Helper()
	id, query := "mine", ""
	for _, one := range []string{"theirs", "absent"} {
		if strings.Contains(body, one) {
			id = one
		}
	}
	if strings.HasPrefix(body, "?") {
		query, body = body, ""
	}
	path := strings.ReplaceAll(places.Replace(o.path), "{slice}", id)
	path = strings.ReplaceAll(path, "{domain}", "fire")
	if rest, only := strings.CutPrefix(body, "@"); only { // the path alone has the id
		_, body, _ = strings.Cut(rest, "@")
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, o.method, s.URL+path+query, strings.NewReader(body))
	must(t, err)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := s.Client().Do(req)
	must(t, err)
	defer func() { _ = res.Body.Close() }() // only read from
	text, err := io.ReadAll(res.Body)
	must(t, err)
	return answer{fmt.Sprint(res.StatusCode), string(text)}
}
