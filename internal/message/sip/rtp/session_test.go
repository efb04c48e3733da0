package rtp

import (
	"net"
	"net/netip"
	"testing"
	"time"

	pion "github.com/pion/rtp"
)

var local = netip.MustParseAddr("127.0.0.1")

func at(addr string) netip.AddrPort { return netip.MustParseAddrPort(addr) }

func TestWhoIsHeard(t *testing.T) {
	const named, other, stranger = "192.0.2.1:4000", "192.0.2.1:4010", "198.51.100.9:4000"
	type packet struct {
		after  time.Duration
		from   string
		stream uint32
		heard  bool
	}
	for name, test := range map[string]struct {
		named, near string
		packets     []packet
	}{
		"the other end, where its SDP says": {named, "203.0.113.5", []packet{{0, named, 1, true}, {20, named, 1, true}}},
		"from another port of its host":     {named, "203.0.113.5", []packet{{0, other, 1, true}, {20, other, 1, true}, {20, named, 1, false}}},
		"a stranger, first and later":       {named, "203.0.113.5", []packet{{0, stranger, 1, false}, {20, named, 1, true}, {20, stranger, 1, false}, {9000, stranger, 1, false}}},
		"another stream while it speaks":    {named, "203.0.113.5", []packet{{0, named, 1, true}, {20, named, 2, false}, {20, named, 1, true}, {250, named, 2, false}}},
		"another stream when it is silent":  {named, "203.0.113.5", []packet{{0, named, 1, true}, {320, named, 2, true}, {20, named, 1, false}}},
		"another port after a while":        {named, "203.0.113.5", []packet{{0, named, 1, true}, {1900, other, 1, false}, {200, other, 1, true}}},
		"behind NAT":                        {"10.0.0.7:4000", "203.0.113.5", []packet{{0, stranger, 1, false}, {0, "203.0.113.5:999", 1, true}, {20, "203.0.113.5:998", 1, false}}},
		"a public address is not behind it": {named, "203.0.113.5", []packet{{0, "203.0.113.5:999", 1, false}}},
	} {
		s := source{named: at(test.named), near: netip.MustParseAddr(test.near)}
		now := time.Unix(1e9, 0)
		if s.to() != s.named {
			t.Errorf("%s: packets go to %s", name, s.to())
		}
		for i, p := range test.packets {
			now = now.Add(p.after * time.Millisecond)
			heard := s.admit(at(p.from), &pion.Header{SSRC: p.stream}, now)
			if heard != p.heard {
				t.Errorf("%s: packet %d is heard: %t", name, i, heard)
			}
			if heard && s.to() != at(p.from) {
				t.Errorf("%s: after packet %d of %s, packets go to %s", name, i, p.from, s.to())
			}
		}
	}
}

// end is the other end of a call.
type end struct {
	*net.UDPConn
	seq uint16
}

func newEnd(t *testing.T) *end {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, 0)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &end{UDPConn: conn}
}

func (e *end) addr() netip.AddrPort { return e.LocalAddr().(*net.UDPAddr).AddrPort() }

func (e *end) send(t *testing.T, s *Session, payloadType uint8, timestamp uint32, payload []byte) {
	t.Helper()
	e.seq++
	packet := pion.Packet{Header: pion.Header{Version: 2, PayloadType: payloadType, SequenceNumber: e.seq, Timestamp: timestamp, SSRC: 7}, Payload: payload}
	octets, err := packet.Marshal()
	if err == nil {
		_, err = e.WriteToUDPAddrPort(octets, netip.AddrPortFrom(local, uint16(s.Port())))
	}
	if err != nil {
		t.Fatal(err)
	}
}

func (e *end) next(t *testing.T) *pion.Packet {
	t.Helper()
	buffer := make([]byte, 1500)
	n, err := e.Read(buffer)
	if err != nil {
		t.Fatal(err)
	}
	p := &pion.Packet{}
	if err := p.Unmarshal(buffer[:n]); err != nil {
		t.Fatal(err)
	}
	return p
}

