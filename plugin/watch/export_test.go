package watch

// ReadNSI lets the fuzz test read a record, and all that is made of it without OSM.
func ReadNSI(text []byte) (name string, err error) {
	r, err := readNSI(text)
	if err != nil {
		return "", err
	}
	if r.phase(); r.broken != nil {
		return r.ID, r.broken
	}
	if _, err := r.asked(); err != nil {
		return "", err
	}
	doc, err := document("template", "nst", r.Template)
	if err != nil {
		return "", err
	}
	if _, _, err := doc.NST(); err != nil {
		return "", err
	}
	for _, o := range append(r.Admin.Subnets, r.Params.Subnets...) {
		for _, l := range o.Links {
			for _, p := range l.Provider.Ports {
				if tag, ok := vlanOf(p.VLAN); ok && (tag < 1 || tag > 4094) {
					panic(tag)
				}
			}
		}
	}
	return r.ID, nil
}

// ReadNSR does the same with the record of a service.
func ReadNSR(text []byte) error {
	doc, err := nsdOf("service", text)
	if err != nil {
		return err
	}
	_, _, err = doc.NSD()
	return err
}
