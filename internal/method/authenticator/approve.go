// Approving a sign-in with a number: the page shows two digits, and the person types them into the app, which shows what they
// approve. Who did not see the page cannot say yes, and who is woken by requests has nothing to press (threat T47).
package authenticator

import (
	"crypto/subtle"
	"encoding/binary"
	"encoding/json"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

const (
	askLife  = time.Minute
	goOnLife = 2 * time.Minute // from a right answer, for the browser to go on
)

// asks bounds how often an app is asked and nobody answers: then it is left in peace for an hour, and codes go on. What a
// known browser of the person asks is counted apart, so that a stranger cannot spoil it for them.
var asks = limit.Rule{Name: "approve", Max: 3, Window: 15 * time.Minute, Block: time.Hour}

// The ways of the method.
const (
	byApproval = "approve"
	byCode     = "code"
)

// notNow says that the app is not asked. Why is not told, because whoever has stolen a password would read it too.
const notNow = "authenticator.approve.not-now"

// wants tells whether the step asks for approval rather than for a code. The device's thumbprint stands at the method.
func wants(step signin.Step) bool {
	return step.Target != nil && step.Target.Lookup != "" && step.Option != byCode
}

// question is what a challenge remembers of the sign-in that it is about, as the app shows it.
type question struct {
	App     string     `json:"app,omitempty"`     // what is signed in to, where that is an app
	From    netip.Addr `json:"from"`              // where the browser is
	Browser string     `json:"browser,omitempty"` // in plain words
	Who     string     `json:"who"`               // whose tries it counts with
	Known   bool       `json:"known,omitempty"`   // a browser that the person has used before
}

func questionOf(c signin.Challenge) (q question) {
	_ = json.Unmarshal([]byte(c.Data), &q) // ours
	return q
}

// ask asks the app of the step's authenticator, or notes in the attempt that it is not asked now.
func (m *Method) ask(tx *db.Tx, a *signin.Attempt, step signin.Step) error {
	if _, err := directory.Hold(tx, a.User.ID); err != nil { // two sign-ins of one person ask one after the other
		return err
	}
	d, able, err := m.askable(tx, a, *step.Target)
	if err != nil {
		return err
	}
	if able {
		wait, err := asks.Take(tx, m.Flow.Who(a))
		if err != nil {
			return err
		}
		able = wait == 0
	}
	if !able {
		a.Trouble = &signin.Trouble{Key: notNow}
		return nil
	}
	event := a.Event(audit.ApprovalAsked, nil)
	q := question{From: a.From, Browser: event.Agent, Who: m.Flow.Who(a), Known: a.Known != ""}
	if q.App, err = m.appOf(tx, a); err != nil {
		return err
	}
	data, err := json.Marshal(q)
	if err != nil {
		return err
	}
	c, err := m.Flow.Open(tx, a, signin.Challenge{Kind: signin.Authenticator, Purpose: signin.ToProve, Method: step.Target.ID, Data: string(data),
		Sends: 1, SentAt: tx.Now, ExpiresAt: tx.Now.Add(askLife)})
	if err != nil {
		return err
	}
	m.knock(tx, d, c)
	return audit.Record(tx, event)
}

// askable tells whether the authenticator's app may be asked: it is live, and no other sign-in of the person asks already. One that
// the same known browser has left behind gives way.
func (m *Method) askable(tx *db.Tx, a *signin.Attempt, target signin.Enrolled) (d device, able bool, err error) {
	d, found, err := deviceOfMethod(tx, target.ID)
	if err != nil || !found {
		return d, false, err
	}
	if _, err := live(tx, d.ID); err != nil {
		if refused(err) != nil {
			err = nil
		}
		return d, false, err
	}
	others, err := m.Flow.Waiting(tx, a.User.ID, signin.Authenticator)
	if err != nil {
		return d, false, err
	}
	for _, c := range others {
		q := questionOf(c)
		switch {
		case c.Attempt == a.ID: // Open closes it
		case q.Known && a.Known != "" && q.Who == m.Flow.Who(a):
			if err := m.Flow.Withdraw(tx, c, signin.Trouble{Key: notNow}); err != nil {
				return d, false, err
			}
		default:
			return d, false, nil
		}
	}
	return d, true, nil
}

// appOf names what is signed in to: the site that waits, or the app that has sent the browser here.
func (m *Method) appOf(tx *db.Tx, a *signin.Attempt) (string, error) {
	if a.Elsewhere != nil {
		return a.Elsewhere.By, nil
	}
	return m.AppName(tx, a.ReturnTo)
}

// digits are the two digits of a challenge, as its page shows them. They stand nowhere. None begins with 0, which some would
// leave away.
func (m *Method) digits(challenge string) string { return pair(m.Keys.MAC("approve-app", challenge)) }

func pair(mac []byte) string {
	// Reducing 64 bits to 90 values is biased by less than 1 in 10^17.
	return strconv.FormatUint(10+binary.BigEndian.Uint64(mac)%90, 10)
}

// typed tells whether the number is that of the challenge, in the same time for all wrong ones. A key of the ring may have
// been changed since the page was made.
func (m *Method) typed(number, challenge string) bool {
	right := 0
	for _, mac := range m.Keys.Lookups("approve-app", challenge) {
		right |= subtle.ConstantTimeCompare([]byte(number), []byte(pair(mac)))
	}
	return right == 1
}

// answer is what an app says to a request.
type answer string

const (
	yes answer = "yes" // with the number
	no  answer = "no"  // it's not me
)

// State is how far a request has come.
type State string

// The states. Besides these, it is a locale key, and what an app is told.
const (
	waiting State = "waiting"
	right   State = "right"
	wrong   State = "wrong"
	late    State = "late"
	over    State = "over" // another took its place, or the sign-in went on elsewhere
	stopped State = "stopped"
)

func stateOf(c signin.Challenge, now time.Time) State {
	switch {
	case c.Answer == signin.Wrong:
		return wrong
	case !now.Before(c.ExpiresAt):
		return late
	case c.Answer == signin.Right:
		return right
	}
	return waiting
}

// answered takes what the app of d says to a request, once.
func (m *Method) answered(tx *db.Tx, d device, request string, s statement) (State, error) {
	if _, err := directory.Hold(tx, d.User); err != nil { // of two answers, one waits for the other
		return over, err
	}
	c, found, err := m.Flow.Asked(tx, request)
	if err != nil {
		return over, err
	}
	if !found || c.Method != d.Method || c.Kind != signin.Authenticator || c.Purpose != signin.ToProve {
		return over, errMissing
	}
	switch s.Answer {
	case no:
		return stopped, m.notMe(tx, c)
	case yes:
	default:
		return over, errBody
	}
	if c.Answer != signin.Nothing || !c.UsedAt.IsZero() {
		return over, nil
	}
	if !tx.Now.Before(c.ExpiresAt) {
		return late, nil
	}
	ok, err := m.Flow.AnswerOutside(tx, c.ID, func(c signin.Challenge) bool { return m.typed(s.Number, c.ID) })
	if err != nil {
		return over, err
	}
	if c, found, err = m.Flow.Asked(tx, c.ID); err != nil || !found {
		return over, err
	}
	switch {
	case ok:
		c.ExpiresAt = tx.Now.Add(goOnLife)
		if err := m.Flow.Resent(tx, c); err != nil {
			return over, err
		}
		return right, asks.GiveBack(tx, questionOf(c).Who, 1)
	case c.Answer == signin.Wrong:
		return wrong, nil
	}
	return over, nil // the sign-in has ended, or asks for something else
}

// notMe is "No, it's not me". Somebody has the person's password: nothing can be changed from now on, every session ends, the
// administrators are told (signin.Flow.Freeze), and so is the person, in case that it was not they who pressed it. It may be said
// late, and to what somebody said yes to.
func (m *Method) notMe(tx *db.Tx, c signin.Challenge) error {
	user, err := directory.Hold(tx, c.User)
	if err != nil {
		return err
	}
	if err := m.Flow.Freeze(tx, c.User); err != nil {
		return err
	}
	if err := m.Flow.Withdraw(tx, c, signin.Trouble{Key: notNow}); err != nil || user.Frozen() {
		return err
	}
	return m.Flow.Tell(tx, user, "authenticator.notice.unwanted", nil, "organisation", m.Pages.Brand().Name)
}

type approvePage struct {
	signin.Form
	Digits string
	State  State
	Left   int    // seconds for which it can be answered
	Method string // id of the authenticator
	Device string // what the person calls it
}

// Watches tells whether the page waits for the app.
func (p approvePage) Watches() bool { return p.State == waiting }

// current is the request that is open in the attempt.
func (m *Method) current(r *http.Request, a *signin.Attempt) (c signin.Challenge, now State, left int, found bool, err error) {
	err = m.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		c, found, err = m.Flow.Current(tx, a, signin.Authenticator, signin.ToProve)
		now, left = stateOf(c, tx.Now), int(c.ExpiresAt.Sub(tx.Now)/time.Second)
		return err
	})
	return c, now, left, found, err
}

