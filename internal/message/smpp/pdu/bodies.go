// The bodies: bind, and the short message that submit_sm and deliver_sm have in common.

package pdu

import (
	"encoding/binary"
	"errors"
)

// Bind is the body of bind_transceiver (section 4.1.5). It asks for all addresses of the account.
type Bind struct {
	SystemID   string
	Password   string
	SystemType string
}

// Append appends the PDU. No string may hold a NUL.
func (b Bind) Append(dst []byte, sequence uint32) []byte {
	start := len(dst)
	dst = Header{Command: BindTransceiver, Sequence: sequence}.begin(dst)
	for _, text := range []string{b.SystemID, b.Password, b.SystemType} {
		dst = appendString(dst, text)
	}
	dst = append(dst, Version, 0, 0) // addr_ton, addr_npi
	return finish(appendString(dst, ""), start)
}

// ParseBind reads the body of a bind PDU.
func ParseBind(body []byte) (Bind, error) {
	c := cursor{rest: body}
	b := Bind{SystemID: c.string(), Password: c.string(), SystemType: c.string()}
	c.take(3)
	c.string()
	return b, c.err
}

// Address is a number or a name with its type (sections 5.2.5 and 5.2.6).
type Address struct {
	TON, NPI byte
	Addr     string
}

// Types of number, and the numbering plan of telephones.
const (
	TONUnknown       = 0
	TONInternational = 1
	TONNetwork       = 3 // a short code of the network
	TONAlphanumeric  = 5
	NPIUnknown       = 0
	NPITelephone     = 1 // ITU-T E.164
)

// What esm_class tells (section 5.2.12).
const (
	ESMHeader      = 0x40 // the text begins with a user data header
	ESMReceipt     = 0x04 // deliver_sm: a delivery receipt…
	ESMMessageType = 0x3C // …under this mask
)

// Values of data_coding (section 5.2.19).
const (
	CodingDefault = 0 // the alphabet of the message centre, which is GSM 03.38 with one septet an octet
	CodingUCS2    = 8 // UTF-16 in fact, the high octet first
)

// Optional parameters that are used here (section 5.3.2).
const (
	TagReceiptedMessageID uint16 = 0x001E
	TagMessagePayload     uint16 = 0x0424
	TagMessageState       uint16 = 0x0427
	TagNetworkErrorCode   uint16 = 0x0423
)

// TLV is an optional parameter (section 3.2.4).
type TLV struct {
	Tag   uint16
	Value []byte
}

// Short is the body of submit_sm (section 4.4.1) and deliver_sm (4.6.1). Service type, protocol, priority, schedule and
// the number of a canned message are always the default, and are not kept of what is read.
type Short struct {
	Source, Dest Address
	ESMClass     byte
	Validity     string // validity_period (section 7.1.1), or empty
	Registered   byte   // registered_delivery (5.2.17): 1 asks for a receipt
	DataCoding   byte
	Text         []byte // short_message, at most 254 octets; nil if it stands in a message_payload
	TLVs         []TLV
}

// Append appends the PDU: submit_sm or deliver_sm. No string may hold a NUL.
func (m *Short) Append(dst []byte, h Header) []byte {
	start := len(dst)
	dst = h.begin(dst)
	dst = append(dst, 0) // service_type
	for _, address := range []Address{m.Source, m.Dest} {
		dst = appendString(append(dst, address.TON, address.NPI), address.Addr)
	}
	dst = append(dst, m.ESMClass, 0, 0, 0) // protocol_id, priority_flag, schedule_delivery_time
	dst = appendString(dst, m.Validity)
	dst = append(dst, m.Registered, 0, m.DataCoding, 0, byte(len(m.Text))) // replace_if_present_flag, sm_default_msg_id
	dst = append(dst, m.Text...)
	for _, tlv := range m.TLVs {
		dst = binary.BigEndian.AppendUint16(dst, tlv.Tag)
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(tlv.Value)))
		dst = append(dst, tlv.Value...)
	}
	return finish(dst, start)
}

var errTLV = errors.New("an optional parameter that is longer than its PDU")

// ParseShort reads the body of submit_sm or deliver_sm. Text and TLVs point into body.
func ParseShort(body []byte) (m Short, err error) {
	c := cursor{rest: body}
	c.string() // service_type
	for _, address := range []*Address{&m.Source, &m.Dest} {
		*address = Address{TON: c.octet(), NPI: c.octet(), Addr: c.string()}
	}
	m.ESMClass = c.octet()
	c.take(2)  // protocol_id, priority_flag
	c.string() // schedule_delivery_time
	m.Validity = c.string()
	m.Registered = c.octet()
	c.octet() // replace_if_present_flag
	m.DataCoding = c.octet()
	c.octet() // sm_default_msg_id
	m.Text = c.take(int(c.octet()))
	if c.err != nil {
		return Short{}, c.err
	}
	for len(c.rest) > 0 {
		head := c.take(4)
		if c.err != nil {
			return Short{}, errTLV
		}
		tlv := TLV{Tag: binary.BigEndian.Uint16(head), Value: c.take(int(binary.BigEndian.Uint16(head[2:])))}
		if c.err != nil {
			return Short{}, errTLV
		}
		m.TLVs = append(m.TLVs, tlv)
	}
	return m, nil
}

// TLV is the value of the first optional parameter with that tag, or nil if there is none.
func (m *Short) TLV(tag uint16) []byte {
	for _, tlv := range m.TLVs {
		if tlv.Tag == tag {
			return tlv.Value
		}
	}
	return nil
}

// Content is what the message says: its text or its payload, without a user data header.
func (m *Short) Content() []byte {
	content := m.Text
	if payload := m.TLV(TagMessagePayload); payload != nil {
		content = payload
	}
	if m.ESMClass&ESMHeader == 0 || len(content) == 0 {
		return content
	}
	return content[min(len(content), 1+int(content[0])):]
}
