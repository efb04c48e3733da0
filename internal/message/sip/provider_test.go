package sip

import (
	"bytes"
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

// A person answers, presses 1, hears the code, and hangs up.
func TestACall(t *testing.T) {
	t.Parallel()
	for _, network := range []string{"udp", "tcp", "tls"} {
		t.Run(network, func(t *testing.T) {
			f, d := newFake(t, network, secret), newDesk()
			c := f.config()
			c.Register = true
			p, _ := run(t, c, d)
			done := make(chan struct{})
			f.story(func(c *fakeCall) {
				defer close(done)
				c.status(100)
				c.status(180)
				c.pickUp()
				<-c.acked
				c.hearSpeech()
				c.press(1)
				d.told(t, message.Answered, message.Heard)
				c.hearSpeech()
				if res := c.ask(sip.BYE, nil); res.StatusCode != 200 {
					t.Errorf("BYE is answered %d", res.StatusCode)
				}
			})
			if err := send(t, p, codeCall, soon); err != nil {
				t.Fatal(err)
			}
			<-done
			p.calls.Wait()
			d.quiet(t)
		})
	}
}

// The invitation says who calls whom, in the trunk's way.
func TestTheInvitation(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		format, country, from, sender string
		to, caller                    string
	}{
		"as it stands":   {"", "", "+441632960000", "", "+441632960999", "+441632960000"},
		"plain":          {"plain", "", "+441632960000", "", "441632960999", "441632960000"},
		"with 00":        {"00", "", "+441632960000", "", "00441632960999", "00441632960000"},
		"as at home":     {"national", "GB", "+441632960000", "", "01632960999", "01632960000"},
		"from elsewhere": {"national", "DE", "+441632960000", "", "00441632960999", "00441632960000"},
		"an account":     {"", "", "account7", "", "+441632960999", "account7"},
		"no number":      {"", "", "", "", "+441632960999", "woggle"},
		"the route's":    {"", "", "+441632960000", "+441632960111", "+441632960999", "+441632960111"},
	} {
		t.Run(name, func(t *testing.T) {
			f, d := newFake(t, "udp"), newDesk()
			c := f.config()
			c.NumberFormat, c.Country, c.From, c.Domain = test.format, test.country, test.from, "trunk.example"
			p, _ := run(t, c, d)
			invites := make(chan *sip.Request, 1)
			f.story(func(c *fakeCall) {
				invites <- c.invite
				c.status(486)
			})
			m := codeCall
			m.Sender = test.sender
			if err := send(t, p, m, soon); err != nil {
				t.Fatal(err)
			}
			req := <-invites
			if got, want := req.Recipient.String(), "sip:"+test.to+"@trunk.example"; got != want {
				t.Errorf("it is for %s, not for %s", got, want)
			}
			if from := req.From().Address; from.User != test.caller || from.Host != "trunk.example" {
				t.Errorf("it is from %s", from.String())
			}
			if id := valueOf(req, "P-Asserted-Identity"); id != "<sip:"+test.caller+"@trunk.example>" {
				t.Errorf("it is asserted to be from %s", id)
			}
			if size := len(req.String()); size > 1200 {
				t.Errorf("it has %d octets, which networks cut into pieces", size)
			}
		})
	}
}

