package program

import (
	"os"
	"path/filepath"
	"strings"
)

// licences reads the texts that have to go along with a module.
func licences(dir string) (map[string][]byte, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for _, e := range entries {
		if !e.Type().IsRegular() || !isLicence(e.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		texts[e.Name()] = text
	}
	return texts, nil
}

func isLicence(name string) bool {
	name = strings.ToUpper(name)
	for _, begin := range []string{"LICENSE", "LICENCE", "COPYING", "NOTICE", "PATENTS"} {
		if strings.HasPrefix(name, begin) && !strings.HasSuffix(name, ".GO") {
			return true
		}
	}
	return false
}

// Licence guesses the SPDX identifier of a module's licence from words that
// only one of the usual texts has. What is not sure is no guess: it is empty.
func (m Module) Licence() string {
	found := map[string]bool{}
	for name, text := range m.Licences {
		if upper := strings.ToUpper(name); strings.HasPrefix(upper, "NOTICE") || strings.HasPrefix(upper, "PATENTS") {
			continue
		}
		found[identify(string(text))] = true
	}
	if len(found) != 1 {
		return ""
	}
	for id := range found {
		return id
	}
	return ""
}

// identify returns the identifier of a text, or nothing if several fit.
func identify(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	var all []string
	for _, l := range []struct{ id, with, without string }{
		{"Apache-2.0", "Apache License Version 2.0", ""},
		{"MPL-2.0", "Mozilla Public License Version 2.0", ""},
		{"MPL-2.0", "Mozilla Public License, version 2.0", "Mozilla Public License Version 2.0"},
		{"MIT", "Permission is hereby granted, free of charge", ""},
		{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose", ""},
		{"BSD-3-Clause", "Redistribution and use in source and binary forms", "this list of conditions and the following disclaimer in the documentation and/or other materials provided with the distribution. THIS SOFTWARE"},
		{"BSD-2-Clause", "this list of conditions and the following disclaimer in the documentation and/or other materials provided with the distribution. THIS SOFTWARE", ""},
	} {
		if strings.Contains(text, l.with) && (l.without == "" || !strings.Contains(text, l.without)) {
			all = append(all, l.id)
		}
	}
	if len(all) != 1 {
		return ""
	}
	return all[0]
}
