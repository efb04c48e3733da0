package sip

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	pion "github.com/pion/rtp"

	"woggle/internal/message"
	"woggle/internal/message/sip/rtp"
)

// tell makes one call to a fake, and waits until it is over. Who plays the fake hangs up, or is hung up.
func tell(t *testing.T, m message.Message, change func(*settings), story func(c *fakeCall, d *desk)) {
	t.Helper()
	f, d := newFake(t, "udp"), newDesk()
	if change == nil {
		change = func(*settings) {}
	}
	p, _ := run(t, f.config(), d, change)
	done := make(chan struct{})
	f.story(func(c *fakeCall) {
		defer close(done)
		c.leg = p.leg(c.invite.CallID().Value())
		story(c, d)
	})
	if err := send(t, p, m, soon); err != nil {
		t.Fatal(err)
	}
	<-done
	p.calls.Wait()
	d.quiet(t)
}

func TestWhoeverHangsUpWithoutAKeyHeardNoCode(t *testing.T) {
	t.Parallel()
	tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
		c.pickUp()
		c.hearSpeech()
		d.told(t, message.Answered)
		c.press(5) // means nothing
		c.ask(sip.BYE, nil)
		d.told(t, message.NoKey)
	})
}

func TestKey9(t *testing.T) {
	t.Parallel()
	tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
		c.pickUp()
		c.hearSpeech()
		d.told(t, message.Answered)
		c.press(9)
		d.told(t, message.Unwanted)
		c.hearSpeech()
		<-c.ended // a sentence later, by us
	})
}

func TestAnApproval(t *testing.T) {
	t.Parallel()
	for _, right := range []bool{true, false} {
		m := codeCall
		m.Code, m.Approve = "", true
		tell(t, m, nil, func(c *fakeCall, d *desk) {
			d.right.Store(right)
			c.pickUp()
			c.hearSpeech()
			d.told(t, message.Answered)
			c.press(4)
			c.press(9) // as the second key a digit like others
			if keys := <-d.keyed; keys != "49" {
				t.Errorf("the keys are %q", keys)
			}
			d.told(t, message.Heard)
			c.hearSpeech()
			<-c.ended
		})
	}
}

func TestKeysInTheSignalling(t *testing.T) {
	t.Parallel()
	for kind, body := range map[string]string{"application/dtmf-relay": "Signal=1\r\nDuration=160\r\n", "application/dtmf": "1"} {
		tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
			c.pickUp()
			c.hearSpeech()
			d.told(t, message.Answered)
			if res := c.ask(sip.INFO, []byte(body), sip.NewHeader("Content-Type", kind)); res.StatusCode != 200 {
				t.Errorf("INFO is answered %d", res.StatusCode)
			}
			d.told(t, message.Heard)
			c.ask(sip.BYE, nil)
		})
	}
	for _, body := range []string{"", "Signal=", "Signal=12", "Signal=A", "Duration=1", "Signal", "=1"} {
		if key, ok := signalled("application/dtmf-relay", body); ok {
			t.Errorf("%q is the key %q", body, key)
		}
	}
	if key, ok := signalled("Application/DTMF-Relay; x=y", "signal = 11\r\n"); !ok || key != '#' {
		t.Errorf("the key is %q", key)
	}
}

// Where the trunk knows no telephone events, keys come as tones.
func TestKeysInTheSound(t *testing.T) {
	t.Parallel()
	for codec, law := range map[string]*rtp.Codec{"0": rtp.PCMU, "8": rtp.PCMA} {
		tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
			c.answer(c.sdp(codec, "sendrecv", 0))
			<-c.acked
			d.told(t, message.Answered)
			// The press is what another session of ours would dial.
			far, err := rtp.Open(netip.MustParseAddr("127.0.0.1"), rtp.Ports{First: 24000, Last: 24999})
			if err != nil {
				t.Error(err)
				return
			}
			defer far.Close()
			relay(t, c)
			far.Connect(rtp.Peer{Addr: c.sound.LocalAddr().(*net.UDPAddr).AddrPort(), Codec: law})
			far.Dial("1")
			d.told(t, message.Heard)
			c.ask(sip.BYE, nil)
		})
	}
}

