package sip

import (
	"bytes"
	"errors"
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

// An invitation in the call may have no offer; then ours is in the answer, and theirs in the ACK. And what cannot be

// agreed on changes nothing.

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

// An answer that comes again was not confirmed; one from another telephone that a server rang too is hung up.

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
