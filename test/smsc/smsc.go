// The message centre.
package smsc

import (
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"woggle/internal/message/smpp/pdu"
)

// Options are what a message centre does. The zero value takes everything from everybody, and tells nothing.
type Options struct {
	Password   string                 // that it wants; empty takes any
	TLS        *tls.Config            // or nil
	Receipts   time.Duration          // after which a text is delivered and a receipt says so; 0 is none
	EarlyFirst bool                   // the receipt goes before the answer to submit_sm
	Decimal    bool                   // ids are written in hexadecimal in answers, and in decimal in receipts
	Lost       func(text string) bool // tells the texts whose receipt says that they were not delivered
	Throttle   int64                  // so many submit_sm are refused with ESME_RTHROTTLED first
	Refuse     pdu.Status             // every submit_sm with this status
	Drop       int64                  // the connection ends after so many submit_sm, unanswered; once
	Hang       bool                   // no submit_sm is answered
	Quiet      bool                   // nothing is kept of what came, for the benchmark
}

// Text is a short message as it came.
type Text struct {
	To, From, Text string
	Coding         byte
	Validity       string
	Header         bool // it began with a user data header
	At             time.Time
}

// Centre is a message centre.
type Centre struct {
	Addr string
	Options

	listener net.Listener
	count    atomic.Int64
	refused  atomic.Int64
	dropped  atomic.Bool
	ids      atomic.Int64
	conns    sync.Map

	mu    sync.Mutex
	texts []Text
	binds int
}

// Start starts a message centre, which ends with the test.
func Start(t testing.TB, o Options) *Centre {
	t.Helper()
	c, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// Listen starts a message centre for who is no test.
func Listen(o Options) (*Centre, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	if o.TLS != nil {
		listener = tls.NewListener(listener, o.TLS)
	}
	c := &Centre{Addr: listener.Addr().String(), Options: o, listener: listener}
	c.ids.Store(1000)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			c.conns.Store(conn, true)
			go c.serve(conn)
		}
	}()
	return c, nil
}

// Close ends the message centre and all its connections.
func (c *Centre) Close() {
	c.listener.Close()
	c.Disconnect()
}

// Disconnect ends all connections.
func (c *Centre) Disconnect() {
	c.conns.Range(func(conn, _ any) bool {
		conn.(net.Conn).Close()
		return true
	})
}

// Count is how many submit_sm were taken.
func (c *Centre) Count() int64 { return c.count.Load() }

// Binds is how often somebody has bound.
func (c *Centre) Binds() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.binds
}

// Texts are what came, in order.
func (c *Centre) Texts() []Text {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Text{}, c.texts...)
}

// line is one connection.
type line struct {
	*Centre
	conn net.Conn
	mu   sync.Mutex
	out  []byte
}

func (l *line) send(octets []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conn.Write(octets)
}

func (c *Centre) serve(conn net.Conn) {
	defer conn.Close()
	defer c.conns.Delete(conn)
	l := &line{Centre: c, conn: conn}
	in := pdu.NewReader(conn)
	sequence := uint32(0)
	for {
		p, err := in.Next()
		if err != nil {
			return
		}
		answer := pdu.Header{Command: p.Command.Resp(), Sequence: p.Sequence}
		switch p.Command {
		case pdu.BindTransceiver:
			bind, err := pdu.ParseBind(p.Body)
			if err != nil || c.Password != "" && bind.Password != c.Password {
				answer.Status = pdu.InvalidPassword
			}
			c.mu.Lock()
			c.binds++
			c.mu.Unlock()
			l.out = answer.AppendID(l.out, "centre")
		case pdu.SubmitSM:
			if l.submit(p, answer, &sequence) {
				return
			}
		case pdu.EnquireLink, pdu.Unbind:
			l.out = answer.Append(l.out)
		}
		// Answers go out together when nothing more is there to be read.
		if in.Buffered() == 0 && len(l.out) > 0 {
			l.send(l.out)
			l.out = l.out[:0]
		}
	}
}

// submit takes a text. It tells whether the connection ends.
func (l *line) submit(p pdu.PDU, answer pdu.Header, sequence *uint32) (over bool) {
	if l.Drop > 0 && l.count.Load() >= l.Drop && l.dropped.CompareAndSwap(false, true) {
		return true
	}
	if l.Hang {
		return false
	}
	if l.refused.Load() < l.Throttle {
		l.refused.Add(1)
		answer.Status = pdu.Throttled
		l.out = answer.Append(l.out)
		return false
	}
	if l.Refuse != pdu.OK {
		answer.Status = l.Refuse
		l.out = answer.Append(l.out)
		return false
	}
	m, err := pdu.ParseShort(p.Body)
	if err != nil {
		answer.Status = pdu.InvalidLength
		l.out = answer.Append(l.out)
		return false
	}
	l.count.Add(1)
	number := l.ids.Add(1)
	text := pdu.Decode(m.DataCoding, m.Content())
	if !l.Quiet {
		l.Centre.mu.Lock()
		l.texts = append(l.texts, Text{To: m.Dest.Addr, From: m.Source.Addr, Text: text, Coding: m.DataCoding, Validity: m.Validity, Header: m.ESMClass&pdu.ESMHeader != 0, At: time.Now()})
		l.Centre.mu.Unlock()
	}
	id, told := fmt.Sprintf("%x", number), fmt.Sprintf("%x", number)
	if l.Decimal {
		told = fmt.Sprintf("%d", number)
	}
	*sequence++
	receipt := l.receipt(m, text, told, *sequence)
	if l.EarlyFirst {
		l.send(receipt)
	}
	l.out = answer.AppendID(l.out, id)
	if l.Receipts > 0 && !l.EarlyFirst && m.Registered&1 == 1 {
		time.AfterFunc(l.Receipts, func() { l.send(receipt) })
	}
	return false
}

func (l *line) receipt(m pdu.Short, text, id string, sequence uint32) []byte {
	stat, code := "DELIVRD", "000"
	if l.Lost != nil && l.Lost(text) {
		stat, code = "UNDELIV", "027"
	}
	words := fmt.Sprintf("id:%s sub:001 dlvrd:001 submit date:2611241200 done date:2611241200 stat:%s err:%s text:", id, stat, code)
	short := pdu.Short{Source: m.Dest, Dest: m.Source, ESMClass: pdu.ESMReceipt, Text: []byte(words)}
	return short.Append(nil, pdu.Header{Command: pdu.DeliverSM, Sequence: sequence})
}
