// The pages of the authenticator app.
package authenticator

import (
	"cmp"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"
	"time"

	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// setUpLife is how long a secret that was shown and not yet proved lives.
const setUpLife = 10 * time.Minute

// setUp is how far a set-up has come, kept in its challenge.
type setUp struct {
	Stage stage `json:"stage"`
	Other bool  `json:"other,omitempty"` // the app is not ours
}

type stage string

const (
	toScan  stage = "scan"
	toProve stage = "prove"
)

func setUpOf(c signin.Challenge) (s setUp) {
	_ = json.Unmarshal([]byte(c.Data), &s) // ours
	return s
}

func (s setUp) data() string {
	text, _ := json.Marshal(s) // never fails
	return string(text)
}

// Mount adds the method's routes.
func (m *Method) Mount(handle func(pattern string, h page.Handler)) {
	handle("POST /signin/authenticator", m.prove)
	handle("POST /signin/authenticator/approved", m.approved)
	handle("POST /signin/authenticator/again", m.again)
	handle("GET /signin/authenticator/state", m.watch)
	handle("POST /signin/enrol/authenticator/secret", m.makeSecret)
	handle("POST /signin/enrol/authenticator/app", m.turn(func(s *setUp, r *http.Request) { s.Other = otherApp(r) }))
	handle("POST /signin/enrol/authenticator/scanned", m.turn(func(s *setUp, _ *http.Request) { s.Stage = toProve }))
	handle("POST /signin/enrol/authenticator/scan", m.turn(func(s *setUp, _ *http.Request) { s.Stage = toScan }))
	handle("POST /signin/enrol/authenticator", m.enrol)
}

type provePage struct {
	signin.Form
	Method string // id of the authenticator whose app can be asked, or empty
}

// Ask shows the page with the number to approve with, or the page that asks for the app's code.
func (m *Method) Ask(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	if wants(step) {
		if shown, err := m.showApproval(w, r, a, step, problems); err != nil || shown {
			return err
		}
	}
	data := provePage{Form: m.Flow.Form(a, step)}
	if step.Target.Lookup != "" {
		data.Method = step.Target.ID
	}
	return m.Pages.Show(w, r, "authenticator/prove", data, page.Wrong(problems))
}

type setUpPage struct {
	signin.Form
	Other   bool // the app is not ours
	Paired  bool // ours is connected
	QR      template.HTML
	Key     string
	Account string
	Link    template.URL
	Name    string
}

// Enrol shows how far the set-up has come: get the app, scan, or prove.
func (m *Method) Enrol(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	data := setUpPage{Form: m.Flow.Form(a, step), Name: strings.TrimSpace(r.PostFormValue("name"))}
	var c signin.Challenge
	open := false
	err := m.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		if c, open, err = m.Flow.Current(tx, a, signin.Authenticator, signin.ToEnrol); err != nil {
			return err
		}
		open = open && c.ExpiresAt.After(tx.Now)
		_, data.Paired, err = m.pairedApp(tx, c)
		return err
	})
	switch {
	case err != nil:
		return err
	case !open:
		return m.Pages.Show(w, r, "authenticator/start", data, page.Wrong(problems))
	case setUpOf(c).Stage == toProve:
		return m.Pages.Show(w, r, "authenticator/confirm", data, page.Wrong(problems))
	}
	secret, err := m.secret(c)
	if err != nil {
		return err
	}
	issuer := m.Pages.Brand().Name
	uri := URI(issuer, a.User.Username, secret)
	if data.Other = setUpOf(c).Other; !data.Other {
		uri = m.Base + "/authenticator/#" + ownURI(issuer, a.User.Username, secret, m.pairing(c.ID))
	}
	// html/template passes no scheme that it does not know; this address is wholly ours, with every part escaped.
	data.Key, data.Account, data.Link = GroupKey(secret), issuer+": "+a.User.Username, template.URL(uri)
	if data.QR, err = QR(uri, page.VisitOf(r).Locale.Text("authenticator.scan.qr")); err != nil {
		return err
	}
	return m.Pages.Show(w, r, "authenticator/scan", data, page.Wrong(problems))
}