// relay passes on what comes to the fake's sound from elsewhere, as the fake's own.
func relay(t *testing.T, c *fakeCall) {
	go func() {
		buffer := make([]byte, 1500)
		for {
			n, from, err := c.sound.ReadFromUDPAddrPort(buffer)
			if err != nil {
				return
			}
			if from.Port() != c.port.Port() {
				if _, err := c.sound.WriteToUDPAddrPort(buffer[:n], c.port); err != nil && !errors.Is(err, net.ErrClosed) {
					t.Error(err)
				}
			}
		}
	}()
}

// A stranger who sends to our port presses no key.
func TestAStrangersKeys(t *testing.T) {
	t.Parallel()
	tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
		c.pickUp()
		c.hearSpeech()
		d.told(t, message.Answered)
		c.say(0, 8000, bytes.Repeat([]byte{0xff}, 160))
		stranger, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Error(err)
			return
		}
		defer stranger.Close()

		for n := range 20 {
			packet := pion.Packet{Header: pion.Header{Version: 2, PayloadType: 101, SequenceNumber: uint16(n), SSRC: 42}, Payload: []byte{1, 0x8a, 3, 32}}
			octets, _ := packet.Marshal()
			if _, err := stranger.WriteToUDPAddrPort(octets, c.port); err != nil {
				t.Error(err)
			}
		}
		c.press(5)
		for c.leg.sound.Strangers() < 20 {
			c.hear(time.Second)
		}
		c.ask(sip.BYE, nil)
		d.told(t, message.NoKey)
	})
}

// Nothing is played before the call is answered, though the trunk could carry it; and an answer may rely on what was
// agreed by then.
func TestEarlyMedia(t *testing.T) {
	t.Parallel()
	tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
		res := sip.NewResponseFromRequest(c.invite, 183, "Session Progress", nil)
		res.To().Params.Remove("tag")
		res.To().Params.Add("tag", c.tag)
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(c.sdp("0", "sendrecv", 101))
		if err := c.tx.Respond(res); err != nil {
			t.Error(err)
		}
		c.press(1) // a key before the answer
		if packet, ok := c.hear(200 * time.Millisecond); ok {
			t.Errorf("before the answer there is %s", packet)
		}
		c.answer(nil)
		c.hearSpeech()
		d.told(t, message.Answered)
		c.ask(sip.BYE, nil)
		d.told(t, message.NoKey)
	})
}

func TestHold(t *testing.T) {
	t.Parallel()
	for name, hold := range map[string]func(c *fakeCall) []byte{
		"sendonly": func(c *fakeCall) []byte { return c.sdp("0", "sendonly", 101) },
		"inactive": func(c *fakeCall) []byte { return c.sdp("0", "inactive", 101) },
		"0.0.0.0": func(c *fakeCall) []byte {
			return bytes.Replace(c.sdp("0", "sendrecv", 101), []byte("c=IN IP4 127.0.0.1"), []byte("c=IN IP4 0.0.0.0"), 1)
		},
	} {
		for _, method := range []sip.RequestMethod{sip.INVITE, sip.UPDATE} {
			tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
				c.pickUp()
				<-c.acked
				c.hearSpeech()
				d.told(t, message.Answered)
				offer := sip.NewHeader("Content-Type", "application/sdp")
				res := c.ask(method, hold(c), offer)
				answer, err := parseSDP(res.Body())
				if res.StatusCode != 200 || err != nil || name != "0.0.0.0" && answer.direction == both {
					t.Errorf("%s, %s: %d, %v: %s", name, method, res.StatusCode, err, res.Body())
				}
				for range 10 { // what was on its way
					if _, ok := c.hear(100 * time.Millisecond); !ok {
						break
					}
				}
				if packet, ok := c.hear(100 * time.Millisecond); ok {
					t.Errorf("%s, %s: on hold there is %s", name, method, packet)
				}
				res = c.ask(method, c.sdp("0 8", "sendrecv", 101), offer)
				if res.StatusCode != 200 || !strings.Contains(string(res.Body()), "a=sendrecv") || strings.Contains(string(res.Body()), "PCMA") {
					t.Errorf("%s, %s: %d: %s", name, method, res.StatusCode, res.Body())
				}
				c.hearSpeech()
				c.press(1)
				d.told(t, message.Heard)
				c.ask(sip.BYE, nil)
			})
		}
	}
}

