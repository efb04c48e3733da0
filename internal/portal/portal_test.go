package portal

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/signin"
)

func TestWhoIsNotSignedInIsSentToSignIn(t *testing.T) {
	s := open(t)
	s.person("beth", "phone +447700900123")
	before, b := s.kept(), s.stranger()
	if len(s.patterns) < 20 {
		t.Fatalf("only %d routes", len(s.patterns))
	}
	for _, pattern := range s.patterns {
		method, path, _ := strings.Cut(strings.NewReplacer("{id}", "x", "{$}", "").Replace(pattern), " ")
		want := path
		if method == http.MethodGet {
			want = path + "?before=x&y=1"
			if got := b.went(b.get(want)); got != "/signin?to="+url.QueryEscape(want) {
				t.Errorf("%s: sent to %s", pattern, got)
			}
			continue
		}
		want = "/security"
		if path == "/details" {
			want = path
		}
		if got := b.went(b.send(path, "name", "x", "kind", "phone")); got != "/signin?to="+url.QueryEscape(want) {
			t.Errorf("%s: sent to %s", pattern, got)
		}
	}
	if s.kept() != before {
		t.Error("somebody who is not signed in changed something")
	}
}

// Threat T21: a thief with a live but old session posts straight to the changes.
func TestAnOldProofChangesNothing(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "authenticator Pixel")
	b := s.enter(beth)
	before := s.kept()
	s.clock.Advance(stale)
	for _, change := range []struct {
		path string
		form []string
	}{
		{"/security/methods/" + ids[0] + "/rename", []string{"name", "Mine now"}},
		{"/security/methods/" + ids[0] + "/remove", nil},
		{"/security/methods/" + ids[0] + "/update", nil},
		{"/security/default?method=" + ids[1], []string{"method", ids[1]}},
		{"/security/password", []string{"current", "x", "new", "a stranger’s own password"}},
		{"/security/add", []string{"kind", "phone"}},
	} {
		to := b.went(b.send(change.path, change.form...))
		if !strings.HasPrefix(to, "/signin?a=") {
			t.Errorf("%s: sent to %s instead of the step-up", change.path, to)
			continue
		}
		// Not even the first page of what was asked for: the proof comes before it.
		s.shows(b.get(to), "prove")
		if s.kept() != before {
			t.Fatalf("%s changed something", change.path)
		}
	}
}

func TestTheEdgeOfTenMinutes(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123")
	b, rename := s.enter(beth), "/security/methods/"+ids[0]+"/rename"
	s.clock.Advance(10 * time.Minute)
	if got := b.went(b.send(rename, "name", "In time")); got != "/security?done=renamed" {
		t.Errorf("after exactly ten minutes: %s", got)
	}
	s.clock.Advance(time.Millisecond)
	if got := b.went(b.send(rename, "name", "Too late")); !strings.HasPrefix(got, "/signin?a=") {
		t.Errorf("a moment later: %s", got)
	}
}

// Opening a page never sends a code: links are followed by accident, by scanners and by other sites.
func TestLookingSendsNothing(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "phone +441632960456")
	b := s.enter(beth)
	s.clock.Advance(stale)
	before := s.kept()
	for _, path := range []string{"/", "/security", "/security/add", "/security/default", "/security/password", "/details", "/activity",
		"/security/not-me", "/security/methods/" + ids[0] + "/rename", "/security/methods/" + ids[0] + "/remove"} {
		s.status(b.get(path), 200)
	}
	if s.started != 0 || s.kept() != before {
		t.Errorf("looking sent %d codes", s.started)
	}
	s.shows(b.get("/security/password"), "First, prove it’s you")
}

func TestAChangeAfterProvingIt(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "phone +441632960456")
	b := s.enter(beth)
	old := s.clock.Now()
	s.clock.Advance(stale)
	path := "/security/methods/" + ids[1] + "/rename"

	first := b.get(path)
	s.shows(first, "First, prove it’s you")
	b.Client.CheckRedirect = nil // from here on like any browser
	asked, err := b.Send(first.Forms[0], nil)
	s.must(err)
	s.shows(asked, "prove phone")
	back, err := b.Send(asked.Forms[0], nil)
	s.must(err)
	if back.URL.Path != path {
		t.Fatalf("back at %s instead of the change", back.URL)
	}
	form, err := back.Form("name")
	s.must(err)
	shown, err := b.Send(form.Set("name", "Kitchen phone"), nil)
	s.must(err)
	s.shows(shown, "It has its new name.", "Kitchen phone", "+441632960456", "added 1 February", "not used yet")
	b.sound(shown)
	if !old.Before(s.clock.Now()) {
		t.Fatal("the clock stood still")
	}
}

