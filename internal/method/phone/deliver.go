// What the outbox is asked and told: the message itself, why it may not be sent, and what became of it.
package phone

import (
	"errors"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// deliver promises the message of a challenge. If the bill or the number forbids it, why is returned, and the sending is
// not counted.
func (m *Method) deliver(tx *db.Tx, a *signin.Attempt, c signin.Challenge, n Number, s sent) (*problem.Problem, error) {
	out := message.Message{User: a.User.ID, Channel: s.Channel, Purpose: message.Code, Challenge: c.ID, Locale: a.Language,
		To: n.E164, Hint: s.Hint, ExpiresAt: c.ExpiresAt, Typed: c.Purpose == signin.ToEnrol, Origin: s.From}
	if s.Channel == message.Voice {
		out.Extension, out.Name = n.Extension, a.User.GivenName
	}
	switch {
	case s.Approve:
		out.Approve = true
	case s.Channel == message.Voice:
		out.Code = m.Keys.Code(digits, c.ID)
	default:
		out.Body = m.Texts.Code(a.Language, m.Keys.Code(digits, c.ID))
	}
	_, err := m.Outbox.Enqueue(tx, out)
	var refused *message.Refused
	switch {
	case errors.As(err, &refused):
		return m.refuse(tx, a, c, n, s, refused)
	case err != nil:
		return nil, err
	}
	return nil, audit.Record(tx, a.Event(audit.CodeSent, audit.Detail{"channel": string(s.Channel), "hint": s.Hint}))
}

// refuse tells why a message may not be sent.
func (m *Method) refuse(tx *db.Tx, a *signin.Attempt, c signin.Challenge, n Number, s sent, why *message.Refused) (*problem.Problem, error) {
	if err := m.giveBack(tx, a, c.Purpose, n, s.From, 1, func(bound) bool { return true }); err != nil {
		return nil, err
	}
	limit := string(why.Reason)
	if why.Scope != "" {
		limit += "-" + string(why.Scope)
	}
	return whyNot(why, s.Channel), audit.Record(tx, a.Event(audit.SendingRefused, audit.Detail{"hint": s.Hint, "limit": limit}))
}

// whyNot is a refusal in words. How long to wait is told where somebody would wait so long.
func whyNot(why *message.Refused, channel message.Channel) *problem.Problem {
	switch {
	case why.Reason == message.NoRoute:
		return problem.New(problem.Invalid, noRoute+string(channel))
	case why.Reason == message.RangeClosed:
		return limited("phone.range-closed", why.Wait)
	case why.Reason == message.OriginClosed:
		return limited("phone.origin-closed", why.Wait)
	case why.Wait <= 0 || why.Wait > time.Hour:
		return limited("phone.over-limit", why.Wait)
	}
	return limited("phone.limited", why.Wait)
}

// noRoute begins the locale keys that say that a channel does not reach the number now.
const noRoute = "phone.no-route."

// outcomes are what is told about a message that did not come.
var outcomes = map[message.Event]string{message.Undelivered: "phone.outcome.undelivered", message.Busy: "phone.outcome.busy",
	message.NoAnswer: "phone.outcome.no-answer", message.NoKey: "phone.outcome.no-key", message.Failed: "phone.outcome.failed"}

// outcome is the locale key of what became of the newest message of the challenge, or empty if it may still come.
func (m *Method) outcome(tx *db.Tx, challenge string, s sent) (key string, err error) {
	event, err := m.Outbox.Outcome(tx, challenge)
	if err != nil {
		return "", err
	}
	if event == message.NoKey && s.Approve {
		return "phone.outcome.no-keys", nil
	}
	return outcomes[event], nil
}
