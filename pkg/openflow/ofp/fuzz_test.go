package ofp_test

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// fuzzMessage feeds a decoder. What it reads it must write, and read and write
// again to the same bytes, and it must leave the input as it was.
func fuzzMessage(f *testing.F, names ...string) {
	f.Helper()
	for _, name := range names {
		f.Add(encode(f, messages[name]))
	}
	blank := messages[names[0]]
	f.Fuzz(func(t *testing.T, in []byte) {
		was := bytes.Clone(in)
		m := fresh(blank)
		err := m.Decode(in)
		if !bytes.Equal(in, was) {
			t.Fatal("the decoder changed its input")
		}
		if err != nil {
			return
		}
		x := binary.BigEndian.Uint32(in[4:])
		once, err := m.Append(nil, x)
		if err != nil || len(once) != len(in) {
			t.Fatalf("%v: %d bytes were read and %d written", err, len(in), len(once))
		}
		if err := m.Decode(once); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		}
		if twice, err := m.Append(nil, x); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%v: written\n%x, then\n%x", err, once, twice)
		}
	})
}

// fuzzBody does the same with a part of a message.
func fuzzBody(f *testing.F, name string) {
	f.Helper()
	c := bodies[name]
	f.Add(c.seed)
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := c.copy(in)
		if err != nil {
			return
		}
		if twice, err := c.copy(once); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("%v: written\n%x, then\n%x", err, once, twice)
		}
	})
}

func FuzzHello(f *testing.F)         { fuzzMessage(f, "hello", "hello long", "hello bare", "hello other") }
func FuzzError(f *testing.F)         { fuzzMessage(f, "error", "error exp") }
func FuzzEcho(f *testing.F)          { fuzzMessage(f, "echo request", "echo reply") }
func FuzzExperimenter(f *testing.F)  { fuzzMessage(f, "experimenter") }
func FuzzBundleControl(f *testing.F) { fuzzMessage(f, "bundle control", "bundle properties") }
func FuzzBundleAdd(f *testing.F)     { fuzzMessage(f, "bundle add") }
func FuzzFeatures(f *testing.F)      { fuzzMessage(f, "features reply") }
func FuzzSwitchConfig(f *testing.F)  { fuzzMessage(f, "set-config", "get-config") }
func FuzzPacketIn(f *testing.F)      { fuzzMessage(f, "packet-in", "packet-in bare") }
func FuzzPacketOut(f *testing.F)     { fuzzMessage(f, "packet-out") }
func FuzzFlowMod(f *testing.F)       { fuzzMessage(f, "flow-mod") }
func FuzzFlowRemoved(f *testing.F)   { fuzzMessage(f, "flow-removed") }
func FuzzGroupMod(f *testing.F)      { fuzzMessage(f, "group-mod") }
func FuzzMeterMod(f *testing.F)      { fuzzMessage(f, "meter-mod") }
func FuzzPortStatus(f *testing.F)    { fuzzMessage(f, "port-status") }
func FuzzRole(f *testing.F)          { fuzzMessage(f, "role request", "role reply") }
func FuzzAsync(f *testing.F)         { fuzzMessage(f, "set-async", "get-async") }
func FuzzMultipart(f *testing.F)     { fuzzMessage(f, "multipart request", "multipart reply") }
func FuzzRaw(f *testing.F)           { fuzzMessage(f, "barrier") }
func FuzzMatch(f *testing.F)         { fuzzBody(f, "match") }
func FuzzDesc(f *testing.F)          { fuzzBody(f, "desc") }
func FuzzFlowRequest(f *testing.F)   { fuzzBody(f, "flow request") }
func FuzzFlowStats(f *testing.F)     { fuzzBody(f, "flow stats") }
func FuzzGroupDescs(f *testing.F)    { fuzzBody(f, "group descs") }
func FuzzMeterConfigs(f *testing.F)  { fuzzBody(f, "meter configs") }
func FuzzPorts(f *testing.F)         { fuzzBody(f, "ports") }
func FuzzPortStats(f *testing.F)     { fuzzBody(f, "port stats") }
func FuzzTableStats(f *testing.F)    { fuzzBody(f, "table stats") }
