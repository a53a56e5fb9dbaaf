package l2vpn_test

import (
	"cmp"
	"fmt"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/plugin/account/accounttest"
)

// TestA17Refusals wants for each fault the code, the tag and the path of RFC 8040,
// section 7, and nothing changed.
func TestA17Refusals(t *testing.T) {
	const (
		at     = "/ietf-l2vpn-svc:l2vpn-svc"
		atV    = at + "/vpn-services/vpn-service[vpn-id='v']"
		atNew  = at + "/vpn-services/vpn-service[vpn-id='x']"
		atS    = at + "/sites/site[site-id='s1']"
		atN    = atS + "/site-network-accesses/site-network-access[network-access-id='n1']"
		vpn    = vpns + "/vpn-service=v"
		access = sites + "/site=s1/site-network-accesses/site-network-access=n1"
	)
	newVPN := func(leaf string) string {
		return `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": "x", ` + leaf + `}]}`
	}
	// edited is the true access with one text in another's place.
	edited := func(old, text string) string {
		if !strings.Contains(trueAccess, old) {
			t.Fatalf("%s is not in the access", old)
		}
		return strings.Replace(trueAccess, old, text, 1)
	}
	editedSite := func(old, text string) string { return strings.Replace(trueSite, old, text, 1) }
	tests := map[string]struct {
		method, path, body string
		status             int
		tag, at            string
	}{
		"not JSON":                      {post, vpns, `{"ietf-l2vpn-svc:vpn-service": [`, 400, "malformed-message", ""},
		"not a number":                  {put, access, edited("300", "NaN"), 400, "malformed-message", "*"},
		"a huge number":                 {put, access, edited("300", "1e400"), 400, "invalid-value", "*"},
		"a negative number":             {put, access, edited("300", "-1"), 400, "invalid-value", "*"},
		"a name that climbs":            {get, sites + "/site=..%2F..%2Fvpn-services", "", 404, "invalid-value", "*"},
		"a name with a zero":            {get, sites + "/site=a%00b", "", 400, "invalid-value", "*"},
		"a long name":                   {put, vpns + "/vpn-service=" + strings.Repeat("a", 1025), trueVPN, 400, "invalid-value", "*"},
		"a path without end":            {get, sites + strings.Repeat("/site=a", 40), "", 400, "invalid-value", "*"},
		"twice a name":                  {post, vpns, newVPN(`"svc-topo": "any-to-any", "svc-topo": "any-to-any"`), 400, "malformed-message", ""},
		"deep":                          {post, vpns, `{"ietf-l2vpn-svc:vpn-service": ` + strings.Repeat("[", 40), 413, "too-big", ""},
		"no module":                     {post, vpns, `{"vpn-service": [{"vpn-id": "x"}]}`, 400, "unknown-namespace", ""},
		"another module":                {post, vpns, `{"ietf-l3vpn-svc:vpn-service": [{"vpn-id": "x"}]}`, 400, "unknown-namespace", ""},
		"two resources":                 {post, vpns, `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": "x"}], "ietf-l2vpn-svc:y": 1}`, 400, "malformed-message", ""},
		"two entries":                   {post, vpns, `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": "x"}, {"vpn-id": "y"}]}`, 400, "malformed-message", ""},
		"an object for a list":          {post, vpns, `{"ietf-l2vpn-svc:vpn-service": {"vpn-id": "x"}}`, 400, "malformed-message", ""},
		"unknown leaf":                  {post, vpns, newVPN(`"colour": "red"`), 400, "unknown-element", atNew + "/colour"},
		"a leaf of a feature":           {post, vpns, newVPN(`"carrierscarrier": true`), 400, "unknown-element", atNew + "/carrierscarrier"},
		"another topology":              {post, vpns, newVPN(`"svc-topo": "hub-spoke"`), 400, "invalid-value", atNew + "/svc-topo"},
		"another type":                  {post, vpns, newVPN(`"vpn-svc-type": "pwe3"`), 400, "invalid-value", atNew + "/vpn-svc-type"},
		"identity of another module":    {post, vpns, newVPN(`"vpn-svc-type": "ietf-l3vpn-svc:vpws"`), 400, "invalid-value", atNew + "/vpn-svc-type"},
		"a number for a text":           {post, vpns, newVPN(`"customer-name": 5`), 400, "invalid-value", atNew + "/customer-name"},
		"a text for a truth":            {post, vpns, newVPN(`"ce-vlan-preservation": "true"`), 400, "invalid-value", atNew + "/ce-vlan-preservation"},
		"long text":                     {post, vpns, newVPN(fmt.Sprintf(`"customer-name": %q`, strings.Repeat("a", 256))), 400, "invalid-value", atNew + "/customer-name"},
		"no key":                        {post, vpns, `{"ietf-l2vpn-svc:vpn-service": [{"svc-topo": "any-to-any"}]}`, 400, "missing-element", "*"},
		"empty key":                     {post, vpns, `{"ietf-l2vpn-svc:vpn-service": [{"vpn-id": ""}]}`, 400, "missing-element", "*"},
		"service exists":                {post, vpns, trueVPN, 409, "data-exists", atV},
		"another key than the path":     {put, vpns + "/vpn-service=y", newVPN(`"svc-topo": "any-to-any"`), 400, "invalid-value", "*"},
		"no service to patch":           {patch, vpns + "/vpn-service=x", newVPN(`"svc-topo": "any-to-any"`), 404, "invalid-value", atNew},
		"no service to delete":          {del, vpns + "/vpn-service=x", "", 404, "invalid-value", atNew},
		"a leaf that is not there":      {del, sites + "/site=s1/locations/location=l/state", "", 404, "invalid-value", "*"},
		"delete what must be":           {del, access + "/vpn-attachment/vpn-id", "", 400, "missing-element", atN + "/vpn-attachment/vpn-id"},
		"no such node":                  {get, vpn + "/colour", "", 404, "invalid-value", "*"},
		"no such node to edit":          {put, vpn + "/colour", `{"ietf-l2vpn-svc:colour": 1}`, 404, "invalid-value", "*"},
		"below a leaf":                  {get, vpn + "/customer-name/x", "", 404, "invalid-value", "*"},
		"accesses of no site":           {get, inSite("nowhere"), "", 404, "invalid-value", "*"},
		"delete accesses of no site":    {del, inSite("nowhere"), "", 404, "invalid-value", "*"},
		"delete an access of no site":   {del, inSite("nowhere") + "site-network-access=n1", "", 404, "invalid-value", "*"},
		"two keys":                      {get, vpns + "/vpn-service=a,b", "", 400, "invalid-value", "*"},
		"a key of a container":          {get, sites + "=a", "", 400, "invalid-value", "*"},
		"a list without key":            {get, vpns + "/vpn-service/vpn-id", "", 400, "invalid-value", "*"},
		"odd escape":                    {get, vpns + "/vpn-service=%25", "", 404, "invalid-value", "*"},
		"fields":                        {get, vpns + "?fields=vpn-service", "", 400, "invalid-value", ""},
		"depth":                         {get, vpns + "?depth=1", "", 400, "invalid-value", ""},
		"insert":                        {post, vpns + "?insert=first", newVPN(`"svc-topo": "any-to-any"`), 400, "invalid-value", ""},
		"what is no configuration":      {get, vpns + "?content=nonconfig", "", 400, "invalid-value", ""},
		"profiles are fixed":            {put, root + "/vpn-profiles", `{"ietf-l2vpn-svc:vpn-profiles": {}}`, 501, "operation-not-supported", ""},
		"a profile":                     {patch, root, `{"ietf-l2vpn-svc:l2vpn-svc": {"vpn-profiles": {"valid-provider-identifiers": {"qos-profile-identifier": ["gold"]}}}}`, 400, "unknown-element", "*"},
		"the container exists":          {post, root, `{"ietf-l2vpn-svc:vpn-services": {}}`, 409, "data-exists", at + "/vpn-services"},
		"site without management":       {post, sites, `{"ietf-l2vpn-svc:site": [{"site-id": "x", "default-ce-vlan-id": 1}]}`, 400, "missing-element", at + "/sites/site[site-id='x']/management/type"},
		"site without VLAN":             {put, sites + "/site=s1", editedSite(`, "default-ce-vlan-id": 7`, ``), 400, "missing-element", atS + "/default-ce-vlan-id"},
		"site VLAN":                     {put, sites + "/site=s1", editedSite(`"default-ce-vlan-id": 7`, `"default-ce-vlan-id": 4095`), 400, "invalid-value", atS + "/default-ce-vlan-id"},
		"site bundles":                  {put, sites + "/site=s1", editedSite("one2one-bundling", "all2one-bundling"), 400, "invalid-value", atS + "/bundling-type"},
		"site's policies":               {put, sites + "/site=s1/vpn-policies", `{"ietf-l2vpn-svc:vpn-policies": {}}`, 404, "invalid-value", "*"},
		"a device is nowhere":           {put, sites + "/site=s1", editedSite(`"location": "l"`, `"location": "m"`), 409, "data-missing", atS + "/devices/device[device-id='ce1']/location"},
		"devices of a customer":         {patch, sites + "/site=s1/management", `{"ietf-l2vpn-svc:management": {"type": "customer-managed"}}`, 400, "unknown-element", atS + "/devices"},
		"a site exists":                 {post, sites, trueSite, 409, "data-exists", atS},
		"a site that nobody made":       {post, sites, strings.Replace(trueSite, "s1", "s2", 1), 409, "data-exists", "*"},
		"the access's device goes":      {del, sites + "/site=s1/devices/device=ce1", "", 409, "data-missing", atN + "/device-reference"},
		"access exists":                 {post, sites + "/site=s1/site-network-accesses", trueAccess, 409, "data-exists", atN},
		"access of no service":          {put, access, edited(`"vpn-id": "v", "site-role"`, `"vpn-id": "x", "site-role"`), 400, "invalid-value", "*"}, // its bandwidth names the other
		"access of a service not there": {post, inSite("s2"), accessBody("new", "x", "ned-a", 5), 409, "data-missing", at + "/sites/site[site-id='s2']/site-network-accesses/site-network-access[network-access-id='new']/vpn-attachment/vpn-id"},
		"access without service":        {put, access, edited(`"vpn-attachment": {"vpn-id": "v", "site-role": "ietf-l2vpn-svc:any-to-any-role"},`, ``), 400, "missing-element", atN + "/vpn-attachment/vpn-id"},
		"access by policy":              {put, access, edited(`"vpn-id": "v", "site-role"`, `"vpn-policy-id": "p", "site-role"`), 400, "unknown-element", atN + "/vpn-attachment/vpn-policy-id"},
		"a spoke":                       {put, access, edited("any-to-any-role", "spoke-role"), 400, "invalid-value", atN + "/vpn-attachment/site-role"},
		"no endpoint":                   {put, access, edited("ned-a", "ned-z:eth0"), 400, "invalid-value", atN + "/bearer/bearer-reference"},
		"VLAN 0":                        {put, access, edited("300", "0"), 400, "invalid-value", atN + "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id"},
		"VLAN 4095":                     {put, access, edited("300", "4095"), 400, "invalid-value", atN + "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id"},
		"VLAN 65536":                    {put, access, edited("300", "65536"), 400, "invalid-value", atN + "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id"},
		"VLAN as text":                  {put, access, edited("300", `"300"`), 400, "invalid-value", atN + "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id"},
		"a fraction":                    {put, access, edited("300", "300.5"), 400, "invalid-value", atN + "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id"},
		"no VLAN":                       {put, access, edited(`, "cvlan-id": 300`, ``), 400, "missing-element", atN + "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id"},
		"dot1q without its container":   {put, access, edited(`, "dot1q-vlan-tagged": {"tg-type": "ietf-l2vpn-svc:c-vlan", "cvlan-id": 300}`, ``), 400, "missing-element", atN + "/connection/tagged-interface/dot1q-vlan-tagged/cvlan-id"},
		"a tag of another type":         {put, access, edited(`"ietf-l2vpn-svc:dot1q"`, `"ietf-l2vpn-svc:priority-tagged"`), 400, "unknown-element", atN + "/connection/tagged-interface/dot1q-vlan-tagged"},
		"a priority as well":            {put, access, edited(`"dot1q-vlan-tagged"`, `"priority-tagged": {}, "dot1q-vlan-tagged"`), 400, "unknown-element", atN + "/connection/tagged-interface/priority-tagged"},
		"two tags":                      {put, access, edited(`"ietf-l2vpn-svc:dot1q"`, `"ietf-l2vpn-svc:qinq"`), 400, "invalid-value", atN + "/connection/tagged-interface/type"},
		"a tag without a tag":           {put, access, edited("ietf-l2vpn-svc:tagged", "ietf-l2vpn-svc:untagged"), 400, "bad-element", atN + "/connection/eth-inf-type"},
		"a tag on Ethernet":             {put, access, edited("ietf-l2vpn-svc:vlan", "ethernet"), 400, "bad-element", atN + "/connection/encapsulation-type"},
		"a location as well":            {put, access, edited(`"device-reference"`, `"location-reference": "l", "device-reference"`), 400, "bad-element", atN + "/device-reference"},
		"a location instead":            {put, access, edited(`"device-reference": "ce1"`, `"location-reference": "l"`), 400, "unknown-element", atN + "/location-reference"},
		"MTU too small":                 {put, access, edited("1400", "575"), 400, "invalid-value", atN + "/service/svc-mtu"},
		"MTU too large":                 {put, access, edited("1400", "9217"), 400, "invalid-value", atN + "/service/svc-mtu"},
		"quality of service":            {put, access, edited(`"svc-mtu"`, `"qos": {}, "svc-mtu"`), 400, "unknown-element", atN + "/service/qos"},
		"bandwidth twice":               {put, access, edited(`"ietf-l2vpn-svc:output-bw", "type": "ietf-l2vpn-svc:bw-per-svc", "vpn-id": "v"`, `"input-bw", "type": "bw-per-port"`), 400, "bad-element", "*"},
		"bandwidth by class":            {put, access, edited("bw-per-port", "bw-per-cos"), 400, "invalid-value", "*"},
		"bandwidth of another service":  {put, access, edited(`"vpn-id": "v", "cir"`, `"vpn-id": "w", "cir"`), 400, "invalid-value", "*"},
		"bandwidth of no service":       {put, access, edited(`"vpn-id": "v", "cir"`, `"cir"`), 400, "missing-element", "*"},
		"service of a port's bandwidth": {put, access, edited(`"cir": "20000000"`, `"vpn-id": "v", "cir": "20000000"`), 400, "unknown-element", "*"},
		"bandwidth without burst":       {put, access, edited(`, "cbs": "1000"}`, `}`), 400, "missing-element", "*"},
		"negative bandwidth":            {put, access, edited(`"20000000"`, `"-1"`), 400, "invalid-value", "*"},
		"endless bandwidth":             {put, access, edited(`"20000000"`, `"18446744073709551615"`), 400, "invalid-value", "*"},
		"endless excess":                {put, access, edited(`"40000500"`, `"18446744073709551615"`), 400, "invalid-value", "*"},
		"an end at the same place":      {post, inSite("s5"), accessBody("n5", "v", "ned-b", 301), 409, "in-use", "*"},
		"a workload twice":              {post, inSite("s5"), accessBody("n5", "v", "a/camera", 9), 409, "in-use", "*"},
		"a service left dangling":       {put, root, `{"ietf-l2vpn-svc:l2vpn-svc": {"sites": {"site": [{"site-id": "s3", "management": {"type": "customer-managed"}, "locations": {"location": [{"location-id": "s3"}]}, "default-ce-vlan-id": 1, "site-network-accesses": {"site-network-access": [{"network-access-id": "n3", "bearer": {"bearer-reference": "a/camera"}, "connection": {}, "vpn-attachment": {"vpn-id": "v", "site-role": "any-to-any-role"}}]}}]}}}`, 409, "data-missing", "*"},
	}
	w := trueWorld(t)
	before, ordered := w.Must(t, 200, get, root, ""), w.ordered("osm")
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := w.Ask(test.method, test.path, test.body)
			if out.Code != test.status || out.Header().Get("Content-Type") != yangJSON {
				t.Fatalf("got %d, want %d: %s", out.Code, test.status, out.Body)
			}
			f := accounttest.Faults(t, out.Body.String())[0]
			if f["error-tag"] != test.tag || f["error-type"] == "" || f["error-message"] == "" {
				t.Errorf("got %v, want %s", f, test.tag)
			}
			if test.at != "*" && test.at != "" && f["error-path"] != test.at {
				t.Errorf("got path %s, want %s", f["error-path"], test.at)
			}
			accounttest.Same(t, w.Must(t, 200, get, root, ""), before)
			if got := w.ordered("osm"); strings.Join(got, "\n") != strings.Join(ordered, "\n") {
				t.Errorf("ordered is now %q", got)
			}
		})
	}
}