func TestRenamingRefusesWhatIsNoName(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123")
	b := s.enter(beth)
	before := s.kept()
	for _, name := range []string{"", "   ", strings.Repeat("ŵ", 51), "one\ntwo"} {
		p := b.send("/security/methods/"+ids[0]+"/rename", "name", name)
		s.status(p, http.StatusUnprocessableEntity)
		s.shows(p, "Type a name of up to 50 letters.", "Problem:")
	}
	if s.kept() != before {
		t.Error("it was renamed all the same")
	}
	s.shows(b.send("/security/methods/"+ids[0]+"/rename", "name", strings.Repeat("ŵ", 50)), "")
}

func TestRemovingAMethod(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "phone +441632960456")
	b, elsewhere := s.enter(beth), s.enter(beth)
	s.shows(b.get("/security/methods/"+ids[0]+"/remove"), "Remove this?", "+447700900123")
	if got := b.went(b.send("/security/methods/" + ids[0] + "/remove")); got != "/security?done=removed" {
		t.Fatal(got)
	}
	p := b.get("/security?done=removed")
	s.shows(p, "It is removed.", "+441632960456")
	s.hides(p, "+447700900123")
	b.went(elsewhere.get("/security")) // signed out, because it may have been made with what was removed

	s.must(s.outbox.Drain(t.Context()))
	if len(s.post.all) != 1 || !strings.Contains(s.post.all[0].Subject, "removed") {
		t.Errorf("the person was not told: %v", s.post.all)
	}
}

func TestTheLastMethodStays(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "phone +441632960456")
	s.tx(func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE methods SET disabled_at = 1 WHERE id = $1", ids[1])
		return err
	})
	b := s.enter(beth)
	path := "/security/methods/" + ids[0] + "/remove"
	before := s.kept()
	p := b.get(path)
	s.shows(p, "This is the only way you can prove who you are.", "Add sign-in method")
	s.hides(p, "<button class=\"btn danger")
	p = b.send(path)
	s.status(p, http.StatusUnprocessableEntity)
	s.shows(p, "This is the only way you can prove who you are.")
	if s.kept() != before {
		t.Fatal("the last method was removed")
	}
	p = b.get("/security")
	s.shows(p, "Stopped", "There were too many wrong codes.")
	s.hides(p, "Make default") // a stopped one can't be the default
	if got := b.went(b.send("/security/methods/" + ids[1] + "/remove")); got != "/security?done=removed" {
		t.Error("a stopped method can't be removed:", got)
	}
}

func TestTheDefault(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "authenticator Pixel")
	b := s.enter(beth)
	p := b.get("/security")
	s.shows(p, "When you sign in we first ask for your: Authenticator app", "Make default Phone, +447700900123")
	s.hides(p, "Make default<span class=\"hidden\"> Authenticator")

	p = b.get("/security/default?method=" + ids[0])
	if form, err := p.Form("method"); err != nil || form.Values.Get("method") != ids[0] {
		t.Error("what was pressed is not chosen:", err)
	}
	s.shows(b.send("/security/default"), "Choose one of them.")
	if got := b.went(b.send("/security/default", "method", ids[0])); got != "/security?done=default" {
		t.Fatal(got)
	}
	s.shows(b.get("/security?done=default"), "first ask for your: Phone", "Make default Authenticator app, Pixel", "We’ll ask for this one first")
	form, err := b.get("/security/default").Form("method")
	s.must(err)
	if form.Values.Get("method") != ids[0] {
		t.Error("the default is not the one chosen")
	}
}

func TestAddingAMethod(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123")
	b := s.enter(beth)
	p := b.get("/security/add")
	s.shows(p, "A code by text or by call", "An app on your phone")
	b.Client.CheckRedirect = nil
	p, err := b.Send(p.Forms[0], p.Forms[0].Press("Authenticator"))
	s.must(err)
	s.shows(p, "set up authenticator")
	p, err = b.Send(p.Forms[0].Set("number", "Pixel 9"), nil)
	s.must(err)
	if p.URL.Path != "/security" {
		t.Fatal("back at", p.URL)
	}
	s.shows(p, "It is added.", "Pixel 9")
}

// "Not now" leads to the same address as success, and must not claim one.
func TestTurningBackAddsNothing(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123")
	s.clock.Advance(time.Hour)
	b := s.enter(beth)
	to := b.went(b.send("/security/add", "kind", "phone"))
	attempt := strings.TrimPrefix(to, "/signin?a=")
	back := b.went(b.send("/signin/leave", "a", attempt))
	if !strings.HasPrefix(back, "/security?done=added") {
		t.Fatal("leaving leads to", back)
	}
	s.hides(b.get(back), "It is added.")
}

// The old number works until the new one is proved.
func TestUpdatingAPhone(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "authenticator Pixel")
	b := s.enter(beth)
	b.Client.CheckRedirect = nil
	p := b.send("/security/methods/" + ids[0] + "/update")
	s.shows(p, "set up phone")
	if got := s.methods(beth); len(got) != 3 {
		t.Fatalf("%d methods before the new number is proved", len(got))
	}
	p, err := b.Send(p.Forms[0].Set("number", "+447700900777"), nil)
	s.must(err)
	s.shows(p, "It is updated.", "+447700900777", "Pixel")
	s.hides(p, "+447700900123")
	if len(s.methods(beth)) != 3 {
		t.Error("the old number is still there")
	}
	s.status(b.send("/security/methods/"+ids[1]+"/update"), http.StatusForbidden)
}

