// Package ee is the execution environment that OSM's life cycle manager calls
// for day-1 and day-2 primitives of a Helm KNF: gRPC in, primitives out. Each
// call ends with one reply that decides, by a deadline, whatever the other side
// does. It decides nothing itself (package primitive does), and a secret is
// nothing that comes through it.
//
//	ee.Register(server, ee.New(runner, ee.Config{Logger: log}))
package ee

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/l2sces/l2sces/pkg/slice"
	"github.com/l2sces/l2sces/plugin/ee/wire"
	"github.com/l2sces/l2sces/plugin/primitive"
)

// The words by which a reply says how a primitive is. The last one decides.
const (
	OK         = "OK"
	Processing = "PROCESSING"
	Failed     = "ERROR"
)

// Bounds of a call. What is told fits into a stream's window: a caller that does
// not read holds nobody up.
const (
	maxTime  = 16 * time.Minute
	maxTold  = 20
	maxLine  = 512      // bytes
	maxReply = 20 << 10 // bytes
	maxCalls = 16       // at a time
	maxName  = 64
)

// Primitives carries primitives out.
type Primitives interface {
	Run(ctx context.Context, name string, given map[string]string, tell func(string)) (primitive.Result, error)
}

// A Config is what an executor can do without.
type Config struct {
	Logger *slog.Logger
	Limit  time.Duration // of a call, beyond what its parameters say; 0: 16 minutes
}

// An Executor answers OSM.
type Executor struct {
	wire.UnimplementedFrontendExecutorServer
	primitives   Primitives
	log          *slog.Logger
	limit        time.Duration
	calls        chan struct{}
	done, failed atomic.Uint64
}

// New returns an executor of primitives.
func New(p Primitives, c Config) *Executor {
	return &Executor{
		primitives: p, log: cmp.Or(c.Logger, slog.New(slog.DiscardHandler)), limit: cmp.Or(c.Limit, maxTime),
		calls: make(chan struct{}, maxCalls),
	}
}

// Register serves an executor.
func Register(s grpc.ServiceRegistrar, e *Executor) { wire.RegisterFrontendExecutorServer(s, e) }

// Runs returns how many primitives were carried out, and how many failed.
func (e *Executor) Runs() (done, failed uint64) { return e.done.Load(), e.failed.Load() }

// RunPrimitive carries a primitive out and tells how it goes on.
func (e *Executor) RunPrimitive(req *wire.PrimitiveRequest, out grpc.ServerStreamingServer[wire.PrimitiveReply]) error {
	last := e.answer(out.Context(), req, out.Send)
	return out.Send(last)
}

// answer carries a primitive out and returns the reply that decides.
func (e *Executor) answer(ctx context.Context, req *wire.PrimitiveRequest, send func(*wire.PrimitiveReply) error) *wire.PrimitiveReply {
	select {
	case e.calls <- struct{}{}:
		defer func() { <-e.calls }()
	default:
		return e.fail(req, slice.Errorf(slice.Exhausted, "%d primitives run at this moment, which is the most: come back later", maxCalls))
	}
	given, err := primitive.Flat(req.GetParams())
	if err != nil {
		return e.fail(req, err)
	}
	ctx, cancel := context.WithTimeout(ctx, e.limit)
	defer cancel()
	told := 0
	result, err := e.primitives.Run(ctx, req.GetName(), given, func(line string) {
		if told++; told <= maxTold {
			_ = send(&wire.PrimitiveReply{Status: Processing, DetailedMessage: clip(line, maxLine)}) // the last reply finds out
		}
	})
	if err != nil {
		return e.fail(req, err)
	}
	e.done.Add(1)
	e.log.Info("primitive carried out", "primitive", clip(req.GetName(), maxName), "id", clip(req.GetId(), maxName), "pending", result.Pending)
	reply := &wire.PrimitiveReply{Status: OK, DetailedMessage: clip(text(result), maxReply)}
	if result.Pending {
		reply.Status = Processing
	}
	return reply
}

// fail is the reply for an error. Its first line names the parameter.
func (e *Executor) fail(req *wire.PrimitiveRequest, err error) *wire.PrimitiveReply {
	e.failed.Add(1)
	e.log.Warn("primitive failed", "primitive", clip(req.GetName(), maxName), "id", clip(req.GetId(), maxName), "reason", clip(err.Error(), maxLine))
	return &wire.PrimitiveReply{Status: Failed, DetailedMessage: clip(err.Error(), maxReply)}
}

// text writes a result for a person: a line, and the facts below it.
func text(r primitive.Result) string {
	var out strings.Builder
	out.WriteString(r.Message)
	for _, f := range r.Facts {
		if body := strings.TrimRight(f.Text, "\n"); strings.Contains(body, "\n") {
			fmt.Fprintf(&out, "\n%s:\n  %s", f.Name, strings.ReplaceAll(body, "\n", "\n  "))
		} else {
			fmt.Fprintf(&out, "\n%s: %s", f.Name, body)
		}
	}
	return out.String()
}

// clip cuts what is too long, between characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most-3], "") + "..."
}

// GetSshKey says that there is no machine behind this environment.
func (e *Executor) GetSshKey(context.Context, *wire.SshKeyRequest) (*wire.SshKeyReply, error) { //nolint:revive // OSM's name
	return nil, status.Error(codes.Unimplemented, "nothing is managed by SSH here: leave config-access.ssh-access out of the descriptor")
}
