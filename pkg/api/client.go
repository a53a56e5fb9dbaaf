package api

import (
	"crypto/tls"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	_ "google.golang.org/grpc/health" // a client asks each replica whether it serves
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"

	"github.com/l2sces/l2sces/pkg/slice"
)

// balanced has calls go to those of several servers that say that they serve:
// of replicas, the one that leads.
const balanced = `{"loadBalancingConfig": [{"round_robin": {}}], "healthCheckConfig": {"serviceName": ""}}`

// Dial prepares a connection to a server, HOST:PORT or unix:PATH, or to several
// replicas of it, separated by commas, of which one serves. It returns at once;
// the connection is made with the first call and made again whenever it breaks.
func Dial(addresses string, config *tls.Config) (*grpc.ClientConn, error) {
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxMessage)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 5 * time.Second, Timeout: 3 * time.Second, PermitWithoutStream: true}),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 3 * time.Second,
		}),
	}
	target := addresses
	if all := strings.Split(addresses, ","); len(all) > 1 {
		r := manual.NewBuilderWithScheme("replicas")
		var state resolver.State
		for _, a := range all {
			if a == "" {
				return nil, slice.Errorf(slice.Invalid, "dial %q: an address is missing", addresses)
			}
			state.Endpoints = append(state.Endpoints, resolver.Endpoint{Addresses: []resolver.Address{{Addr: a}}})
		}
		r.InitialState(state)
		target = "replicas:///" + all[0]
		options = append(options, grpc.WithResolvers(r), grpc.WithDefaultServiceConfig(balanced))
	}
	conn, err := grpc.NewClient(target, options...)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", addresses, err)
	}
	return conn, nil
}
