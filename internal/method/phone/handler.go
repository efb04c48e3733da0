// The pages of the phone: the number, and the code.
package phone

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// Mount adds the method's routes.
func (m *Method) Mount(handle func(pattern string, h page.Handler)) {
	handle("POST /signin/phone", m.prove)
	handle("POST /signin/phone/again", m.sendAgain(signin.Prove, signin.ToProve))
	handle("POST /signin/enrol/phone", m.takeNumber)
	handle("POST /signin/enrol/phone/code", m.enrol)
	handle("POST /signin/enrol/phone/again", m.sendAgain(signin.Enrol, signin.ToEnrol))
	handle("POST /signin/enrol/phone/change", m.changeNumber)
	handle("GET /signin/phone/state", m.watch(signin.ToProve))
	handle("GET /signin/enrol/phone/state", m.watch(signin.ToEnrol))
}

// Start sends the code of a sign-in, to the number on record and to no other.
func (m *Method) Start(tx *db.Tx, a *signin.Attempt, step signin.Step) error {
	n, s, err := m.open(*step.Target)
	if err != nil {
		return err
	}
	channel := s.Channel
	if step.Option != "" {
		channel = message.Channel(step.Option)
	}
	if channel = m.able(n, channel); channel == "" {
		a.Trouble = &signin.Trouble{Key: "phone.no-route.sms"}
		return nil
	}
	refused, err := m.send(tx, a, signin.ToProve, step.Target.ID, n, sent{Channel: channel, From: a.From})
	if other := m.other(n, channel); refused != nil && refused.Key == noRoute+string(channel) && other != "" {
		refused, err = m.send(tx, a, signin.ToProve, step.Target.ID, n, sent{Channel: other, From: a.From})
	}
	if refused != nil {
		a.Trouble = &signin.Trouble{Key: refused.Key, Wait: refused.Wait}
	}
	return err
}

// able is the wanted channel, or the other one where that can't reach the number now; empty where none can.
func (m *Method) able(n Number, wanted message.Channel) message.Channel {
	text, call := n.CanText() && m.Outbox.Serves(message.SMS), n.CanCall() && m.Outbox.Serves(message.Voice)
	switch {
	case text && (wanted == message.SMS || !call):
		return message.SMS
	case call:
		return message.Voice
	}
	return ""
}

// other is the channel that is not this one, if it can reach the number.
func (m *Method) other(n Number, channel message.Channel) message.Channel {
	want := message.SMS
	if channel == message.SMS {
		want = message.Voice
	}
	if m.able(n, want) != want {
		return ""
	}
	return want
}

type codePage struct {
	signin.Form
	Hint    string
	Channel message.Channel
	Minutes int
	Wait    int // seconds until another code may be asked for
	Text    bool
	Call    bool
	Sent    bool   // a code is open
	Outcome string // locale key: what is known of the message, if it did not come
	Digits  string // to press in the call, where it asks for approval; State says how far that has come
	State   State
	Left    int // seconds for which the call counts
	Action  string
}

// Watches tells whether the page waits for the call.
func (p codePage) Watches() bool { return p.State != right && p.State != wrong && p.State != late }

func (m *Method) codePage(r *http.Request, a *signin.Attempt, step signin.Step, purpose signin.Purpose) (data codePage, err error) {
	data = codePage{Form: m.Flow.Form(a, step), Action: "/signin/phone"}
	if purpose == signin.ToEnrol {
		data.Action = "/signin/enrol/phone"
	}
	err = m.DB.View(r.Context(), func(tx *db.Tx) error {
		c, found, err := m.Flow.Current(tx, a, signin.Phone, purpose)
		if err != nil || !found {
			return err
		}
		n, s, err := m.pending(c)
		if err != nil {
			return err
		}
		data.Sent, data.Hint, data.Channel = true, s.Hint, s.Channel
		data.Minutes = int(c.ExpiresAt.Sub(c.CreatedAt) / time.Minute)
		data.Wait = max(0, int((c.SentAt.Add(waitAfter(s.Before+c.Sends)).Sub(tx.Now)+time.Second-1)/time.Second))
		data.Text = n.CanText() && m.Outbox.Serves(message.SMS)
		data.Call = n.CanCall() && m.Outbox.Serves(message.Voice)
		if s.Approve {
			data.Digits = m.shown(c.ID)
			data.Left = int(c.ExpiresAt.Sub(tx.Now) / time.Second)
			if data.State, err = m.state(tx, c, s); err != nil {
				return err
			}
		}
		data.Outcome, err = m.outcome(tx, c.ID, s)
		return err
	})
	return data, err
}

