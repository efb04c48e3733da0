// One connection to the message centre, from the answered bind to its end.

package smpp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/smpp/pdu"
)

const (
	enquireAfter = 30 * time.Second // of silence, we ask whether somebody is there
	answerWithin = 10 * time.Second // of silence while answers are due, nobody is
	staleAfter   = time.Minute      // an answer that did not come among others gives its place in the window up
	writeWithin  = 10 * time.Second
	leaveWithin  = 3 * time.Second // answers are waited for before we say goodbye…
	unbindWithin = time.Second     // …and for the answer to that
	mostQueued   = 20_000          // PDUs: who asks and does not read the answers is cut off
)

// session is a bound connection. Its locks are never held while anything waits for the network.
type session struct {
	conn    net.Conn
	in      *pdu.Reader
	deliver func(s *session, sequence uint32, body []byte) // called for each deliver_sm; it must not wait, nor keep body
	took    func(id string, p *parcel)                     // called for each part that the message centre took, before anything that it says later

	slots    chan struct{} // the window: full when as many submit_sm are on their way as may be
	wake     chan struct{} // tells the writer that there is something in the queue
	over     chan struct{} // closed at the end
	sequence atomic.Uint32

	mu      sync.Mutex
	err     error            // why it ended
	queue   []outgoing       // not written yet
	pending map[uint32]*call // not answered yet, written or not
	heard   time.Time        // the last whole PDU
}

// outgoing is one PDU to be written.
type outgoing struct {
	octets []byte
	call   *call // or nil if it is an answer
	last   bool  // the connection ends after it
}

// call is a request that wants an answer.
type call struct {
	answer    pdu.Command
	parcel    *parcel // of submit_sm
	sequence  uint32
	written   time.Time // when it was handed to the connection; zero before
	withdrawn bool      // it is not to be written
	result    chan result
}

// result is what came of a call: an answer, or an error that is Doubtful or Unsent.
type result struct {
	status pdu.Status
	id     string
	err    error
}

func newSession(conn net.Conn, in *pdu.Reader, window int) *session {
	return &session{conn: conn, in: in, slots: make(chan struct{}, window), wake: make(chan struct{}, 1), over: make(chan struct{}),
		pending: map[uint32]*call{}, heard: time.Now()}
}

// serve keeps the connection until it breaks, or says goodbye when ctx ends. It returns why it ended, when nothing of it
// runs any more.
func (s *session) serve(ctx context.Context) error {
	var both sync.WaitGroup
	both.Go(s.read)
	both.Go(s.write)
	defer both.Wait()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-s.over:
			return s.err
		case now := <-tick.C:
			s.watch(now)
		case <-ctx.Done():
			s.leave()
			return ctx.Err()
		}
	}
}

// submit sends one short message and waits for the answer.
func (s *session) submit(ctx context.Context, m *pdu.Short, p *parcel) result {
	select {
	case s.slots <- struct{}{}:
	default:
		select {
		case s.slots <- struct{}{}:
		case <-s.over:
			return result{err: message.Unsent(s.err)}
		case <-ctx.Done():
			return result{err: message.Unsent(errors.New("smpp: the message centre did not answer what was sent before in time"))}
		}
	}
	c := s.call(pdu.SubmitSM, p, func(h pdu.Header) []byte { return m.Append(nil, h) })
	select {
	case r := <-c.result:
		return r
	case <-ctx.Done():
	}
	if s.withdraw(c) {
		return result{err: message.Unsent(errors.New("smpp: the connection did not take it in time"))}
	}
	select {
	case r := <-c.result: // at the same moment
		return r
	default:
		return result{err: message.Doubtful(errors.New("smpp: the message centre did not answer in time"))}
	}
}

// call puts a request into the queue.
func (s *session) call(command pdu.Command, p *parcel, encode func(pdu.Header) []byte) *call {
	sequence := (s.sequence.Add(1)-1)%pdu.LastSequence + 1
	c := &call{answer: command.Resp(), parcel: p, sequence: sequence, result: make(chan result, 1)}
	octets := encode(pdu.Header{Command: command, Sequence: sequence})
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		c.result <- result{err: message.Unsent(s.err)}
		return c
	}
	s.pending[sequence] = c
	s.put(outgoing{octets: octets, call: c})
	return c
}

// reply answers a request of the message centre.
func (s *session) reply(octets []byte, last bool) {
	s.mu.Lock()
	full := len(s.queue) >= mostQueued
	if s.err == nil && !full {
		s.put(outgoing{octets: octets, last: last})
	}
	s.mu.Unlock()
	if full {
		s.end(errors.New("it does not read what it is sent"))
	}
}

func (s *session) put(o outgoing) {
	s.queue = append(s.queue, o)
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// withdraw takes a call back if it is not written yet, and tells whether it did.
func (s *session) withdraw(c *call) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending[c.sequence] != c || !c.written.IsZero() {
		return false
	}
	c.withdrawn = true
	s.drop(c)
	return true
}

// drop ends the waiting for an answer, and frees the place in the window.
func (s *session) drop(c *call) {
	delete(s.pending, c.sequence)
	if c.answer == pdu.SubmitSM.Resp() {
		<-s.slots
	}
}

