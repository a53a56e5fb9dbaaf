package osmtest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
)

func (n *NBI) routeInstances() {
	for _, l := range []struct{ path, table, ops, opTable string }{
		{"/nsilcm/v1/netslice_instances", "nsis", "/nsilcm/v1/nsi_lcm_op_occs", "nsilcmops"},
		{"/nslcm/v1/ns_instances", "nsrs", "/nslcm/v1/ns_lcm_op_occs", "nslcmops"},
	} {
		n.on("GET "+l.path, func(c *call) error { n.table(l.table).list(c); return nil })
		n.on("GET "+l.path+"/{id}", func(c *call) error { return n.show(l.table, c) })
		n.on("DELETE "+l.path+"/{id}", func(c *call) error { return n.removeInstance(l.table, c) })
		n.on("POST "+l.path+"/{id}/terminate", func(c *call) error { return n.terminate(l.table, l.opTable, c) })
		n.on("GET "+l.ops, func(c *call) error { n.table(l.opTable).list(c); return nil })
		n.on("GET "+l.ops+"/{id}", func(c *call) error { return n.show(l.opTable, c) })
	}
	n.on("POST /nsilcm/v1/netslice_instances_content", n.orderSlice)
	n.on("POST /nslcm/v1/ns_instances_content", n.orderService)
	n.on("GET /nslcm/v1/subscriptions", func(c *call) error { n.table("subs").list(c); return nil })
	n.on("POST /nslcm/v1/subscriptions", n.subscribe)
	n.on("DELETE /nslcm/v1/subscriptions/{id}", func(c *call) error {
		if _, err := n.table("subs").get(c.r.PathValue("id")); err != nil {
			return err
		}
		n.table("subs").remove(c.r.PathValue("id"))
		c.answer.status = http.StatusNoContent
		return nil
	})
}

// orderSlice makes the record of a slice and those of its services. Nothing is
// done with them until the test does it.
func (n *NBI) orderSlice(c *call) error {
	in, err := c.object()
	if err != nil {
		return err
	}
	for _, k := range []string{"nsiName", "nstId", "vimAccountId"} {
		if in[k] == nil {
			return refusal{http.StatusUnprocessableEntity, fmt.Sprintf("Format error '%s' is a required property", k)}
		}
	}
	nst, err := n.table("nst").get(text(in["nstId"]))
	if err != nil {
		return err
	}
	template := object(clone(nst))
	for _, k := range []string{"_id", "_admin", "_links", "onboardingState", "operationalState", "usageState"} {
		delete(template, k)
	}
	for _, s := range items(template["netslice-subnet"]) {
		if s["description"] == nil {
			return refusal{http.StatusBadRequest, "Error creating nsrs 'description'"}
		}
		s["_id"] = n.byID("nsd", text(s["nsd-ref"]))["_id"]
	}
	id, op := n.id(), n.id()
	vlds := clone(template["netslice-vld"])
	for _, v := range items(vlds) {
		v["shared-nsrs-list"], v["vimAccountId"] = []any{}, in["vimAccountId"]
	}
	nsi := record{
		"_id": id, "id": id, "name": in["nsiName"], "description": in["nsiDescription"], "datacenter": in["vimAccountId"],
		"nst-ref": nst["id"], "instantiation_parameters": clone(in), "network-slice-template": template,
		"nsr-ref-list": []any{}, "vlr-list": []any{}, "additionalParamsForNsi": flattened(in["additionalParamsForNsi"]),
		"_admin": record{
			"created": n.seconds(), "modified": n.seconds(), "nsiState": "NOT_INSTANTIATED", "nst-id": nst["_id"], "deployed": record{"RO": []any{}},
			"netslice-subnet": []any{}, "netslice-vld": vlds, "nsrs-detailed-list": []any{},
		},
	}
	n.table("nsis").rows = append(n.table("nsis").rows, nsi)
	for _, s := range items(template["netslice-subnet"]) {
		n.addService(nsi, s)
	}
	n.table("nsilcmops").rows = append(n.table("nsilcmops").rows, record{
		"_id": op, "id": op, "operationState": "PROCESSING", "netsliceInstanceId": id, "lcmOperationType": "instantiate", "operationParams": clone(in),
	})
	c.created(http.StatusCreated, id, record{"nsilcmop_id": op})
	return nil
}

// flattened writes nested values as the text that NBI makes of them.
func flattened(v any) any {
	out, ok := clone(v).(record)
	if !ok {
		return nil
	}
	for k, x := range out {
		switch x.(type) {
		case record, []any:
			text, err := json.Marshal(x) // JSON is YAML
			if err != nil {
				panic(err) // it was JSON a moment ago
			}
			out[k] = "!!yaml " + string(text)
		}
	}
	return out
}

