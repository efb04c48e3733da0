// What a message is, and what of it may be seen.

package message

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
	"unicode"
)

// Channel is how a message reaches a person.
type Channel string

// The channels.
const (
	SMS   Channel = "sms"
	Voice Channel = "voice"
	Email Channel = "email"
)

// Purpose is what a message is for. It decides how urgent it is, and how often it may be tried.
type Purpose string

// The purposes, the most urgent first.
const (
	Code   Purpose = "code"   // somebody is waiting for it on a page
	Pass   Purpose = "pass"   // an access pass
	Link   Purpose = "link"   // a link to go on with
	Notice Purpose = "notice" // something happened
)

// priority orders the queue, the smallest first.
func (p Purpose) priority() int64 {
	switch p {
	case Code:
		return 0
	case Pass, Link:
		return 1
	}
	return 2
}

// Message is one text, call or e-mail to one person. Which of the fields count depends on the channel.
type Message struct {
	ID        string // given by Enqueue; a route hands it to providers that know repeated orders by it
	User      string // user id, or empty
	Channel   Channel
	Purpose   Purpose
	Challenge string     // id of the challenge that a code answers, or empty
	Locale    string     // language of the message; empty is English, as everywhere
	To        string     // E.164 number or e-mail address
	Typed     bool       // the number was typed by somebody and has not been proved to be theirs yet
	Origin    netip.Addr // of the browser that asks, where it counts
	Extension string     // voice: digits to dial once the call is answered, or empty
	Hint      string     // To as pages may show it; Enqueue makes it (Mask) if it is empty
	ExpiresAt time.Time  // not sent from then on; must be set for a code, else a day from now

	Name    string // the person's given name, said in a call and written in a letter, or empty
	Code    string // voice: the code that the call reads out; empty with Approve
	Approve bool   // voice: no code is read; the person keys the two digits that the page shows (Desk.Keyed)

	Body   string // sms: the whole text, in the GSM alphabet where it can be (see Septets), else in any
	Sender string // whom it comes from, as the route's rules give it for this number: a name, a number, or empty

	Subject    string   // email
	Paragraphs []string // email: plain text
	Button     *Button  // email: the one thing to do, or nil
}

// Button is the link of a letter.
type Button struct {
	Label string
	URL   string
}

// lifetime is how long a message without an end of its own is worth sending.
const lifetime = 24 * time.Hour

// complete checks the message and fills in what the caller left to us. Its errors are faults of the caller.
func (m *Message) complete(now time.Time) error {
	if m.To == "" || strings.ContainsFunc(m.To, unicode.IsControl) {
		return errors.New("message: the recipient is empty, or has a control character in it")
	}
	if m.ExpiresAt.IsZero() && m.Purpose == Code {
		return errors.New("message: a code needs an end")
	}
	if m.ExpiresAt.IsZero() {
		m.ExpiresAt = now.Add(lifetime)
	}
	if m.Locale == "" {
		m.Locale = "en"
	}
	if m.Hint == "" {
		m.Hint = Mask(m.To)
	}
	switch {
	case m.Channel == SMS && m.Body != "", m.Channel == Voice && (m.Code != "") != m.Approve,
		m.Channel == Email && m.Subject != "" && len(m.Paragraphs) > 0:
		return nil
	}
	return fmt.Errorf("message: a %s by %s with nothing in it", m.Purpose, m.Channel)
}

// Mask hides a recipient from everybody but who knows it: the last three digits of a number, or the first letter and
// the domain of an e-mail address.
func Mask(to string) string {
	if at := strings.LastIndexByte(to, '@'); at > 0 {
		first := []rune(to[:at])[0]
		return string(first) + "•••" + to[at:]
	}
	if len(to) <= 6 {
		return "•••"
	}
	return "•••" + to[len(to)-3:]
}
