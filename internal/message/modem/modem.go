// The modem: made ready, given one text after the other, and opened again when it was gone.

package modem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"woggle/internal/message"
)

// Config is a modem.
type Config struct {
	Port string // its device, as in /dev/ttyUSB0
	PIN  string // of the SIM card, 4 to 8 digits, or empty
}

const (
	usual     = 5 * time.Second  // for a command
	sending   = 60 * time.Second // for the network to take a part of a text
	settling  = 60 * time.Second // to find a network
	alive     = time.Minute      // between looks whether it is still there
	firstWait = time.Second      // before it is opened again, doubled each time
	longest   = time.Minute
)

// Modem is a provider of texts.
type Modem struct {
	Config
	desk message.Desk
	open func(path string) (io.ReadWriteCloser, error)

	jobs [2]chan *job // codes, all others

	mu       sync.Mutex
	ready    bool
	why      error // it is not ready
	locked   bool  // the card refused the PIN; a third wrong one would lock it for good
	sent     map[byte]sentPart
	sequence byte // of long texts
}

// sentPart is what a report of the network's reference is about.
type sentPart struct {
	message string
	at      time.Time
	left    *int // parts of it that are not delivered yet
}

type job struct {
	ctx     context.Context
	m       message.Message
	taken   chan struct{} // closed once it is the modem's turn
	receipt string
	err     error
	done    chan struct{}
}

var pin = regexp.MustCompile(`^[0-9]{4,8}$`)

// New makes the provider; Run opens the port. The error tells what is wrong with the settings.
func New(c Config, desk message.Desk) (*Modem, error) {
	var wrong []error
	if !strings.HasPrefix(c.Port, "/") {
		wrong = append(wrong, errors.New("the port has to be a device, as in /dev/ttyUSB0"))
	}
	if c.PIN != "" && !pin.MatchString(c.PIN) {
		wrong = append(wrong, errors.New("the PIN has to be 4 to 8 digits"))
	}
	m := &Modem{Config: c, desk: desk, sent: map[byte]sentPart{}, why: errors.New("the modem was not opened yet"),
		open: func(path string) (io.ReadWriteCloser, error) { return open(path) }}
	for i := range m.jobs {
		m.jobs[i] = make(chan *job)
	}
	return m, errors.Join(wrong...)
}

// Send waits for its turn, and for the network to take the text. If the time is over before its turn, nothing was sent.
func (m *Modem) Send(ctx context.Context, text message.Message) (receipt string, err error) {
	m.mu.Lock()
	ready, why := m.ready, m.why
	m.mu.Unlock()
	if !ready {
		return "", why
	}
	queue := m.jobs[1]
	if text.Purpose == message.Code {
		queue = m.jobs[0]
	}
	j := &job{ctx: ctx, m: text, taken: make(chan struct{}), done: make(chan struct{})}
	select {
	case queue <- j:
	case <-ctx.Done():
		return "", message.Unsent(errors.New("the modem was busy with other texts"))
	}
	select {
	case <-j.done:
		return j.receipt, j.err
	case <-ctx.Done(): // the network may still take it
		return "", message.Doubtful(errors.New("the network took its time"))
	}
}

// Run keeps the modem ready until the context ends.
func (m *Modem) Run(ctx context.Context) {
	wait := firstWait
	for ctx.Err() == nil {
		began := time.Now()
		err := m.session(ctx)
		m.set(false, err)
		if time.Since(began) > longest {
			wait = firstWait
		}
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
		timer.Stop()
		wait = min(2*wait, longest)
	}
}

func (m *Modem) set(ready bool, why error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ready, m.why = ready, why
}

// session opens the modem, makes it ready and serves until it is gone. The error says why.
func (m *Modem) session(ctx context.Context) error {
	if m.locked {
		return errors.New("the SIM card refused the PIN; it is not tried again, because a third wrong one locks the card: put the right PIN and restart")
	}
	port, err := m.open(m.Port)
	if err != nil {
		return errors.New("the modem cannot be opened: is it plugged in, and may we use its device?")
	}
	defer port.Close()
	defer context.AfterFunc(ctx, func() { port.Close() })()
	reporting := false
	c := converse(port, func(line string) { // a report is two lines
		if reporting {
			m.told(ctx, line)
		}
		reporting = strings.HasPrefix(line, "+CDS:")
	})
	if err := m.prepare(ctx, c); err != nil {
		return err
	}
	m.set(true, nil)
	return m.serve(ctx, c)
}

// prepare makes the modem ready to send.
func (m *Modem) prepare(ctx context.Context, c *conversation) error {
	// Whatever was under way before is broken off: the escape ends a text that was begun.
	_, _ = c.say(ctx, "\x1bAT\r", usual)
	for _, command := range []string{"", "E0", "+CMEE=1"} {
		if _, err := c.at(ctx, command); err != nil {
			return fmt.Errorf("no modem answers at the port: %w", err)
		}
	}
	if err := m.unlock(ctx, c); err != nil {
		return err
	}
	if err := registered(ctx, c); err != nil {
		return err
	}
	for _, command := range []string{"+CMGF=0", "+CNMI=2,1,0,1,0"} { // texts as PDUs; reports as they come
		if _, err := c.at(ctx, command); err != nil {
			return fmt.Errorf("the modem does not know AT%s: %w", command, err)
		}
	}
	_, _ = c.at(ctx, "+CMGD=1,4") // what came in; some modems have nothing to delete and say so by an error
	return nil
}