// An invitation in the call may have no offer; then ours is in the answer, and theirs in the ACK. And what cannot be
// agreed on changes nothing.
func TestInvitationsInTheCall(t *testing.T) {
	t.Parallel()
	tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
		c.pickUp()
		<-c.acked
		d.told(t, message.Answered)
		if res := c.ask(sip.INVITE, nil, sip.NewHeader("Session-Expires", "90;refresher=uac")); res.StatusCode != 200 ||
			valueOf(res, "Session-Expires") != "90;refresher=uac" || !strings.Contains(string(res.Body()), "RTP/AVP 8 0 101") {
			t.Errorf("%s", res)
		}
		sdp := sip.NewHeader("Content-Type", "application/sdp")
		if res := c.ask(sip.INVITE, []byte("v=0\r\nm=video 9 RTP/AVP 99\r\n"), sdp); res.StatusCode != 488 {
			t.Errorf("an offer of moving pictures is answered %d", res.StatusCode)
		}
		if res := c.ask(sip.UPDATE, nil); res.StatusCode != 200 || len(res.Body()) != 0 {
			t.Errorf("%s", res)
		}
		if res := c.ask(sip.OPTIONS, nil); res.StatusCode != 200 {
			t.Errorf("OPTIONS is answered %d", res.StatusCode)
		}
		if res := c.ask(sip.REFER, nil, sip.NewHeader("Refer-To", "<sip:+4479999@127.0.0.1>")); res.StatusCode != 405 {
			t.Errorf("REFER is answered %d", res.StatusCode)
		}
		c.number -= 2
		if res := c.ask(sip.OPTIONS, nil); res.StatusCode != 500 {
			t.Errorf("an old request is answered %d", res.StatusCode)
		}
		tag := c.tag
		c.number, c.tag = 200, "another"
		if res := c.ask(sip.BYE, nil); res.StatusCode != 481 {
			t.Errorf("a BYE with another tag is answered %d", res.StatusCode)
		}
		c.tag = tag
		c.hearSpeech()
		c.ask(sip.BYE, nil)
		d.told(t, message.NoKey)
	})
}

func TestAnAnswerWithoutSound(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"none":      "",
		"refused":   "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 0 RTP/AVP 0\r\n",
		"encrypted": "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/SAVP 0\r\n",
		"G.729":     "v=0\r\nc=IN IP4 127.0.0.1\r\nm=audio 4000 RTP/AVP 18 101\r\na=rtpmap:101 telephone-event/8000\r\n",
		"rubbish":   "\x00\xff=m\r\nm=\r\nm=audio\r\nm=audio x y z\r\nc=\r\na=",
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
				c.answer([]byte(body))
				<-c.ended
				d.told(t, message.Failed)
			})
		})
	}
}

func TestAnExtensionIsDialled(t *testing.T) {
	t.Parallel()
	m := codeCall
	m.Extension = "42#"
	for _, event := range []int{96, 0} {
		tell(t, m, nil, func(c *fakeCall, d *desk) {
			c.answer(c.sdp("8", "sendrecv", event))
			var keys strings.Builder
			far, err := rtp.Open(netip.MustParseAddr("127.0.0.1"), rtp.Ports{First: 24000, Last: 24999})
			if err != nil {
				t.Error(err)
				return
			}
			defer far.Close()
			far.Connect(rtp.Peer{Addr: c.sound.LocalAddr().(*net.UDPAddr).AddrPort(), Codec: rtp.PCMA, Event: uint8(event), Held: true})
			for keys.Len() < 3 { // the fake's ears are a session of ours
				packet, ok := c.hear(5 * time.Second)
				if !ok {
					break
				}
				octets, _ := packet.Marshal()
				if _, err := c.sound.WriteTo(octets, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: far.Port()}); err != nil {
					t.Error(err)
				}
				select {
				case key := <-far.Keys():
					keys.WriteRune(key)
				default:
				}
			}
			if keys.String() != "42#" {
				t.Errorf("dialled %q", keys.String())
			}
			d.told(t, message.Answered)
			c.ask(sip.BYE, nil)
			d.told(t, message.NoKey)
		})
	}
}

