// This file owns the exchange: who got which texts and calls. All of it is in memory and bounded.

package handset

import (
	"context"
	"crypto/rand"
	"errors"
	"regexp"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"woggle/internal/message/speech"
)

// Bounds of what is kept. The oldest goes first.
const (
	maxNumbers  = 2000
	maxMessages = 200  // per number
	maxText     = 1600 // characters of one text, ten segments
)

// Message is a text or a call as the number got it.
type Message struct {
	ID        string    `json:"id"`
	To        string    `json:"to"`                  // E.164
	Extension string    `json:"extension,omitempty"` // dialled after a call is answered
	Channel   string    `json:"channel"`             // "sms" or "voice"
	Text      string    `json:"text"`                // of a call: all that it says to who presses key 1
	At        time.Time `json:"at"`                  // UTC
}

// Exchange is the telephone company. It is safe for concurrent use.
type Exchange struct {
	// OnReport is told the id of a call whose person pressed key 9: they did not ask for the code. It is
	// called once a call. Set it before the first call, or leave it nil.
	OnReport func(ctx context.Context, id string)

	// Speech says the calls. Set it before the first call.
	Speech *speech.Library

	clock   func() time.Time
	mu      sync.Mutex
	numbers map[string][]*entry // oldest first; never an empty list
	calls   map[string]*entry   // kept calls by id
	live    []*entry            // kept calls that have not ended, oldest first
	changes uint64              // grows with every change that a page would show
}

// An entry is a message, and the call that it may be.
type entry struct {
	Message
	speech speech.Call
	state  State
	since  time.Time // when the state was entered
}

// New returns an exchange without messages. The clock tells the current time.
func New(clock func() time.Time) *Exchange {
	return &Exchange{clock: clock, numbers: map[string][]*entry{}, calls: map[string]*entry{}}
}

var (
	e164      = regexp.MustCompile(`^\+[1-9][0-9]{1,14}$`)
	extension = regexp.MustCompile(`^[0-9]{0,7}$`)
)

// What the exchange refuses, as any provider would.
var (
	ErrNumber    = errors.New("the number is not in E.164 form: write + and 2 to 15 digits")
	ErrExtension = errors.New("the extension is not up to 7 digits")
	ErrText      = errors.New("the text is empty or longer than 1600 characters")
)

// Text delivers a text to a number in E.164 form and returns the message's id.
func (e *Exchange) Text(to, text string) (id string, err error) {
	if text == "" || utf8.RuneCountInString(text) > maxText {
		return "", ErrText
	}
	return e.deliver(&entry{Message: Message{To: to, Channel: "sms", Text: text}})
}

// Call rings a number in E.164 form, and after the answer its extension, or "" for none. It returns the
// message's id at once; the call goes on by itself.
func (e *Exchange) Call(to, ext string, c speech.Call) (id string, err error) {
	if !extension.MatchString(ext) {
		return "", ErrExtension
	}
	return e.deliver(&entry{Message: Message{To: to, Extension: ext, Channel: "voice", Text: c.Text()},
		speech: c, state: Ringing})
}

func (e *Exchange) deliver(m *entry) (id string, err error) {
	if !e164.MatchString(m.To) {
		return "", ErrNumber
	}
	now := e.lock()
	defer e.mu.Unlock()
	m.ID, m.At, m.since = rand.Text(), now, now
	if _, known := e.numbers[m.To]; !known && len(e.numbers) >= maxNumbers {
		e.forget(e.quietest())
	}
	if all := e.numbers[m.To]; len(all) >= maxMessages {
		delete(e.calls, all[0].ID)
		e.numbers[m.To] = slices.Delete(all, 0, 1)
	}
	e.numbers[m.To] = append(e.numbers[m.To], m)
	if m.Channel == "voice" {
		e.calls[m.ID] = m
		e.live = append(e.live, m)
	}
	e.changes++
	return m.ID, nil
}

// Messages returns what a number in E.164 form got, newest first; never nil.
func (e *Exchange) Messages(to string) []Message {
	e.lock()
	defer e.mu.Unlock()
	all := make([]Message, 0, len(e.numbers[to]))
	for _, m := range slices.Backward(e.numbers[to]) {
		all = append(all, m.Message)
	}
	return all
}

// Changes counts what a page would show anew: it differs after every message and every step of a call.
func (e *Exchange) Changes() uint64 {
	e.lock()
	defer e.mu.Unlock()
	return e.changes
}

// lock takes the mutex, lets calls end whose time is over, and returns the time.
func (e *Exchange) lock() time.Time {
	e.mu.Lock()
	now := e.clock().UTC()
	e.live = slices.DeleteFunc(e.live, func(m *entry) bool { return e.expire(m, now) || e.calls[m.ID] != m })
	return now
}

// quietest is the number whose last message is the oldest.
func (e *Exchange) quietest() (number string) {
	var oldest time.Time
	for n, all := range e.numbers {
		if last := all[len(all)-1].At; number == "" || last.Before(oldest) {
			number, oldest = n, last
		}
	}
	return number
}

func (e *Exchange) forget(number string) {
	for _, m := range e.numbers[number] {
		delete(e.calls, m.ID)
	}
	delete(e.numbers, number)
}
