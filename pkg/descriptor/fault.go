package descriptor

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	"github.com/xeipuuv/gojsonschema"
)

// pathMark parts the steps of a place in a document. A key cannot hold it:
// YAML has no such character.
const pathMark = "\x00"

// checkSchema returns what a schema has against a node that stands at a path.
func checkSchema(name schemaName, n *node, path string) (Problems, error) {
	if problems, err := gross(name, n, path); err != nil || len(problems) > 0 {
		return problems, err
	}
	compiled, err := schemas[name]()
	if err != nil {
		return nil, err
	}
	result, err := compiled.Validate(gojsonschema.NewRawLoader(n.value()))
	if err != nil {
		return nil, err
	}
	var problems Problems
	for _, fault := range result.Errors() {
		if len(problems) == maxProblems {
			break
		}
		addFault(&problems, fault, n, path)
	}
	return problems, nil
}

// wanted turns the types of JSON Schema into our words. Where text will do a
// number is taken as well, which nobody needs to be told.
var wanted = strings.NewReplacer("[string,number,boolean]", "text", "string/number", "text",
	"number/string", "a number", "integer/string", "a whole number", "integer", "a whole number", "boolean/string", "true or false",
	"string/object", "text or a mapping", "array/string", "a list", "array", "a list", "object", "a mapping",
	"boolean", "true or false", "string", "text", "number", "a number")

// rules are the names of the validator's faults.
var rules = map[string]string{
	"additional_property_not_allowed": RuleUnknownKey,
	"required":                        RuleRequired,
	"invalid_type":                    RuleType,
	"enum":                            RuleEnum,
	"pattern":                         RulePattern,
	"number_gte":                      RuleRange,
	"number_gt":                       RuleRange,
	"number_lte":                      RuleRange,
	"number_lt":                       RuleRange,
	"string_gte":                      RuleLength,
	"string_lte":                      RuleLength,
}

func ruleOf(fault string) string { return cmp.Or(rules[fault], ruleOtherKeyword) }

// addFault says a fault in our words, at its place in the file.
func addFault(problems *Problems, fault gojsonschema.ResultError, root *node, path string) {
	n, path := follow(root, path, strings.Split(fault.Context().String(pathMark), pathMark)[1:])
	details := fault.Details()
	property := fmt.Sprint(details["property"])
	rule := ruleOf(fault.Type())
	switch fault.Type() {
	case "condition_else", "condition_then": // what was not met is a fault of its own
	case "additional_property_not_allowed":
		at := n.at
		for _, e := range n.entries {
			if e.key == property {
				at = e.at
			}
		}
		problems.add(rule, at, join(path, property), "remove it or correct its name", "unknown key %s", quote(property))
	case "required":
		problems.add(rule, n.at, join(path, property), "add it", "key %s is missing", quote(property))
	case "invalid_type":
		addType(problems, n, path, fmt.Sprint(details["expected"]))
	case "enum":
		problems.add(rule, n.at, path, "", "%s is not one of %v", n.saying(), details["allowed"])
	case "pattern":
		addPattern(problems, n, path, fmt.Sprint(details["pattern"]))
	case "format":
		formats[fmt.Sprint(details["format"])].add(problems, n, path)
	default:
		words := fault.Description()
		problems.add(rule, n.at, path, "", "%s", strings.ToLower(words[:1])+words[1:])
	}
}

// follow returns the node that some steps lead to, and its path.
func follow(n *node, path string, steps []string) (*node, string) {
	for _, step := range steps {
		if i, err := strconv.Atoi(step); n.form == list && err == nil && i < len(n.items) {
			n, path = n.items[i], element(path, i)
		} else if next := n.get(step); next != nil {
			n, path = next, join(path, step)
		}
	}
	return n, path
}

func addType(problems *Problems, n *node, path, expected string) {
	if n.form == number && strings.Contains(expected, "integer") {
		problems.add(RuleType, n.at, path, "", "%s is not a whole number", n.text)
		return
	}
	problems.add(RuleType, n.at, path, "", "%s is wanted here, this is %s", wanted.Replace(expected), n.form)
}

// identity begins the pattern of a word that may have a prefix.
const identity = "^([a-z0-9-]+:)?("

func addPattern(problems *Problems, n *node, path, pattern string) {
	if words, ok := strings.CutPrefix(pattern, identity); ok {
		all := strings.Split(strings.TrimSuffix(words, ")$"), "|")
		problems.add(RuleEnum, n.at, path, "", "%s is not one of %s", n.saying(), strings.Join(all, ", "))
		return
	}
	remedy := ""
	if strings.HasSuffix(path, ".helm-chart") {
		remedy = "name a folder of helm-chart-v3s, repository/chart or an address, in small letters, digits and inner hyphens"
	}
	problems.add(RulePattern, n.at, path, remedy, "%s does not match %s", n.saying(), pattern)
}

// saying returns a value as a complaint names it.
func (n *node) saying() string {
	if n.form == text || n.form == number || n.form == boolean {
		return quote(n.text)
	}
	return n.form.String()
}
