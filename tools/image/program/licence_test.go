package program_test

import (
	"testing"

	"github.com/l2sces/l2sces/tools/image/program"
)

func TestLicence(t *testing.T) {
	const (
		mit = "Permission is hereby granted, free of charge, to any person"
		bsd = "Redistribution and use in source and binary forms, with or without modification ... Neither the name of the holder"
	)
	for name, c := range map[string]struct {
		texts map[string][]byte
		want  string
	}{
		"MIT":             {map[string][]byte{"LICENSE": []byte(mit)}, "MIT"},
		"broken lines":    {map[string][]byte{"LICENSE.md": []byte("Apache License\n        Version 2.0, January 2004")}, "Apache-2.0"},
		"BSD":             {map[string][]byte{"LICENSE": []byte(bsd)}, "BSD-3-Clause"},
		"with a notice":   {map[string][]byte{"LICENSE": []byte(mit), "NOTICE": []byte("Apache License Version 2.0")}, "MIT"},
		"two in one file": {map[string][]byte{"LICENSE": []byte(mit + bsd)}, ""},
		"two files":       {map[string][]byte{"LICENSE": []byte(mit), "LICENSE.bsd": []byte(bsd)}, ""},
		"unknown":         {map[string][]byte{"COPYING": []byte("Do as you like.")}, ""},
		"none":            {nil, ""},
	} {
		if got := (program.Module{Licences: c.texts}).Licence(); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
}