// unlock gives the PIN to the card, once and never again if it was wrong.
func (m *Modem) unlock(ctx context.Context, c *conversation) error {
	state, err := c.at(ctx, "+CPIN?")
	switch {
	case err != nil:
		return fmt.Errorf("the SIM card cannot be read: %w", err)
	case state == "READY":
		return nil
	case state != "SIM PIN":
		return errors.New("the SIM card wants more than a PIN: put it into a telephone and see to it there")
	case m.PIN == "":
		return errors.New("the SIM card wants a PIN, and none is set")
	}
	if _, err := c.at(ctx, "+CPIN="+m.PIN); err != nil {
		var f fault
		m.locked = errors.As(err, &f)
		return errors.New("the SIM card refused the PIN")
	}
	return nil
}

// registered waits until the modem has found a network: its own, or another that it may use.
func registered(ctx context.Context, c *conversation) error {
	for late := time.Now().Add(settling); ; {
		state, err := c.at(ctx, "+CREG?")
		if err != nil {
			return err
		}
		if _, how, _ := strings.Cut(state, ","); strings.HasPrefix(how, "1") || strings.HasPrefix(how, "5") {
			return nil
		} else if strings.HasPrefix(how, "3") || time.Now().After(late) {
			return errors.New("the modem finds no network that takes its SIM card")
		}
		timer := time.NewTimer(time.Second)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}

// serve sends one text after the other, codes first, until the modem is gone.
func (m *Modem) serve(ctx context.Context, c *conversation) error {
	look := time.NewTicker(alive)
	defer look.Stop()
	for {
		select {
		case j := <-m.jobs[0]:
			if err := m.handle(c, j); err != nil {
				return err
			}
			continue
		default:
		}
		select {
		case j := <-m.jobs[0]:
			if err := m.handle(c, j); err != nil {
				return err
			}
		case j := <-m.jobs[1]:
			if err := m.handle(c, j); err != nil {
				return err
			}
		case line, open := <-c.lines:
			if !open {
				return errUnplugged
			}
			c.heard(line)
			if strings.HasPrefix(line, "+CMTI:") { // a text came in
				_, _ = c.at(ctx, "+CMGD=1,4")
			}
		case <-look.C:
			if _, err := c.at(ctx, ""); err != nil {
				return err
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// handle sends one text. Its error is that of the modem, after which it has to be opened again.
func (m *Modem) handle(c *conversation, j *job) error {
	defer close(j.done)
	if j.ctx.Err() != nil {
		j.err = message.Unsent(errors.New("the modem was busy with other texts"))
		return nil
	}
	m.sequence++
	parts := submits(j.m.To, j.m.Body, time.Until(j.m.ExpiresAt), m.sequence)
	if len(parts) == 0 {
		j.err = message.Permanent(errors.New("the text is too long"))
		return nil
	}
	left := len(parts)
	for i, part := range parts {
		// What was begun is ended, though nobody waits for it any more: half a command would spoil the next.
		reference, err := c.submit(context.WithoutCancel(j.ctx), part)
		if err != nil {
			if j.err = err; i > 0 {
				j.err = message.Doubtful(err)
			}
			if errors.Is(err, errSilent) || errors.Is(err, errUnplugged) {
				return err
			}
			return nil
		}
		j.receipt = strconv.Itoa(int(reference))
		m.mu.Lock()
		m.sent[reference] = sentPart{j.m.ID, time.Now(), &left}
		m.mu.Unlock()
	}
	return nil
}

var cmgs = regexp.MustCompile(`^\+CMGS: *(\d+)`)

// submit gives the modem one part of a text, and returns the network's reference.
func (c *conversation) submit(ctx context.Context, s submission) (reference byte, err error) {
	if _, err := c.say(ctx, fmt.Sprintf("AT+CMGS=%d\r", s.length), usual); err != nil {
		return 0, classify(err, false)
	}
	lines, err := c.say(ctx, s.hex+"\x1a", sending)
	if err != nil {
		return 0, classify(err, true)
	}
	for _, line := range lines {
		if found := cmgs.FindStringSubmatch(line); found != nil {
			n, _ := strconv.Atoi(found[1])
			return byte(n), nil
		}
	}
	return 0, nil
}

// classify tells what an error means for the text. handed is that the network may have it.
func classify(err error, handed bool) error {
	var f fault
	switch {
	case !errors.As(err, &f) && handed:
		return message.Doubtful(err)
	case !errors.As(err, &f):
		return err
	case f.kind == "CMS" && (f.number == 1 || f.number == 28): // unassigned number, unidentified subscriber (TS 24.011 annex E)
		return message.Permanent(err)
	}
	return err
}

// reportLife is how long a reference of the network means a text: there are only 256.
const reportLife = 24 * time.Hour

// told takes a status report.
func (m *Modem) told(ctx context.Context, text string) {
	reference, status, ok := report(text)
	m.mu.Lock()
	part, known := m.sent[reference]
	event := message.Event("")
	switch {
	case !ok || !known || time.Since(part.at) > reportLife, status >= 0x20 && status < 0x40: // still trying (TS 23.040 section 9.2.3.15)
	case status < 0x20:
		delete(m.sent, reference)
		if *part.left--; *part.left == 0 {
			event = message.Delivered
		}
	default:
		delete(m.sent, reference)
		event = message.Undelivered
	}
	m.mu.Unlock()
	if event != "" {
		// In a goroutine of its own: a report may come before the outcome that it is about is written, and the modem must
		// not wait for that.
		go func() {
			_ = m.desk.Report(ctx, message.Report{Message: part.message, Event: event, Cause: "status " + strconv.Itoa(int(status))})
		}()
	}
}

// Probe tells whether the device is there. It is not opened, because the server may be speaking with it.
func (m *Modem) Probe(context.Context) error {
	switch info, err := os.Stat(m.Port); {
	case err != nil:
		return fmt.Errorf("the modem is not there: %w", err)
	case info.Mode()&os.ModeCharDevice == 0:
		return fmt.Errorf("%s is not a modem's device", m.Port)
	}
	return nil
}