// What the trunk answers before anything rings decides whether it has the call.
func TestWhatAnAnswerMeans(t *testing.T) {
	t.Parallel()
	type meaning struct {
		event     message.Event // none is an error
		permanent bool
	}
	for status, want := range map[int]meaning{
		486: {event: message.Busy}, 600: {event: message.Busy}, 603: {event: message.Busy},
		480: {event: message.NoAnswer}, 408: {event: message.NoAnswer}, 487: {event: message.NoAnswer},
		404: {permanent: true}, 484: {permanent: true}, 604: {permanent: true}, 410: {permanent: true},
		302: {}, 402: {}, 403: {}, 488: {}, 500: {}, 503: {}, 606: {},
	} {
		f, d := newFake(t, "udp"), newDesk()
		p, stop := run(t, f.config(), d)
		f.story(func(c *fakeCall) {
			c.status(100)
			c.status(status, sip.NewHeader("Contact", "<sip:+4479999@127.0.0.1:9>"))
		})
		err := send(t, p, codeCall, soon)
		switch {
		case want.event != "":
			if err != nil {
				t.Errorf("%d: %v", status, err)
			}
			if r := d.told(t, want.event); !strings.Contains(r.Cause, "Because") {
				t.Errorf("%d: the cause is %q", status, r.Cause)
			}
		case err == nil:
			t.Errorf("%d is no error", status)
		case (kind(err) == "permanent") != want.permanent || kind(err) == "unsent" || kind(err) == "doubtful":
			t.Errorf("%d: %v is %s", status, err, kind(err))
		case strings.Contains(err.Error(), "1632960999"):
			t.Errorf("%d: the number is in the error: %v", status, err)
		}
		p.calls.Wait()
		d.quiet(t)
		stop()
		if n := strings.Count(f.heard(), "INVITE"); n != 1 {
			t.Errorf("%d: %d invitations", status, n)
		}
	}
}

// When it rings the call is taken; what becomes of it is told.
func TestWhatBecomesOfARingingCall(t *testing.T) {
	t.Parallel()
	for status, event := range map[int]message.Event{486: message.Busy, 480: message.NoAnswer, 404: message.Failed, 503: message.Failed, 302: message.Failed} {
		f, d := newFake(t, "udp"), newDesk()
		p, _ := run(t, f.config(), d)
		taken := make(chan struct{})
		f.story(func(c *fakeCall) {
			c.status(180)
			<-taken
			c.status(status)
		})
		if err := send(t, p, codeCall, soon); err != nil {
			t.Errorf("%d: %v", status, err)
		}
		close(taken)
		d.told(t, event)
		p.calls.Wait()
		d.quiet(t)
	}
}

func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	p, _ := run(t, f.config(), d, func(s *settings) { s.RingTime = 300 * time.Millisecond })
	f.story(func(c *fakeCall) {
		c.status(180)
		<-c.cancelled
	})
	if err := send(t, p, codeCall, soon); err != nil {
		t.Fatal(err)
	}
	d.told(t, message.NoAnswer)
	p.calls.Wait()
	d.quiet(t)
}

// The telephone is picked up at the moment that the call is given up: it is hung up at once, and says nothing.
func TestAnAnswerThatComesTooLate(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	p, _ := run(t, f.config(), d, func(s *settings) { s.RingTime = 300 * time.Millisecond })
	said := make(chan bool, 1)
	f.story(func(c *fakeCall) {
		c.status(180)
		d.told(t, message.NoAnswer)
		c.pickUp() // the CANCEL is on its way
		<-c.ended
		_, ok := c.hear(50 * time.Millisecond)
		said <- ok
	})
	if err := send(t, p, codeCall, soon); err != nil {
		t.Fatal(err)
	}
	select {
	case <-said:
	case <-time.After(soon):
		// The CANCEL came first, and the fake took the call back itself.
	}
	p.calls.Wait()
	d.quiet(t)
}

// A trunk that says that it is trying has the call, though the telephone rings after the time of Send.
func TestATrunkThatIsTrying(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	p, _ := run(t, f.config(), d)
	ring := make(chan struct{})
	f.story(func(c *fakeCall) {
		c.status(100)
		<-ring
		c.status(180)
		c.status(486)
	})
	if err := send(t, p, codeCall, 300*time.Millisecond); err != nil {
		t.Fatalf("%s: %v", kind(err), err)
	}
	close(ring)
	d.told(t, message.Busy)
}

