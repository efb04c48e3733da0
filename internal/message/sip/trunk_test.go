package sip

import (
	"bytes"
	"context"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"

	"woggle/internal/message"
)

func TestTheEnd(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp", secret), newDesk()
	c := f.config()
	c.Register = true
	p, stop := run(t, c, d)
	over := make(chan string, 2)
	f.story(func(c *fakeCall) {
		c.status(180)
		<-c.cancelled
		over <- "taken back"
	})
	if err := send(t, p, codeCall, soon); err != nil {
		t.Fatal(err)
	}
	f.story(func(c *fakeCall) {
		c.pickUp()
		c.hearSpeech()
		d.told(t, message.Answered)
		over <- "speaking"
		<-c.ended
		over <- "hung up"
	})
	if err := send(t, p, codeCall, soon); err != nil {
		t.Fatal(err)
	}
	if s := <-over; s != "speaking" {
		t.Errorf("it is %s", s)
	}
	stop()
	d.told(t, message.Failed, message.Failed)
	if one, two := <-over, <-over; one == two {
		t.Errorf("both are %s", one)
	}
	if heard := f.heard(); !strings.Contains(heard[strings.LastIndex(heard, "BYE"):], "REGISTER") {
		t.Errorf("it did not sign off: %s", heard)
	}
	if err := send(t, p, codeCall, soon); kind(err) != "unsent" {
		t.Errorf("afterwards: %q, %v", kind(err), err)
	}
}

type log struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(line)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestAWrongPassword(t *testing.T) {
	t.Parallel()
	quick := func(s *settings) { s.waits.pause, s.waits.rebuke = time.Millisecond, 20*time.Millisecond }
	f, d, told := newFake(t, "udp", secret), newDesk(), &log{}
	c := f.config()
	c.Register, c.Password, c.Log = true, "wrong", slog.New(slog.NewTextHandler(told, nil))
	p, stop := run(t, c, d, quick)
	err := send(t, p, codeCall, soon)
	if kind(err) != "unsent" || !strings.Contains(err.Error(), "password") {
		t.Errorf("%q, %v", kind(err), err)
	}
	for range 6 { // three times refused
		f.saw("REGISTER")
	}
	stop()
	if n := strings.Count(told.String(), "level=ERROR"); n != 1 {
		t.Errorf("the administrator is told %d times: %s", n, told)
	}
	if strings.Contains(told.String(), "wrong") || strings.Contains(err.Error(), "wrong") {
		t.Error("the password is told")
	}

	// A trunk that knows us by our address may still want a password for calls.
	told = &log{}
	c.Register, c.Log = false, slog.New(slog.NewTextHandler(told, nil))
	p, stop = run(t, c, d)
	for range 3 {
		if err = send(t, p, codeCall, soon); err == nil || !strings.Contains(err.Error(), "password") {
			t.Errorf("%q, %v", kind(err), err)
		}
	}
	stop()
	if n := strings.Count(told.String(), "level=ERROR"); n != 1 {
		t.Errorf("the administrator is told %d times: %s", n, told)
	}
	if n := strings.Count(f.heard(), "INVITE"); n != 2 {
		t.Errorf("%d invitations, of which each may be the one that locks us out", n)
	}
}

func TestAStaleNonceIsNoWrongPassword(t *testing.T) {
	t.Parallel()
	var once sync.Once
	register := func(req *sip.Request) (res *sip.Response) {
		if req.GetHeader("Authorization") != nil {
			once.Do(func() {
				res = sip.NewResponseFromRequest(req, 401, "Unauthorized", nil)
				stale := digest.Challenge{Realm: "fake", Nonce: "new", Stale: true, Algorithm: "MD5", QOP: []string{"auth"}}
				res.AppendHeader(sip.NewHeader("WWW-Authenticate", stale.String()))
			})
		}
		return res
	}
	f, d := newFake(t, "udp", secret, func(f *fake) { f.register = register }), newDesk()
	c := f.config()
	c.Register = true
	p, _ := run(t, c, d)
	f.story(func(c *fakeCall) { c.status(486) })
	if err := send(t, p, codeCall, soon); err != nil {
		t.Error(err)
	}
}

func TestARegistrationIsRenewed(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 100)
	register := func(req *sip.Request) *sip.Response {
		expires := valueOf(req, "Expires")
		asked <- expires
		if expires == "600" {
			res := sip.NewResponseFromRequest(req, 423, "Interval Too Brief", nil)
			res.AppendHeader(sip.NewHeader("Min-Expires", "3600"))
			return res
		}
		return nil
	}
	f, d := newFake(t, "udp", func(f *fake) { f.register = register }), newDesk()
	c := f.config()
	c.Register = true
	p, stop := run(t, c, d)
	f.story(func(c *fakeCall) { c.status(486) })
	if err := send(t, p, codeCall, soon); err != nil {
		t.Fatal(err)
	}
	stop()
	for _, want := range []string{"600", "3600", "0"} {
		if got := <-asked; got != want {
			t.Errorf("asked for %s s, not for %s", got, want)
		}
	}
	for granted, at := range map[time.Duration]time.Duration{20 * time.Second: 10 * time.Second, time.Minute: 30 * time.Second, time.Hour: 58 * time.Minute} {
		if got := sooner(granted); got != at {
			t.Errorf("a registration for %s is renewed after %s", granted, got)
		}
	}
}