func open(t *testing.T) *Session {
	t.Helper()
	s, err := Open(local, Ports{20000, 21999})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func key(t *testing.T, s *Session) rune {
	t.Helper()
	select {
	case k := <-s.Keys():
		return k
	case <-time.After(20 * time.Second):
		t.Fatal("no key is told")
		return 0
	}
}

func TestASession(t *testing.T) {
	s, far, stranger := open(t), newEnd(t), newEnd(t)
	if s.Port()%2 != 0 {
		t.Errorf("RTP is on the odd port %d", s.Port())
	}
	s.Connect(Peer{Addr: far.addr(), Codec: PCMA, Event: 96})
	if p := far.next(t); p.PayloadType != PCMA.Payload || !p.Marker {
		t.Errorf("the first packet is %s", p)
	}
	if !s.Heard().IsZero() {
		t.Error("somebody was heard who said nothing")
	}
	far.send(t, s, 96, 1000, told{1, 0, 160, false}.payload())
	if k := key(t, s); k != '1' {
		t.Errorf("the key is %q", k)
	}
	// The stranger is on the same host here, so he is told apart by the port alone.
	stranger.send(t, s, 96, 5000, told{9, 0, 160, false}.payload())
	far.send(t, s, 96, 9000, told{2, 0, 800, true}.payload())
	if k := key(t, s); k != '2' {
		t.Errorf("the key after a stranger's is %q", k)
	}
	if s.Strangers() != 1 || s.Heard().IsZero() {
		t.Errorf("%d strangers; heard at %s", s.Strangers(), s.Heard())
	}
	s.Signal('2') // the same press, told a second time
	s.Signal('7')
	if k := key(t, s); k != '7' {
		t.Errorf("the key that was signalled is %q", k)
	}
	for _, rubbish := range []string{"", "x", "\x80", "\x8f\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x90\x65\x00\x01\x00\x00\x00\x01\x00\x00\x00\x07\xff\xff\xff\xff"} {
		if _, err := far.WriteToUDPAddrPort([]byte(rubbish), netip.AddrPortFrom(local, uint16(s.Port()))); err != nil {
			t.Fatal(err)
		}
	}
	<-s.Play(tone('5'))
	s.Close()
	s.Close()
	again, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(local, uint16(s.Port()))))
	if err != nil {
		t.Fatalf("the port is not given back: %v", err)
	}
	again.Close()
}

// Where events are agreed on, a tone in the sound is not a key; where not, it is.
func TestTonesAreHeardWhereEventsAreNotAgreedOn(t *testing.T) {
	s, far := open(t), newEnd(t)
	speak := func(key rune, timestamp uint32) {
		sound := append(tone(key), silence(gapFrames)...)
		for i := 0; i < len(sound); i += frame {
			far.send(t, s, PCMU.Payload, timestamp+uint32(i), sound[i:i+frame])
		}
	}
	s.Connect(Peer{Addr: far.addr(), Codec: PCMU, Event: Event})
	speak('3', 0)
	far.send(t, s, Event, 9000, told{4, 0, 800, true}.payload())
	if k := key(t, s); k != '4' {
		t.Errorf("the key is %q", k)
	}
	s.Connect(Peer{Addr: far.addr(), Codec: PCMU})
	speak('3', 20000)
	if k := key(t, s); k != '3' {
		t.Errorf("the key is %q", k)
	}
}

func TestPorts(t *testing.T) {
	for text, calls := range map[string]int{"10000-10999": 500, "10001-10004": 1, " 20000 - 20001 ": 1, "10001-10002": 0} {
		ports, err := ParsePorts(text)
		if err != nil || ports.Calls() != calls {
			t.Errorf("%q: %d calls, %v", text, ports.Calls(), err)
		}
	}
	for _, text := range []string{"", "10000", "10999-10000", "80-90", "10000-70000", "a-b", "10000-10000"} {
		if ports, err := ParsePorts(text); err == nil {
			t.Errorf("%q is the range %v", text, ports)
		}
	}
	few := Ports{21001, 21005} // two pairs
	var open []*Session
	for range few.Calls() {
		s, err := Open(local, few)
		if err != nil {
			t.Skipf("somebody else has the ports: %v", err)
		}
		defer s.Close()
		open = append(open, s)
	}
	if _, err := Open(local, few); err == nil {
		t.Error("more calls than ports")
	}
	open[0].Close()
	s, err := Open(local, few)
	if err != nil {
		t.Fatalf("ports that were given back are not taken again: %v", err)
	}
	s.Close()
}
