package api

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"runtime/debug"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/health"
	healthv1 "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/reflection"
	"google.golang.org/grpc/status"
)

// The limits of every server: bytes of a message and of its metadata, streams
// of a connection.
const (
	maxMessage = 4 << 20
	maxHeaders = 64 << 10
	maxStreams = 256
)

// A ServerConfig says who may call.
type ServerConfig struct {
	TLS    *tls.Config  // with client certificates required
	Anyone string       // not empty: the name of every caller of a server without TLS
	Logger *slog.Logger // nil: none
	// Identify reads the name of the caller from its certificate.
	Identify func(tls.ConnectionState) (string, error)
	// Admit finds out what a caller may do (package access), by the name in its
	// certificate and by what stands in the metadata as authorization; either may
	// be empty. Nil: callers have certificates, and Authorize is all there is.
	Admit func(ctx context.Context, name, authorization string) (context.Context, error)
	// Authorize decides whether a caller may use a method, which is given
	// with its service: /l2sces.v1.SliceService/GetSlice. Nil: every caller may.
	Authorize func(caller, method string) error
	// Standby, if it is there, says why this server only tells its health, which
	// is that it does not serve.
	Standby func() error
}

// NewServer returns a gRPC server with mutual TLS, limits, health and
// reflection. A panic in a handler ends the call and nothing else.
func NewServer(cfg ServerConfig) *grpc.Server {
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if cfg.Authorize == nil {
		cfg.Authorize = func(string, string) error { return nil }
	}
	g := guard{ServerConfig: cfg, decoder: newDecoder(), streams: &streams{}}
	options := []grpc.ServerOption{
		grpc.Creds(cfg.credentials()),
		grpc.MaxRecvMsgSize(maxMessage), grpc.MaxConcurrentStreams(maxStreams), grpc.MaxHeaderListSize(maxHeaders),
		grpc.ForceServerCodecV2(g.decoder),
		grpc.ConnectionTimeout(10 * time.Second),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 10 * time.Second, Timeout: 5 * time.Second}),
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 2 * time.Second, PermitWithoutStream: true}),
		grpc.UnaryInterceptor(g.unary), grpc.StreamInterceptor(g.stream),
	}
	lives := health.NewServer()
	if cfg.Standby != nil {
		lives.SetServingStatus("", healthv1.HealthCheckResponse_NOT_SERVING)
		options = append(options, grpc.UnknownServiceHandler(func(any, grpc.ServerStream) error { return cfg.Standby() }))
	}
	s := grpc.NewServer(options...)
	healthv1.RegisterHealthServer(s, lives)
	reflection.Register(s)
	return s
}

func (c ServerConfig) credentials() credentials.TransportCredentials {
	if c.Anyone != "" {
		return insecure.NewCredentials()
	}
	return credentials.NewTLS(c.TLS)
}

// guard stands before every handler.
type guard struct {
	ServerConfig
	decoder *decoder
	streams *streams
}

type callerKey struct{}

// caller returns the identity of who called.
func caller(ctx context.Context) string {
	name, _ := ctx.Value(callerKey{}).(string)
	return name
}

// admit finds out who calls and whether it may.
func (g guard) admit(ctx context.Context, method string) (context.Context, error) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return nil, status.Error(codes.Unauthenticated, "the caller has no address")
	}
	name, err := g.name(p)
	if err != nil {
		return nil, status.Error(codes.Unauthenticated, err.Error())
	}
	if ctx, name, err = g.known(ctx, name); err != nil {
		g.Logger.Warn("call refused", "caller", name, "method", method, "reason", err.Error())
		return nil, err
	}
	if err := g.Authorize(name, method); err != nil {
		g.Logger.Warn("call refused", "caller", name, "method", method, "reason", err.Error())
		return nil, status.Error(codes.PermissionDenied, err.Error())
	}
	return context.WithValue(ctx, callerKey{}, name), nil
}

// name returns who is at the other end of a connection.
func (g guard) name(p *peer.Peer) (string, error) {
	if g.Anyone != "" {
		return g.Anyone, nil
	}
	info, ok := p.AuthInfo.(credentials.TLSInfo)
	if !ok {
		return "", errors.New("the caller has no certificate")
	}
	if len(info.State.PeerCertificates) == 0 && g.Admit != nil {
		return "", nil // it may show a token
	}
	return g.Identify(info.State)
}

func (g guard) unary(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (_ any, err error) {
	defer g.recover(info.FullMethod, &err)
	wrong := g.decoder.fault(req)
	ctx, err = g.admit(ctx, info.FullMethod)
	if err != nil {
		return nil, err
	}
	if wrong != nil {
		return nil, wrong
	}
	answer, err := next(ctx, req)
	return answer, outward(err)
}

func (g guard) stream(srv any, ss grpc.ServerStream, info *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer g.recover(info.FullMethod, &err)
	ctx, err := g.admit(ss.Context(), info.FullMethod)
	if err != nil {
		return err
	}
	leave, err := g.streams.enter(caller(ctx))
	if err != nil {
		return outward(err)
	}
	defer leave()
	return outward(next(srv, namedStream{ss, ctx, g.decoder}))
}

func (g guard) recover(method string, err *error) {
	if r := recover(); r != nil {
		g.Logger.Error("handler panicked", "method", method, "panic", fmt.Sprint(r), "stack", string(debug.Stack()))
		*err = status.Error(codes.Internal, "the handler of "+method+" failed; the log has the reason")
	}
}

// namedStream is a stream whose context knows the caller.
type namedStream struct {
	grpc.ServerStream
	ctx     context.Context //nolint:containedctx // gRPC hands a stream's context on through the stream
	decoder *decoder
}

// RecvMsg says that a message cannot be read where the sender is at fault.
func (s namedStream) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	return s.decoder.fault(m)
}

func (s namedStream) Context() context.Context { return s.ctx }
