// The dispatcher: every step of every attempt comes back here.
package signin

import (
	"embed"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

//go:embed pages/*.html
var pages embed.FS

// Deps is all that the flow works with.
type Deps struct {
	DB       *db.DB
	Keys     *keys.Ring
	Pages    *page.Renderer
	Sessions *session.Manager
	Outbox   *message.Outbox
	Texts    message.Composer
	Base     string // public address of this server, without a slash at its end; never taken from a request
	Log      *slog.Logger
}

// Flow runs attempts.
type Flow struct {
	Deps
	methods map[Kind]Method
}

// New makes the flow with its own parts: the mailed code. The methods follow with Use.
func New(d Deps) (*Flow, error) {
	f := &Flow{Deps: d, methods: map[Kind]Method{}}
	f.Use(mailCode{f})
	return f, d.Pages.Add("signin", pages)
}

// Use adds methods.
func (f *Flow) Use(methods ...Method) {
	for _, m := range methods {
		f.methods[m.Kind()] = m
	}
}

// Method is the chapter of a kind, or nil.
func (f *Flow) Method(kind Kind) Method { return f.methods[kind] }

// Mount adds the routes of the flow.
func (f *Flow) Mount(handle func(pattern string, h page.Handler)) {
	handle("GET /signin", f.show)
	handle("POST /signin", f.identify)
	handle("GET /signin/ways", f.showWays)
	handle("POST /signin/ways", f.chooseWay)
	handle("POST /signin/enrol", f.chooseEnrol)
	handle("POST /signin/lost", f.lost)
	handle("POST /signin/nudge", f.nudge)
	handle("POST /signin/nudge/back", f.unNudge)
	handle("POST /signin/leave", f.leave)
	handle("POST /signin/mail", f.answerMail)
	handle("POST /signin/mail/again", f.mailAgain)
	handle("POST /signin/details", f.saveDetails)
	handle("GET /signin/done", f.showDone)
	handle("POST /signin/done", f.removeLost)
	handle("POST /signin/done/password", f.forgotten)
	handle("GET /signin/cant", f.showCant)
	handle("GET /signin/cant/{have}", f.showHave)
	handle("GET /signin/forgot", f.showForgot)
	handle("GET /signin/helper", f.showHelper)
	handle("POST /signin/helper", f.speak)
	handle("POST /signin/forgot", f.forgot)
	handle("GET /signin/recover/{token}", f.showRecover)
	handle("POST /signin/recover/{token}", f.recover)
	handle("GET /not-me/{token}", f.showNotMe)
	handle("POST /not-me/{token}", f.notMe)
	handle("GET /setup/{token}", f.showSetup)
	handle("POST /setup/{token}", f.setup)
}

var errMoved = errors.New("the attempt is at another step")

// Begin starts an attempt in the visitor's browser and tells where it goes on.
func (f *Flow) Begin(tx *db.Tx, r *http.Request, a *Attempt) (address string, err error) {
	if err := f.open(tx, r, a); err != nil {
		return "", err
	}
	// An attempt that has nothing to ask is not finished here: that replaces the session's token, which only an answer
	// with its cookie may do.
	if Next(*a, a.Need, a.Enrolled, tx.Now).Kind != Done {
		if _, err := f.arrive(tx, r, a); err != nil {
			return "", err
		}
	}
	return f.address(a), saveAttempt(tx, a)
}

// open stores a new attempt of the visitor's browser, and reads what is known of its person.
func (f *Flow) open(tx *db.Tx, r *http.Request, a *Attempt) error {
	visit := page.VisitOf(r)
	a.visit = visit
	if a.From, a.Language = visit.Address, visit.Locale.Code; a.User.Locale != "" {
		a.Language = a.User.Locale
	}
	a.Epoch = a.User.Epoch
	a.ID = db.NewToken()[:26] // 130 bits: an id that cannot be guessed, though the browser's fingerprint guards it too
	if err := insertAttempt(tx, a, f.browser(r)[0]); err != nil {
		return err
	}
	return f.facts(tx, a)
}

// Recognise begins a sign-in with a proof that says by itself whose it is, such as a passkey's. recognise finds the person
// and the proof in the transaction, and spends what makes the proof a new one; where it finds none, it says what is wrong,
// and the first page says it. The sign-in goes on as the policy wants, or is done.
func (f *Flow) Recognise(w http.ResponseWriter, r *http.Request, to string, recognise func(*db.Tx) (directory.User, session.Proof, *problem.Problem, error)) error {
	var a *Attempt
	var step Step
	var wrong *problem.Problem
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) error {
		a, wrong = nil, nil // of a run before
		user, proof, p, err := recognise(tx)
		if wrong = p; err != nil || p != nil {
			return err
		}
		if user, err = directory.Hold(tx, user.ID); err != nil {
			return err
		}
		a = &Attempt{Typed: user.Username, User: user, Need: f.SignInNeed(), Known: f.KnownDevice(r, user),
			Proofs: []session.Proof{proof}, ReturnTo: LocalPath(to)}
		if err := methodRight(tx, proof.Method, true); err != nil {
			return err
		}
		if err := f.open(tx, r, a); err != nil {
			return err
		}
		if step, err = f.arrive(tx, r, a); err != nil {
			return err
		}
		return f.save(tx, a)
	})
	if wrong != nil && err == nil {
		return f.askName(w, r, LocalPath(to), "", page.One(wrong))
	}
	return f.respond(w, r, a, step, err)
}

