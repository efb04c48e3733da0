// The pages of passkeys, and what their script asks for.
package passkey

import (
	"encoding/json"
	"errors"
	"net/http"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// Mount adds the method's routes.
func (m *Method) Mount(handle func(pattern string, h page.Handler)) {
	handle("GET /signin/passkey/options", m.askOptions)
	handle("POST /signin/passkey", m.answer)
	handle("GET /signin/enrol/passkey/options", m.enrolOptions)
	handle("POST /signin/enrol/passkey", m.enrol)
	handle("GET /security/passkeys", m.signals)
}

// Ask shows the page that asks for a passkey as the second step.
func (m *Method) Ask(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	return m.Pages.Show(w, r, "passkey/prove", m.Flow.Form(a, step), page.Wrong(problems))
}

// Enrol shows the page on which a passkey is made.
func (m *Method) Enrol(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	data := struct {
		signin.Form
		Handed bool // only keys that were handed out may be added
	}{m.Flow.Form(a, step), a.Policy.Makers.Demanded()}
	return m.Pages.Show(w, r, "passkey/enrol", data, page.Wrong(problems))
}

// Endpoints tells password managers where passkeys of this site are made and managed (W3C, "A Well-Known URL for Relying Party Passkey
// Endpoints").
func (m *Method) Endpoints(w http.ResponseWriter, _ *http.Request) {
	origin := m.here.origin
	_ = send(w, map[string]string{"enroll": origin + "/security/add", "manage": origin + "/security"}) // the visitor is gone, if it fails
}

// RelatedPath is where browsers ask the host that passkeys are made for which other sites may use them (section 5.11).
const RelatedPath = "/.well-known/webauthn"

// Related names the one site: this. Whoever reads it comes from another one, and is no page of ours.
func (m *Method) Related(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
	_ = send(w, map[string][]string{"origins": {m.here.origin}}) // the browser is gone, if it fails
}

func send(w http.ResponseWriter, data any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(data)
}

func gone() *problem.Problem { return problem.New(problem.Gone, "signin.refused.unknown") }

// askOptions gives the script what to ask the browser for: on the first page, on that of the password, and as the second step.
// Nothing is written, and until somebody has proved who they are the answer is the same for everybody.
func (m *Method) askOptions(w http.ResponseWriter, r *http.Request) error {
	id := r.URL.Query().Get("a")
	var allowed []signin.Enrolled
	if id == "" {
		if able, err := m.Flow.Allows(r.Context(), signin.Passkey); err != nil || !able {
			return orGone(err)
		}
	} else {
		a, step, err := m.Flow.Look(r, id)
		if err != nil || a == nil || !m.asked(a, step) {
			return orGone(err)
		}
		if step.Ask == signin.Passkey {
			allowed = step.Choices
		}
	}
	options, err := m.request(m.challenge(useOf(getting, page.VisitOf(r), id), m.DB.Now()), allowed)
	if err != nil {
		return err
	}
	return send(w, options)
}

func orGone(err error) error {
	if err != nil {
		return err
	}
	return gone()
}

// asked tells whether a passkey may be used at the step: where it is asked for, and in place of a password.
func (m *Method) asked(a *signin.Attempt, step signin.Step) bool {
	return step.Kind == signin.Prove && step.Ask == signin.Passkey || m.Flow.Form(a, step).Touch != nil
}

// answer takes what the browser's passkey has signed. Without an attempt, it says by itself who signs in.
func (m *Method) answer(w http.ResponseWriter, r *http.Request) error {
	given, formErr := readAssertion(r.PostFormValue("credential"))
	id := r.PostFormValue("a")
	u := useOf(getting, page.VisitOf(r), id)
	if id == "" {
		if allowed, err := m.Flow.Allows(r.Context(), signin.Passkey); err != nil || !allowed {
			return orGone(err)
		}
		return m.Flow.Recognise(w, r, r.PostFormValue("to"), func(tx *db.Tx) (person directory.User, proof session.Proof, p *problem.Problem, err error) {
			if p, err = m.refused(tx, r, answered{}, formErr); p != nil || err != nil {
				return person, proof, p, err
			}
			found, err := m.recognise(tx, given, u, "", true)
			if p, err = m.refused(tx, r, found, err); p != nil || err != nil {
				return person, proof, p, err
			}
			person.ID = found.row.User
			return person, found.proof(found.row.ID, true, tx.Now), nil, nil
		})
	}
	return m.Flow.Act(w, r, signin.Prove, "", func(tx *db.Tx, a *signin.Attempt, step signin.Step) error {
		if !m.asked(a, step) {
			return nil // of a second tab; the page of the step follows
		}
		found, err := answered{}, formErr
		if err == nil {
			found, err = m.recognise(tx, given, u, orNobody(a.User.ID), step.Ask == signin.Password)
		}
		if p, err := m.refused(tx, r, found, err); p != nil || err != nil {
			a.Fail(p)
			return err
		}
		a.Stay = a.Stay || r.PostFormValue("stay") == "yes"
		return m.Flow.Proved(tx, a, found.proof(found.row.ID, found.said.verified(), tx.Now))
	})
}

// orNobody is the id of a person, or one that nobody has: what is typed for a name that nobody has is to be nobody's passkey, and not
// anybody's.
func orNobody(id string) string {
	if id == "" {
		return "nobody"
	}
	return id
}

// refused words a fault for people, and raises the alarm where the passkey may have been copied. Any other error is ours.
func (m *Method) refused(tx *db.Tx, r *http.Request, found answered, err error) (*problem.Problem, error) {
	var f fault
	if err == nil || !errors.As(err, &f) {
		return nil, err
	}
	m.Flow.Log.Info("a passkey was refused", "reason", string(f), "request", page.VisitOf(r).ID)
	key := "passkey.failed"
	switch f {
	case faultUnknown:
		key = "passkey.unknown" // which makes the script tell the browser that it keeps a passkey for nothing
	case faultLate, faultSpent, faultChallenge:
		key = "passkey.late"
	case faultHandle:
		key = "passkey.other"
	case faultVerified:
		key = "passkey.unverified"
	case faultLock:
		key = "passkey.lock"
	case faultOff:
		key = "passkey.off"
	case faultUnvouched:
		key = "passkey.unvouched"
	case faultVoucher, faultVouch, faultNoModel, faultMaker, faultModel:
		key = "passkey.maker"
	case faultTaken:
		key = "passkey.have-it"
	case faultCounter:
		key = "passkey.copied"
		err = m.alarm(tx, r, found)
		return problem.New(problem.Forbidden, key), err
	}
	return problem.New(problem.Invalid, key), nil
}

// faultTaken is of a passkey that is set up already, by anybody.
const faultTaken fault = "a passkey with this id is set up already"

// enrolOptions gives the script what to make.
func (m *Method) enrolOptions(w http.ResponseWriter, r *http.Request) error {
	id := r.URL.Query().Get("a")
	a, step, err := m.Flow.Look(r, id)
	if err != nil || a == nil || step.Kind != signin.Enrol || step.Ask != signin.Passkey {
		return orGone(err)
	}
	handle, err := m.handle(a.User.ID, a.Enrolled)
	if err != nil {
		return err
	}
	options, err := m.creation(m.challenge(useOf(creating, page.VisitOf(r), id), m.DB.Now()), handle, a.User, a.Enrolled, a.Policy.Makers)
	if err != nil {
		return err
	}
	return send(w, options)
}

// enrol takes the passkey that was made.
func (m *Method) enrol(w http.ResponseWriter, r *http.Request) error {
	given, formErr := readAttestationForm(r.PostFormValue("credential"))
	return m.Flow.Act(w, r, signin.Enrol, signin.Passkey, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		handle, err := m.handle(a.User.ID, a.Enrolled)
		if err != nil {
			return err
		}
		var c credential
		var said attested
		if err = formErr; err == nil {
			c, said, err = m.enrolled(tx, given, useOf(creating, page.VisitOf(r), a.ID), handle, a.Policy.Makers)
		}
		if err == nil {
			err = m.free(tx, c.ID)
		}
		if p, err := m.refused(tx, r, answered{}, err); p != nil || err != nil {
			a.Fail(p)
			return err
		}
		row, err := c.row(m.Keys, a.User.ID, c.called(page.VisitOf(r).Locale), said.counter, tx.Now)
		if err != nil {
			return err
		}
		a.Stay = a.Stay || r.PostFormValue("stay") == "yes"
		return m.Flow.AddMethod(tx, a, row, c.proof(row.ID, said.verified(), tx.Now))
	})
}

// free tells whether nobody has a passkey with the id (WebAuthn section 7.1, the step on a credential id that is registered).
func (m *Method) free(tx *db.Tx, id []byte) error {
	owners, err := signin.UsersByLookup(tx, lookups(m.Keys, id)...)
	if err == nil && len(owners) > 0 {
		err = faultTaken
	}
	return err
}

// signals tells the browser which passkeys of the person who is signed in are any good.
func (m *Method) signals(w http.ResponseWriter, r *http.Request) error {
	s := session.Of(r)
	if s == nil {
		return gone()
	}
	told := signals{Site: m.here.id, Accepted: []raw{}, Name: s.User.Username, DisplayName: s.User.Name()}
	err := m.DB.View(r.Context(), func(tx *db.Tx) error {
		methods, err := signin.Methods(tx, s.User.ID)
		if err != nil {
			return err
		}
		if told.User, err = m.handle(s.User.ID, methods); err != nil {
			return err
		}
		set, err := descriptors(methods)
		told.Accepted = told.Accepted[:0] // of a run before
		for _, d := range set {
			told.Accepted = append(told.Accepted, d.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	return send(w, told)
}
