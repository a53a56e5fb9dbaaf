package descriptor

// schemaOf is the schema of each kind.
var schemaOf = map[Kind]schemaName{KindVNFD: vnfdSchema, KindNSD: nsdSchema, KindNST: nstSchema}

// Structure holds a descriptor of any kind against the model of its kind:
// envelope, keys, types, words, ranges, lengths, and names that occur twice.
// What the parts mean, and whether they fit together, is for package lint.
func (d *Document) Structure() Problems {
	n, path, problems := d.body()
	name, known := schemaOf[d.Kind()]
	if !known || len(problems) > 0 && (n == d.root || n.form == list) {
		return problems
	}
	return append(problems, structure(name, n, path)...).sorted()
}

// structure holds the inside of an envelope against a schema with a model.
func structure(name schemaName, n *node, path string) Problems {
	problems, err := checkSchema(name, n, path)
	if err != nil {
		problems.add(ruleOtherKeyword, n.at, path, "", "this cannot be checked: %s", err)
		return problems
	}
	unique(n, path, &problems)
	if m, err := models[name](); err == nil {
		m.walk(n, path, func(m *model, n *node, path string) { repeated(m, n, path, &problems) })
	}
	return problems
}

// Loose returns what OSM takes although the model means another type: numbers
// where text is meant, and the reverse. What Structure refuses is not in it.
func (d *Document) Loose() Problems {
	n, path, problems := d.body()
	read, known := models[schemaOf[d.Kind()]]
	if !known || len(problems) > 0 {
		return nil
	}
	if m, err := read(); err == nil {
		m.walk(n, path, func(m *model, n *node, path string) { loose(m, n, path, &problems) })
	}
	return problems.sorted()
}