// StepUp sends a signed-in person through the flow to meet a need, and back to returnTo. What the session proved before the
// need begins is not taken along: a session that has signed in anew says only how it did so now.
func (f *Flow) StepUp(w http.ResponseWriter, r *http.Request, need Need, returnTo string) error {
	s := session.Of(r)
	proofs := slices.DeleteFunc(slices.Clone(s.Proofs), func(p session.Proof) bool { return p.At.Before(need.Since) })
	var to string
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		to, err = f.Begin(tx, r, &Attempt{Typed: s.User.Username, User: s.User, Need: need, Proofs: proofs, Session: s.ID,
			Known: f.KnownDevice(r, s.User), ReturnTo: returnTo})
		return err
	})
	if err != nil {
		return err
	}
	return page.Redirect(w, r, to)
}

// Act is how every form of the flow is handled, in one transaction: load the attempt of this browser, refuse unless
// it is at the step that the form belongs to, work, decide what is next, and save. Then the browser is sent on, or
// shown the same page with what was wrong.
func (f *Flow) Act(w http.ResponseWriter, r *http.Request, want StepKind, ask Kind, work func(*db.Tx, *Attempt, Step) error) error {
	return f.act(w, r, r.PostFormValue("a"), want, ask, work)
}

func (f *Flow) act(w http.ResponseWriter, r *http.Request, id string, want StepKind, ask Kind, work func(*db.Tx, *Attempt, Step) error) error {
	var a *Attempt
	var step Step
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if a, step, err = f.at(tx, r, id, want, ask); err != nil || a == nil {
			return err
		}
		if err = work(tx, a, step); err != nil {
			return err
		}
		if len(a.problems) > 0 {
			step = Next(*a, a.Need, a.Enrolled, tx.Now)
		} else if step, err = f.arrive(tx, r, a); err != nil {
			return err
		}
		return f.save(tx, a)
	})
	return f.respond(w, r, a, step, err)
}

// Before is the first half of Act for work that takes long and must not hold the database: it loads, checks, works and
// saves, but decides nothing. It returns nil where the browser was answered already.
func (f *Flow) Before(w http.ResponseWriter, r *http.Request, want StepKind, ask Kind, work func(*db.Tx, *Attempt) error) (*Attempt, error) {
	var a *Attempt
	var step Step
	err := f.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		if a, step, err = f.at(tx, r, r.PostFormValue("a"), want, ask); err != nil || a == nil {
			return err
		}
		if err = work(tx, a); err != nil {
			return err
		}
		return f.save(tx, a)
	})
	if err != nil || a == nil || len(a.problems) > 0 {
		return nil, f.respond(w, r, a, step, err)
	}
	return a, nil
}

// at loads the attempt with the id that a form names and demands that it stands at the step that the form belongs to. A form of
// another step, from a second tab or a script, has no effect.
func (f *Flow) at(tx *db.Tx, r *http.Request, id string, want StepKind, ask Kind) (*Attempt, Step, error) {
	a, err := f.find(tx, r, id)
	if err != nil || a == nil {
		return nil, Step{}, err
	}
	// Two attempts of one person change things one after the other.
	if a.User.ID != "" {
		if _, err := directory.Hold(tx, a.User.ID); err != nil {
			return nil, Step{}, err
		}
	}
	if err := f.facts(tx, a); err != nil {
		return nil, Step{}, err
	}
	step := Next(*a, a.Need, a.Enrolled, tx.Now)
	if step.Kind != want || ask != "" && step.Ask != ask {
		return a, step, errMoved
	}
	a.step = step
	return a, step, nil
}