// Ask shows the page that asks for the code.
func (m *Method) Ask(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	data, err := m.codePage(r, a, step, signin.ToProve)
	if err != nil {
		return err
	}
	return m.Pages.Show(w, r, "phone/code", data, page.Wrong(problems))
}

type numberPage struct {
	signin.Form
	Title     string // locale key: why a number is asked for
	Countries []Country
	Region    string
	Number    string
	Extension string
	Channel   string
	Text      bool
	Call      bool
	Approve   bool // calls ask for two digits, and read no code
}

// Enrol shows the page for the number, or for the code once one was sent.
func (m *Method) Enrol(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	data, err := m.codePage(r, a, step, signin.ToEnrol)
	if err != nil {
		return err
	}
	if data.Sent {
		return m.Pages.Show(w, r, "phone/code", data, page.Wrong(problems))
	}
	number := numberPage{Form: data.Form, Title: numberTitle(a), Countries: m.Plan.Countries(page.VisitOf(r).Locale.Code), Region: m.Plan.Default,
		Channel: string(message.SMS), Text: m.Outbox.Serves(message.SMS), Call: m.Outbox.Serves(message.Voice), Approve: m.Approve}
	if r.PostForm.Has("number") { // what was typed is kept
		number.Region, number.Number = r.PostFormValue("country"), r.PostFormValue("number")
		number.Extension, number.Channel = r.PostFormValue("extension"), r.PostFormValue("channel")
		if len(number.Number) > 100 {
			number.Number = ""
		}
		if problems.Of("channel") != nil {
			number.Channel = string(message.Voice) // what would work is one press away
		}
	}
	return m.Pages.Show(w, r, "phone/number", number, page.Wrong(problems))
}

func numberTitle(a *signin.Attempt) string {
	switch {
	case a.First():
		return "phone.number.title"
	case a.Need.Replaces != "":
		return "phone.number.title.new"
	}
	return "phone.number.title.more"
}

// takeNumber checks the number and sends a code to it.
func (m *Method) takeNumber(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Enrol, signin.Phone, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		n, channel, p := m.readNumber(r, a)
		if p == nil {
			var err error
			if p, err = m.send(tx, a, signin.ToEnrol, "", n, sent{Channel: channel, From: page.VisitOf(r).Address}); err != nil {
				return err
			}
		}
		if a.Trouble = nil; p != nil {
			if p.Key == noRoute+string(channel) {
				p.Field = "channel" // which can be chosen here
			}
			a.Fail(p)
		}
		return nil
	})
}

func (m *Method) readNumber(r *http.Request, a *signin.Attempt) (Number, message.Channel, *problem.Problem) {
	n, err := m.Plan.Parse(r.PostFormValue("number"), r.PostFormValue("country"), r.PostFormValue("extension"))
	var refused *NumberError
	if errors.As(err, &refused) {
		return n, "", refused.Problem(page.VisitOf(r).Locale.Code)
	}
	if m.has(a, n) {
		return n, "", problem.Field("number", "phone.have-it")
	}
	channel := message.Channel(r.PostFormValue("channel"))
	switch {
	case channel == message.SMS && !n.CanText():
		return n, "", problem.Field("channel", n.WhyNoText())
	case channel != message.SMS && channel != message.Voice:
		return n, "", problem.Field("channel", "phone.choose-channel")
	case !m.Outbox.Serves(channel):
		return n, "", problem.Field("channel", "phone.no-route."+string(channel))
	case channel == message.Voice && !n.CanCall():
		return n, "", problem.Field("channel", "phone.choose-channel")
	}
	return n, channel, nil
}

