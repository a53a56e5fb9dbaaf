package ofp

// The roles of a controller (section 7.3.9).
const (
	RoleNoChange uint32 = 0
	RoleEqual    uint32 = 1
	RoleMaster   uint32 = 2
	RoleSlave    uint32 = 3
)

// A Role asks a switch for a role, or answers with the one that holds. A
// switch refuses a generation older than one it has seen.
type Role struct {
	Reply      bool
	Role       uint32
	Generation uint64
}

// Append implements Message.
func (m *Role) Append(b []byte, xid uint32) ([]byte, error) {
	t, start := TypeRoleRequest, len(b)
	if m.Reply {
		t = TypeRoleReply
	}
	b = be.AppendUint32(begin(b, t, xid), m.Role)
	b = pad(b, 4)
	return finish(be.AppendUint64(b, m.Generation), start)
}

// Decode reads a role request or reply.
func (m *Role) Decode(msg []byte) error {
	t, b, err := openFixed(msg, 16, TypeRoleRequest, TypeRoleReply)
	if err != nil {
		return err
	}
	*m = Role{t == TypeRoleReply, be.Uint32(b), be.Uint64(b[8:])}
	return nil
}

// An Async says which messages a switch sends without being asked (section
// 7.3.10). Each pair holds a bit for each reason: first for a master or equal,
// then for a slave. Reply makes it the answer of a switch.
type Async struct {
	Reply       bool
	PacketIn    [2]uint32
	PortStatus  [2]uint32
	FlowRemoved [2]uint32
}

// Append implements Message.
func (m *Async) Append(b []byte, xid uint32) ([]byte, error) {
	t, start := TypeSetAsync, len(b)
	if m.Reply {
		t = TypeGetAsyncReply
	}
	b = begin(b, t, xid)
	for _, pair := range [...][2]uint32{m.PacketIn, m.PortStatus, m.FlowRemoved} {
		b = be.AppendUint32(b, pair[0])
		b = be.AppendUint32(b, pair[1])
	}
	return finish(b, start)
}

// Decode reads a set-async or a get-async reply.
func (m *Async) Decode(msg []byte) error {
	t, b, err := openFixed(msg, 24, TypeSetAsync, TypeGetAsyncReply)
	if err != nil {
		return err
	}
	pair := func(at int) [2]uint32 { return [2]uint32{be.Uint32(b[at:]), be.Uint32(b[at+4:])} }
	*m = Async{t == TypeGetAsyncReply, pair(0), pair(8), pair(16)}
	return nil
}
