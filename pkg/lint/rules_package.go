package lint

// Files of the packages that the examples are edits of.
const (
	camera = "vnfd/camera_knf/camera_knf.yaml"
	router = "vnfd/router_vnf/router_vnf.yaml"
	site   = "nsd/site_ns/site_ns.yaml"
	town   = "nst/town/nst.yaml"
	annex  = "nst/town/l2sces/intents.yaml"
)

// packageRules are about folders, files and the packages of one call.
var packageRules = []Rule{
	{
		ID: "package-descriptor", Severity: Error,
		What:    "A package has no descriptor in its top folder, or more than one.",
		Why:     "OSM takes the one YAML file of the top folder for the descriptor and refuses the package otherwise.",
		Remedy:  "keep one *.yaml in the top folder and the others in folders below",
		Example: Example{File: "nst/town/second.yaml", New: "nst: []\n", At: "-"},
	},
	{
		ID: "package-json", Severity: Error,
		What:    "The descriptor of a package is a JSON file.",
		Why:     "OSM reads JSON only where it is uploaded bare; out of a package it fails.",
		Remedy:  "write it as YAML",
		Example: Example{File: town, To: "nst/town/nst.json", At: "-"},
	},
	{
		ID: "package-file", Severity: Error,
		What:    "A file of a package cannot be read, or is no plain file.",
		Why:     "A package holds plain files only; OSM reads every one of them.",
		Remedy:  "correct the link or remove it",
		Example: Example{File: "vnfd/router_vnf/cloud_init/control.cfg", Pipe: true, At: "-"},
	},
	{
		ID: "package-files", Severity: Error,
		What:    "A package has too many files, or folders too deep in one another.",
		Why:     "Nobody can look through it, and a link that leads back to its own folder has no end.",
		Remedy:  "leave out what OSM does not need",
		Example: Example{File: "nst/town/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/deep.txt", New: "deep\n", At: "-", In: "nst/town/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"},
	},
	{
		ID: "package-file-name", Severity: Warning,
		What:    "A file name has blanks, signs beyond ASCII or a hyphen in front, is too long, or differs from another by capitals only.",
		Why:     "Archives, shells and file systems do not all take such names.",
		Remedy:  "use letters, digits, dots, hyphens and underscores",
		Example: Example{File: "nst/town/read me.txt", New: "Hello\n", At: "-"},
	},
	{
		ID: "package-checksums", Severity: Warning,
		What:    "checksums.txt lists a file that is not there, leaves one out, or has another sum.",
		Why:     "OSM does not look; whoever does will think that the package was changed on its way.",
		Remedy:  "let `l2sces package build` write it",
		Example: Example{File: "nsd/site_ns/checksums.txt", New: "00000000000000000000000000000000\tsite_ns/site_ns.yaml\n"},
	},
	{
		ID: "package-unused", Severity: Warning,
		What:    "A chart, bundle, charm or cloud-init file lies where OSM would look for one, but the descriptor does not name it.",
		Why:     "Most often the name in the descriptor is wrong, or an old part was left behind.",
		Remedy:  "name it or remove it",
		Example: Example{File: "vnfd/camera_knf/helm-chart-v3s/old/Chart.yaml", New: "apiVersion: v2\n", At: "-", In: "vnfd/camera_knf/helm-chart-v3s/old"},
	},
	{
		ID: "package-absent", Severity: Warning,
		What:    "A descriptor refers to a package that is not among those looked at. With --closed this is an error.",
		Why:     "OSM refuses a service whose functions, or a template whose services, are not onboarded before it.",
		Remedy:  "give it too, onboard it first, or correct the name",
		Example: Example{File: town, Old: "    description: Site in the south\n    nsd-ref: site-ns", New: "    description: Site in the south\n    nsd-ref: sight-ns", At: "sight-ns"},
	},
	{
		ID: "id-taken", Severity: Error,
		What:    "Two packages of one kind have the same id.",
		Why:     "OSM takes an id once in a project and refuses the second.",
		Remedy:  "give each an id of its own",
		Example: Example{File: router, Old: "id: router-vnf", New: "id: camera-knf", At: "camera-knf"},
	},
	{
		ID: "waiver-form", Severity: Error,
		What:    "A waiver in l2sces/lint.yaml has no reason, names no rule, or wants an error waived.",
		Why:     "Without a reason nobody knows when it may go. What OSM refuses stays refused.",
		Remedy:  "write rule, path and reason",
		Example: Example{File: "nst/town/l2sces/lint.yaml", New: "waivers:\n- rule: nst-differentiator\n", At: "rule: nst-differentiator"},
	},
	{
		ID: "waiver-unused", Severity: Warning,
		What:    "A waiver finds nothing to waive.",
		Why:     "The fault is gone, or the waiver never fitted; either way it hides the next one.",
		Remedy:  "remove it or correct its path",
		Example: Example{File: "nst/town/l2sces/lint.yaml", New: "waivers:\n- rule: nst-differentiator\n  reason: The operator gives these numbers.\n", At: "rule: nst-differentiator"},
	},
}