// A trunk that dies between the answer and the speech cannot say so. Nothing is heard from it, and it answers nothing.
func TestATrunkThatDies(t *testing.T) {
	t.Parallel()
	quick := func(s *settings) { s.waits.unheard, s.waits.answer = 200*time.Millisecond, 200*time.Millisecond }
	tell(t, codeCall, quick, func(c *fakeCall, d *desk) {
		c.pickUp()
		<-c.acked
		d.told(t, message.Answered)
		c.f.ua.Close() // from now on nothing gets through
		_ = c.f.socket()
		if r := d.told(t, message.Failed); r.Cause != "the trunk is gone" {
			t.Errorf("the cause is %q", r.Cause)
		}
	})
}

// One that is only quiet is asked, and that is all.
func TestATrunkThatIsQuiet(t *testing.T) {
	t.Parallel()
	quick := func(s *settings) { s.waits.unheard = 50 * time.Millisecond }
	tell(t, codeCall, quick, func(c *fakeCall, d *desk) {
		c.pickUp()
		<-c.acked
		d.told(t, message.Answered)
		for range 3 {
			if req := <-c.got; req.Method != sip.OPTIONS {
				t.Errorf("there is %s", req.Method)
			}
		}
		c.press(1)
		d.told(t, message.Heard)
		c.ask(sip.BYE, nil)
	})
}

func TestSessionTimers(t *testing.T) {
	t.Parallel()
	for _, method := range []sip.RequestMethod{sip.UPDATE, sip.INVITE} {
		tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
			if n, _ := seconds(c.invite, "Session-Expires", "x"); n != 1800 || !strings.Contains(valueOf(c.invite, "Supported"), "timer") {
				t.Errorf("asked for %d s", n)
			}
			c.pickUp(sip.NewHeader("Session-Expires", "2;refresher=uac"), sip.NewHeader("Allow", "INVITE, ACK, "+string(method)))
			<-c.acked
			d.told(t, message.Answered)
			for range 2 {
				if req := <-c.got; req.Method != method || valueOf(req, "Session-Expires") != "2;refresher=uac" {
					t.Errorf("refreshed by %s with %q", req.Method, valueOf(req, "Session-Expires"))
				}
				if method == sip.INVITE {
					<-c.acked
				}
			}
			c.press(1)
			d.told(t, message.Heard)
			c.ask(sip.BYE, nil)
		})
	}
	tell(t, codeCall, nil, func(c *fakeCall, d *desk) { // theirs to refresh
		c.pickUp(sip.NewHeader("Session-Expires", "2;refresher=uas"))
		<-c.acked
		c.hearSpeech()
		d.told(t, message.Answered)
		if res := c.ask(sip.UPDATE, nil, sip.NewHeader("x", "2")); valueOf(res, "Session-Expires") != "2;refresher=uac" {
			t.Errorf("%s", res)
		}
		c.ask(sip.BYE, nil)
		d.told(t, message.NoKey)
	})
}

func TestASessionThatIsTooShort(t *testing.T) {
	t.Parallel()
	f, d := newFake(t, "udp"), newDesk()
	p, _ := run(t, f.config(), d)
	invites := make(chan *sip.Request, 10)
	f.story(func(c *fakeCall) {
		invites <- c.invite
		f.mu.Lock()
		delete(f.calls, c.invite.CallID().Value()) // the next is a new one
		f.mu.Unlock()
		if n, _ := seconds(c.invite, "Session-Expires", "x"); n < 3600 {
			c.status(422, sip.NewHeader("Min-SE", "3600"))
			return
		}
		c.status(486)
	})
	if err := send(t, p, codeCall, soon); err != nil {
		t.Fatal(err)
	}
	<-invites
	if again := <-invites; valueOf(again, "Min-SE") != "3600" || valueOf(again, "Session-Expires") != "3600" {
		t.Errorf("%s", again)
	}
	d.told(t, message.Busy)
	f.story(func(c *fakeCall) { c.status(422, sip.NewHeader("Min-SE", "99999999")) })
	if err := send(t, p, codeCall, soon); err == nil {
		t.Error("there is no end to it")
	}
}

