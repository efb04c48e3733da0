//go:build linux

package modem

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf16"

	"golang.org/x/sys/unix"

	"woggle/internal/message"
)

// The example of 3GPP TS 23.038 that everybody knows, and one with a header in front.
func TestSeptetsArePacked(t *testing.T) {
	if n, packed := pack([]byte("hellohello"), 0); n != 10 || hex.EncodeToString(packed) != "e8329bfd4697d9ec37" {
		t.Errorf("%d %x", n, packed)
	}
	if n, packed := pack(append([]byte{5, 0, 3, 1, 2, 1}, "hello"...), 6); n != 12 || hex.EncodeToString(packed) != "050003010201d06536fb0d" {
		t.Errorf("%d %x", n, packed)
	}
}

func TestATextAsTheModemTakesIt(t *testing.T) {
	parts := submits("+46708251358", "hellohello", 5*time.Minute, 1)
	if want := "0031000B916407281553F80000000AE8329BFD4697D9EC37"; len(parts) != 1 || parts[0].hex != want || parts[0].length != len(want)/2-1 {
		t.Errorf("%+v", parts)
	}
	for d, want := range map[time.Duration]byte{0: 0, time.Minute: 0, 5 * time.Minute: 0, 6 * time.Minute: 1, 12 * time.Hour: 143, 13 * time.Hour: 145, 24 * time.Hour: 167, 100 * time.Hour: 167} {
		if got := relative(d); got != want {
			t.Errorf("%s is %d", d, got)
		}
	}
	if parts := submits("+447700900123", strings.Repeat("ŵ", 100), time.Hour, 7); len(parts) != 2 || !strings.Contains(parts[1].hex, "050003070202") {
		t.Errorf("%+v", parts)
	}
}

func TestReportsOfTheNetwork(t *testing.T) {
	line := "0006D60B911326880736F4111011719551401110117195714000"
	if reference, status, ok := report(line); !ok || reference != 214 || status != 0 {
		t.Errorf("%d %d %t", reference, status, ok)
	}
	for n := range len(line) {
		report(line[:n]) // nothing of it brings us down
	}
	for _, wrong := range []string{"", "00", "zz", "FFFF", "0001000000", strings.Repeat("00", 30)} {
		if _, _, ok := report(wrong); ok {
			t.Errorf("%q is a report", wrong)
		}
	}
}

// terminal opens a pair of devices: what is written to one is read from the other.
func terminal(t *testing.T) (ours *os.File, device string) {
	t.Helper()
	ours, err := os.OpenFile("/dev/ptmx", os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Skip("there are no pseudo-terminals here:", err)
	}
	t.Cleanup(func() { ours.Close() })
	raw, err := ours.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var set error
	err = raw.Control(func(fd uintptr) {
		if set = unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0); set == nil {
			number, set = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		}
	})
	if err = errors.Join(err, set); err != nil {
		t.Fatal(err)
	}
	return ours, fmt.Sprintf("/dev/pts/%d", number)
}

// stick is a modem on the other end of a terminal.
type stick struct {
	port *os.File
	pin  string // that the card wants

	mu       sync.Mutex
	commands []string
	texts    []string           // decoded here, by other code than ours
	answer   func(n int) string // to the n-th text; empty is silence
	pins     []string
}

func plug(t *testing.T, s *stick) string {
	t.Helper()
	port, device := terminal(t)
	s.port = port
	// Keep the device open once, so that the other end is not hung up before Woggle opens it.
	keep, err := open(device)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { keep.Close() })
	if _, err := open(device); !errors.Is(err, errTaken) {
		t.Errorf("two have the modem at once: %v", err)
	}
	if err := unix.Flock(int(keep.Fd()), unix.LOCK_UN); err != nil {
		t.Fatal(err)
	}
	go s.run()
	return device
}

func (s *stick) run() {
	in := bufio.NewReader(s.port)
	var command []byte
	inText := false
	for {
		b, err := in.ReadByte()
		if err != nil {
			return
		}
		switch {
		case b == 0x1b:
			inText, command = false, command[:0]
		case b == 0x1a && inText:
			inText = false
			s.text(string(command))
			command = command[:0]
		case b == '\r' && !inText:
			inText = s.command(string(command))
			command = command[:0]
		default:
			command = append(command, b)
		}
	}
}

func (s *stick) say(lines ...string) {
	fmt.Fprintf(s.port, "\r\n%s\r\n", strings.Join(lines, "\r\n\r\n"))
}