// modelRules are those of package descriptor: of reading, and of the model.
var modelRules = []Rule{
	{
		ID: "yaml-syntax", Severity: Error, What: "A file is not YAML.", Why: "OSM cannot read it either.",
		Remedy:  "correct the YAML on this line or the one before",
		Example: Example{File: town, Old: "  name: town\n", New: "  name: town: village\n", At: ":3:1"},
	},
	{
		ID: "yaml-empty", Severity: Error, What: "A file has nothing in it.", Why: "OSM finds no descriptor.",
		Remedy:  "write a document",
		Example: Example{File: town, New: "# nothing yet\n"},
	},
	{
		ID: "yaml-bytes", Severity: Error, What: "A file is longer than the limit.", Why: "OSM keeps a descriptor in one record of its database, and nobody reads that much.",
		Remedy:  "split it",
		Example: Example{File: town, New: "# A template of a long story\n", Again: "# and so on\n", Times: 100_000},
	},
	{
		ID: "yaml-documents", Severity: Error, What: "A file holds a second document.", Why: "OSM reads the first, or fails.",
		Remedy:  "keep one document per file",
		Example: Example{File: town, Old: "  netslicefgd:\n", New: "---\nnetslicefgd:\n", At: "---"},
	},
	{
		ID: "yaml-nodes", Severity: Error, What: "A file has more values than the limit.", Why: "A descriptor of this size was made by a program, and OSM takes minutes for it.",
		Remedy:  "split it",
		Example: Example{File: town, New: "nst:\n", Again: "- 1\n", Times: 100_000, At: ":100000:3"},
	},
	{
		ID: "yaml-depth", Severity: Error, What: "Lists and mappings are nested deeper than the limit.", Why: "Readers that follow them run out of stack.",
		Remedy:  "nest less",
		Example: Example{File: town, New: "nst:\n", Again: "- ", Times: 100, At: ":2:127"},
	},
	{
		ID: "yaml-keys", Severity: Error, What: "A mapping has more keys than the limit.", Why: "Readers that compare every key with every other take time by the square.",
		Remedy:  "split it",
		Example: Example{File: town, New: "nst: []\n", Again: "key%d: 1\n", Times: 1000},
	},
	{
		ID: "yaml-alias", Severity: Error, What: "A file uses anchors and aliases.", Why: "A few of them make gigabytes, and not every reader knows them.",
		Remedy:  "write the value out",
		Example: Example{File: town, Old: "  name: town", New: "  name: &name town", At: "&name"},
	},
	{
		ID: "yaml-tag", Severity: Error, What: "A value has a tag of its own.", Why: "Some readers make objects of it.",
		Remedy:  "remove it",
		Example: Example{File: town, Old: "  name: town", New: "  name: !ruby town", At: "!ruby"},
	},
	{
		ID: "yaml-key", Severity: Error, What: "A key is not plain text.", Why: "OSM's database knows text keys only.",
		Remedy:  "write the key as text",
		Example: Example{File: town, Old: "  name: town", New: "  [name]: town", At: "[name]"},
	},
	{
		ID: "yaml-duplicate-key", Severity: Error, What: "A mapping has a key twice.", Why: "OSM keeps the last one and says nothing.",
		Remedy:  "keep one of the two",
		Example: Example{File: town, Old: "  name: town", New: "  name: town\n  name: city", At: "name: city"},
	},
	{
		ID: "yaml-number", Severity: Error, What: "A number begins with a zero.", Why: "YAML 1.1 reads 010 as 8.",
		Remedy:  "quote it if it is text, drop the zero if it is a number",
		Example: Example{File: town, Old: "    id: 9", New: "    id: 011", At: "011"},
	},
	{
		ID: "yaml-value", Severity: Error, What: "A value does not fit the type that YAML gives it.", Why: "Readers disagree about it.",
		Remedy:  "quote it if it is text",
		Example: Example{File: town, Old: "    id: 9", New: "    id: .inf", At: ".inf"},
	},
	{
		ID: "schema-kind", Severity: Error, What: "A file describes nothing that OSM knows, or something else than it says.", Why: "OSM tells what it reads by the first key.",
		Remedy:  "begin with vnfd:, nsd: or nst:",
		Example: Example{File: town, Old: "nst:\n", New: "slice:\n", At: "slice:"},
	},
	{
		ID: "schema-legacy", Severity: Error, What: "A descriptor has the format of OSM release 8 or older.", Why: "OSM refuses it since release 9.",
		Remedy:  "convert it to ETSI SOL006",
		Example: Example{File: camera, Old: "vnfd:\n", New: "vnfd-catalog:\n", At: "vnfd-catalog"},
	},
	{
		ID: "schema-envelope", Severity: Error, What: "A file holds more or less than one descriptor, or something beside it.", Why: "OSM refuses it.",
		Remedy:  "put each in a file of its own",
		Example: Example{File: town, Old: "nst:\n", New: "nst:\n- id: village\n", At: "- id: village"},
	},
	{
		ID: "schema-unknown-key", Severity: Error, What: "A key is none of the model.", Why: "OSM refuses the descriptor.",
		Remedy:  "remove it or correct its name",
		Example: Example{File: site, Old: "    designer: Example", New: "    author: Example", At: "author"},
	},
	{
		ID: "schema-required", Severity: Error, What: "A key is missing without which OSM takes no descriptor.", Why: "OSM refuses it.",
		Remedy:  "add it",
		Example: Example{File: camera, Old: "    - name: camera\n      external", New: "    - external", At: "external-connection-point-ref"},
	},
	{
		ID: "schema-type", Severity: Error, What: "A value is of another type than the model wants.", Why: "OSM refuses it.",
		Remedy:  "write what the model wants",
		Example: Example{File: camera, Old: "  ext-cpd:\n", New: "  product-info-name: [camera]\n  ext-cpd:\n", At: "[camera]"},
	},
	{
		ID: "schema-enum", Severity: Error, What: "A word is none of those that the model knows.", Why: "OSM refuses it.",
		Remedy:  "use one of the known words",
		Example: Example{File: town, Old: "type: ELINE", New: "type: ETREE", At: "ETREE"},
	},
	{
		ID: "schema-range", Severity: Error, What: "A number is smaller or larger than the model allows.", Why: "OSM refuses it.",
		Remedy:  "correct the number",
		Example: Example{File: site, Old: "mtu: 1400", New: "mtu: 70000", At: "70000"},
	},
	{
		ID: "schema-length", Severity: Error, What: "A text is shorter or longer than the model allows.", Why: "OSM refuses it.",
		Remedy:  "correct the text",
		Example: Example{File: town, Old: "  netslice-connection-point:\n", New: "  - id: ''\n    description: Site of no name\n    nsd-ref: site-ns\n  netslice-connection-point:\n", At: "''"},
	},
	{
		ID: "schema-pattern", Severity: Error, What: "A text has another form than the model wants.", Why: "OSM refuses it.",
		Remedy:  "correct the text",
		Example: Example{File: site, Old: "gateway-ip: 192.0.2.254", New: "gateway-ip: 192.0.2.256", At: "192.0.2.256"},
	},
	{
		ID: "schema-duplicate-key", Severity: Error, What: "Two elements of a list have one id or one name.", Why: "OSM refuses this in any list.",
		Remedy:  "give each a name of its own",
		Example: Example{File: camera, Old: "    - id: datanet\n", New: "    - id: datanet\n    - id: datanet\n", At: "id: datanet\n  kdu"},
	},
	{
		ID: "schema-loose-text", Severity: Warning, What: "A number or a boolean stands where text is meant.", Why: "OSM converts it: version 1.10 becomes 1.1.",
		Remedy:  "put quotes around it",
		Example: Example{File: camera, Old: "  version: '1.0'", New: "  version: 1.10", At: "1.10"},
	},
	{
		ID: "schema-loose-number", Severity: Note, What: "Text stands where a number or a boolean is meant.", Why: "OSM converts it; other readers of the model refuse it.",
		Remedy:  "drop the quotes",
		Example: Example{File: site, Old: "mgmt-network: true", New: "mgmt-network: 'true'", At: "'true'"},
	},
	{
		ID: "schema-loose-list", Severity: Note, What: "One value stands where a list of them is meant.", Why: "OSM takes it; other readers of the model refuse it.",
		Remedy:  "put it in square brackets",
		Example: Example{File: site, Old: "            ip-address:\n            - 198.51.100.1\n", New: "            ip-address: 198.51.100.1\n", At: "198.51.100.1"},
	},
}
