// A telephone exchange for many calls at once.

package phone

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/pion/rtp"
)

// Exchange picks up every call, and notes when each packet of its sound arrives. It listens on this computer only, and
// leaves the sound of all calls to one socket: it is to take little from the cores that it shares with what it measures.
type Exchange struct {
	Address string // where it is called: host:port, over UDP

	ua      *sipgo.UserAgent
	signals *net.UDPConn
	sound   *net.UDPConn
	ended   sync.WaitGroup

	mu      sync.Mutex
	streams map[uint32]*stream
}

// stream is the sound of one call.
type stream struct {
	last    time.Time
	number  uint16
	between []time.Duration // two packets that follow each other
	lost    int
}

// NewExchange opens an exchange. Close closes it.
func NewExchange() (*Exchange, error) {
	e := &Exchange{streams: map[uint32]*stream{}}
	loopback := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}
	var err error
	if e.signals, err = net.ListenUDP("udp", loopback); err != nil {
		return nil, err
	}
	if e.sound, err = net.ListenUDP("udp", loopback); err == nil {
		if err = e.sound.SetReadBuffer(1 << 20); err == nil {
			err = stampArrivals(e.sound)
		}
	}
	if err == nil {
		err = e.serve()
	}
	if err != nil {
		e.Close()
		return nil, err
	}
	e.Address = e.signals.LocalAddr().String()
	e.ended.Go(e.listen)
	return e, nil
}

func (e *Exchange) serve() error {
	quiet := slog.New(slog.DiscardHandler)
	var err error
	if e.ua, err = sipgo.NewUA(sipgo.WithUserAgent("exchange"),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerLogger(quiet)),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerLogger(quiet))); err != nil {
		return err
	}
	server, err := sipgo.NewServer(e.ua, sipgo.WithServerLogger(quiet))
	if err != nil {
		return err
	}
	server.OnNoRoute(func(req *sip.Request, tx sip.ServerTransaction) {
		_ = tx.Respond(sip.NewResponseFromRequest(req, 200, "OK", nil))
	})
	server.OnAck(func(*sip.Request, sip.ServerTransaction) {})
	server.OnInvite(e.pickUp)
	e.ended.Go(func() { _ = server.ServeUDP(e.signals) })
	return nil
}

// pickUp answers a call.
func (e *Exchange) pickUp(req *sip.Request, tx sip.ServerTransaction) {
	body := fmt.Sprintf("v=0\r\no=exchange 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"+
		"m=audio %d RTP/AVP 8 101\r\na=rtpmap:101 telephone-event/8000\r\n", e.sound.LocalAddr().(*net.UDPAddr).Port)
	res := sip.NewSDPResponseFromRequest(req, []byte(body))
	res.AppendHeader(sip.NewHeader("Contact", "<sip:exchange@"+e.signals.LocalAddr().String()+">"))
	_ = tx.Respond(res)
	<-tx.Done()
}

// listen notes packets until the exchange is closed.
func (e *Exchange) listen() {
	var packet, control [2048]byte
	for {
		n, m, _, _, err := e.sound.ReadMsgUDPAddrPort(packet[:], control[:])
		if errors.Is(err, net.ErrClosed) {
			return
		}
		var head rtp.Header
		if err != nil {
			continue
		}
		if _, err := head.Unmarshal(packet[:n]); err == nil {
			e.note(&head, arrival(control[:m]))
		}
	}
}

func (e *Exchange) note(head *rtp.Header, at time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.streams[head.SSRC]
	switch {
	case s == nil:
		s = &stream{}
		e.streams[head.SSRC] = s
	case head.SequenceNumber == s.number+1:
		s.between = append(s.between, at.Sub(s.last))
	default:
		s.lost++
	}
	s.last, s.number = at, head.SequenceNumber
}

// Regularity is how the sound of calls arrived, which should be a packet every 20 ms.
type Regularity struct {
	Calls, Packets, Lost int
	P1, P50, P99, Worst  time.Duration // between two packets of a call; Worst is the furthest from 20 ms
	Late                 float64       // share of packets that came more than 5 ms too early or too late
}

// Regular tells how regularly sound arrived until now.
func (e *Exchange) Regular() Regularity {
	e.mu.Lock()
	defer e.mu.Unlock()
	const due, tolerance = 20 * time.Millisecond, 5 * time.Millisecond
	var all []time.Duration
	r := Regularity{Calls: len(e.streams), Worst: due}
	for _, s := range e.streams {
		all = append(all, s.between...)
		r.Lost += s.lost
	}
	if r.Packets = len(all); r.Packets == 0 {
		return r
	}
	slices.Sort(all)
	late := 0
	for _, d := range all {
		if (d - due).Abs() > tolerance {
			late++
		}
		if (d - due).Abs() > (r.Worst - due).Abs() {
			r.Worst = d
		}
	}
	at := func(percent int) time.Duration { return all[len(all)*percent/100] }
	r.P1, r.P50, r.P99, r.Late = at(1), at(50), at(99), float64(late)/float64(r.Packets)
	return r
}

// Close closes the exchange.
func (e *Exchange) Close() {
	if e.ua != nil {
		e.ua.Close()
	}
	e.signals.Close()
	if e.sound != nil {
		e.sound.Close()
	}
	e.ended.Wait()
}
