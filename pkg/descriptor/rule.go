package descriptor

// The rules of reading and of structure, by which complaints are known,
// documented and waived. What a descriptor means is held by other rules, in
// package lint.
const (
	RuleBytes        = "yaml-bytes"         // the file is too long
	RuleEmpty        = "yaml-empty"         // nothing is in the file
	RuleSyntax       = "yaml-syntax"        // it is no YAML
	RuleDocuments    = "yaml-documents"     // a second document follows
	RuleNodes        = "yaml-nodes"         // too many values
	RuleDepth        = "yaml-depth"         // nested too deep
	RuleKeys         = "yaml-keys"          // a mapping with too many keys
	RuleAlias        = "yaml-alias"         // anchors and aliases
	RuleTag          = "yaml-tag"           // tags
	RuleKey          = "yaml-key"           // a key that is not plain text
	RuleDuplicateKey = "yaml-duplicate-key" // a key twice
	RuleNumber       = "yaml-number"        // a number that begins with a zero
	RuleValue        = "yaml-value"         // a value that does not fit its type

	RuleKind         = "schema-kind"          // a descriptor of another kind, or of none
	RuleLegacy       = "schema-legacy"        // of OSM release 8 or older
	RuleEnvelope     = "schema-envelope"      // not exactly one descriptor in its envelope
	RuleUnknownKey   = "schema-unknown-key"   // a key that the model lacks
	RuleRequired     = "schema-required"      // a key that is missing
	RuleType         = "schema-type"          // text, number, list or mapping where another is wanted
	RuleEnum         = "schema-enum"          // a word that is not one of those known
	RuleRange        = "schema-range"         // a number too small or too large
	RuleLength       = "schema-length"        // text too short or too long
	RulePattern      = "schema-pattern"       // text of another form than wanted
	RuleDuplicate    = "schema-duplicate-key" // two list elements of one name
	RuleLooseText    = "schema-loose-text"    // a number or a boolean where text is meant, which OSM converts
	RuleLooseNumber  = "schema-loose-number"  // text where a number or a boolean is meant, which OSM converts
	RuleLooseList    = "schema-loose-list"    // one value where a list of them is meant, which OSM takes
	ruleOtherKeyword = "schema-other"         // a fault of a keyword that our schemas do not use
)

// Rules returns the names of all rules of reading and structure.
func Rules() []string {
	return []string{
		RuleBytes, RuleEmpty, RuleSyntax, RuleDocuments, RuleNodes, RuleDepth, RuleKeys, RuleAlias, RuleTag, RuleKey,
		RuleDuplicateKey, RuleNumber, RuleValue, RuleKind, RuleLegacy, RuleEnvelope, RuleUnknownKey, RuleRequired,
		RuleType, RuleEnum, RuleRange, RuleLength, RulePattern, RuleDuplicate, RuleLooseText, RuleLooseNumber,
		RuleLooseList,
	}
}
