package lab

import (
	"strconv"

	"github.com/l2sces/l2sces/pkg/slice"
)

// A builder adds the parts of a plan one after the other.
type builder struct {
	*Plan
	places Places
	err    error
}

// database adds the node's own ovsdb-server. TLS settings come from the
// database itself, where vswitch puts them.
func (b *builder) database(s site) {
	dir := b.NodeDir(s.Name)
	b.issue(string(s.Name), "domain/"+string(s.domain.Name)+"/node/"+string(s.Name), b.Lab.nodeAddress(s).String())
	b.add(Process{
		Name:      "ovsdb-server-" + string(s.Name),
		Namespace: b.Lab.SwitchNamespace(s.Name),
		Prepare: []Command{
			{Args: []string{"ovsdb-tool", "create", dir + "/conf.db", b.places.Schema}, Creates: dir + "/conf.db"},
		},
		Command: Command{
			Args: []string{
				"ovsdb-server", dir + "/conf.db", "-vsyslog:off", "-vconsole:info",
				"--remote=punix:" + b.socket(dir+"/db.sock"), "--unixctl=" + b.socket(dir+"/ovsdb.ctl"),
				"--private-key=db:Open_vSwitch,SSL,private_key",
				"--certificate=db:Open_vSwitch,SSL,certificate",
				"--ca-cert=db:Open_vSwitch,SSL,ca_cert",
			},
			Env: ovsEnv(dir),
		},
	})
}

// vswitch adds the node's own ovs-vswitchd, with the certificate of the node
// for its connections to controllers.
func (b *builder) vswitch(s site) {
	dir := b.NodeDir(s.Name)
	vsctl := []string{"ovs-vsctl", "--timeout=20", "--retry", "--db=unix:" + dir + "/db.sock", "--no-wait"}
	cert, key, ca := b.pem(string(s.Name))
	b.add(Process{
		Name:      "ovs-vswitchd-" + string(s.Name),
		Namespace: b.Lab.SwitchNamespace(s.Name),
		Prepare: []Command{
			{Args: with(vsctl, "init", "--", "set", "Open_vSwitch", ".", "external_ids:system-id="+string(s.Name),
				"external_ids:hostname="+string(s.Name), "--", "set-ssl", key, cert, ca)},
		},
		Command: Command{
			Args: []string{
				"ovs-vswitchd", "unix:" + dir + "/db.sock", "-vsyslog:off", "-vconsole:info",
				"--unixctl=" + b.socket(dir+"/vswitchd.ctl"),
			},
			Env: ovsEnv(dir),
		},
	})
}

// controllers adds the SCO, the plugin and one SDN controller per domain.
func (b *builder) controllers() {
	sco := b.Lab.scoAddress().String()
	core := b.Lab.Namespace("core")
	b.issue("admin", "user/admin")
	b.issue("sco", "sco", sco, "localhost")
	b.issue("plugin", "plugin", "localhost", sco)
	args := []string{
		"--listen", sco + ":" + controlPort, "--unix", b.socket(b.Dir + "/sco.sock"),
		"--openflow", sco + ":" + switchPort, "--store", b.Dir + "/sco.db",
	}
	var sdncs []Process
	seen := map[slice.Domain]bool{}
	for _, s := range b.Lab.sites() {
		if seen[s.domain.Name] {
			continue // not the first node
		}
		seen[s.domain.Name] = true
		at, name := b.Lab.nodeAddress(s).String(), "sdnc-"+string(s.domain.Name)
		args = append(args, "--domain", string(s.domain.Name)+"="+at+":"+domainPort)
		b.issue(name, "domain/"+string(s.domain.Name)+"/sdnc", at)
		sdncs = append(sdncs, b.daemon(name, "sdnc", b.Lab.Namespace(string(s.Name)), name,
			"--domain", string(s.domain.Name), "--gateway", string(s.domain.Gateway),
			"--listen", at+":"+domainPort, "--openflow", at+":"+switchPort, "--store", b.Dir+"/"+name+".db",
			"--rest", "unix:"+b.socket(RestSocket(b.Dir, s.domain.Name))))
	}
	b.add(b.daemon("sco", "sco", core, "sco", args...))
	for _, p := range sdncs {
		b.add(p)
	}
	b.add(b.daemon("osm-plugin", "osm-plugin", core, "plugin",
		"--listen", "unix:"+b.socket(b.Dir+"/plugin.sock"), "--sco", sco+":"+controlPort))
}

