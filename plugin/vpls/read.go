package vpls

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"

	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A wrong is what is wrong with a value, before it is told where that is.
type wrong struct{ path, message, remedy string }

func wrongf(remedy, format string, args ...any) *wrong {
	return &wrong{"", fmt.Sprintf(format, args...), remedy}
}

// in says in which part of the value at hand it is.
func (w *wrong) in(format string, args ...any) *wrong {
	w.path = fmt.Sprintf(format, args...) + w.path
	return w
}

// at says where the value at hand is.
func (w *wrong) at(format string, args ...any) error {
	path := w.in(format, args...).path
	return slice.Errorf(slice.Invalid, "%w", intent.Faults{{Path: path, Message: w.message, Remedy: w.remedy}})
}

// absent reports whether there is no value, or null, which says the same.
func absent(text []byte) bool { return len(text) == 0 || string(text) == "null" }

// readObject reads an object; none is an empty one.
func readObject(text []byte) (o object, w *wrong) {
	if absent(text) {
		return nil, nil
	}
	if text[0] != '{' {
		return nil, wrongf("", "not an object")
	}
	_, _ = each(text, 0, func(key []byte, at int) (int, error) {
		end := skip(text, at)
		o = append(o, member{key, text[at:end]})
		return end, nil
	})
	return o, nil
}

// readList calls f for each element of a list, until one is wrong. None is an empty
// one.
func readList(text []byte, f func(i int, text []byte) *wrong) (w *wrong) {
	if absent(text) {
		return nil
	}
	if text[0] != '[' {
		return wrongf("", "not a list")
	}
	i := 0
	_, _ = each(text, 0, func(_ []byte, at int) (int, error) {
		end := skip(text, at)
		if w == nil {
			if w = f(i, text[at:end]); w != nil {
				w.in("[%d]", i)
			}
		}
		i++
		return end, nil
	})
	return w
}

// readName reads a name.
func readName(text []byte) (string, *wrong) {
	if absent(text) || text[0] != '"' {
		return "", wrongf("", "not a text")
	}
	name := unquoted(text)
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return "", wrongf(fmt.Sprintf("use 1 to %d bytes, without control characters", maxName), "%.64q of %d bytes is no name", name, len(name))
	}
	return name, nil
}

// readVLAN reads a tag (IEEE 802.1Q), a number or its decimal digits in a text. ONOS
// itself writes None where there is none.
func readVLAN(text []byte) (slice.VLAN, *wrong) {
	if absent(text) || string(text) == `"None"` {
		return 0, nil
	}
	digits := string(text)
	if text[0] == '"' {
		digits = unquoted(text)
	}
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n < 1 || n > uint64(slice.MaxVLAN) || digits != strconv.FormatUint(n, 10) {
		return 0, wrongf("leave it out for frames without a tag", "%.32s is no decimal number from 1 to %d", text, slice.MaxVLAN)
	}
	return slice.VLAN(n), nil
}

// readPorts reads the interfaces of all ports.
func (d *document) readPorts() error {
	if len(d.ports) > maxPorts {
		return wrongf("", "%d are more than %d", len(d.ports), maxPorts).at("ports")
	}
	for i := range d.ports {
		key, w := readName(d.ports[i].key)
		if w != nil {
			return w.at("ports")
		}
		port, w := readObject(d.ports[i].value)
		if w == nil {
			list := port.get("interfaces")
			if absent(list) {
				d.ports[i].value = port.with("interfaces", []byte("[]")).text()
			}
			w = readList(list, func(_ int, text []byte) *wrong { return d.readInterface(key, text) })
			if w != nil {
				w.in(".interfaces")
			}
		}
		if w != nil {
			return w.at("ports.%q", key)
		}
	}
	return nil
}

// readInterface takes note of where an interface is. ONOS knows interfaces without a
// name as well; no service can list one.
func (d *document) readInterface(port string, text []byte) *wrong {
	o, w := readObject(text)
	if w != nil || absent(o.get("name")) {
		return w
	}
	name, w := readName(o.get("name"))
	if w != nil {
		return w.in(".name")
	}
	tag, w := readVLAN(o.get("vlan"))
	if w != nil {
		return w.in(".vlan")
	}
	if other, twice := d.at[name]; twice {
		return wrongf("give each interface a name of its own", "interface %.64q is at port %.64q already", name, other.port).in(".name")
	}
	if len(d.at) == maxInterfaces {
		return wrongf("", "there are more than %d interfaces", maxInterfaces)
	}
	d.at[name] = spot{port, tag}
	return nil
}

// readList reads the services.
func (d *document) readList() error {
	list := d.vpls.get("vplsList")
	if absent(list) {
		d.vpls = d.vpls.with("vplsList", []byte("[]"))
	}
	seen := map[string]bool{}
	w := readList(list, func(i int, text []byte) *wrong {
		e, w := readEntry(text)
		switch {
		case w != nil:
			return w
		case seen[e.name]:
			return wrongf("give each service a name of its own", "service %.64q is there already", e.name).in(".name")
		case i == maxServices:
			return wrongf("", "there are more than %d services", maxServices)
		}
		seen[e.name] = true
		d.entries = append(d.entries, e)
		return nil
	})
	if w != nil {
		return w.at(listPath)
	}
	return nil
}

// readEntry reads one service. How its frames travel between switches, which is its
// encapsulation, is ours to choose; it is kept, and has to be one that ONOS knows.
func readEntry(text []byte) (e entry, w *wrong) {
	o, w := readObject(text)
	if w != nil {
		return e, w
	}
	if e.name, w = readName(o.get("name")); w != nil {
		return e, w.in(".name")
	}
	if word := o.get("encapsulation"); !absent(word) && string(word) != `"VLAN"` && string(word) != `"NONE"` {
		return e, wrongf("", "%.32s is neither VLAN nor NONE", word).in(".encapsulation")
	}
	var seen keys
	w = readList(o.get("interfaces"), func(_ int, text []byte) *wrong {
		name, w := readName(text)
		if w == nil && !seen.add(name) {
			w = wrongf("list it once", "interface %.64q is in the service already", name)
		}
		e.interfaces = append(e.interfaces, name)
		return w
	})
	if w != nil {
		w.in(".interfaces")
	}
	return e, w
}
