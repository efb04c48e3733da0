package server_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/password"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

// The language: chosen on the page, else the person's, else the browser's.
func TestTheLanguageIsChosenOnEveryPage(t *testing.T) {
	h := newHouse(t, site1)
	accept := header("Accept-Language", "cy, en;q=0.5")
	for name, c := range map[string]struct{ cookie, want string }{
		"the browser's": {"", "cy"}, "chosen": {"woggle-language=en", "en"}, "an unknown one": {"woggle-language=xx", "cy"},
	} {
		r := h.ask("GET", site1+"/signin", nil, accept, header("Cookie", c.cookie))
		if got := r.Header.Get("Content-Language"); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	// Where the switch leads is our own, whatever the form says (threat T80).
	cookie, token := h.form(t, site1)
	for back, want := range map[string]string{
		"/help?x=1": "/help?x=1", "/signin?a=b": "/signin?a=b", "": "/", "//evil.example": "/", `/\evil.example`: "/", "/\tevil": "/",
		"https://evil.example": "/", "https:evil.example": "/", "javascript:alert(1)": "/", "/x\r\nSet-Cookie: a=b": "/",
		"@evil.example": "/", "/" + strings.Repeat("x", 8000): "/",
	} {
		r := h.ask("POST", site1+"/language", strings.NewReader(url.Values{"t": {token}, "to": {"cy"}, "back": {back}}.Encode()), cookie)
		if got := r.Header.Get("Location"); r.StatusCode != 303 || got != want {
			t.Errorf("back to %.40q leads to %q, status %d", back, got, r.StatusCode)
		}
	}
	r := h.ask("POST", site1+"/language", strings.NewReader(url.Values{"t": {token}, "to": {"xx\r\n"}}.Encode()), cookie)
	for _, c := range r.Cookies() {
		if c.Name == "woggle-language" {
			t.Errorf("a language that is not was kept: %q", c.Value)
		}
	}
}

// Who is signed in takes the language along: their texts and letters are in it.
func TestTheLanguageStaysWithThePerson(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase)
		b.fill("Verify", "one-time-code", s.code(mobile))
		b.open("/security").press("Cymraeg")
		if b.page.URL.Path != "/security" || b.page.Header.Get("Content-Language") != "cy" {
			t.Errorf("the switch leads to %s in %s", b.page.URL, b.page.Header.Get("Content-Language"))
		}
		s.tx(func(tx *db.Tx) error {
			now, err := directory.ByID(tx, user.ID)
			if now.Locale != "cy" {
				t.Errorf("the person's language is %q", now.Locale)
			}
			return err
		})
		// In another browser it is known after the person is.
		other := s.browser().password("aisha", passphrase)
		s.clock.Advance(time.Minute)
		other.fill("Verify", "one-time-code", s.code(mobile))
		if other.open("/security").page.Header.Get("Content-Language") != "cy" {
			t.Error("the person's language is not used in another browser")
		}
	})
}

// Signing out ends the session for good and leaves a new browser behind: an old form of it is worth nothing.
func TestSigningOutLeavesNothing(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase)
		b.fill("Verify", "one-time-code", s.code(mobile))
		old := b.open("/security").page
		at, _ := url.Parse(b.Base)
		before := b.Client.Jar.Cookies(at)
		b.press("Sign out")
		if b.page.URL.Path != "/signin" {
			t.Errorf("signing out leads to %s", b.page.URL)
		}
		if b.signedIn() {
			t.Error("still signed in")
		}
		form, err := old.Form("/signout")
		if err != nil {
			t.Fatal(err)
		}
		if p, err := b.Send(form, nil); err != nil || p.Status != 403 {
			t.Errorf("a form from before is taken: %v, %v", p.Status, err)
		}
		b.Client.Jar.SetCookies(at, before)
		if b.signedIn() {
			t.Error("the old session lives")
		}
		s.tx(func(tx *db.Tx) error {
			events, err := audit.OfUser(tx, user.ID, "", 10)
			if len(events) == 0 || events[0].Type != audit.SignedOut {
				t.Errorf("events %+v", events)
			}
			return err
		})
	})
}

// A pass and a reset are recorded, and end up in front of the person.
func TestWhatOthersDoIsToldToThePerson(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		b := s.browser().password("aisha", passphrase)
		b.fill("Verify", "one-time-code", s.code(mobile))
		var pass string
		s.tx(func(tx *db.Tx) (err error) {
			if _, err = s.nodes[0].server.ResetMethods(tx, audit.System, user); err != nil {
				return err
			}
			pass, err = s.nodes[0].server.GivePass(tx, audit.System, user, signin.PassTerms{Life: time.Hour})
			return err
		})
		if b.signedIn() {
			t.Error("the session outlives the reset")
		}
		if kinds := strings.Join(s.methods(user), " "); kinds != "password accesspass" {
			t.Errorf("methods %s", kinds)
		}
		subjects := ""
		for _, m := range s.to(user.Email) {
			subjects += m.Subject + "; "
		}
		for _, want := range []string{"Your sign-in methods were removed", "You were given an access pass"} {
			if !strings.Contains(subjects, want) {
				t.Errorf("%q was not mailed: %s", want, subjects)
			}
		}
		s.browser().password("aisha", pass).sees("phone")
	})
}

// What would be e-mail can be read in the demonstration, and nowhere else.
func TestLettersOfADemonstration(t *testing.T) {
	const base = "http://localhost:8080"
	h := newHouse(t, base, demonstration)
	h.person(t, "mair")
	cookie, token := h.form(t, base)
	read := func(path string) string { return body(t, h.ask("GET", base+path, nil)) }
	if text := read("/handset/letters"); !strings.Contains(text, "No letter has come yet") {
		t.Errorf("an empty box says: %s", text)
	}
	h.ask("POST", base+"/signin/forgot", strings.NewReader(url.Values{"username": {"mair"}, "t": {token}}.Encode()), cookie)
	if err := h.Drain(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/handset/letters", "/handset/letters.json?to=MAIR@northwold.example"} {
		if text := read(path); !strings.Contains(text, base+"/signin/recover/") || !strings.Contains(text, "mair@northwold.example") {
			t.Errorf("%s: %s", path, text)
		}
	}
	if text := read("/handset/letters.json?to=somebody@else.example"); text != "[]\n" {
		t.Errorf("somebody else reads: %s", text)
	}
}

// person is somebody with a password and a landline.
func (h *house) person(t *testing.T, username string) (user directory.User) {
	t.Helper()
	err := h.db.Tx(t.Context(), func(tx *db.Tx) (err error) {
		if user, err = directory.Add(tx, directory.User{Username: username, Email: username + "@northwold.example"}); err != nil {
			return err
		}
		if err := signin.InsertMethod(tx, password.Row(h.keys, user.ID, cheapHash)); err != nil {
			return err
		}
		row, err := phone.Row(h.keys, user.ID, phone.Number{E164: landline, Kind: phone.Landline, Region: "GB"}, message.Voice)
		if err != nil {
			return err
		}
		return signin.InsertMethod(tx, row)
	})
	if err != nil {
		t.Fatal(err)
	}
	return user
}
