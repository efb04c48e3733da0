package portal

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

func TestSessions(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123")
	there := s.enter(beth)
	s.clock.Advance(time.Minute)
	elsewhere := s.enter(beth)
	s.clock.Advance(time.Minute)
	here := s.enter(beth)
	p := here.get("/security")
	s.shows(p, "Firefox · Windows This browser signed in today at 09:32", "Sign out Firefox · Windows, signed in today at 09:30")
	if strings.Contains(p.Body, "/security/sessions/"+here.session+"/end") {
		t.Error("this browser can be ended from its own row")
	}
	s.clock.Advance(stale) // no recent proof is asked for
	if got := here.went(here.send("/security/sessions/" + there.session + "/end")); got != "/security?done=ended" {
		t.Fatal(got)
	}
	there.went(there.get("/security"))
	s.status(elsewhere.get("/security"), 200)
	s.status(here.send("/security/sessions/"+there.session+"/end"), http.StatusNotFound) // it is over

	here.went(here.send("/security/sessions/end"))
	elsewhere.went(elsewhere.get("/security"))
	s.shows(here.get("/security?done=ended"), "Done.")

	if got := here.went(here.send("/security/sessions/" + here.session + "/end")); got != "/signin" {
		t.Error("ending this one leads to", got)
	}
	here.went(here.get("/security"))
}

func TestThisWasNotMe(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "authenticator Pixel")
	b, other := s.enter(beth), s.enter(beth)
	before := s.kept()
	p := b.get("/security/not-me")
	s.shows(p, "Wasn’t that you?")
	if s.kept() != before {
		t.Fatal("looking froze the account")
	}
	s.clock.Advance(stale) // the phone may be gone
	p = b.send("/security/not-me")
	s.status(p, 200)
	s.shows(p, "Your account is safe now")
	if cookie := p.Header.Get("Set-Cookie"); !strings.Contains(cookie, "Max-Age=0") {
		t.Error("the cookie stays:", cookie)
	}
	b.went(b.get("/"))
	other.went(other.get("/"))

	s.tx(func(tx *db.Tx) (err error) {
		beth, err = directory.ByID(tx, beth.ID)
		return err
	})
	b = s.enter(beth)
	before = s.kept()
	for _, path := range []string{"/", "/security", "/details"} {
		p := b.get(path)
		s.shows(p, "Somebody said “this wasn’t me”")
		s.hides(p, "/remove", "/rename", "Make default", `href="/security/password"`, `>Save<`)
	}
	for path, form := range map[string][]string{
		"/security/methods/" + ids[0] + "/rename": {"name", "x"},
		"/security/methods/" + ids[0] + "/remove": nil,
		"/security/methods/" + ids[0] + "/update": nil,
		"/security/default":                       {"method", ids[0]},
		"/security/password":                      {"current", "a", "new", "b"},
		"/security/add":                           {"kind", "phone"},
		"/details":                                {"field-given_name", "x"},
	} {
		s.status(b.send(path, form...), http.StatusForbidden)
	}
	s.clock.Advance(stale) // and nobody is asked for a proof that would be for nothing
	s.status(b.send("/security/methods/"+ids[0]+"/rename", "name", "x"), http.StatusForbidden)
	if s.kept() != before || s.started > 0 {
		t.Error("something was changed in a frozen account, or a code was sent")
	}
}

func TestChangingThePassword(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123")
	b := s.enter(beth)
	p := b.get("/security/password")
	form, err := p.Form("new-password")
	s.must(err)
	if form.Values.Get("username") != "beth" {
		t.Error("a password manager can't tell whose password this is")
	}
	s.refuse = errWrong
	p = b.send("/security/password", "current", "secret-old", "new", "secret-new")
	s.status(p, http.StatusUnprocessableEntity)
	s.hides(p, "secret-old", "secret-new")
	if !strings.Contains(p.Body, `id="current-wrong"`) {
		t.Error("the page does not say what was wrong")
	}
	wait := problem.Field("current", "signin.wait").After(time.Minute)
	wait.Kind = problem.Limited
	s.refuse = wait
	s.status(b.send("/security/password", "current", "a", "new", "b"), http.StatusTooManyRequests)
	s.refuse = nil

	s.shows(b.send("/security/password", "current", "", "new", "b"), "Type the password that you have now.")
	s.shows(b.send("/security/password", "current", "a", "new", ""), "Type the password that you want to have.")
	if len(s.changed) != 0 {
		t.Fatal("an empty form was taken for a change:", s.changed)
	}
	if got := b.went(b.send("/security/password", "current", "a", "new", "b")); got != "/security?done=password" {
		t.Error(got)
	}
	if want := "beth " + b.session + " a b"; len(s.changed) != 1 || s.changed[0] != want {
		t.Errorf("changed %q, want %q", s.changed, want)
	}
	s.shows(b.get("/security?done=password"), "Your password is changed.", "Password set 1 February")
}

// The new password is hashed while nothing is held: whoever says "this wasn't me" in that time is heard.
func TestAPasswordIsNotSetOnceChangesAreStopped(t *testing.T) {
	s := open(t)
	user, _ := s.person("aisha", "phone +44")
	s.tx(func(tx *db.Tx) error { return directory.Freeze(tx, user.ID) })
	before := s.kept()
	err := s.db.Tx(t.Context(), func(tx *db.Tx) error {
		return s.flow.SetPassword(tx, user, signin.Enrolled{ID: db.NewID(), Secret: []byte("new")}, "", audit.PasswordChanged)
	})
	if !problem.Is(err, problem.Forbidden) || s.kept() != before {
		t.Errorf("the password was set: %v", err)
	}
}

// "This wasn't me" is one event and one letter to each administrator, however often it is said: in a call, in a letter, on
// a page. Each time, whoever got in since is signed out.
func TestNotMeIsRecordedOnce(t *testing.T) {
	s := open(t)
	boss, _ := s.person("boss", "phone +1")
	user, _ := s.person("aisha", "phone +44")
	s.tx(func(tx *db.Tx) error { return directory.SetRole(tx, audit.System, boss.ID, directory.Administrator) })
	for range 2 {
		s.tx(func(tx *db.Tx) (err error) { // signed in a moment ago
			user, err = directory.ByID(tx, user.ID)
			return err
		})
		b := s.enter(user)
		s.tx(func(tx *db.Tx) error { return s.flow.Freeze(tx, user.ID) })
		if to := b.went(b.get("/security")); !strings.HasPrefix(to, "/signin") {
			t.Errorf("still signed in: %s", to)
		}
	}
	var events, letters int
	s.tx(func(tx *db.Tx) error {
		return errors.Join(tx.Row("SELECT count(*) FROM audit_events WHERE type = 'not-me'", nil, &events),
			tx.Row("SELECT count(*) FROM messages WHERE user_id = $1", []any{boss.ID}, &letters))
	})
	if events != 1 || letters != 1 {
		t.Errorf("%d events, %d letters", events, letters)
	}
}