// load is the attempt with this id of this browser, with what is known of its person; nil where there is none.
func (f *Flow) load(tx *db.Tx, r *http.Request, id string) (*Attempt, error) {
	a, err := f.find(tx, r, id)
	if err != nil || a == nil {
		return nil, err
	}
	return a, f.facts(tx, a)
}

func (f *Flow) find(tx *db.Tx, r *http.Request, id string) (*Attempt, error) {
	if len(id) != 26 {
		return nil, nil
	}
	a, err := findAttempt(tx, id, f.browser(r))
	if err != nil || a == nil {
		return nil, err
	}
	a.visit = page.VisitOf(r)
	if a.Session != "" && (session.Of(r) == nil || session.Of(r).ID != a.Session) {
		a.end(ReasonLeft) // the session that it would raise is over: signed out here, or everywhere by its owner
	}
	return a, nil
}

// facts reads what the decision needs to know of the person.
func (f *Flow) facts(tx *db.Tx, a *Attempt) (err error) {
	if a.Policy, err = PolicyNow(tx); err != nil {
		return err
	}
	if a.User.ID == "" {
		return factsOfNobody(tx, a)
	}
	if a.User, err = directory.ByID(tx, a.User.ID); err != nil {
		return err
	}
	if a.Ended == "" && a.Epoch != a.User.Epoch {
		a.end(ReasonLeft)
	}
	if a.Enrolled, err = Methods(tx, a.User.ID); err != nil {
		return err
	}
	// What was proved with a method that is gone proves nothing any more: the password was changed, the phone removed,
	// the pass voided, while this attempt was open in somebody's browser.
	gone := func(p session.Proof) bool { return p.Method != "" && a.Method(p.Method) == nil }
	if a.Ended == "" && slices.ContainsFunc(a.Proofs, func(p session.Proof) bool { return Kind(p.Kind) == AccessPass && gone(p) }) {
		a.end(ReasonPass) // else the password would be asked, of somebody who perhaps has none
	}
	a.Proofs = slices.DeleteFunc(a.Proofs, gone)
	if err := a.endStrayPass(tx); err != nil {
		return err
	}
	a.Person = &Person{Status: a.User.Status, Waiting: WaitingPassword(a.Enrolled) != nil, Frozen: !a.User.FrozenAt.IsZero(), FirstUse: a.User.FirstUseUntil.After(tx.Now),
		Mail: a.User.SignedInAt.IsZero() && a.User.Email != "" && f.Outbox.Serves(message.Email)}
	if a.Need.Details {
		missing, err := directory.Missing(tx, a.User)
		if err != nil {
			return err
		}
		a.Person.Missing = len(missing) > 0
		if a.knows(a.Need) { // before that, the answer's time must not tell who has what
			if a.Person.Nudge, err = f.suggestions(tx, a); err != nil {
				return err
			}
		}
	}
	return nil
}

// factsOfNobody asks the questions of facts about a name that nobody has: the time of the answer would tell (threat T06).
func factsOfNobody(tx *db.Tx, a *Attempt) error {
	if _, err := directory.ByID(tx, ""); !problem.Is(err, problem.NotFound) {
		return err
	}
	if _, err := Methods(tx, ""); err != nil || !a.Need.Details {
		return err
	}
	_, err := directory.Missing(tx, directory.User{})
	return err
}

// arrive decides the next step, starts its challenge when the attempt was not there before, and finishes the attempt
// when it is done.
func (f *Flow) arrive(tx *db.Tx, r *http.Request, a *Attempt) (Step, error) {
	step := Next(*a, a.Need, a.Enrolled, tx.Now)
	if step.Kind == Done {
		return step, f.finish(tx, r, a)
	}
	at := string(step.Kind) + ":" + string(step.Ask) + ":" + step.Option
	if step.Target != nil {
		at += ":" + step.Target.ID
	}
	if at == a.At {
		return step, nil
	}
	a.At, a.Trouble, a.Stumble = at, nil, nil
	if method := f.methods[step.Ask]; step.Kind == Prove && method != nil {
		return step, method.Start(tx, a, step)
	}
	if step.Kind == Refuse && step.Reason != ReasonHeld {
		return step, f.record(tx, a, audit.Refused, audit.Detail{"reason": step.Reason})
	}
	return step, nil
}