// showApproval shows the digits, or how it went. It tells false where no request is open, and a code is to be asked for.
func (m *Method) showApproval(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) (bool, error) {
	c, now, left, found, err := m.current(r, a)
	if err != nil || !found {
		return false, err
	}
	data := approvePage{Form: m.Flow.Form(a, step), State: now, Left: left, Method: step.Target.ID, Device: step.Target.Name}
	if now == waiting {
		data.Digits = m.digits(c.ID)
	}
	return true, m.Pages.Show(w, r, "authenticator/approve", data, page.Wrong(problems))
}

// watch tells the script of the page whether there is news. It answers the browser of the attempt only.
func (m *Method) watch(w http.ResponseWriter, r *http.Request) error {
	now := over
	_, err := m.Flow.Watch(r, r.URL.Query().Get("a"), signin.Authenticator, signin.ToProve, func(tx *db.Tx, c signin.Challenge) error {
		now = stateOf(c, tx.Now)
		return nil
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(map[string]State{"state": now})
}

// again asks the app once more.
func (m *Method) again(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Prove, signin.Authenticator, func(tx *db.Tx, a *signin.Attempt, step signin.Step) error {
		if !wants(step) {
			return nil
		}
		c, found, err := m.Flow.Current(tx, a, signin.Authenticator, signin.ToProve)
		if err != nil {
			return err
		}
		if now := stateOf(c, tx.Now); found && (now == waiting || now == right) {
			return nil // the page says so
		}
		if err := m.Flow.Close(tx, a, signin.Authenticator, signin.ToProve); err != nil {
			return err
		}
		a.Trouble = nil
		return m.ask(tx, a, step)
	})
}

// approved takes "I have approved it". Whether it is so stands in the challenge, and nothing in the form.
func (m *Method) approved(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Prove, signin.Authenticator, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		c, found, err := m.Flow.Current(tx, a, signin.Authenticator, signin.ToProve)
		if err != nil || !found {
			return err
		}
		switch now := stateOf(c, tx.Now); now {
		case late, wrong:
			a.Fail(problem.New(problem.Gone, "authenticator.approve."+string(now)))
			return nil
		case waiting:
			a.Fail(problem.New(problem.Invalid, "authenticator.approve.waiting"))
			return nil
		}
		c, ok, err := m.Flow.Answer(tx, a, signin.Authenticator, signin.ToProve, func(c signin.Challenge) bool { return c.Answer == signin.Right })
		if err != nil || !ok {
			return err
		}
		a.Stay = a.Stay || r.PostFormValue("stay") == "yes"
		a.Proved(approval(c.Method, tx.Now))
		return nil
	})
}

// approval is the proof: the app has signed with a key that software keeps, and somebody was there to read the page and type
// (RFC 8176 section 2).
func approval(id string, now time.Time) session.Proof {
	return session.Proof{Kind: string(signin.Authenticator), Method: id, Factor: session.Possession, AMR: []string{"swk", "user"}, At: now}
}