func TestFiveOfAKind(t *testing.T) {
	s := open(t)
	phones := []string{"phone 1", "phone 2", "phone 3", "phone 4", "phone 5"}
	beth, _ := s.person("beth", phones...)
	b := s.enter(beth)
	before := s.kept()
	s.shows(b.get("/security"), "Phone: you have 5, which is the most you can have.", "Add sign-in method")
	p := b.get("/security/add")
	s.shows(p, "Phone: you have 5")
	s.hides(p, `value="phone"`)
	p = b.send("/security/add", "kind", "phone")
	s.status(p, http.StatusUnprocessableEntity)
	s.shows(p, "You have 5 of these")
	for _, kind := range []string{"", "passkey", "password", "accesspass", "mail"} {
		p = b.send("/security/add", "kind", kind)
		s.status(p, http.StatusUnprocessableEntity)
		s.shows(p, "Choose what you want to add.")
	}
	if s.kept() != before {
		t.Error("something was added")
	}
	harold, _ := s.person("harold", append(phones, "authenticator 1", "authenticator 2", "authenticator 3", "authenticator 4", "authenticator 5")...)
	s.hides(s.enter(harold).get("/security"), "Add sign-in method")
}

func TestWhatBelongsToSomebodyElseIsNotThere(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123", "authenticator Pixel")
	harold, his := s.person("harold", "phone +441632960456", "authenticator Nokia")
	b, h := s.enter(beth), s.enter(harold)
	before := s.kept()
	for _, path := range []string{"/security/methods/" + his[0] + "/rename", "/security/methods/" + his[0] + "/remove",
		"/security/methods/" + his[0] + "/update", "/security/sessions/" + h.session + "/end",
		"/security/methods/nobody/rename", "/security/methods/%00%ff/remove", "/security/sessions/nobody/end"} {
		p := b.send(path, "name", "Mine now")
		s.status(p, http.StatusNotFound)
		s.hides(p, "1632960456", "Harold")
	}
	s.status(b.send("/security/default", "method", his[0]), http.StatusNotFound)
	s.hides(b.get("/security/default?method="+his[0]), `name="method" value="`+his[0])
	// The password is a method to the flow, but not one that can be renamed or removed.
	for _, e := range s.methods(beth) {
		if e.Kind == signin.Password {
			s.status(b.send("/security/methods/"+e.ID+"/remove"), http.StatusNotFound)
			s.status(b.send("/security/methods/"+e.ID+"/rename", "name", "x"), http.StatusNotFound)
		}
	}
	if s.kept() != before {
		t.Error("something was changed")
	}
	s.hides(b.get("/security"), "1632960456")
	s.status(h.get("/security"), 200) // still signed in
}

// Threat T64: what people type is text wherever it is shown.
func TestMarkupIsText(t *testing.T) {
	s := open(t)
	beth, ids := s.person("beth", "phone +447700900123", "authenticator Pixel")
	s.tx(func(tx *db.Tx) error {
		return directory.AddField(tx, beth.ID, directory.Field{ID: "role", Kind: directory.Text, Labels: map[string]string{"en": `<b onclick="x">Role`}, Help: map[string]string{"en": "<i>help"}})
	})
	b := s.enter(beth)
	for _, evil := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onfocus='alert(1)`, `{{.T}} {name}`,
		`javascript:alert(1)`, `</bdi></span><form action="//evil.example">`} {
		b.went(b.send("/security/methods/"+ids[0]+"/rename", "name", evil))
		b.went(b.send("/details", "field-role", evil, "field-given_name", "x"))
		for _, path := range []string{"/", "/security", "/security/default", "/security/methods/" + ids[0] + "/remove",
			"/security/methods/" + ids[0] + "/rename", "/details", "/activity"} {
			p, err := b.Open(path)
			s.must(err)
			s.status(p, 200)
			s.hides(p, "<script>alert", "<img", "<i>help", `<b onclick`, `<form action="//evil`, "' onfocus='")
		}
	}
	p, err := b.Open("/security")
	s.must(err)
	s.shows(p, `</bdi></span><form action="//evil.example">`)
}

func TestNoticesComeFromAFixedList(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123")
	b := s.enter(beth)
	for name, key := range done {
		p := b.get("/security?done=" + name)
		if !strings.Contains(p.Body, `role="status"`) {
			t.Errorf("%s (%s) shows nothing", name, key)
		}
	}
	for _, name := range []string{"", "x", "Your+account+is+closed", "portal.done.added", "%3Cscript%3E"} {
		s.hides(b.get("/security?done="+name), `role="status"`, "Your account is closed")
	}
}
