package descriptor

import "reflect"

// NST reads the document as a network slice template. The path is where the
// template stands, inside its envelope.
func (d *Document) NST() (nst NST, path string, err error) {
	if problems := d.expect(KindNST); len(problems) > 0 {
		return nst, "", problems.Err()
	}
	n, path, problems := d.unwrap(1, nstEnvelopes...)
	if len(problems) > 0 {
		return nst, path, problems.Err()
	}
	return nst, path, typed(nstSchema, n, path, &nst)
}

// NSD reads the document as a network service descriptor. Keys that a slice
// does not need are skipped.
func (d *Document) NSD() (nsd NSD, path string, err error) {
	if problems := d.expect(KindNSD); len(problems) > 0 {
		return nsd, "", problems.Err()
	}
	n, path, problems := d.unwrap(2, nsdEnvelopes...)
	if len(problems) > 0 {
		return nsd, path, problems.Err()
	}
	unique(n, path, &problems)
	decoder := decoder{tolerant: true, loose: true, problems: problems}
	decoder.decode(n, reflect.ValueOf(&nsd), path)
	if nsd.ID == "" {
		decoder.problems.add(RuleRequired, n.at, join(path, "id"), "add it", "key %s is missing", quote("id"))
	}
	return nsd, path, decoder.problems.Err()
}

// Annex reads the document as the annex of a template.
func (d *Document) Annex() (r Refinement, err error) {
	if problems := d.expect(""); len(problems) > 0 {
		return r, problems.Err()
	}
	return r, typed(annexSchema, d.root, "", &r)
}

// Params reads the document as the parameters of an instantiation.
func (d *Document) Params() (p Params, err error) {
	// The parameters share keys with templates: their kind is not asked for.
	if d.root.form == null {
		return p, nil
	}
	if problems, err := checkSchema(paramsSchema, d.root, ""); err != nil || len(problems) > 0 {
		return p, either(err, problems)
	}
	decoder := decoder{tolerant: true} // of what OSM takes beside our part; the schema has closed ours
	decoder.decode(d.root, reflect.ValueOf(&p), "")
	unique(d.root, "", &decoder.problems)
	return p, decoder.problems.Err()
}

// typed checks a node against its schema and fills v.
func typed(name schemaName, n *node, path string, v any) error {
	problems, err := checkSchema(name, n, path)
	if err != nil {
		return err
	}
	unique(n, path, &problems)
	if len(problems) > 0 {
		return problems.Err()
	}
	decoder := decoder{loose: true}
	decoder.decode(n, reflect.ValueOf(v), path)
	return decoder.problems.Err()
}

func either(err error, problems Problems) error {
	if err != nil {
		return err
	}
	return problems.Err()
}

// unique complains about list elements that share an id, a name or what else
// names them. OSM refuses the first two anywhere.
func unique(n *node, path string, problems *Problems) {
	for _, e := range n.entries {
		unique(e.value, join(path, e.key), problems)
	}
	seen := map[string]int{}
	for i, item := range n.items {
		here := element(path, i)
		for _, key := range names(item) {
			if line, twice := seen[key]; twice {
				problems.add(RuleDuplicate, item.at, here, "give each a name of its own", "%s is there already, on line %d", short(key), line)
			} else {
				seen[key] = item.at.Line
			}
		}
		unique(item, here, problems)
	}
}
