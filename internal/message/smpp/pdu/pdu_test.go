package pdu

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
)

// The example of SMPP 3.4 section 3.2.3: a bind with sequence number 1, here as a transceiver. The octets were
// written by hand from the specification.
func TestABindIsWhatTheSpecificationSays(t *testing.T) {
	want := "0000002f" + "00000009" + "00000000" + "00000001" +
		"534d50503354455354" + "00" + // SMPP3TEST
		"7365637265743038" + "00" + // secret08
		"5355424d495431" + "00" + // SUBMIT1
		"34" + "00" + "00" + "00"
	got := Bind{SystemID: "SMPP3TEST", Password: "secret08", SystemType: "SUBMIT1"}.Append(nil, 1)
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
}

func TestAShortMessageIsWhatTheSpecificationSays(t *testing.T) {
	sm := Short{Source: Address{TONAlphanumeric, NPIUnknown, "Scouts"}, Dest: Address{TONInternational, NPITelephone, "447700900123"},
		ESMClass: ESMHeader, Validity: "000000000500000R", Registered: 1, DataCoding: CodingUCS2, Text: []byte{0, 'A'},
		TLVs: []TLV{{TagMessageState, []byte{2}}}}
	want := "0000004a" + "00000004" + "00000000" + "00000007" +
		"00" + "0500" + "53636f75747300" + "0101" + "34343737303039303031323300" + "40" + "00" + "00" + "00" +
		hex.EncodeToString([]byte("000000000500000R")) + "00" + "01" + "00" + "08" + "00" + "02" + "0041" + "0427" + "0001" + "02"
	got := sm.Append(nil, Header{Command: SubmitSM, Sequence: 7})
	if hex.EncodeToString(got) != want {
		t.Errorf("got  %x\nwant %s", got, want)
	}
	p, err := NewReader(bytes.NewReader(got)).Next()
	if err != nil || p.Command != SubmitSM || p.Sequence != 7 || p.Status != OK {
		t.Fatalf("read back %+v, %v", p, err)
	}
	back, err := ParseShort(p.Body)
	if err != nil || !reflect.DeepEqual(back, sm) {
		t.Errorf("read back\n%+v, %v; want\n%+v", back, err, sm)
	}
}

func TestReadingOneAfterTheOther(t *testing.T) {
	stream := Header{Command: EnquireLink, Sequence: 1}.Append(nil)
	stream = Header{Command: SubmitSM.Resp(), Sequence: 2}.AppendID(stream, "0A1B")
	stream = Header{Command: SubmitSM.Resp(), Status: Throttled, Sequence: 3}.Append(stream)
	r := NewReader(bytes.NewReader(stream))
	for i, want := range []struct {
		command Command
		status  Status
		id      string
	}{{EnquireLink, OK, ""}, {0x80000004, OK, "0A1B"}, {0x80000004, Throttled, ""}} {
		p, err := r.Next()
		if err != nil || p.Command != want.command || p.Status != want.status || p.ID() != want.id || p.Sequence != uint32(i+1) {
			t.Errorf("PDU %d: got %+v (id %q), %v", i, p.Header, p.ID(), err)
		}
	}
	if _, err := r.Next(); err != io.EOF {
		t.Errorf("after the last: %v, want io.EOF", err)
	}
}

func TestImpossibleLengths(t *testing.T) {
	for _, length := range []uint32{0, 1, 15, MaxLength + 1, 1 << 31, 0xFFFFFFFF} {
		stream := binary.BigEndian.AppendUint32(nil, length)
		stream = append(stream, make([]byte, 64)...)
		if _, err := NewReader(bytes.NewReader(stream)).Next(); !errors.Is(err, ErrLength) {
			t.Errorf("length %d: %v, want ErrLength", length, err)
		}
	}
	for _, length := range []uint32{17, MaxLength} {
		stream := binary.BigEndian.AppendUint32(nil, length)
		stream = append(stream, make([]byte, 12)...)
		if _, err := NewReader(bytes.NewReader(stream)).Next(); err != io.ErrUnexpectedEOF {
			t.Errorf("length %d, and then nothing: %v, want io.ErrUnexpectedEOF", length, err)
		}
	}
}

// Every short message that ends too early is an error, at whatever octet it ends.
func TestBodiesThatAreCutShort(t *testing.T) {
	sm := Short{Source: Address{Addr: "a"}, Dest: Address{Addr: "b"}, Text: []byte("text"), TLVs: []TLV{{TagReceiptedMessageID, []byte("1\x00")}}}
	whole := sm.Append(nil, Header{Command: DeliverSM})[headerLength:]
	withoutTLV := len(whole) - 6
	for n := range whole {
		if n == withoutTLV {
			continue
		}
		if got, err := ParseShort(whole[:n]); err == nil {
			t.Errorf("cut after %d of %d octets: read as %+v", n, len(whole), got)
		}
	}
	tooLong := bytes.Clone(whole)
	binary.BigEndian.PutUint16(tooLong[withoutTLV+2:], 0xFFFF)
	if _, err := ParseShort(tooLong); !errors.Is(err, errTLV) {
		t.Errorf("an optional parameter of 65535 octets that has 2: %v", err)
	}
}

func TestTheContentWithoutItsHeader(t *testing.T) {
	for _, c := range []struct {
		name string
		sm   Short
		want string
	}{
		{"plain", Short{Text: []byte("hello")}, "hello"},
		{"payload", Short{TLVs: []TLV{{TagMessagePayload, []byte("long")}}}, "long"},
		{"header", Short{ESMClass: ESMHeader, Text: []byte("\x05\x00\x03\x01\x02\x01part")}, "part"},
		{"header that is longer than the text", Short{ESMClass: ESMHeader, Text: []byte("\xFFpart")}, ""},
		{"header of nothing", Short{ESMClass: ESMHeader}, ""},
	} {
		if got := string(c.sm.Content()); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func TestStatusesHaveNames(t *testing.T) {
	if got := Throttled.String(); got != "ESME_RTHROTTLED (0x58)" {
		t.Error(got)
	}
	if got := Status(0x400).String(); got != "status 0x00000400" {
		t.Error(got)
	}
}

func FuzzReader(f *testing.F) {
	sm := Short{Text: []byte("text"), TLVs: []TLV{{TagMessageState, []byte{2}}}}
	f.Add(sm.Append(nil, Header{Command: DeliverSM, Sequence: 1}))
	f.Add(Bind{SystemID: "a", Password: "b"}.Append(nil, 1))
	f.Add(Header{Command: SubmitSM.Resp(), Sequence: 2}.AppendID(nil, "id"))
	f.Add([]byte("\xff\xff\xff\xff garbage"))
	f.Add([]byte(strings.Repeat("\x00", 40)))
	f.Fuzz(func(t *testing.T, stream []byte) {
		r := NewReader(bytes.NewReader(stream))
		read := 0
		for {
			p, err := r.Next()
			if err != nil {
				break
			}
			if read += headerLength + len(p.Body); read > len(stream) {
				t.Fatalf("%d octets read out of %d", read, len(stream))
			}
			_ = p.ID()
			_, _ = ParseBind(p.Body)
			m, err := ParseShort(p.Body)
			if err != nil {
				continue
			}
			_ = m.Content()
			_ = Decode(m.DataCoding, m.Content())
			again, err := ParseShort(m.Append(nil, Header{})[headerLength:])
			if err != nil || !reflect.DeepEqual(again, m) {
				t.Fatalf("written and read again %+v is %+v, %v", m, again, err)
			}
		}
		if cap(r.body) > MaxLength {
			t.Fatalf("%d octets kept", cap(r.body))
		}
	})
}