// agents adds what keeps the bridges of a node: the SPS everywhere, the NED on
// the gateway.
func (b *builder) agents(s site) {
	first := s
	for _, o := range b.Lab.sites() {
		if o.domain.Name == s.domain.Name {
			first = o
			break
		}
	}
	sw := b.Lab.SwitchNamespace(s.Name)
	common := []string{
		"--domain", string(s.domain.Name), "--node", string(s.Name),
		"--ovsdb", b.NodeDir(s.Name) + "/db.sock", "--datapath", "netdev", "--uplink", "eth0",
		"--tunnel-address", subnet(host(b.Lab.Switches, s.index, 2)).String(),
		"--gateway", host(b.Lab.Switches, s.index, 1).String(),
	}
	sps := with(common, "--controller", b.Lab.nodeAddress(first).String()+":"+domainPort)
	for _, w := range s.Workloads {
		sps = append(sps, "--workload", string(w)+"=netns:"+b.Lab.Namespace(string(w)))
	}
	b.add(b.daemon("sps-"+string(s.Name), "sps", sw, string(s.Name), sps...))
	if s.Name == s.domain.Gateway {
		ned := with(common, "--controller", b.Lab.scoAddress().String()+":"+controlPort)
		b.add(b.daemon("ned-"+string(s.Name), "ned", sw, string(s.Name), ned...))
	}
}

// daemon returns a process of the house, with the flags that all of them take.
func (b *builder) daemon(name, program, namespace, cert string, args ...string) Process {
	admin := b.socket(b.Dir + "/" + adminName(name))
	crt, key, ca := b.pem(cert)
	args = append(with([]string{b.places.Bin + "/" + program}, args...),
		"--tls-cert", crt, "--tls-key", key, "--tls-ca", ca, "--admin", "unix:"+admin)
	return Process{Name: name, Namespace: namespace, Command: Command{Args: args}, Admin: admin}
}

// RestSocket returns the socket of the REST interface of a domain's SDN
// controller.
func RestSocket(dir string, d slice.Domain) string { return dir + "/sdnc-" + string(d) + ".rest" }

// adminName returns the file of an admin socket. The plugin's is short by
// custom.
func adminName(process string) string {
	if process == "osm-plugin" {
		process = "plugin"
	}
	return process + ".admin"
}

func (b *builder) add(p Process) {
	p.Log = b.Dir + "/log/" + p.Name + ".log"
	b.Processes = append(b.Processes, p)
}

func (b *builder) issue(name, identity string, hosts ...string) {
	b.Certificates = append(b.Certificates, Certificate{Name: name, Identity: "l2sces://" + identity, Hosts: hosts})
}

func (b *builder) pem(name string) (cert, key, ca string) {
	return b.Dir + "/pki/" + name + ".crt", b.Dir + "/pki/" + name + ".key", b.Dir + "/pki/ca.crt"
}

// socket returns its path and notes if it is too long.
func (b *builder) socket(path string) string {
	if len(path) > maxSocket && b.err == nil {
		b.err = slice.Errorf(slice.Invalid, "socket %s has %d bytes: %d are possible; choose shorter names", path, len(path), maxSocket)
	}
	return path
}

// ovsEnv keeps a private Open vSwitch away from the machine's own.
func ovsEnv(dir string) []string {
	return []string{"OVS_RUNDIR=" + dir, "OVS_LOGDIR=" + dir, "OVS_DBDIR=" + dir, "OVS_SYSCONFDIR=" + dir}
}

// with returns a new list, so that two lists with one beginning stay apart.
func with(list []string, more ...string) []string {
	return append(list[:len(list):len(list)], more...)
}

func itoa(n uint8) string { return strconv.Itoa(int(n)) }