func (s *stick) command(text string) (prompts bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, text)
	switch {
	case text == "AT+CPIN?" && s.pin != "":
		s.say("+CPIN: SIM PIN", "OK")
	case text == "AT+CPIN?":
		s.say("+CPIN: READY", "OK")
	case strings.HasPrefix(text, "AT+CPIN="):
		s.pins = append(s.pins, text[8:])
		if text[8:] != s.pin {
			s.say("+CME ERROR: 16")
			break
		}
		s.pin = ""
		s.say("OK")
	case text == "AT+CREG?":
		s.say("+CREG: 0,1", "OK")
	case strings.HasPrefix(text, "AT+CMGS="):
		fmt.Fprint(s.port, "\r\n> ")
		return true
	default:
		s.say("OK")
	}
	return false
}

func (s *stick) text(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts = append(s.texts, decode(text))
	answer := fmt.Sprintf("+CMGS: %d\r\n\r\nOK", len(s.texts))
	if s.answer != nil {
		answer = s.answer(len(s.texts))
	}
	if answer != "" {
		s.say(answer)
	}
}

func (s *stick) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string{}, s.texts...)
}

// decode reads SMS-SUBMIT as "number: text".
func decode(text string) string {
	p, err := hex.DecodeString(text)
	if err != nil || len(p) < 14 || p[0] != 0 || p[1]&0x03 != 1 {
		return "no SMS-SUBMIT: " + text
	}
	digits, number := int(p[3]), "+"
	for i := range digits {
		number += string("0123456789"[p[5+i/2]>>(4*(i%2))&0xF])
	}
	rest := p[5+(digits+1)/2:]
	coding, length, data := rest[1], int(rest[3]), rest[4:]
	head := 0
	if p[1]&0x40 != 0 {
		head = int(data[0]) + 1
	}
	if coding == 8 {
		var units []uint16
		for i := head; i+1 < length; i += 2 {
			units = append(units, uint16(data[i])<<8|uint16(data[i+1]))
		}
		return number + ": " + string(utf16.Decode(units))
	}
	out := ""
	for i := (head*8 + 6) / 7; i < length; i++ {
		bit := i * 7
		value := uint16(data[bit/8]) >> (bit % 8)
		if bit%8 > 1 && bit/8+1 < len(data) {
			value |= uint16(data[bit/8+1]) << (8 - bit%8)
		}
		out += string(rune(value & 0x7F)) // the letters of our texts have the same codes there
	}
	return number + ": " + out
}

type desk struct {
	message.Desk
	reports chan message.Report
}

func (d desk) Report(_ context.Context, r message.Report) error {
	d.reports <- r
	return nil
}

// run starts the modem and waits until it is ready, or is not for a reason.
func run(t *testing.T, c Config) (*Modem, desk) {
	t.Helper()
	d := desk{reports: make(chan message.Report, 10)}
	m, err := New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		m.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return m, d
}

// eventually sends until the modem is ready.
func eventually(t *testing.T, m *Modem, text message.Message) (string, error) {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.After(20 * time.Second); ; {
		m.mu.Lock()
		ready := m.ready
		m.mu.Unlock()
		if ready {
			return m.Send(t.Context(), text)
		}
		select {
		case <-again.C:
		case <-late:
			t.Fatalf("the modem is not ready: %v", m.why)
		}
	}
}

func text(body string) message.Message {
	return message.Message{ID: "our-id", Channel: message.SMS, Purpose: message.Code, To: "+447700900123", Body: body, ExpiresAt: time.Now().Add(5 * time.Minute)}
}

func TestATextGoesOutAndIsDelivered(t *testing.T) {
	s := &stick{pin: "1234"}
	m, d := run(t, Config{Port: plug(t, s), PIN: "1234"})
	receipt, err := eventually(t, m, text("123456 is your code"))
	if err != nil || receipt != "1" {
		t.Fatal(receipt, err)
	}
	if got := s.got(); len(got) != 1 || got[0] != "+447700900123: 123456 is your code" {
		t.Errorf("%q", got)
	}
	s.say("+CDS: 26", "0006010B911326880736F4111011719551401110117195714000")
	if r := <-d.reports; r.Message != "our-id" || r.Event != message.Delivered {
		t.Errorf("%+v", r)
	}
	if _, err := m.Send(t.Context(), text("côd ŵ")); err != nil {
		t.Fatal(err)
	}
	if got := s.got(); got[1] != "+447700900123: côd ŵ" {
		t.Errorf("%q", got)
	}
	s.say("+CDS: 26", "0006020B911326880736F4111011719551401110117195714046")
	if r := <-d.reports; r.Event != message.Undelivered {
		t.Errorf("%+v", r)
	}
	if _, err := m.Send(t.Context(), text(strings.Repeat("long text ", 20))); err != nil {
		t.Fatal(err)
	}
	if got := s.got(); len(got) != 4 || strings.TrimPrefix(got[2], "+447700900123: ")+strings.TrimPrefix(got[3], "+447700900123: ") != strings.Repeat("long text ", 20) {
		t.Errorf("%q", got)
	}
}

