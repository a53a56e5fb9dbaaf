package probe

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"
)

// The types of ICMP messages that a probe sends and waits for (RFC 792).
const (
	echoReply   = 0
	echoRequest = 8
	icmpHeader  = 8
)

// An Echo is a series of marked echo requests to one address.
type Echo struct {
	To       netip.Addr
	Stream   Stream
	Count    int           // 0: until ctx ends
	Every    time.Duration // 0: 20 ms
	Size     int           // bytes of the IP packet; 0: the least
	Whole    bool          // must not be cut in pieces
	Patience time.Duration // for the last answer; 0: 1 s
}

// Answers is what came of an Echo.
type Answers struct {
	Sent     int
	Answered int
	Again    int      // answers that had come before
	Refused  int      // requests that our own kernel did not take
	Lost     []uint32 // sequence numbers without an answer, refused ones among them
	First    time.Duration
}

// Echo sends echo requests and waits for the answers. An address that nobody
// has is no error: it just does not answer.
func (p Port) Echo(ctx context.Context, e Echo) (Answers, error) {
	if e.Every == 0 {
		e.Every = 20 * time.Millisecond
	}
	if e.Patience == 0 {
		e.Patience = time.Second
	}
	config := net.ListenConfig{Control: options(p.Interface, e.Whole)}
	var conn net.PacketConn
	err := p.In(func() error {
		var err error
		conn, err = config.ListenPacket(context.WithoutCancel(ctx), "ip4:icmp", "0.0.0.0")
		return err
	})
	if err != nil {
		return Answers{}, fmt.Errorf("echo on %s: %w", p.Interface, err)
	}
	s := &series{Echo: e, conn: conn, began: time.Now(), answered: map[uint32]bool{}, enough: make(chan struct{})}
	a, err := s.run(ctx)
	if err != nil {
		return a, fmt.Errorf("echo on %s to %s: %w", p.Interface, e.To, err)
	}
	return a, nil
}

// A series is an Echo under way.
type series struct {
	Echo
	conn  net.PacketConn
	began time.Time

	mu       sync.Mutex
	answers  Answers
	answered map[uint32]bool
	enough   chan struct{} // closed when all of a counted series are answered
}

func (s *series) run(ctx context.Context) (Answers, error) {
	var readErr error
	var reader sync.WaitGroup
	reader.Go(func() { readErr = s.read() })
	err := paced(ctx, s.Count, s.Every, s.send)
	if err == nil {
		s.linger()
	}
	err = errors.Join(err, s.conn.SetReadDeadline(time.Now()))
	reader.Wait()
	err = errors.Join(err, readErr, s.conn.Close())
	for seq := uint32(1); seq <= uint32(s.answers.Sent); seq++ {
		if !s.answered[seq] {
			s.answers.Lost = append(s.answers.Lost, seq)
		}
	}
	return s.answers, err
}

// linger gives the last answers their time, also when ctx has ended.
func (s *series) linger() {
	late := time.NewTimer(s.Patience)
	defer late.Stop()
	select {
	case <-late.C:
	case <-s.enough:
	}
}

func (s *series) send(seq uint32) error {
	_, err := s.conn.WriteTo(s.request(seq), &net.IPAddr{IP: s.To.AsSlice()})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers.Sent++
	if refused(err) {
		s.answers.Refused++
		return nil
	}
	return err
}

// request returns an echo request with a mark (RFC 792, page 14).
func (s *series) request(seq uint32) []byte {
	b := []byte{echoRequest, 0, 0, 0}
	b = binary.BigEndian.AppendUint16(b, uint16(s.Stream))
	b = binary.BigEndian.AppendUint16(b, uint16(seq))
	b = pad(Mark{Stream: s.Stream, Sequence: seq}.Append(b), s.Size-ipHeader)
	binary.BigEndian.PutUint16(b[2:], checksum(b))
	return b
}

// read takes answers until the deadline that run sets.
func (s *series) read() error {
	b := make([]byte, frameSize)
	for {
		n, _, err := s.conn.ReadFrom(b)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return nil
		}
		if err != nil {
			if refused(err) {
				continue
			}
			return err
		}
		if n < icmpHeader+markSize || b[0] != echoReply {
			continue
		}
		if m, ok := Find(b[icmpHeader:n]); ok && m.Stream == s.Stream {
			s.note(m.Sequence)
		}
	}
}

func (s *series) note(seq uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answered[seq] {
		s.answers.Again++
		return
	}
	s.answered[seq] = true
	s.answers.Answered++
	if s.answers.Answered == 1 {
		s.answers.First = time.Since(s.began)
	}
	if s.answers.Answered == s.Count {
		close(s.enough)
	}
}

// checksum is that of the internet (RFC 1071).
func checksum(b []byte) uint16 {
	var sum uint32
	for ; len(b) > 1; b = b[2:] {
		sum += uint32(binary.BigEndian.Uint16(b))
	}
	if len(b) == 1 {
		sum += uint32(b[0]) << 8
	}
	for sum>>16 != 0 {
		sum = sum&0xffff + sum>>16
	}
	return ^uint16(sum)
}