func TestATrunkThatTriesForEver(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	p, _ := run(t, f.config(), d, func(s *settings) { s.waits.connecting = 500 * time.Millisecond })
	f.story(func(c *fakeCall) {
		c.status(100)
		<-c.cancelled
	})
	if err := send(t, p, codeCall, 200*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	d.told(t, message.Failed)
	p.calls.Wait()
	d.quiet(t)
}

// A trunk that says nothing does not have the call. If it turns out to, the call is taken back before anybody hears it.
func TestATrunkThatHangs(t *testing.T) {
	t.Parallel()
	for name, late := range map[string]func(c *fakeCall){
		"and then rings":   func(c *fakeCall) { c.status(180); <-c.cancelled },
		"and then answers": func(c *fakeCall) { c.pickUp(); <-c.acked; <-c.ended },
		"and then refuses": func(c *fakeCall) { c.status(503) },
	} {
		f, d := newFake(t, "udp"), newDesk()
		p, _ := run(t, f.config(), d)
		ring, done := make(chan struct{}), make(chan struct{})
		f.story(func(c *fakeCall) {
			<-ring
			late(c)
			close(done)
		})
		err := send(t, p, codeCall, 100*time.Millisecond) // in 200 ms the fake's library says 100 by itself
		if kind(err) != "unsent" {
			t.Errorf("%s: %q, %v", name, kind(err), err)
		}
		close(ring)
		<-done
		p.calls.Wait()
		d.quiet(t)
	}
}

func TestNobodyIsThere(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	c := f.config()
	c.Server = "127.0.0.1:9" // nobody listens there
	p, _ := run(t, c, d, func(s *settings) { s.waits.lingering, s.waits.answer = 100*time.Millisecond, 100*time.Millisecond })
	if err := send(t, p, codeCall, 500*time.Millisecond); kind(err) != "unsent" {
		t.Errorf("%q, %v", kind(err), err)
	}
	c.Transport = "tcp"
	p, _ = run(t, c, d)
	if err := send(t, p, codeCall, 500*time.Millisecond); kind(err) != "unsent" {
		t.Errorf("%q, %v", kind(err), err)
	}
}

func TestWhatCannotBeCalled(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	p, _ := run(t, f.config(), d)
	for name, change := range map[string]func(m *message.Message){
		"no number":       func(m *message.Message) { m.To = "ann" },
		"home":            func(m *message.Message) { m.To = "01632960999" },
		"an address":      func(m *message.Message) { m.To = "+441632960999@evil.example" },
		"a short number":  func(m *message.Message) { m.To = "+999" },
		"a line break":    func(m *message.Message) { m.To = "+441632960999\r\nX: y" },
		"a text":          func(m *message.Message) { m.Channel = message.SMS },
		"a bad extension": func(m *message.Message) { m.Extension = "12w" },
	} {
		m := codeCall
		change(&m)
		if err := send(t, p, m, soon); kind(err) != "permanent" {
			t.Errorf("%s: %q, %v", name, kind(err), err)
		}
	}
	m := codeCall
	m.Sender = "evil>;x"
	if err := send(t, p, m, soon); err == nil || kind(err) == "permanent" {
		t.Errorf("a bad sender: %v", err)
	}
	if heard := f.heard(); strings.Contains(heard, "INVITE") {
		t.Errorf("the trunk heard %s", heard)
	}
}

func TestCallsAtOnce(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	c := f.config()
	c.AtOnce = 2
	p, _ := run(t, c, d)
	f.story(func(c *fakeCall) { c.status(180); <-c.cancelled })
	for range 2 {
		if err := send(t, p, codeCall, soon); err != nil {
			t.Fatal(err)
		}
	}
	if err := send(t, p, codeCall, soon); kind(err) != "unsent" {
		t.Errorf("the third is %q, %v", kind(err), err)
	}
}

// When the program stops, calls end: those that ring are taken back, those that speak are hung up, and the outbox is
// told so that another node can make them.
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

// log is a log that tests read.
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

// The trunk goes away, and comes back.
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

// Whoever is not the trunk gets no answer, and nobody can call us.
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
