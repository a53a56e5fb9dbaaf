package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"io/fs"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"github.com/l2sces/l2sces/pkg/api"
	"github.com/l2sces/l2sces/pkg/pki"
	"github.com/l2sces/l2sces/pkg/slice"
)

// A Place is where an SCO is, and the certificate that is shown to it.
type Place struct{ Address, Cert, Key, CA string }

// A Door says where the SCO is and who knocks.
type Door struct {
	Place
	Lab   string // file of the lab whose SCO is asked where no address is given
	Token string // file with a bearer token

	// Find finds the SCO of a lab on this machine.
	Find func(lab string) (Place, error)
}

// Flags binds the door to flags.
func (d *Door) Flags(f *pflag.FlagSet) {
	f.StringVar(&d.Address, "sco", "", "HOST:PORT or unix:PATH of the SCO, or of its replicas with commas between; empty: that of the lab")
	f.StringVar(&d.Token, "token-file", "", "file with the token that says who you are")
	f.StringVar(&d.Cert, "tls-cert", "", "your certificate, PEM")
	f.StringVar(&d.Key, "tls-key", "", "key of your certificate, PEM")
	f.StringVar(&d.CA, "tls-ca", "", "authority that both sides trust, PEM")
	f.StringVar(&d.Lab, "lab", "deploy/lab/three-domains.yaml", "file of the lab, which runs on this machine")
}

// An SCO is one far away.
type SCO struct {
	Slices   api.SliceClient
	Registry api.RegistryClient
	Events   api.EventClient
	Admin    api.AdminClient

	conn *grpc.ClientConn
}

// Open prepares the calls. The connection is made with the first one.
func (d *Door) Open() (*SCO, error) {
	p := d.Place
	if p.Address == "" {
		var err error
		if p, err = d.Find(d.Lab); err != nil {
			return nil, err
		}
	} else if err := p.complete(d.Token); err != nil {
		return nil, err
	}
	config, err := p.config()
	if err != nil {
		return nil, wrongFile(err)
	}
	return dial(p.Address, config, d.Token)
}

// config returns the TLS of a caller with a certificate, or with a token alone.
func (p Place) config() (*tls.Config, error) {
	return pki.ClientTLS(p.Cert, p.Key, p.CA, pki.SCO)
}

func (p Place) complete(token string) error {
	switch {
	case p.CA == "":
		return slice.Errorf(slice.Invalid, "--sco needs --tls-ca, the authority that the SCO is known by")
	case p.Cert == "" && p.Key == "" && token == "":
		return slice.Errorf(slice.Invalid, "--sco needs --tls-cert and --tls-key, or --token-file: who are you?")
	case (p.Cert == "") != (p.Key == ""):
		return slice.Errorf(slice.Invalid, "--tls-cert and --tls-key go together")
	}
	return nil
}

func dial(address string, config *tls.Config, tokenFile string) (*SCO, error) {
	conn, err := api.Dial(address, config)
	if err != nil {
		return nil, err
	}
	var calls grpc.ClientConnInterface = conn
	if tokenFile != "" {
		token, err := readToken(tokenFile)
		if err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		calls = bearer{conn, token}
	}
	return &SCO{
		Slices: api.NewSliceClient(calls), Registry: api.NewRegistryClient(calls),
		Events: api.NewEventClient(calls), Admin: api.NewAdminClient(calls), conn: conn,
	}, nil
}

// Close ends the connection.
func (s *SCO) Close() error { return s.conn.Close() }

// readToken reads a token, which is the first line of a file.
func readToken(file string) (string, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", wrongFile(err)
	}
	token := strings.TrimSpace(string(text))
	if token == "" || strings.ContainsAny(token, " \n\t") {
		return "", slice.Errorf(slice.Invalid, "--token-file: %s does not hold one token", file)
	}
	return token, nil
}

// wrongFile makes a file that is not there the fault of who named it.
func wrongFile(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return slice.Errorf(slice.Invalid, "%w", err)
	}
	return err
}

// bearer says with each call who makes it (RFC 6750, section 2.1).
type bearer struct {
	grpc.ClientConnInterface
	token string
}

func (b bearer) name(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "authorization", "Bearer "+b.token)
}

// Invoke implements grpc.ClientConnInterface.
func (b bearer) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	return b.ClientConnInterface.Invoke(b.name(ctx), method, args, reply, opts...)
}

// NewStream implements grpc.ClientConnInterface.
func (b bearer) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	return b.ClientConnInterface.NewStream(b.name(ctx), desc, method, opts...)
}