// addService makes the record of the service of a subnet, in its slice.
func (n *NBI) addService(nsi, subnet record) {
	params, asked := object(nsi["instantiation_parameters"]), record{}
	for _, s := range items(params["netslice-subnet"]) {
		if s["id"] == subnet["id"] {
			asked = s
		}
	}
	vim := asked["vimAccountId"]
	if vim == nil {
		vim = params["vimAccountId"]
	}
	order := object(clone(asked))
	delete(order, "id")
	order["nsdId"], order["nsName"], order["vimAccountId"] = subnet["_id"], text(nsi["name"])+"."+text(subnet["id"]), vim
	order["nsDescription"] = subnet["description"]
	nsr, op := n.newService(order)
	nsi["nsr-ref-list"] = append(list(nsi["nsr-ref-list"]), record{"nsr-ref": nsr})
	admin := object(nsi["_admin"])
	entry := object(clone(order))
	entry["nsr_id"], entry["nss-id"] = nsr, subnet["id"]
	admin["netslice-subnet"] = append(list(admin["netslice-subnet"]), entry)
	admin["nsrs-detailed-list"] = append(list(admin["nsrs-detailed-list"]), record{
		"nsrId": nsr, "shared": false, "nsd-id": subnet["nsd-ref"], "nss-id": subnet["id"], "nslcmop_instantiate": op,
	})
	admin["modified"] = n.seconds()
}

// newService makes the record of a service and its operation.
func (n *NBI) newService(order record) (nsr, op string) {
	nsr, op = n.id(), n.id()
	nsd, err := n.table("nsd").get(text(order["nsdId"]))
	if err != nil {
		nsd = record{}
	}
	links := clone(nsd["virtual-link-desc"])
	for _, l := range items(links) {
		l["name"] = l["id"]
	}
	if links == nil {
		links = []any{}
	}
	n.table("nsrs").rows = append(n.table("nsrs").rows, record{
		"_id": nsr, "id": nsr, "name": order["nsName"], "nsState": "NOT_INSTANTIATED", "currentOperation": "IDLE", "nsd": clone(nsd),
		"datacenter": order["vimAccountId"], "operational-status": "init", "config-status": "init", "detailed-status": "scheduled",
		"nsd-ref": nsd["id"], "nsd-id": nsd["_id"], "instantiate_params": clone(order), "vld": links,
		"_admin": record{"created": n.seconds(), "modified": n.seconds(), "nsState": "NOT_INSTANTIATED"},
	})
	n.table("nslcmops").rows = append(n.table("nslcmops").rows, record{
		"_id": op, "id": op, "operationState": "PROCESSING", "nsInstanceId": nsr, "lcmOperationType": "instantiate", "operationParams": clone(order),
	})
	return nsr, op
}

func (n *NBI) orderService(c *call) error {
	in, err := c.object()
	if err != nil {
		return err
	}
	if _, err := n.table("nsd").get(text(in["nsdId"])); err != nil {
		return err
	}
	nsr, op := n.newService(in)
	c.created(http.StatusCreated, nsr, record{"nslcmop_id": op, "nsName": in["nsName"]})
	return nil
}

// states name where a table's records say whether they are instantiated.
var states = map[string]string{"nsis": "nsiState", "nsrs": "nsState"}

func (n *NBI) terminate(table, ops string, c *call) error {
	r, err := n.table(table).get(c.r.PathValue("id"))
	if err != nil {
		return err
	}
	id, what := text(r["_id"]), map[string]string{"nsis": "netslice_instance", "nsrs": "ns_instance"}[table]
	if object(r["_admin"])[states[table]] != "INSTANTIATED" {
		return refusal{http.StatusConflict, fmt.Sprintf("%s '%s' cannot be 'terminate' because it is not instantiated", what, id)}
	}
	op := n.id()
	n.table(ops).rows = append(n.table(ops).rows, record{
		"_id": op, "id": op, "operationState": "PROCESSING", "lcmOperationType": "terminate", "netsliceInstanceId": id, "nsInstanceId": id,
	})
	c.created(http.StatusAccepted, op, record{"_id": op})
	return nil
}

func (n *NBI) removeInstance(table string, c *call) error {
	r, err := n.table(table).get(c.r.PathValue("id"))
	if err != nil {
		return err
	}
	id := text(r["_id"])
	if object(r["_admin"])[states[table]] == "INSTANTIATED" {
		return refusal{http.StatusConflict, fmt.Sprintf("'%s' cannot be deleted: it is instantiated. Launch 'terminate' operation first", id)}
	}
	n.drop(table, r)
	c.answer.status = http.StatusNoContent
	return nil
}

// drop removes a record; a slice's services go with it.
func (n *NBI) drop(table string, r record) {
	n.table(table).remove(text(r["_id"]))
	for _, s := range items(r["nsr-ref-list"]) {
		n.table("nsrs").remove(text(s["nsr-ref"]))
	}
}

// subscribe keeps a subscription. The double does not call back: tests do.
func (n *NBI) subscribe(c *call) error {
	in, err := c.object()
	if err != nil {
		return err
	}
	callback := text(in["CallbackUri"])
	if callback == "" {
		return refusal{http.StatusUnprocessableEntity, "Format error 'CallbackUri' is a required property"}
	}
	if i := slices.IndexFunc(n.table("subs").rows, func(r record) bool { return r["CallbackUri"] == callback }); i >= 0 {
		return refusal{http.StatusConflict, fmt.Sprintf("Subscription already exists with id: %v", n.table("subs").rows[i]["_id"])}
	}
	id := n.id()
	in["_id"] = id
	n.table("subs").rows = append(n.table("subs").rows, in)
	c.created(http.StatusCreated, id, record{"_id": id})
	return nil
}