// What is wrong before anything is read.
func TestA10Transport(t *testing.T) {
	w := newWorld(t)
	tests := map[string]struct {
		method, body string
		header       []string
		status       int
		tag          string
	}{
		"XML":          {post, "<a/>", []string{"Content-Type", "application/yang-data+xml"}, 415, ""},
		"no type":      {post, "{}", []string{"Content-Type", ""}, 415, ""},
		"compressed":   {post, "{}", []string{"Content-Encoding", "gzip"}, 415, ""},
		"wants XML":    {get, "", []string{"Accept", "application/yang-data+xml"}, 406, ""},
		"wants none":   {get, "", []string{"Accept", "application/yang-data+json;q=0"}, 406, ""},
		"large":        {post, `{"ietf-l2vpn-svc:vpn-service": ["` + strings.Repeat("a", 1<<20) + `"]}`, nil, 413, "too-big"},
		"many values":  {post, `{"ietf-l2vpn-svc:vpn-service": [` + strings.Repeat("1,", 25_000) + `1]}`, nil, 413, "too-big"},
		"not UTF-8":    {post, "{\"ietf-l2vpn-svc:vpn-service\": \"\xff\"}", nil, 400, "malformed-message"},
		"nothing":      {post, " ", nil, 400, "malformed-message"},
		"plain JSON":   {post, vpnBody("v", "vpws"), []string{"Content-Type", "application/json; charset=utf-8"}, 201, ""},
		"any JSON":     {get, "", []string{"Accept", "application/json"}, 200, ""},
		"any":          {get, "", []string{"Accept", "*/*"}, 200, ""},
		"wrong method": {"TRACE", "", nil, 405, ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			out := w.Ask(test.method, vpns, test.body, test.header...)
			if out.Code != test.status {
				t.Fatalf("got %d, want %d: %s", out.Code, test.status, out.Body)
			}
			if test.status >= 400 && test.method != "TRACE" {
				if f := accounttest.Faults(t, out.Body.String())[0]; f["error-tag"] != cmp.Or(test.tag, f["error-tag"]) || f["error-tag"] == "" {
					t.Errorf("%v", f)
				}
			}
		})
	}
}
