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

	"woggle/internal/message/call"
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
	Text      string    `json:"text"`                // of a call: all that it says to who presses key 1, or of an approval its greeting
	At        time.Time `json:"at"`                  // UTC
}

// Exchange is the telephone company. It is safe for concurrent use.
type Exchange struct {
	// OnReport is told the reference of a call whose person pressed key 9: they did not ask for it. It is called once
	// a call. Set it before the first call, or leave it nil.
	OnReport func(ctx context.Context, reference string)
	// OnKeyed tells whether the two keys that the person pressed are those that the page shows. It is called once a
	// call. Set it before the first call; without it nothing is right.
	OnKeyed func(ctx context.Context, reference, keys string) (right bool)
	// Speech says the calls. Set it before the first call.
	Speech *speech.Library

	clock   func() time.Time
	mu      sync.Mutex
	numbers map[string][]*entry // oldest first; never an empty list
	calls   map[string]*entry   // kept calls by id
	live    []*entry            // kept calls that have not ended, oldest first
	changes uint64              // grows with every change that a page would show
}

// Call is a call to be placed.
type Call struct {
	Reference string // what the caller knows it by; the hooks are told it
	To        string // E.164
	Extension string // dialled after the answer, up to 7 digits, or ""
	Approve   bool   // the person is asked for two digits
	Speech    speech.Call
}

// An entry is a message, and the call that it may be.
type entry struct {
	Message
	reference string
	approve   bool
	speech    speech.Call
	state     State
	talk      call.State // of an answered call
	since     time.Time  // when the state was entered
	over      bool
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

// Call rings a number. It returns the message's id at once; the call goes on by itself.
func (e *Exchange) Call(c Call) (id string, err error) {
	if !extension.MatchString(c.Extension) {
		return "", ErrExtension
	}
	return e.deliver(&entry{Message: Message{To: c.To, Extension: c.Extension, Channel: "voice", Text: c.Speech.Text()},
		reference: c.Reference, approve: c.Approve, speech: c.Speech, state: Ringing})
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
