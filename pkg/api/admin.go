package api

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/l2sces/l2sces/pkg/access"
	pb "github.com/l2sces/l2sces/pkg/api/l2sces/v1"
	"github.com/l2sces/l2sces/pkg/intent"
	"github.com/l2sces/l2sces/pkg/slice"
)

// ServeAdmin serves AdminService with what administrators can do.
func ServeAdmin(s *grpc.Server, a Admin) {
	pb.RegisterAdminServiceServer(s, adminServer{admin: a})
}

type adminServer struct {
	pb.UnimplementedAdminServiceServer
	admin Admin
}

// The JSON forms of lists.
type (
	auditEntries struct {
		Entries []intent.AuditEntry `json:"entries"`
	}
	quotas struct {
		Quotas []intent.Quota `json:"quotas"`
	}
)

func (s adminServer) ListAudit(ctx context.Context, req *pb.ListAuditRequest) (*pb.ListAuditResponse, error) {
	q, err := value[intent.AuditQuery](req)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "query: %w", err)
	}
	all, err := s.admin.Audit(ctx, q)
	if err != nil {
		return nil, err
	}
	return message(auditEntries{all}, &pb.ListAuditResponse{})
}

func (s adminServer) PutQuota(ctx context.Context, req *pb.Quota) (*pb.Quota, error) {
	q, err := value[intent.Quota](req)
	if err != nil {
		return nil, slice.Errorf(slice.Invalid, "quota: %w", err)
	}
	if q, err = s.admin.PutQuota(ctx, q); err != nil {
		return nil, err
	}
	return message(q, &pb.Quota{})
}

func (s adminServer) ListQuotas(ctx context.Context, _ *pb.ListQuotasRequest) (*pb.ListQuotasResponse, error) {
	all, err := s.admin.Quotas(ctx)
	if err != nil {
		return nil, err
	}
	return message(quotas{all}, &pb.ListQuotasResponse{})
}

func (s adminServer) Export(_ *pb.ExportRequest, out grpc.ServerStreamingServer[pb.ExportPart]) error {
	return s.admin.Export(out.Context(), parts{out})
}

func (s adminServer) WhoAmI(ctx context.Context, _ *pb.WhoAmIRequest) (*pb.Caller, error) {
	c := access.From(ctx)
	return &pb.Caller{Name: c.Name, Tenant: string(c.Tenant), Role: c.Role.String()}, nil
}

// parts sends what is written to it.
type parts struct {
	out grpc.ServerStreamingServer[pb.ExportPart]
}

// partSize is far below what a message can have.
const partSize = 256 << 10

func (p parts) Write(data []byte) (n int, err error) {
	for n < len(data) {
		end := min(len(data), n+partSize)
		if err := p.out.Send(&pb.ExportPart{Data: data[n:end]}); err != nil {
			return n, err
		}
		n = end
	}
	return n, nil
}

// An AdminClient administers an SCO far away.
type AdminClient struct{ client pb.AdminServiceClient }

var _ Admin = AdminClient{}

// NewAdminClient returns the SCO at the other end of a connection.
func NewAdminClient(conn grpc.ClientConnInterface) AdminClient {
	return AdminClient{pb.NewAdminServiceClient(conn)}
}

// Audit returns entries of the audit log, oldest first.
func (c AdminClient) Audit(ctx context.Context, q intent.AuditQuery) ([]intent.AuditEntry, error) {
	req, err := message(q, &pb.ListAuditRequest{})
	if err != nil {
		return nil, err
	}
	answer, err := c.client.ListAudit(ctx, req)
	if err != nil {
		return nil, inward(err)
	}
	all, err := value[auditEntries](answer)
	return all.Entries, err
}

// PutQuota limits a tenant.
func (c AdminClient) PutQuota(ctx context.Context, q intent.Quota) (intent.Quota, error) {
	req, err := message(q, &pb.Quota{})
	if err != nil {
		return intent.Quota{}, err
	}
	answer, err := c.client.PutQuota(ctx, req)
	if err != nil {
		return intent.Quota{}, inward(err)
	}
	return value[intent.Quota](answer)
}

// Quotas returns the limits and the use of tenants.
func (c AdminClient) Quotas(ctx context.Context) ([]intent.Quota, error) {
	answer, err := c.client.ListQuotas(ctx, &pb.ListQuotasRequest{})
	if err != nil {
		return nil, inward(err)
	}
	all, err := value[quotas](answer)
	return all.Quotas, err
}

// Export writes the whole stored state, as one consistent image.
func (c AdminClient) Export(ctx context.Context, w io.Writer) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	in, err := c.client.Export(ctx, &pb.ExportRequest{})
	if err != nil {
		return inward(err)
	}
	for {
		part, err := in.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return inward(err)
		}
		if _, err := w.Write(part.GetData()); err != nil {
			return err
		}
	}
}

// WhoAmI returns who the caller is to the SCO.
func (c AdminClient) WhoAmI(ctx context.Context) (access.Caller, error) {
	who, err := c.client.WhoAmI(ctx, &pb.WhoAmIRequest{})
	if err != nil {
		return access.Caller{}, inward(err)
	}
	out := access.Caller{Name: who.GetName(), Tenant: slice.Tenant(who.GetTenant())}
	if who.GetRole() == access.Nobody.String() {
		return out, nil
	}
	return out, out.Role.UnmarshalText([]byte(who.GetRole()))
}
