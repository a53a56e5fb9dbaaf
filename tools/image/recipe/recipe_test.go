package recipe_test

import (
	"os"
	"strings"
	"testing"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/tools/image/recipe"
)

const ours = "../../../deploy/images/images.yaml"

func TestOurRecipe(t *testing.T) {
	data, err := os.ReadFile(ours)
	if err != nil {
		t.Fatal(err)
	}
	r, err := recipe.Read(ours, data)
	if err != nil {
		t.Fatal(err)
	}
	for _, function := range []string{"sco", "sdnc", "sps", "ned", "osm-plugin"} {
		i, err := r.Image(function)
		if err != nil {
			t.Error(err)
			continue
		}
		if i.Program != "cmd/"+function || i.Entrypoint[0] != "/usr/local/bin/"+function {
			t.Errorf("image %s runs %v of %s", function, i.Entrypoint, i.Program)
		}
		for at, to := range i.Links {
			if strings.HasSuffix(to, "/busybox") {
				t.Errorf("image %s has %s", function, at)
			}
		}
	}
	if _, err := r.Image("other"); slice.KindOf(err) != slice.NotFound || !strings.Contains(err.Error(), "toolbox") {
		t.Errorf("got %v, want the names that there are", err)
	}
}

func TestReadRefuses(t *testing.T) {
	for name, c := range map[string]struct{ text, says string }{
		"an unknown key": {"repository: x\nimages:\n- {name: a, program: cmd/a, entrypoint: [/a], shell: yes}\n", "shell"},
		"no entrypoint":  {"images:\n- {name: a, program: cmd/a}\n", "no entrypoint"},
		"nothing in it":  {"images:\n- {name: a, entrypoint: [/a]}\n", "neither a program nor packages"},
		"a part of a path": {
			"images:\n- {name: a, program: cmd/a, entrypoint: [/a], folders: [{path: etc/x}]}\n", `"etc/x" is not a whole path`,
		},
		"a way out":        {"images:\n- {name: a, program: cmd/a, entrypoint: [/a], links: {/../x: /y}}\n", "not a whole path"},
		"an anchor":        {"images:\n- &a {name: a, program: c, entrypoint: [/a]}\n- *a\n", "alias"},
		"two of a name":    {"images:\n- {name: a, program: c, entrypoint: [/a]}\n- {name: a, program: c, entrypoint: [/a]}\n", "there twice"},
		"an unusable name": {"images:\n- {name: A B, program: c, entrypoint: [/a]}\n", "the name"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := recipe.Read("images.yaml", []byte(c.text))
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want a word of %q", err, c.says)
			}
		})
	}
}