func TestATrunkThatGoesAway(t *testing.T) {
	t.Parallel()
	f, d, told := newFake(t, "udp"), newDesk(), &log{}
	c := f.config()
	c.Log = slog.New(slog.NewTextHandler(told, nil))
	p, _ := run(t, c, d, func(s *settings) {
		s.waits.keepAlive, s.waits.answer, s.waits.pause = 20*time.Millisecond, 100*time.Millisecond, 10*time.Millisecond
	})
	f.story(func(c *fakeCall) { c.status(486) })
	if err := send(t, p, codeCall, soon); err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.silent = true
	f.mu.Unlock()
	for p.trunkUp() {
		f.saw("OPTIONS")
	}
	if err := send(t, p, codeCall, soon); kind(err) != "unsent" {
		t.Errorf("while it is away: %q, %v", kind(err), err)
	}
	f.mu.Lock()
	f.silent = false
	f.mu.Unlock()
	for !p.trunkUp() {
		f.saw("OPTIONS")
	}
	if err := send(t, p, codeCall, soon); err != nil {
		t.Errorf("when it is back: %v", err)
	}
	if n := strings.Count(told.String(), "is down"); n != 1 {
		t.Errorf("the administrator is told %d times: %s", n, told)
	}
}

func TestACertificateThatIsNotTheTrunks(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "tls"), newDesk()
	c := f.config()
	c.CA = ""
	p, _ := run(t, c, d)
	err := send(t, p, codeCall, soon)
	if kind(err) != "unsent" || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%q, %v", kind(err), err)
	}
}

func TestStrangersGetNoAnswer(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	p, _ := run(t, f.config(), d)
	f.story(func(c *fakeCall) { c.status(486) })
	if err := send(t, p, codeCall, soon); err != nil {
		t.Fatal(err)
	}
	p.mu.Lock()
	to := net.UDPAddrFromAddrPort(p.line.local)
	p.mu.Unlock()
	from := func(ip string) *net.UDPConn {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(ip)})
		if err != nil {
			t.Skipf("no other address on this machine: %v", err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	ask := func(conn *net.UDPConn, method string, within time.Duration) string {
		text := method + " sip:woggle@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP " + conn.LocalAddr().String() + ";branch=z9hG4bK" + method + ";rport\r\n" +
			"From: <sip:x@y>;tag=1\r\nTo: <sip:woggle@127.0.0.1>\r\nCall-ID: " + method + "\r\nCSeq: 7 " + method + "\r\nContact: <sip:x@" + conn.LocalAddr().String() + ">\r\nContent-Length: 0\r\n\r\n"
		if _, err := conn.WriteTo([]byte(text), to); err != nil {
			t.Fatal(err)
		}
		answer := make([]byte, 2000)
		_ = conn.SetReadDeadline(time.Now().Add(within))
		n, _ := conn.Read(answer)
		line, _, _ := strings.Cut(string(answer[:n]), "\r\n")
		return line
	}
	for method, want := range map[string]string{"OPTIONS": "200", "INVITE": "603", "BYE": "405", "REGISTER": "405", "MESSAGE": "405", "NOTIFY": "481", "CANCEL": "481"} {
		if got := ask(from("127.0.0.1"), method, soon); !strings.HasPrefix(got, "SIP/2.0 "+want) {
			t.Errorf("%s is answered %q", method, got)
		}
	}
	if got := ask(from("127.0.0.2"), "OPTIONS", 200*time.Millisecond); got != "" {
		t.Errorf("a stranger is answered %q", got)
	}
	rubbish := from("127.0.0.1")
	for _, text := range []string{"x", "\x00\x01", "INVITE", "SIP/2.0 200 OK\r\n\r\n", "BYE sip: SIP/2.0\r\nCall-ID: \r\nCSeq: x\r\n\r\n",
		"INVITE sip:a SIP/2.0\r\nVia: ,,,\r\nFrom: <\r\nTo: >\r\nCSeq: 99999999999 INVITE\r\nContent-Length: -5\r\n\r\n", strings.Repeat("a", 60000),
		"OPTIONS sip:a SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;branch=z9hG4bKq\r\nCSeq: 1 OPTIONS\r\n\r\n"} {
		if _, err := rubbish.WriteTo([]byte(text), to); err != nil {
			t.Fatal(err)
		}
	}
	if got := ask(from("127.0.0.1"), "OPTIONS", soon); !strings.HasPrefix(got, "SIP/2.0 200") {
		t.Errorf("after rubbish OPTIONS is answered %q", got)
	}
}

// A trunk is looked for without signing in and without a call.
func TestATrunkIsLookedFor(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp", "tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			f := newFake(t, network, secret)
			c := f.config()
			c.Register = true
			p, err := New(c, nil)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			if err := p.Probe(ctx); err != nil {
				t.Error(err)
			}
			f.mu.Lock()
			defer f.mu.Unlock()
			for _, request := range f.requests {
				if !strings.HasPrefix(request, "OPTIONS ") {
					t.Errorf("the trunk was asked %s", request)
				}
			}
		})
	}
}

func TestATrunkThatDoesNotAnswer(t *testing.T) {
	t.Parallel()
	f := newFake(t, "udp", func(f *fake) { f.silent = true })
	p, err := New(f.config(), nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Probe(ctx); err == nil || !strings.Contains(err.Error(), "not all trunks do") {
		t.Errorf("got %v", err)
	}
}
