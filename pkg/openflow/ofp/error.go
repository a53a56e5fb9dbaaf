package ofp

import "fmt"

// The types of error that this house acts on (section 7.5.4).
const (
	ErrorHelloFailed    uint16 = 0
	ErrorBadAction      uint16 = 2
	ErrorFlowModFailed  uint16 = 5
	ErrorGroupModFailed uint16 = 6
	ErrorRoleFailed     uint16 = 11
	ErrorMeterModFailed uint16 = 12
	ErrorExperimenter   uint16 = 0xffff
)

// An Error is what a switch says when it does not do what it was asked. Data
// is the front of the message at fault. An experimenter error has its kind in
// Code.
type Error struct {
	Type         uint16
	Code         uint16
	Experimenter uint32
	Data         []byte
}

// Append implements Message.
func (m *Error) Append(b []byte, xid uint32) ([]byte, error) {
	start := len(b)
	b = be.AppendUint16(begin(b, TypeError, xid), m.Type)
	b = be.AppendUint16(b, m.Code)
	if m.Type == ErrorExperimenter {
		b = be.AppendUint32(b, m.Experimenter)
	}
	return finish(append(b, m.Data...), start)
}

// Decode reads an error.
func (m *Error) Decode(msg []byte) error {
	_, b, err := open(msg, 4, TypeError)
	if err != nil {
		return err
	}
	*m = Error{Type: be.Uint16(b), Code: be.Uint16(b[2:]), Data: b[4:]}
	if m.Type != ErrorExperimenter {
		return nil
	}
	if len(m.Data) < 4 {
		return fmt.Errorf("%w: experimenter error of %d bytes", ErrLength, len(msg))
	}
	m.Experimenter, m.Data = be.Uint32(m.Data), m.Data[4:]
	return nil
}

// Error returns the name that the standard gives the error.
func (m *Error) Error() string {
	if m.Type == ErrorExperimenter {
		if i := int(m.Code) - bundleErrors; m.Experimenter == ONF && i >= 0 && i < len(bundleCodes) {
			return "BUNDLE_FAILED " + bundleCodes[i]
		}
		return fmt.Sprintf("experimenter %#x error %d", m.Experimenter, m.Code)
	}
	if int(m.Type) >= len(errorNames) {
		return fmt.Sprintf("error type %d code %d", m.Type, m.Code)
	}
	n := errorNames[m.Type]
	if int(m.Code) >= len(n.codes) {
		return fmt.Sprintf("%s code %d", n.name, m.Code)
	}
	return n.name + " " + n.codes[m.Code]
}

// bundleErrors is the number of the first error of ONF extension 230.
const bundleErrors = 2300

var bundleCodes = [...]string{
	"UNKNOWN", "EPERM", "BAD_ID", "BUNDLE_EXIST", "BUNDLE_CLOSED", "OUT_OF_BUNDLES", "BAD_TYPE", "BAD_FLAGS",
	"MSG_BAD_LEN", "MSG_BAD_XID", "MSG_UNSUP", "MSG_CONFLICT", "MSG_TOO_MANY", "MSG_FAILED", "TIMEOUT",
	"BUNDLE_IN_PROGRESS",
}

var errorNames = [...]struct {
	name  string
	codes []string
}{
	{"HELLO_FAILED", []string{"INCOMPATIBLE", "EPERM"}},
	{"BAD_REQUEST", []string{
		"BAD_VERSION", "BAD_TYPE", "BAD_MULTIPART", "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "EPERM", "BAD_LEN",
		"BUFFER_EMPTY", "BUFFER_UNKNOWN", "BAD_TABLE_ID", "IS_SLAVE", "BAD_PORT", "BAD_PACKET",
		"MULTIPART_BUFFER_OVERFLOW",
	}},
	{"BAD_ACTION", []string{
		"BAD_TYPE", "BAD_LEN", "BAD_EXPERIMENTER", "BAD_EXP_TYPE", "BAD_OUT_PORT", "BAD_ARGUMENT", "EPERM",
		"TOO_MANY", "BAD_QUEUE", "BAD_OUT_GROUP", "MATCH_INCONSISTENT", "UNSUPPORTED_ORDER", "BAD_TAG",
		"BAD_SET_TYPE", "BAD_SET_LEN", "BAD_SET_ARGUMENT",
	}},
	{"BAD_INSTRUCTION", []string{
		"UNKNOWN_INST", "UNSUP_INST", "BAD_TABLE_ID", "UNSUP_METADATA", "UNSUP_METADATA_MASK",
		"BAD_EXPERIMENTER", "BAD_EXP_TYPE", "BAD_LEN", "EPERM",
	}},
	{"BAD_MATCH", []string{
		"BAD_TYPE", "BAD_LEN", "BAD_TAG", "BAD_DL_ADDR_MASK", "BAD_NW_ADDR_MASK", "BAD_WILDCARDS", "BAD_FIELD",
		"BAD_VALUE", "BAD_MASK", "BAD_PREREQ", "DUP_FIELD", "EPERM",
	}},
	{"FLOW_MOD_FAILED", []string{
		"UNKNOWN", "TABLE_FULL", "BAD_TABLE_ID", "OVERLAP", "EPERM", "BAD_TIMEOUT", "BAD_COMMAND", "BAD_FLAGS",
	}},
	{"GROUP_MOD_FAILED", []string{
		"GROUP_EXISTS", "INVALID_GROUP", "WEIGHT_UNSUPPORTED", "OUT_OF_GROUPS", "OUT_OF_BUCKETS",
		"CHAINING_UNSUPPORTED", "WATCH_UNSUPPORTED", "LOOP", "UNKNOWN_GROUP", "CHAINED_GROUP", "BAD_TYPE",
		"BAD_COMMAND", "BAD_BUCKET", "BAD_WATCH", "EPERM",
	}},
	{"PORT_MOD_FAILED", []string{"BAD_PORT", "BAD_HW_ADDR", "BAD_CONFIG", "BAD_ADVERTISE", "EPERM"}},
	{"TABLE_MOD_FAILED", []string{"BAD_TABLE", "BAD_CONFIG", "EPERM"}},
	{"QUEUE_OP_FAILED", []string{"BAD_PORT", "BAD_QUEUE", "EPERM"}},
	{"SWITCH_CONFIG_FAILED", []string{"BAD_FLAGS", "BAD_LEN", "EPERM"}},
	{"ROLE_REQUEST_FAILED", []string{"STALE", "UNSUP", "BAD_ROLE"}},
	{"METER_MOD_FAILED", []string{
		"UNKNOWN", "METER_EXISTS", "INVALID_METER", "UNKNOWN_METER", "BAD_COMMAND", "BAD_FLAGS", "BAD_RATE",
		"BAD_BURST", "BAD_BAND", "BAD_BAND_VALUE", "OUT_OF_METERS", "OUT_OF_BANDS",
	}},
	{"TABLE_FEATURES_FAILED", []string{"BAD_TABLE", "BAD_METADATA", "BAD_TYPE", "BAD_LEN", "BAD_ARGUMENT", "EPERM"}},
}