func (f *Flow) respond(w http.ResponseWriter, r *http.Request, a *Attempt, step Step, err error) error {
	switch {
	case errors.Is(err, errMoved):
		return page.Redirect(w, r, f.address(a))
	case err != nil:
		return err
	case a == nil:
		return f.refused(w, r, nil, ReasonUnknown)
	case len(a.problems) > 0 && a.Ended == "":
		return f.render(w, r, a, step, a.problems)
	}
	if a.started != nil {
		a.started.cookies(f, w, r)
		if a.Session != "" || a.Elsewhere != nil || len(a.Added) == 0 && !a.byPass() {
			return page.Redirect(w, r, LocalPath(a.ReturnTo))
		}
		return page.Redirect(w, r, "/signin/done?a="+url.QueryEscape(a.ID))
	}
	return page.Redirect(w, r, f.address(a))
}

func (f *Flow) address(a *Attempt) string { return Address(a.ID) }

// Address is where the attempt with the id goes on.
func Address(id string) string { return "/signin?a=" + url.QueryEscape(id) }

// show is the page of the step that an attempt is at, or the first page.
func (f *Flow) show(w http.ResponseWriter, r *http.Request) error {
	id := r.URL.Query().Get("a")
	if id == "" {
		if session.Of(r) != nil {
			return page.Redirect(w, r, LocalPath(r.URL.Query().Get("to")))
		}
		name := r.URL.Query().Get("name") // of whom an app expects
		if checkTyped(name) != nil {
			name = ""
		}
		return f.askName(w, r, LocalPath(r.URL.Query().Get("to")), name, nil)
	}
	a, step, err := f.Look(r, id)
	switch {
	case err != nil:
		return err
	case a == nil:
		return f.refused(w, r, nil, ReasonUnknown)
	}
	return f.render(w, r, a, step, page.One(a.Trouble.Problem()))
}

// Look is the attempt with the id of this browser and the step that it is at, for a page that changes nothing; nil where there is
// none.
func (f *Flow) Look(r *http.Request, id string) (a *Attempt, step Step, err error) {
	err = f.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		if a, err = f.load(tx, r, id); err == nil && a != nil {
			step = Next(*a, a.Need, a.Enrolled, tx.Now)
		}
		return err
	})
	return a, step, err
}

func (f *Flow) render(w http.ResponseWriter, r *http.Request, a *Attempt, step Step, problems page.Problems) error {
	f.hurry(w, a)
	switch step.Kind {
	case Identify:
		return f.askName(w, r, a.ReturnTo, a.Typed, problems)
	case Prove:
		return f.methods[step.Ask].Ask(w, r, a, step, problems)
	case Enrol:
		enroller, ok := f.methods[step.Ask].(Enroller)
		if !ok {
			return errors.New("no way to set up " + string(step.Ask))
		}
		return enroller.Enrol(w, r, a, step, problems)
	case Details:
		return f.askDetails(w, r, a, nil, problems)
	case Nudge:
		return f.askNudge(w, r, a, step, problems)
	case Done:
		// What was missing came about elsewhere, such as a detail that is not required any more: arrive now.
		return f.act(w, r, a.ID, Done, "", func(*db.Tx, *Attempt, Step) error { return nil })
	}
	if step.Reason == ReasonHeld {
		return f.showHeld(w, r, a)
	}
	return f.refused(w, r, a, step.Reason)
}

type refusedPage struct {
	Attempt string
	Reason  string
	Most    int    // methods of the kind that was to be set up
	To      string // where the one button leads
	Button  string // its locale key
	By      string // the site that waits for the outcome
	Here    string // where one signs in here
}

// refused is the page of a wrong turn: what happened, and one button on.
func (f *Flow) refused(w http.ResponseWriter, r *http.Request, a *Attempt, reason string) error {
	data := refusedPage{Reason: "signin.refused." + reason, To: "/signin", Button: "signin.start-again"}
	if a != nil {
		data.Attempt, data.Most = a.ID, a.Need.Enrol.Most()
	}
	if a != nil && a.Elsewhere != nil {
		data.To, data.Button, data.By, data.Here = LocalPath(a.ReturnTo), "signin.elsewhere.back", a.Elsewhere.By, f.Base
	} else if session.Of(r) != nil {
		data.To, data.Button = "/", "signin.go-on"
		if a != nil && a.ReturnTo != "" {
			data.To, _, _ = strings.Cut(a.ReturnTo, "?") // which may hold good news of what did not happen
		}
	} else if a != nil && a.ReturnTo != "" {
		data.To = "/signin?to=" + url.QueryEscape(a.ReturnTo)
	}
	status := http.StatusForbidden
	if reason == ReasonIdle || reason == ReasonDone || reason == ReasonPass || reason == ReasonUnknown || reason == ReasonLeft || reason == ReasonLate {
		status = http.StatusGone
	}
	return f.Pages.Show(w, r, "signin/refused", data, page.Status(status))
}
