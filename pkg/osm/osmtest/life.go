package osmtest

// What OSM's life cycle manager does to the records, one step a call. A step
// that names nothing that is there panics: the test is wrong.

// Start begins to instantiate a slice.
func (n *NBI) Start(nsi string) {
	n.change("nsis", nsi, func(r record) {
		r["operational-status"], r["config-status"], r["detailed-status"] = "init", "init", "creating"
		var deployed []any
		for _, v := range items(object(r["_admin"])["netslice-vld"]) {
			deployed = append(deployed, record{"vld_id": v["name"], "netslice_scenario_id": common(nsi, text(v["name"]))})
		}
		object(r["_admin"])["deployed"] = record{"RO": deployed}
	})
}

func common(nsi, link string) string { return "nsir:" + nsi + ":vld." + link }

// Finish ends the instantiation of a slice and of all its services: all run.
func (n *NBI) Finish(nsi string) {
	for _, nsr := range n.Services(nsi) {
		n.FinishService(nsr)
	}
	n.change("nsis", nsi, func(r record) {
		r["operational-status"], r["config-status"], r["detailed-status"] = "running", "configured", "done"
		object(r["_admin"])["nsiState"] = "INSTANTIATED"
	})
	n.endOperations("nsilcmops", "netsliceInstanceId", nsi, "COMPLETED")
}

// endOperations ends what is being done with an instance.
func (n *NBI) endOperations(table, key, id, state string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, o := range n.table(table).rows {
		if o[key] == id && o["operationState"] == "PROCESSING" {
			o["operationState"], o["detailed-status"] = state, "told to"
		}
	}
}

// Services returns the ids of a slice's services.
func (n *NBI) Services(nsi string) (ids []string) {
	n.change("nsis", nsi, func(r record) {
		for _, s := range items(clone(r["nsr-ref-list"])) {
			ids = append(ids, text(s["nsr-ref"]))
		}
	})
	return ids
}

// FinishService lets a service run: its VIM has made its networks.
func (n *NBI) FinishService(nsr string) {
	n.change("nsrs", nsr, func(r record) {
		r["nsState"], r["operational-status"], r["config-status"], r["detailed-status"] = "READY", "running", "configured", "Done"
		object(r["_admin"])["nsState"] = "INSTANTIATED"
		vim := text(r["datacenter"])
		for _, l := range items(r["vld"]) {
			id := "net-" + nsr + "-" + text(l["id"])
			if n.Network != nil {
				id = n.Network(nsr, text(l["id"]), vim)
			}
			l["vim_info"] = record{"vim:" + vim: record{"vim_account_id": vim, "vim_id": id, "vim_details": nil, "vim_status": "ACTIVE"}}
		}
	})
	n.endOperations("nslcmops", "nsInstanceId", nsr, "COMPLETED")
}

// Info puts more into the vim_info of a link of a service: what a WIM made.
func (n *NBI) Info(nsr, link, target, id string) {
	n.change("nsrs", nsr, func(r record) {
		for _, l := range items(r["vld"]) {
			if l["id"] == link {
				object(l["vim_info"])[target] = record{"vim_id": id, "vim_status": "ACTIVE", "sdn": true}
			}
		}
	})
}

// FailService says that a service failed.
func (n *NBI) FailService(nsr string) {
	n.change("nsrs", nsr, func(r record) {
		r["nsState"], r["operational-status"], r["detailed-status"] = "BROKEN", "failed", "Error: told to"
		object(r["_admin"])["nsState"] = "INSTANTIATED"
	})
	n.endOperations("nslcmops", "nsInstanceId", nsr, "FAILED")
}

// EndService says that a service was terminated by itself.
func (n *NBI) EndService(nsr string) {
	n.change("nsrs", nsr, func(r record) {
		r["nsState"], r["operational-status"], r["detailed-status"] = "NOT_INSTANTIATED", "terminated", "Done"
		object(r["_admin"])["nsState"] = "NOT_INSTANTIATED"
	})
	n.endOperations("nslcmops", "nsInstanceId", nsr, "COMPLETED")
}

