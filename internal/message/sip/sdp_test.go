package sip

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/pion/sdp/v3"

	"woggle/internal/message/sip/rtp"
)

func lines(text ...string) []byte { return []byte(strings.Join(text, "\r\n") + "\r\n") }

func TestReadingSDP(t *testing.T) {
	near := netip.MustParseAddr("203.0.113.1")
	for name, test := range map[string]struct {
		text  []byte
		addr  string // none is an error
		codec *rtp.Codec
		event uint8
		held  bool
	}{
		"usual": {lines("v=0", "o=x 1 1 IN IP4 192.0.2.1", "s=-", "c=IN IP4 192.0.2.1", "t=0 0", "m=audio 4000 RTP/AVP 8 101",
			"a=rtpmap:8 PCMA/8000", "a=rtpmap:101 telephone-event/8000", "a=fmtp:101 0-15", "a=sendrecv"), "192.0.2.1:4000", rtp.PCMA, 101, false},
		"the first codec that we know":    {lines("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 9 0 8"), "192.0.2.1:4000", rtp.PCMU, 0, false},
		"the stream has its own address":  {lines("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "c=IN IP4 192.0.2.7"), "192.0.2.7:4000", rtp.PCMU, 0, false},
		"IPv6":                            {lines("c=IN IP6 2001:db8::1", "m=audio 4000 RTP/AVP 0"), "[2001:db8::1]:4000", rtp.PCMU, 0, false},
		"a host name":                     {lines("c=IN IP4 media.example", "m=audio 4000 RTP/AVP 0"), "203.0.113.1:4000", rtp.PCMU, 0, false},
		"no address at all":               {lines("m=audio 4000 RTP/AVP 0"), "203.0.113.1:4000", rtp.PCMU, 0, false},
		"line feeds alone":                {[]byte("c=IN IP4 192.0.2.1\nm=audio 4000 RTP/AVP 0\na=sendonly\n"), "192.0.2.1:4000", rtp.PCMU, 0, true},
		"hold for the whole session":      {lines("c=IN IP4 192.0.2.1", "a=inactive", "m=audio 4000 RTP/AVP 0"), "192.0.2.1:4000", rtp.PCMU, 0, true},
		"hold as of old":                  {lines("c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0"), "0.0.0.0:4000", rtp.PCMU, 0, true},
		"they only listen":                {lines("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=recvonly"), "192.0.2.1:4000", rtp.PCMU, 0, false},
		"pictures first":                  {lines("c=IN IP4 192.0.2.1", "m=video 5000 RTP/AVP 99", "a=rtpmap:99 telephone-event/8000", "m=audio 4000 RTP/AVP 0"), "192.0.2.1:4000", rtp.PCMU, 0, false},
		"encrypted, then plain":           {lines("c=IN IP4 192.0.2.1", "m=audio 5000 RTP/SAVP 0", "a=inactive", "m=audio 4000 RTP/AVP 0"), "192.0.2.1:4000", rtp.PCMU, 0, false},
		"events at another rate":          {lines("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0 96 97", "a=rtpmap:96 telephone-event/16000", "a=rtpmap:97 TELEPHONE-EVENT/8000"), "192.0.2.1:4000", rtp.PCMU, 97, false},
		"an event type that is a codec's": {lines("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "a=rtpmap:0 telephone-event/8000"), "192.0.2.1:4000", rtp.PCMU, 0, false},
		"refused":                         {text: lines("c=IN IP4 192.0.2.1", "m=audio 0 RTP/AVP 0")},
		"encrypted":                       {text: lines("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/SAVP 0")},
		"G.729":                           {text: lines("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 18")},
		"a port beyond":                   {text: lines("c=IN IP4 192.0.2.1", "m=audio 70000 RTP/AVP 0")},
		"nothing":                         {},
		"too much":                        {text: append(lines("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0"), make([]byte, mostSDP)...)},
	} {
		d, err := parseSDP(test.text)
		if err != nil || test.addr == "" {
			if (err != nil) != (test.addr == "") {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if p := d.peer(near); p.Addr.String() != test.addr || p.Codec != test.codec || p.Event != test.event || p.Held != test.held {
			t.Errorf("%s: %s, %s, %d, %t", name, p.Addr, p.Codec.Name, p.Event, p.Held)
		}
	}
}

// What we write is judged by somebody else's reader.
func TestWritingSDP(t *testing.T) {
	ours := local{addr: netip.MustParseAddr("192.0.2.9"), port: 10000, id: 7, version: 8}
	read := func(text []byte) *sdp.SessionDescription {
		var s sdp.SessionDescription
		if err := s.Unmarshal(text); err != nil {
			t.Fatalf("%v in %s", err, text)
		}
		return &s
	}
	offer := read(ours.offer())
	if codec, err := offer.GetCodecForPayloadType(101); err != nil || codec.Name != "telephone-event" || codec.Fmtp != "0-11" {
		t.Errorf("events are offered as %v, %v", codec, err)
	}
	if m := offer.MediaDescriptions[0]; strings.Join(m.MediaName.Formats, " ") != "8 0 101" || m.MediaName.Port.Value != 10000 {
		t.Errorf("the offer is of %s", m.MediaName)
	}
	d, err := parseSDP(lines("c=IN IP4 192.0.2.1", "m=video 5000 RTP/AVP 99", "m=audio 4000 RTP/AVPF 0 8 96", "a=rtpmap:96 telephone-event/8000", "a=sendonly", "m=text 11000 RTP/AVP 98"))
	if err != nil {
		t.Fatal(err)
	}
	answer := read(ours.answer(d))
	var got []string
	for _, m := range answer.MediaDescriptions {
		got = append(got, m.MediaName.String())
	}
	if want := "video 0 RTP/AVP 99|audio 10000 RTP/AVPF 0 96|text 0 RTP/AVP 98"; strings.Join(got, "|") != want {
		t.Errorf("the answer is %s", strings.Join(got, "|"))
	}
	if _, found := answer.MediaDescriptions[1].Attribute("recvonly"); !found {
		t.Error("a sender is not told that we listen")
	}
	ours.addr = netip.MustParseAddr("2001:db8::9")
	if c := read(ours.offer()).ConnectionInformation; c.AddressType != "IP6" || c.Address.Address != "2001:db8::9" {
		t.Errorf("the address is %v", c)
	}
}

func FuzzSDP(f *testing.F) {
	f.Add(lines("v=0", "c=IN IP4 192.0.2.1", "a=inactive", "m=audio 4000 RTP/AVP 0 101", "a=rtpmap:101 telephone-event/8000"))
	f.Fuzz(func(t *testing.T, text []byte) {
		d, err := parseSDP(text)
		if err != nil {
			return
		}
		d.peer(netip.MustParseAddr("203.0.113.1"))
		answer := local{addr: netip.MustParseAddr("192.0.2.9"), port: 10000}.answer(d)
		if again, err := parseSDP(answer); err != nil || again.codecs[0] != d.codecs[0] || again.port != 10000 {
			t.Fatalf("the answer %s: %v", answer, err)
		}
	})
}
