package primitive

// help says what parameters mean. One name means the same everywhere.
var help = map[string]string{
	"address":            "HOST:PORT of the SDN controller and of its replicas, comma-separated; empty: the domain is registered",
	"avoid":              "domains not to pass, comma-separated",
	"credentials":        "name of the place where certificates are, never a certificate",
	"domain":             "name of the domain",
	"dry-run":            "check and tell, and change nothing",
	"force":              "register it although it does not verify",
	"from":               "where it begins: a domain, or a workload for trace",
	"generation":         "that the slice must have; 0: any",
	"hops":               "domains to pass, comma-separated, both ends among them unless the mode is loose",
	"intents":            "intents as YAML, a slice template, or a map with template, annex, params and services as texts",
	"lines":              "the newest so many",
	"links":              "domains to which it gets a link, comma-separated",
	"mask":               "fields that are given, such as slice.qos, comma-separated; empty: all",
	"max-latency-ms":     "of the path; 0: any",
	"members":            "NETWORK:WORKLOAD[=ADDRESS[/MAC]], comma-separated",
	"min-bandwidth-kbps": "to reserve on the path; 0: none",
	"mode":               "explicit, loose or any",
	"network":            "name of the network; SLICE/NETWORK at an SDN controller",
	"networks":           "that reach the domain, comma-separated; empty: all but vlinks",
	"node":               "name of the node; all for every node",
	"osm-config":         "what OSM tells of the services of the KDU",
	"policy":             "refuse or degrade, where the path cannot be had",
	"protection":         "none or fast-failover",
	"request-id":         "makes the order count once, however often it is sent",
	"sco":                "HOST:PORT of the SCO's gRPC",
	"sdnc":               "HOST:PORT of the SDN controller's REST interface",
	"since-minutes":      "how far back; 0: as far as there is something",
	"slice":              "name of the slice",
	"source":             "wanted, or switch for what the switches hold",
	"tenant":             "who owns the slice; empty: the one that is configured",
	"timeout-seconds":    "how long it may take, 1 to 900",
	"to":                 "where it ends: a domain, or for trace a workload, a hardware address or all",
	"undo":               "let them in again",
	"wait":               "wait until the slice is ready",
}

// Help says what the parameter means.
func (p Parameter) Help() string { return help[p.Name] }
