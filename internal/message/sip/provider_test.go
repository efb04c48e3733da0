package sip

import (
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"

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
			c.hear(50 * time.Millisecond) // there is nothing to hear, but time for mistakes
			if closed(c.cancelled) {
				t.Errorf("%s: cancelled before the trunk said anything", name)
			}
			late(c)
			close(done)
		})
		err := send(t, p, codeCall, 100*time.Millisecond)
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

// log is a log that tests read.

// The trunk goes away, and comes back.

// Whoever is not the trunk gets no answer, and nobody can call us.