// Fail says that the slice failed.
func (n *NBI) Fail(nsi string) {
	n.change("nsis", nsi, func(r record) {
		r["operational-status"], r["detailed-status"] = "failed", "ERROR: told to"
		object(r["_admin"])["nsiState"] = "INSTANTIATED"
	})
	n.endOperations("nsilcmops", "netsliceInstanceId", nsi, "FAILED")
}

// Strip leaves of the parameters of a slice only the form with nested values as
// text.
func (n *NBI) Strip(nsi string) {
	n.change("nsis", nsi, func(r record) { delete(object(r["instantiation_parameters"]), "additionalParamsForNsi") })
}

// AddService adds a subnet to a slice, at a VIM account, with the link points
// that tie it: link -> connection point of the service. It returns the service's id.
func (n *NBI) AddService(nsi, subnet, nsd, vim string, points map[string]string) (nsr string) {
	n.change("nsis", nsi, func(r record) {
		s := record{"id": subnet, "description": subnet, "is-shared-nss": false, "nsd-ref": nsd, "_id": n.byID("nsd", nsd)["_id"]}
		template, params := object(r["network-slice-template"]), object(r["instantiation_parameters"])
		template["netslice-subnet"] = append(list(template["netslice-subnet"]), s)
		params["netslice-subnet"] = append(list(params["netslice-subnet"]), record{"id": subnet, "vimAccountId": vim})
		for _, v := range items(template["netslice-vld"]) {
			if p := points[text(v["id"])]; p != "" {
				v["nss-connection-point-ref"] = append(list(v["nss-connection-point-ref"]), record{"nss-ref": subnet, "nsd-connection-point-ref": p})
			}
		}
		n.addService(r, s)
		all := items(r["nsr-ref-list"])
		nsr = text(all[len(all)-1]["nsr-ref"])
	})
	return nsr
}

// RemoveService takes the service of a subnet out of a slice, with its record.
func (n *NBI) RemoveService(nsi, nsr string) {
	n.change("nsis", nsi, func(r record) {
		admin := object(r["_admin"])
		r["nsr-ref-list"] = without(r["nsr-ref-list"], "nsr-ref", nsr)
		admin["netslice-subnet"] = without(admin["netslice-subnet"], "nsr_id", nsr)
		admin["nsrs-detailed-list"] = without(admin["nsrs-detailed-list"], "nsrId", nsr)
		n.table("nsrs").remove(nsr)
	})
}

func without(all any, key, value string) []any {
	out := []any{}
	for _, r := range items(all) {
		if r[key] != value {
			out = append(out, r)
		}
	}
	return out
}

// Terminating begins to end a slice.
func (n *NBI) Terminating(nsi string) {
	n.change("nsis", nsi, func(r record) { r["operational-status"], r["config-status"] = "terminating", "terminating" })
	for _, nsr := range n.Services(nsi) {
		n.change("nsrs", nsr, func(r record) { r["nsState"], r["operational-status"] = "TERMINATING", "terminating" })
	}
}

// Terminated ends a slice. Its record stays.
func (n *NBI) Terminated(nsi string) {
	for _, nsr := range n.Services(nsi) {
		n.EndService(nsr)
	}
	n.change("nsis", nsi, func(r record) {
		r["operational-status"], r["config-status"], r["detailed-status"] = "terminated", "configured", "done"
		object(r["_admin"])["nsiState"] = "NOT_INSTANTIATED"
	})
	n.endOperations("nsilcmops", "netsliceInstanceId", nsi, "COMPLETED")
}

// Drop deletes the record of a slice, as it goes when it is deleted.
func (n *NBI) Drop(nsi string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r, err := n.table("nsis").get(nsi)
	if err != nil {
		panic(err)
	}
	n.drop("nsis", r)
}

// change changes a record, and when it was modified.
func (n *NBI) change(table, id string, f func(record)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	r, err := n.table(table).get(id)
	if err != nil {
		panic(err)
	}
	before := string(asJSON(r))
	f(r)
	if string(asJSON(r)) != before {
		object(r["_admin"])["modified"] = n.seconds()
	}
}
