// An attempt: one sign-in in progress, bound to one browser.
package signin

import (
	"net/http"
	"net/netip"
	"slices"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// Attempt is one sign-in in progress. What is exported and has a JSON name is kept in its row.
type Attempt struct {
	ID        string    `json:"-"`
	Ended     string    `json:"-"` // a Reason, once it is over
	Wrong     int       `json:"-"` // wrong tries, of any kind
	CreatedAt time.Time `json:"-"`
	TouchedAt time.Time `json:"-"`
	version   int64

	Typed    string          `json:"typed,omitempty"` // the user name as it was typed
	Need     Need            `json:"need"`
	Proofs   []session.Proof `json:"proofs,omitempty"`
	Chosen   string          `json:"chosen,omitempty"` // id of the method picked under "another way"
	Option   string          `json:"option,omitempty"` // and how: a text or a call
	Enrols   Kind            `json:"enrols,omitempty"` // the kind picked to set up
	Nudged   Kind            `json:"nudged,omitempty"` // the kind picked of those suggested
	Later    bool            `json:"later,omitempty"`  // the suggestion was put off
	Lost     bool            `json:"lost,omitempty"`   // "I don't have any of these any more", with an access pass
	Alone    bool            `json:"alone,omitempty"`  // the access pass was given by one helper alone
	Recover  bool            `json:"recover,omitempty"`
	Stay     bool            `json:"stay,omitempty"`
	Added    []Added         `json:"added,omitempty"`
	ReturnTo string          `json:"return_to,omitempty"`
	Language string          `json:"language,omitempty"` // of what is sent: the person's own, else the browser's
	From     netip.Addr      `json:"from"`               // where the attempt was started
	Session  string          `json:"session,omitempty"`  // id of the session that is to be raised
	Epoch    int64           `json:"epoch,omitempty"`    // of the person when it began: "end everything" ends it too
	Known    string          `json:"known,omitempty"`    // id of the device, where this browser is known to the person
	At       string          `json:"at,omitempty"`       // the step it last arrived at, so that a code is sent once
	Trouble  *Trouble        `json:"trouble,omitempty"`  // why the code of this step could not be sent

	Stumble *Trouble `json:"stumble,omitempty"` // what was last wrong with what was typed at this step, for a helper

	Elsewhere *Elsewhere `json:"elsewhere,omitempty"` // who waits for the outcome, where it is no sign-in here

	Person   *Person        `json:"-"`
	Enrolled []Enrolled     `json:"-"`
	Policy   Policy         `json:"-"`
	User     directory.User `json:"-"`
	visit    *page.Visit    // the request that is being answered
	step     Step           // at which the form found it
	problems page.Problems
	started  *started
}

// Aside is an attempt that is kept nowhere: of somebody signed in, whose password is asked on another page.
func (f *Flow) Aside(r *http.Request, user directory.User) *Attempt {
	return &Attempt{User: user, Typed: user.Username, Known: f.KnownDevice(r, user), visit: page.VisitOf(r)}
}

// Event is an event of the attempt's person for the audit trail, with where it was done from and in which browser. An
// attempt on a name that nobody has is nobody's event.
func (a *Attempt) Event(kind audit.Type, detail audit.Detail) audit.Event {
	e := audit.Event{Type: kind, Actor: a.User.ID, User: a.User.ID, Detail: detail}
	if e.Actor == "" {
		e.Actor = "unknown"
	}
	if a.visit != nil { // nobody is looking at one that is ended from outside
		e.Agent = session.Browser(a.visit.Agent)
		if a.visit.Address.IsValid() {
			e.Address = a.visit.Address.String()
		}
	}
	return e
}

// record writes an event of the attempt's person.
func (f *Flow) record(tx *db.Tx, a *Attempt, event audit.Type, detail audit.Detail) error {
	return audit.Record(tx, a.Event(event, detail))
}

// Person is what the flow needs to know of somebody. It is nil for a name that nobody has.
type Person struct {
	Status   directory.Status
	Frozen   bool   // "this wasn't me": nothing may be set up
	FirstUse bool   // the password was given by an administrator and may still add the first method
	Mail     bool   // never signed in before, and a code can be sent to an address on record
	Waiting  bool   // a new password waits to come into force
	Missing  bool   // a detail that the organisation requires is missing
	Nudge    []Kind // what to suggest as another way in, or nothing
	Snoozes  int    // how often that was put off
}

// Added is a method that was set up in this attempt.
type Added struct {
	Kind Kind   `json:"kind"`
	ID   string `json:"id"`
	Hint string `json:"hint,omitempty"`
}

// Trouble is why a code was not sent: a locale key, and how long to wait.
type Trouble struct {
	Key  string        `json:"key"`
	Wait time.Duration `json:"wait,omitempty"`
}

// Problem is the trouble as a page shows it.
func (t *Trouble) Problem() *problem.Problem {
	if t == nil {
		return nil
	}
	return problem.New(problem.Limited, t.Key).After(t.Wait)
}

// Fail notes what was wrong with what was typed. The attempt is saved all the same, and its page shown again.
func (a *Attempt) Fail(p *problem.Problem) { a.problems = append(a.problems, p) }

// Proved adds a proof.
func (a *Attempt) Proved(p session.Proof) { a.Proofs = append(a.Proofs, p) }

// Method is the person's method with the id, or nil.
func (a *Attempt) Method(id string) *Enrolled {
	for i := range a.Enrolled {
		if a.Enrolled[i].ID == id {
			return &a.Enrolled[i]
		}
	}
	return nil
}

// First tells whether the person is setting up their first method.
func (a *Attempt) First() bool { return len(possessions(a.Enrolled, nil)) == 0 }

func (a *Attempt) end(reason string) { a.Ended = reason }

// knows tells whether the first proof is made, no earlier than the need wants it: a password, an access pass, or the link of
// a forgotten password.
func (a Attempt) knows(need Need) bool {
	if a.Person == nil {
		return false
	}
	return session.Since(a.Proofs, session.Knowledge, need.Since) || a.Recover && a.proved(MailLink)
}

// has tells whether possession is proved as the need wants it.
func (a Attempt) has(need Need, now time.Time) bool {
	return need.possession(a.Proofs, now)
}

// Met tells whether proofs are what the need wants, so that nothing has to be asked.
func (n Need) Met(proofs []session.Proof, now time.Time) bool {
	return session.LevelOf(proofs) >= n.Level && session.Since(proofs, session.Knowledge, n.Since) && n.possession(proofs, now)
}

func (n Need) possession(proofs []session.Proof, now time.Time) bool {
	since := n.Since
	if n.Fresh > 0 && now.Add(-n.Fresh).After(since) {
		since = now.Add(-n.Fresh)
	}
	return slices.ContainsFunc(proofs, func(p session.Proof) bool {
		return p.Factor == session.Possession && !p.At.Before(since) && (len(n.Methods) == 0 || slices.Contains(n.Methods, Kind(p.Kind)))
	})
}

// mayAddFirst tells whether what was proved is enough to set up a first method. An older password is not, by itself:
// a stolen password must not be able to take over an account that never had a second step.
func (a Attempt) mayAddFirst() bool {
	if a.Session != "" {
		return false // what a session was begun with adds nothing later: whoever has its cookie would have a pass for its whole life
	}
	if a.proved(AccessPass) {
		return true
	}
	for _, p := range a.Proofs {
		if Kind(p.Kind) == Password && (p.FirstUse && a.Person.FirstUse || a.proved(Mail)) {
			return true
		}
	}
	return false
}

// gaveUp tells whether an access pass, proved in this very attempt, lets the person pass by the methods that they lost.
func (a Attempt) gaveUp() bool { return a.Lost && !a.Alone && a.byPass() }

func (a Attempt) proved(kind Kind) bool {
	return slices.ContainsFunc(a.Proofs, func(p session.Proof) bool { return Kind(p.Kind) == kind })
}

func (a Attempt) added(kind Kind) bool {
	return slices.ContainsFunc(a.Added, func(m Added) bool { return m.Kind == kind })
}

// Problems are what was wrong with what was typed.
func (a *Attempt) Problems() page.Problems { return a.problems }