// An answer that comes again was not confirmed; one from another telephone that a server rang too is hung up.
func TestAnswersThatComeAgain(t *testing.T) {
	t.Parallel()
	tell(t, codeCall, nil, func(c *fakeCall, d *desk) {
		c.pickUp()
		<-c.acked
		d.told(t, message.Answered)
		send := func(tag string) {
			res := sip.NewResponseFromRequest(c.invite, 200, "OK", c.sdp("0", "sendrecv", 101))
			res.To().Params.Remove("tag")
			res.To().Params.Add("tag", tag)
			res.AppendHeader(sip.NewHeader("Contact", fmt.Sprintf("<sip:fake@%s>", c.f.addr)))
			if err := c.f.ua.TransportLayer().WriteMsgTo(res, c.invite.Source(), "UDP"); err != nil {
				t.Error(err)
			}
		}
		send(c.tag)
		<-c.acked
		c.f.drain()
		send("second-telephone")
		c.f.saw("ACK", "BYE")
		c.hearSpeech() // the first goes on
		c.ask(sip.BYE, nil)
		d.told(t, message.NoKey)
	})
}

// A report that the database does not take is not lost.
func TestReportsAreTriedAgain(t *testing.T) {
	t.Parallel()
	d := &failing{desk: newDesk(), left: 2}
	f := newFake(t, "udp")
	p, err := New(f.config(), d)
	if err != nil {
		t.Fatal(err)
	}
	g := &leg{p: p, m: codeCall, dialog: &dialog{id: "x"}, news: make(chan message.Report, 8)}
	g.report(message.Answered, "")
	close(g.news)
	g.reportAll()
	d.told(t, message.Answered)
}

func TestRoutes(t *testing.T) {
	t.Parallel()
	f := newFake(t, "udp")
	set, err := f.config().check()
	if err != nil {
		t.Fatal(err)
	}
	l := &line{set: set, friends: map[netip.Addr]bool{}}
	server := netip.MustParseAddrPort("203.0.113.1:5060")
	for name, test := range map[string]struct {
		contact, hop string
		routes       []string
	}{
		"the target":                 {"sip:x@203.0.113.9:5070", "203.0.113.9:5070", nil},
		"the target's usual port":    {"sip:x@203.0.113.9", "203.0.113.9:5060", nil},
		"by a proxy":                 {"sip:x@203.0.113.9", "203.0.113.7:5080", []string{"<sip:203.0.113.8;lr>", "<sip:203.0.113.7:5080;lr>"}},
		"by two, in one line":        {"sip:x@203.0.113.9", "203.0.113.7:5080", []string{"<sip:203.0.113.8;lr>, <sip:203.0.113.7:5080;lr;x=a,b>"}},
		"within the trunk's network": {"sip:x@10.1.2.3", "203.0.113.1:5060", nil},
		"on itself":                  {"sip:x@127.0.0.1", "203.0.113.1:5060", nil},
		"a name":                     {"sip:x@gw.example", "203.0.113.1:5060", nil},
		"none":                       {"", "203.0.113.1:5060", nil},
	} {
		d := newDialog(l, server, set.address("a"), set.address("b"), set.address("b"))
		res := sip.NewResponse(200, "OK")
		to := sip.ToHeader{Params: sip.NewParams()}
		to.Params.Add("tag", "t")
		res.AppendHeader(&to)
		if test.contact != "" {
			res.AppendHeader(sip.NewHeader("Contact", "<"+test.contact+">"))
		}
		for _, route := range test.routes {
			res.AppendHeader(sip.NewHeader("Record-Route", route))
		}
		d.establish(res)
		if d.hop.String() != test.hop {
			t.Errorf("%s: requests go to %s, not to %s", name, d.hop, test.hop)
		}
		if len(test.routes) > 0 && len(d.routes) != 2 {
			t.Errorf("%s: the routes are %q", name, d.routes)
		}
	}
}