// write writes what is queued until the end. Whatever came meanwhile goes in one piece.
func (s *session) write() {
	var batch []outgoing
	var octets []byte
	for {
		select {
		case <-s.wake:
		case <-s.over:
			return
		}
		batch, octets = s.take(batch[:0], octets[:0])
		if len(batch) == 0 {
			continue
		}
		s.conn.SetWriteDeadline(time.Now().Add(writeWithin))
		n, err := s.conn.Write(octets)
		if err != nil {
			s.unwrite(batch, n)
			s.end(err)
			return
		}
		if slices.ContainsFunc(batch, func(o outgoing) bool { return o.last }) {
			s.end(errors.New("it said goodbye"))
			return
		}
	}
}

// take empties the queue into batch and octets.
func (s *session) take(batch []outgoing, octets []byte) ([]outgoing, []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	for _, o := range s.queue {
		if o.call != nil && o.call.withdrawn {
			continue
		}
		if o.call != nil {
			o.call.written = now
		}
		batch = append(batch, o)
		octets = append(octets, o.octets...)
	}
	clear(s.queue)
	s.queue = s.queue[:0]
	return batch, octets
}

// unwrite notes that only n octets of the batch went out: a message centre does not act on half a PDU.
func (s *session) unwrite(batch []outgoing, n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, o := range batch {
		if n -= len(o.octets); n < 0 && o.call != nil {
			o.call.written = time.Time{}
		}
	}
}

// read reads until the end.
func (s *session) read() {
	for {
		p, err := s.in.Next()
		if err != nil {
			s.end(err)
			return
		}
		switch {
		case p.Command.IsResp():
			s.settle(p)
			continue
		case p.Command == pdu.EnquireLink:
			s.reply(pdu.Header{Command: p.Command.Resp(), Sequence: p.Sequence}.Append(nil), false)
		case p.Command == pdu.DeliverSM:
			s.deliver(s, p.Sequence, p.Body)
		case p.Command == pdu.Unbind:
			s.reply(pdu.Header{Command: p.Command.Resp(), Sequence: p.Sequence}.Append(nil), true)
		case p.Command == pdu.AlertNotification: // has no answer (section 4.12.1)
		default:
			s.reply(pdu.Header{Command: pdu.GenericNack, Status: pdu.InvalidCommand, Sequence: p.Sequence}.Append(nil), false)
		}
		s.mu.Lock()
		s.heard = time.Now()
		s.mu.Unlock()
	}
}

// settle gives an answer to who waits for it. One to nothing that was asked, or not asked yet, means nothing.
func (s *session) settle(p pdu.PDU) {
	s.mu.Lock()
	s.heard = time.Now()
	c := s.pending[p.Sequence]
	if c == nil || c.written.IsZero() || p.Command != c.answer && p.Command != pdu.GenericNack {
		s.mu.Unlock()
		return
	}
	s.drop(c)
	s.mu.Unlock()
	r := result{status: p.Status}
	switch {
	case p.Command == pdu.GenericNack && p.Status == pdu.OK:
		r.status = pdu.UnknownError
	case p.Status == pdu.OK && c.parcel != nil:
		r.id = canonical(p.ID())
		s.took(r.id, c.parcel)
	}
	c.result <- r
}

// watch finds out whether anybody is there. Only whole PDUs count: octets that trickle in do not.
func (s *session) watch(now time.Time) {
	s.mu.Lock()
	var oldest time.Time
	enquiring := false
	for _, c := range s.pending {
		if c.written.IsZero() {
			continue
		}
		if now.Sub(c.written) > staleAfter {
			s.drop(c)
			c.result <- result{err: message.Doubtful(errors.New("smpp: the message centre never answered this one"))}
			continue
		}
		if oldest.IsZero() || c.written.Before(oldest) {
			oldest = c.written
		}
		enquiring = enquiring || c.answer == pdu.EnquireLink.Resp()
	}
	silence := now.Sub(s.heard)
	dead := !oldest.IsZero() && min(silence, now.Sub(oldest)) > answerWithin
	s.mu.Unlock()
	if dead {
		s.end(fmt.Errorf("it said nothing for %s", silence.Round(time.Second)))
		return
	}
	if silence >= enquireAfter && !enquiring {
		s.call(pdu.EnquireLink, nil, func(h pdu.Header) []byte { return h.Append(nil) })
	}
}

// leave waits for the answers that are due, says goodbye (section 4.2), and ends.
func (s *session) leave() {
	defer s.end(errEnding)
	timer := time.NewTimer(leaveWithin)
	defer timer.Stop()
	for range cap(s.slots) { // who has all places is alone
		select {
		case s.slots <- struct{}{}:
			continue
		case <-s.over:
			return
		case <-timer.C:
		}
		break
	}
	timer.Reset(unbindWithin)
	select {
	case <-s.call(pdu.Unbind, nil, func(h pdu.Header) []byte { return h.Append(nil) }).result:
	case <-timer.C:
	}
}

// end ends the connection, once, and tells everybody who waits for an answer what to think of it.
func (s *session) end(why error) {
	s.mu.Lock()
	if s.err != nil {
		s.mu.Unlock()
		return
	}
	s.err = fmt.Errorf("smpp: the connection to the message centre broke: %w", why)
	pending := s.pending
	s.pending, s.queue = nil, nil
	for _, c := range pending {
		r := result{err: message.Unsent(s.err)}
		if !c.written.IsZero() {
			r.err = message.Doubtful(s.err)
		}
		c.result <- r
	}
	s.mu.Unlock()
	close(s.over)
	s.conn.Close()
}