func TestWhatTheNetworkRefuses(t *testing.T) {
	for answer, want := range map[string]error{"+CMS ERROR: 1": message.Permanent(nil), "+CMS ERROR: 38": nil, "ERROR": nil} {
		s := &stick{answer: func(int) string { return answer }}
		m, _ := run(t, Config{Port: plug(t, s)})
		_, err := eventually(t, m, text("123456 is your code"))
		marked := err != nil && strings.HasPrefix(fmt.Sprintf("%T", err), "message.")
		if err == nil || marked != (want != nil) || marked && fmt.Sprintf("%T", err) != fmt.Sprintf("%T", want) {
			t.Errorf("%s: %T %v", answer, err, err)
		}
		if err != nil && (strings.Contains(err.Error(), "7700900123") || strings.Contains(err.Error(), "123456")) {
			t.Errorf("the error repeats the text: %v", err)
		}
	}
}

// A network that takes its time holds nobody up longer than they wait; whether the text goes out nobody knows.
func TestANetworkThatSaysNothing(t *testing.T) {
	s := &stick{answer: func(int) string { return "" }}
	m, _ := run(t, Config{Port: plug(t, s)})
	if !isReady(t, m) {
		t.Fatal("not ready")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := m.Send(ctx, text("123456")); fmt.Sprintf("%T", err) != fmt.Sprintf("%T", message.Doubtful(nil)) {
		t.Errorf("%T %v", err, err)
	}
	other, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if _, err := m.Send(other, text("654321")); fmt.Sprintf("%T", err) != fmt.Sprintf("%T", message.Unsent(nil)) {
		t.Errorf("behind it: %T %v", err, err)
	}
}

func isReady(t *testing.T, m *Modem) bool {
	t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.After(20 * time.Second); ; {
		m.mu.Lock()
		ready := m.ready
		m.mu.Unlock()
		if ready {
			return true
		}
		select {
		case <-again.C:
		case <-late:
			return false
		}
	}
}

// A wrong PIN is given once: after the third the card would be locked.
func TestAWrongPINIsNotTriedAgain(t *testing.T) {
	s := &stick{pin: "1234"}
	port := plug(t, s)
	m, err := New(Config{Port: port, PIN: "9999"}, desk{})
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := m.session(t.Context()); err == nil || !strings.Contains(err.Error(), "PIN") || strings.Contains(err.Error(), "9999") {
			t.Errorf("the error is %v", err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pins) != 1 {
		t.Errorf("PINs given: %d", len(s.pins))
	}
}

// A modem that is pulled out and put in again goes on.
func TestAModemThatIsPulledOut(t *testing.T) {
	first, second := &stick{}, &stick{}
	ports := make(chan string, 2)
	ports <- plug(t, first)
	ports <- plug(t, second)
	m, err := New(Config{Port: "/dev/modem"}, desk{})
	if err != nil {
		t.Fatal(err)
	}
	m.open = func(string) (io.ReadWriteCloser, error) { return open(<-ports) }
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		m.Run(ctx)
		close(done)
	}()
	defer func() {
		cancel()
		<-done
	}()
	if _, err := eventually(t, m, text("one")); err != nil {
		t.Fatal(err)
	}
	first.port.Close()
	for late := time.Now().Add(20 * time.Second); len(second.got()) == 0 && time.Now().Before(late); {
		if _, err := eventually(t, m, text("two")); err != nil {
			continue // it is noticed by then
		}
	}
	if got := second.got(); len(got) == 0 || got[len(got)-1] != "+447700900123: two" {
		t.Errorf("%q", got)
	}
}

func TestSettingsOfAModem(t *testing.T) {
	_, err := New(Config{Port: "COM3", PIN: "12"}, nil)
	for _, want := range []string{"/dev/ttyUSB0", "PIN"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told: %v", want, err)
		}
	}
	m, err := New(Config{Port: "/dev/null"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.session(t.Context()); err == nil || !strings.Contains(err.Error(), "plugged in") {
		t.Error(err)
	}
	if _, err := m.Send(t.Context(), text("x")); err == nil {
		t.Error("a modem that was never opened took a text")
	}
}