func (m *Method) secret(c signin.Challenge) ([]byte, error) {
	return m.Keys.Open(c.Secret, "challenges", "secret", c.ID)
}

// otherApp tells whether the person has chosen an app that is not ours.
func otherApp(r *http.Request) bool { return r.PostFormValue("app") == "other" }

// makeSecret makes the secret that the next page shows.
func (m *Method) makeSecret(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Enrol, signin.Authenticator, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		c := signin.Challenge{ID: db.NewID(), Kind: signin.Authenticator, Purpose: signin.ToEnrol,
			Data: setUp{Stage: toScan, Other: otherApp(r)}.data(), ExpiresAt: tx.Now.Add(setUpLife)}
		c.Secret = m.Keys.Seal(NewSecret(), "challenges", "secret", c.ID)
		_, err := m.Flow.Open(tx, a, c)
		a.Trouble = nil
		return err
	})
}

// turn moves between the pages of a set-up: the QR code for one app or another, and the one that asks for a code.
func (m *Method) turn(change func(*setUp, *http.Request)) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return m.Flow.Act(w, r, signin.Enrol, signin.Authenticator, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
			c, found, err := m.Flow.Current(tx, a, signin.Authenticator, signin.ToEnrol)
			if err != nil || !found {
				return err
			}
			s := setUpOf(c)
			change(&s, r)
			c.Data = s.data()
			return m.Flow.Resent(tx, c)
		})
	}
}

// enrol takes the first code. The secret comes from the challenge, never from the form.
func (m *Method) enrol(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Enrol, signin.Authenticator, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		name, p := deviceName(r)
		typed, ok := code.Clean(r.PostFormValue("code"), Digits)
		if !ok {
			p = problem.Field("code", "signin.not-a-code")
		}
		if p != nil {
			a.Fail(p)
			return nil
		}
		var secret []byte
		var step int64
		var broken error
		c, right, err := m.Flow.Answer(tx, a, signin.Authenticator, signin.ToEnrol, func(c signin.Challenge) (ok bool) {
			if secret, broken = m.secret(c); broken != nil {
				return false
			}
			step, ok = Match(secret, typed, tx.Now, 0)
			return ok
		})
		if err != nil || broken != nil {
			return cmp.Or(err, broken)
		}
		if !right {
			return nil
		}
		row := Row(m.Keys, a.User.ID, name, secret, step)
		row.UsedAt = tx.Now
		app, paired, err := m.pairedApp(tx, c)
		if err != nil {
			return err
		}
		row.Lookup = app.ID
		if err := m.Flow.AddMethod(tx, a, row, proof(row.ID, tx.Now)); err != nil || !paired || a.Ended != "" {
			return err
		}
		return m.bind(tx, a, app, row.ID)
	})
}

// deviceName is what the person calls the device; without a name it is called a phone.
func deviceName(r *http.Request) (string, *problem.Problem) {
	typed := strings.TrimSpace(r.PostFormValue("name"))
	if typed == "" {
		typed = page.VisitOf(r).Locale.Text("authenticator.name.default")
	}
	return signin.MethodName(typed)
}

func (m *Method) prove(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Prove, signin.Authenticator, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		typed, ok := code.Clean(r.PostFormValue("code"), Digits)
		if !ok {
			a.Fail(problem.Field("code", "signin.not-a-code"))
			return nil
		}
		method, err := m.Flow.AnswerMethods(tx, a, signin.Authenticator, func() (string, error) { return m.spend(tx, a, typed) })
		if err != nil || method == "" {
			return err
		}
		a.Stay = a.Stay || r.PostFormValue("stay") == "yes"
		a.Proved(proof(method, tx.Now))
		if err := reviveDevice(tx, method, a.User.Epoch); err != nil {
			return err
		}
		return m.Flow.Close(tx, a, signin.Authenticator, signin.ToProve) // the app need not answer any more
	})
}