// has tells whether the person has the number already, and not only to replace it.
func (m *Method) has(a *signin.Attempt, n Number) bool {
	return slices.ContainsFunc(a.Enrolled, func(e signin.Enrolled) bool {
		if e.Kind != signin.Phone || e.ID == a.Need.Replaces {
			return false
		}
		have, _, err := m.open(e)
		return err == nil && have.E164 == n.E164 && have.Extension == n.Extension
	})
}

// changeNumber goes back to the page for the number.
func (m *Method) changeNumber(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Enrol, signin.Phone, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		return m.Flow.Close(tx, a, signin.Phone, signin.ToEnrol)
	})
}

// sendAgain sends the code once more, or by a call instead. It never takes a number from the form.
func (m *Method) sendAgain(step signin.StepKind, purpose signin.Purpose) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return m.Flow.Act(w, r, step, signin.Phone, func(tx *db.Tx, a *signin.Attempt, now signin.Step) error {
			c, found, err := m.Flow.Current(tx, a, signin.Phone, purpose)
			if err != nil {
				return err
			}
			if !found {
				if now.Target == nil {
					return nil
				}
				a.Trouble = nil
				return m.Start(tx, a, now)
			}
			channel := message.Channel(r.PostFormValue("channel"))
			if channel != message.SMS && channel != message.Voice {
				channel = ""
			}
			p, err := m.again(tx, a, c, channel)
			if p != nil {
				a.Fail(p)
			}
			return err
		})
	}
}

// answer tries the typed code, or the keys that were pressed in the call, and tells whether it was right.
func (m *Method) answer(tx *db.Tx, r *http.Request, a *signin.Attempt, purpose signin.Purpose) (signin.Challenge, bool, error) {
	c, found, err := m.Flow.Current(tx, a, signin.Phone, purpose)
	if err != nil {
		return c, false, err
	}
	var right bool
	if s := (sent{}); found && json.Unmarshal([]byte(c.Data), &s) == nil && s.Approve {
		c, right, err = m.approved(tx, a, c, s)
	} else {
		c, right, err = m.typed(tx, r, a, purpose)
	}
	if err != nil || !right {
		return c, false, err
	}
	a.Stay = a.Stay || r.PostFormValue("stay") == "yes"
	return c, true, m.entered(tx, a, c)
}

// typed tries the typed code.
func (m *Method) typed(tx *db.Tx, r *http.Request, a *signin.Attempt, purpose signin.Purpose) (signin.Challenge, bool, error) {
	typed, ok := code.Clean(r.PostFormValue("code"), digits)
	if !ok {
		a.Fail(problem.Field("code", "signin.not-a-code"))
		return signin.Challenge{}, false, nil
	}
	return m.Flow.Answer(tx, a, signin.Phone, purpose, func(c signin.Challenge) bool {
		return m.Keys.CheckCode(typed, digits, c.ID)
	})
}

func (m *Method) prove(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Prove, signin.Phone, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		c, right, err := m.answer(tx, r, a, signin.ToProve)
		if err != nil || !right {
			return err
		}
		n, s, err := m.pending(c)
		if err != nil {
			return err
		}
		a.Proved(m.proof(c.Method, s.Channel, tx.Now))
		return m.findable(tx, a, c.Method, n)
	})
}

// enrol makes the phone one of the person's methods. The number comes from the challenge, never from this form
// (threat T13).
func (m *Method) enrol(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Enrol, signin.Phone, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		c, right, err := m.answer(tx, r, a, signin.ToEnrol)
		if err != nil || !right {
			return err
		}
		n, s, err := m.pending(c)
		if err != nil {
			return err
		}
		if m.has(a, n) { // since a moment ago, from another window
			a.Fail(problem.Field("number", "phone.have-it"))
			return nil
		}
		row, err := Row(m.Keys, a.User.ID, n, s.Channel)
		if err != nil {
			return err
		}
		row.UsedAt = tx.Now
		return m.Flow.AddMethod(tx, a, row, m.proof(row.ID, s.Channel, tx.Now))
	})
}

func (m *Method) proof(id string, channel message.Channel, now time.Time) session.Proof {
	amr := "sms"
	if channel == message.Voice {
		amr = "tel"
	}
	return session.Proof{Kind: string(signin.Phone), Method: id, Factor: session.Possession, AMR: []string{amr}, At: now}
}
