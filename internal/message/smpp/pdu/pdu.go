// The header, and reading one PDU after the other.

package pdu

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Command is the command_id (SMPP 3.4 section 5.1.2.1).
type Command uint32

// The commands that are used here.
const (
	SubmitSM          Command = 0x04
	DeliverSM         Command = 0x05
	Unbind            Command = 0x06
	BindTransceiver   Command = 0x09
	EnquireLink       Command = 0x15
	AlertNotification Command = 0x102
	GenericNack       Command = 0x80000000
)

const response = 0x80000000

// Resp is the command that answers c.
func (c Command) Resp() Command { return c | response }

// IsResp tells whether the command is an answer. generic_nack is one.
func (c Command) IsResp() bool { return c&response != 0 }

// Version is the interface_version of SMPP 3.4 (section 5.2.4).
const Version = 0x34

const (
	headerLength = 16
	// MaxLength is the longest PDU that is read, in octets. A text of 64 KiB does not exist; a length of 4 GB is a fault
	// or an attack on our memory.
	MaxLength = 64 << 10
	// LastSequence is the largest sequence_number (section 5.1.4); the first is 1.
	LastSequence = 0x7FFFFFFF
)

// Header is the PDU header without its length (section 3.2).
type Header struct {
	Command  Command
	Status   Status
	Sequence uint32
}

// PDU is one PDU as it was read. Body is overwritten by the next one.
type PDU struct {
	Header
	Body []byte
}

// ErrLength is the error for a PDU that is shorter than its header or longer than MaxLength. Where the next one begins
// is not known then: the connection is of no more use.
var ErrLength = errors.New("a PDU of impossible length")

// Reader reads PDUs.
type Reader struct {
	in     *bufio.Reader
	header [headerLength]byte
	body   []byte
}

// NewReader reads from r.
func NewReader(r io.Reader) *Reader { return &Reader{in: bufio.NewReaderSize(r, 16<<10)} }

// Buffered tells how many octets can be read without waiting.
func (r *Reader) Buffered() int { return r.in.Buffered() }

// Next reads one PDU. Its Body holds until the next call. The error is ErrLength or the connection's; io.EOF says that
// the other side ended between two PDUs.
func (r *Reader) Next() (PDU, error) {
	if _, err := io.ReadFull(r.in, r.header[:]); err != nil {
		return PDU{}, err
	}
	length := binary.BigEndian.Uint32(r.header[0:])
	if length < headerLength || length > MaxLength {
		return PDU{}, fmt.Errorf("%w: %d octets", ErrLength, length)
	}
	p := PDU{Header: Header{
		Command:  Command(binary.BigEndian.Uint32(r.header[4:])),
		Status:   Status(binary.BigEndian.Uint32(r.header[8:])),
		Sequence: binary.BigEndian.Uint32(r.header[12:]),
	}}
	size := int(length) - headerLength
	if cap(r.body) < size {
		r.body = make([]byte, size)
	}
	p.Body = r.body[:size]
	if _, err := io.ReadFull(r.in, p.Body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return PDU{}, err
	}
	return p, nil
}

// Append appends a PDU without a body, such as enquire_link, or an answer that says no.
func (h Header) Append(dst []byte) []byte { return finish(h.begin(dst), len(dst)) }

// AppendID appends an answer whose body is one string: the message_id of submit_sm_resp (section 4.4.2) and
// deliver_sm_resp (4.6.2), the system_id of bind_transceiver_resp (4.1.6).
func (h Header) AppendID(dst []byte, id string) []byte {
	return finish(appendString(h.begin(dst), id), len(dst))
}

// begin appends the header with room for the length, which finish writes.
func (h Header) begin(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint32(dst, 0)
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.Command))
	dst = binary.BigEndian.AppendUint32(dst, uint32(h.Status))
	return binary.BigEndian.AppendUint32(dst, h.Sequence)
}

func finish(dst []byte, start int) []byte {
	binary.BigEndian.PutUint32(dst[start:], uint32(len(dst)-start))
	return dst
}

// appendString appends a C-octet string (section 3.1). Who calls has made sure that there is no NUL in it: it would
// begin the next field.
func appendString(dst []byte, text string) []byte { return append(append(dst, text...), 0) }

// cursor takes fields off a body. After the first one that is not there it gives zeros, and err is set.
type cursor struct {
	rest []byte
	err  error
}

var errShort = errors.New("a PDU that ends in the middle of a field")

func (c *cursor) octet() byte {
	if b := c.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) take(n int) []byte {
	if c.err != nil || n > len(c.rest) {
		c.err = errShort
		return nil
	}
	taken := c.rest[:n]
	c.rest = c.rest[n:]
	return taken
}

func (c *cursor) string() string {
	for i, b := range c.rest {
		if b == 0 && c.err == nil {
			return string(c.take(i + 1)[:i])
		}
	}
	c.err = errShort
	return ""
}

// ID reads the body of an answer that AppendID would write. It is empty if there is none.
func (p PDU) ID() string {
	c := cursor{rest: p.Body}
	return c.string()
}
