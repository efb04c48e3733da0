package server_test

import (
	"bytes"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
	"woggle/test/visitor"
)

// atCode is a browser at the code page of a person with a mobile.
func (s *site) atCode(username string) (*browser, directory.User) {
	s.t.Helper()
	user := s.member(username)
	s.phoneOf(user, mobile, phone.Mobile, message.SMS)
	return s.browser().password(username, passphrase).sees("Enter the code we sent"), user
}

// wrongOf is a code that is not the right one.
func wrongOf(code string) string {
	if code[0] == '9' {
		return "0" + code[1:]
	}
	return string(code[0]+1) + code[1:]
}

// T16: of fifty right answers at once, one signs in.
func TestARightCodeSignsInOnceUnderRaces(t *testing.T) {
	each(t, func(s *site) {
		b, _ := s.atCode("aisha")
		form, err := b.page.Form("one-time-code")
		if err != nil {
			t.Fatal(err)
		}
		form.Set("one-time-code", s.code(mobile))
		if got := s.parallel(b, 50, form.Action, form.Values); got != 1 {
			t.Errorf("%d sessions came of one code", got)
		}
	})
}

// T17: a time-based code is good once, in any browser and on any node.
func TestAnAppCodeIsGoodOnceUnderRacesAndOnEveryNode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		secret := s.appOf(s.member("aisha"))
		code := authenticator.Code(secret, authenticator.Step(clock.Now()))
		var browsers []*browser
		for i := range 8 {
			browsers = append(browsers, s.browserAt(i%2).password("aisha", passphrase))
		}
		var wait sync.WaitGroup
		pages := make([]*visitor.Page, len(browsers))
		for i, b := range browsers {
			form, err := b.page.Form("one-time-code")
			if err != nil {
				t.Fatal(err)
			}
			form.Set("one-time-code", code)
			wait.Go(func() { pages[i], _ = b.Send(form, nil) })
		}
		wait.Wait()
		in := 0
		for i, b := range browsers {
			if pages[i] == nil {
				t.Fatal("a browser got no answer")
			}
			if b.signedIn() {
				in++
			}
		}
		if in != 1 {
			t.Errorf("%d browsers are signed in with one code", in)
		}
	})
}

// parallel posts one form many times at once with the browser's cookies, and counts the sessions that came of it.
func (s *site) parallel(b *browser, count int, action string, values url.Values) (sessions int) {
	s.t.Helper()
	base, err := url.Parse(b.Base)
	if err != nil {
		s.t.Fatal(err)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range count {
		wait.Go(func() {
			request, err := http.NewRequest(http.MethodPost, b.Base+action, strings.NewReader(values.Encode()))
			if err != nil {
				s.t.Error(err)
				return
			}
			request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for _, c := range b.Client.Jar.Cookies(base) {
				request.AddCookie(c)
			}
			response, err := client.Do(request)
			if err != nil {
				s.t.Error(err)
				return
			}
			response.Body.Close()
			if response.StatusCode >= 500 {
				s.t.Errorf("status %d", response.StatusCode)
			}
			for _, c := range response.Cookies() {
				if c.Name == "woggle-session" && c.Value != "" {
					mu.Lock()
					sessions++
					mu.Unlock()
				}
			}
		})
	}
	wait.Wait()
	return sessions
}

// T09, T12: five wrong codes end a sign-in, ten close the codes, and neither a new code nor the password opens them.
func TestWrongCodesAreBoundedWhateverIsTriedInBetween(t *testing.T) {
	each(t, func(s *site) {
		b, _ := s.atCode("aisha")
		wrong := wrongOf(s.code(mobile))
		for range 4 {
			b.fill("Verify", "one-time-code", wrong).sees("isn’t the right code")
		}
		s.clock.Advance(31 * time.Second)
		b.press("Send it again")
		b.fill("Verify", "one-time-code", wrong).sees("Too many wrong tries")

		b = s.browser().password("aisha", passphrase)
		for range 4 {
			b.fill("Verify", "one-time-code", wrong).sees("isn’t the right code")
		}
		s.clock.Advance(11 * time.Minute) // the codes that nobody entered are bounded too
		b = s.browser().password("aisha", passphrase)
		right := s.code(mobile)
		b.fill("Verify", "one-time-code", wrongOf(right)).sees("isn’t the right code")
		b.fill("Verify", "one-time-code", right).sees("too many wrong codes")
		if b.signedIn() {
			t.Fatal("signed in with a right code past the bound")
		}
		if mails := s.to("aisha@northwold.example"); len(mails) == 0 || mails[0].Subject != "Somebody typed wrong codes" {
			t.Error("the owner was not told")
		}
	})
}

// T09: a day of a script that knows the password comes to no more than a handful of tries, over all attempts.
func TestAScriptWithThePasswordGetsFewTriesInADay(t *testing.T) {
	each(t, func(s *site) {
		s.appOf(s.member("aisha"))
		made := 0
		for range 24 * 4 {
			b := s.browser().password("aisha", passphrase)
			for strings.Contains(b.page.Text, "Enter the code from your app") {
				b.fill("Verify", "one-time-code", "000000")
				if strings.Contains(b.page.Text, "too many wrong codes") {
					break
				}
				made++
			}
			s.clock.Advance(15*time.Minute + time.Second)
		}
		if made > 20 || made < 10 {
			t.Errorf("%d wrong codes were compared within a day", made)
		}
	})
}

// T01, T02, T04: ten wrong passwords close the door to strangers, by any spelling of the name; the owner's own browser
// stays open.
func TestWrongPasswordsDoNotLockTheOwnerOut(t *testing.T) {
	each(t, func(s *site) {
		owner, _ := s.atCode("aisha")
		owner.fill("Verify", "one-time-code", s.code(mobile))
		if !owner.signedIn() {
			t.Fatal("the owner is not signed in")
		}
		owner.press("Sign out")
		stranger := s.browser()
		for i := range 10 {
			name := []string{"aisha", "AISHA", " aisha ", "aisha@northwold.example", "Aisha@Northwold.Example"}[i%5]
			stranger.password(name, "wrong-wrong-wrong").sees("isn’t right")
		}
		stranger.password("aisha", passphrase).sees("too many tries")
		s.clock.Advance(time.Hour)
		owner.password("aisha", passphrase).sees("Enter the code we sent")
		// A name that nobody has is bounded just the same, so that the bound tells nothing.
		for range 10 {
			stranger.password("nobody", "wrong-wrong-wrong").sees("isn’t right")
		}
		stranger.password("nobody", passphrase).sees("too many tries")
	})
}

// T01: of a hundred guesses at once no more are compared than one after the other, though one of them is right.
func TestParallelGuessesGetNoMoreTries(t *testing.T) {
	each(t, func(s *site) {
		s.member("aisha")
		var forms []*visitor.Form
		var browsers []*browser
		for range 12 {
			b := s.browser().name("aisha")
			form, err := b.page.Form("current-password")
			if err != nil {
				t.Fatal(err)
			}
			forms, browsers = append(forms, form.Set("current-password", "wrong-wrong-wrong")), append(browsers, b)
		}
		var wait sync.WaitGroup
		var mu sync.Mutex
		compared := 0
		for i, b := range browsers {
			for range 4 {
				wait.Go(func() {
					client := *b.Visitor
					p, err := client.Send(forms[i], nil)
					mu.Lock()
					defer mu.Unlock()
					if err == nil && strings.Contains(p.Text, "isn’t right") {
						compared++
					}
				})
			}
		}
		wait.Wait()
		if compared > 10 || compared == 0 {
			t.Errorf("%d of 48 guesses at once were compared", compared)
		}
	})
}

var token = regexp.MustCompile(`(value="|a=)[A-Za-z0-9_=-]{20,}|<b>[^<]*</b>|value="(aisha|zebra)"|request[^<]*|[a-z2-7]{16,}`)

// T06: a name that somebody has and one that nobody has are answered with the same bytes.
func TestAnswersDoNotTellWhoExists(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		walk := func(name string) (pages []string) {
			b := s.browser().name(name)
			pages = append(pages, b.page.Body)
			for range 5 {
				b.fill("", "current-password", "wrong-wrong-wrong")
				pages = append(pages, b.page.Body)
				if len(b.page.Forms) < 3 && !strings.Contains(b.page.Text, "password") {
					break
				}
				if _, err := b.page.Form("current-password"); err != nil {
					break
				}
			}
			b.open("/signin/forgot").fill("Send", "username", name)
			return append(pages, b.page.Body)
		}
		known, unknown := walk("aisha"), walk("zebra")
		if len(known) != len(unknown) {
			t.Fatalf("%d pages against %d", len(known), len(unknown))
		}
		for i := range known {
			a, b := token.ReplaceAllString(known[i], "…"), token.ReplaceAllString(unknown[i], "…")
			if a != b {
				t.Errorf("page %d differs:\n%s\n%s", i, a, b)
			}
		}
	})
}

// T33: no step can be skipped by posting its form directly; each is good only at its own place of its own attempt.
func TestStepsCannotBeSkipped(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", firstUse)
		actions := []string{"/signin/phone", "/signin/phone/again", "/signin/enrol/phone", "/signin/enrol/phone/code",
			"/signin/enrol/phone/again", "/signin/enrol/phone/change", "/signin/enrol/authenticator",
			"/signin/enrol/authenticator/secret", "/signin/enrol/authenticator/app", "/signin/enrol/authenticator/scanned", "/signin/authenticator",
			"/signin/authenticator/approved", "/signin/authenticator/again",
			"/signin/enrol/password", "/signin/enrol", "/signin/ways", "/signin/lost", "/signin/mail", "/signin/mail/again", "/signin/details"}
		b := s.browser().name("aisha")
		form, err := b.page.Form("current-password")
		if err != nil {
			t.Fatal(err)
		}
		for _, action := range actions {
			for _, code := range []string{"", "000000"} {
				values := url.Values{"a": form.Values["a"], "t": form.Values["t"], "code": {code}, "number": {"07700900123"},
					"channel": {"sms"}, "password": {"seven otters knit quietly"}, "way": {"x:sms"}, "kind": {"authenticator"}}
				p, err := b.Post(action, values)
				if err != nil {
					t.Fatal(err)
				}
				if p.Status >= 500 || !strings.Contains(p.Text, "Enter your password") {
					t.Errorf("%s led to %s (%d): %.200s", action, p.URL, p.Status, p.Text)
				}
			}
		}
		if got := s.methods(user); !slices.Equal(got, []string{"password"}) || len(s.to(mobile)) != 0 {
			t.Errorf("something came of it: %v", got)
		}
	})
}

// T13, T14: the number that is set up is the one that was proved; a number in the last form has no effect.
func TestTheNumberCannotBeSwapped(t *testing.T) {
	each(t, func(s *site) {
		s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase).fill("Send me a code", "tel", "07700 900123")
		b.fill("Verify", "one-time-code", s.code(mobile), "number", "+447700900999", "to", "+447700900999", "secret", "x", "user_id", "1")
		b.open("/security").sees("+44 7700 900123").notSees("900999")
		if len(s.to("+447700900999")) != 0 {
			t.Error("something was sent to the other number")
		}
	})
}

// T15: what is not six digits is never a code, and a code of nothing never matches nothing.
func TestOddCodes(t *testing.T) {
	each(t, func(s *site) {
		b, _ := s.atCode("aisha")
		right := s.code(mobile)
		for _, odd := range []string{"", " ", "00000", "0000000", "-1", "1e5", "0x1234", "12345a", "null", "[]", "{}", right + "0", strings.Repeat("1", 5000)} {
			b.fill("Verify", "one-time-code", odd).sees("A code has 6 digits")
		}
		wide := strings.NewReplacer("0", "０", "1", "１", "2", "２", "3", "３", "4", "４", "5", "５", "6", "６", "7", "７", "8", "８", "9", "９")
		b.fill("Verify", "one-time-code", " "+wide.Replace(right[:3])+" "+right[3:]+" ")
		if !b.signedIn() {
			t.Error("a right code with spaces and full-width digits was not taken")
		}
	})
}

// T49: an attempt is bound to its browser; its address is worth nothing in another.
func TestAnAttemptIsWorthNothingInAnotherBrowser(t *testing.T) {
	each(t, func(s *site) {
		victim, _ := s.atCode("aisha")
		form, err := victim.page.Form("one-time-code")
		if err != nil {
			t.Fatal(err)
		}
		thief := s.browser().open("/signin")
		own, err := thief.page.Form("username")
		if err != nil {
			t.Fatal(err)
		}
		values := url.Values{"a": form.Values["a"], "t": own.Values["t"], "code": {s.code(mobile)}}
		if thief.page, err = thief.Post(form.Action, values); err != nil {
			t.Fatal(err)
		}
		if thief.sees("not open here"); thief.signedIn() {
			t.Error("signed in with somebody else's attempt")
		}
	})
}

// Who is disabled or locked never arrives, and whoever is signed in is out at the next click, on every node.
func TestADisabledPersonIsOutAtOnceOnEveryNode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		b, user := s.atCode("aisha")
		b.fill("Verify", "one-time-code", s.code(mobile))
		if !b.signedIn() {
			t.Fatal("not signed in")
		}
		b.Base = s.nodes[1].web.URL
		// Cookies go by host, and both nodes have the same: the second node takes the session of the first.
		if !b.signedIn() {
			t.Fatal("the second node does not know the session")
		}
		s.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, "system", user.ID, directory.Disabled) })
		if b.signedIn() {
			t.Error("a disabled person is still signed in")
		}
		s.browser().password("aisha", passphrase).sees("This account is closed")
		s.browser().password("aisha", "wrong-wrong-wrong").sees("isn’t right")
	})
}

// T51: an attempt that is open in a thief's browser is worth nothing once the owner has changed the password, or signed
// out everywhere.
func TestOpenAttemptsEndWithWhatTheyStoodOn(t *testing.T) {
	each(t, func(s *site) {
		thief, user := s.atCode("aisha")
		owner := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile))
		stepUp := s.browser().password("aisha", passphrase).fill("Verify", "one-time-code", s.code(mobile))
		stepUp.open("/security").press("Update").sees("Your new number")
		owner.open("/security/password").fill("", "current-password", passphrase, "new-password", "seven otters knit quietly")
		if owner.signedIn(); owner.page.URL.Path != "/security" {
			t.Fatalf("the owner is not signed in: %s", owner.page.Text)
		}
		thief.fill("Verify", "one-time-code", s.code(mobile)).sees("Enter your password")
		stepUp.fill("Send me a code", "tel", "07700 900777").sees("You left this page")
		if len(s.to("+447700900777")) != 0 || len(s.methods(user)) != 2 {
			t.Error("the thief's attempt went on")
		}
	})
}

// T87 and rule 2 of section 6: no secret can be read in the database, whatever was done.
func TestNoSecretCanBeReadInTheDatabase(t *testing.T) {
	clock, address := dbtest.NewClock(), dbtest.NewURL(t, "sqlite")
	path := strings.TrimPrefix(address, "sqlite:")
	d, err := db.Open(address, clock.Now)
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, d, clock, 1)
	s.member("aisha", firstUse)
	b := s.browser().password("aisha", passphrase).fill("Send me a code", "tel", "07700 900123")
	code := s.code(mobile)
	b.fill("Verify", "one-time-code", code).open("/security/add")
	pass := s.passOf(s.member("bryn"))
	secrets := map[string]string{"the password": passphrase, "the code": code, "the number": "7700900123", "the pass": pass,
		"the pass without dashes": strings.ReplaceAll(pass, "-", "")}
	base, err := url.Parse(b.Base)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range b.Client.Jar.Cookies(base) {
		secrets["the cookie "+c.Name] = c.Value
	}
	b.open("/signin/forgot").fill("Send", "username", "aisha")
	link := s.to("aisha@northwold.example")[0].Button.URL
	secrets["the link"] = link[strings.LastIndex(link, "/")+1:]
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(path + "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for what, secret := range secrets {
			if bytes.Contains(raw, []byte(secret)) {
				t.Errorf("%s can be read in %s", what, filepath.Base(name))
			}
		}
	}
}

// T38: what may be picked is what the page offers. Anything else is not even kept.
func TestOnlyWhatIsOfferedIsPicked(t *testing.T) {
	each(t, func(s *site) {
		b, user := s.atCode("aisha")
		id := s.phoneOf(user, landline, phone.Landline, message.Voice)
		form, err := b.page.Form("one-time-code")
		if err != nil {
			t.Fatal(err)
		}
		state := func() (all string) {
			s.tx(func(tx *db.Tx) error {
				return tx.Row("SELECT state FROM attempts WHERE user_id = $1", []any{user.ID}, &all)
			})
			return all
		}
		before := state()
		for _, way := range []string{"", ":", id, id + ":sms", id + ":evil", id + ":voice:x", "x:voice", strings.Repeat("x", 60000)} {
			if b.page, err = b.Post("/signin/ways", url.Values{"a": form.Values["a"], "t": form.Values["t"], "way": {way}}); err != nil {
				t.Fatal(err)
			}
			if now := state(); now != before {
				t.Errorf("%.50q is kept: %.300s", way, now)
			}
		}
		if b.page, err = b.Post("/signin/ways", url.Values{"a": form.Values["a"], "t": form.Values["t"], "way": {id + ":voice"}}); err != nil {
			t.Fatal(err)
		}
		b.sees("We are calling you")
		enrols := s.member("bryn", firstUse)
		b = s.browser().password("bryn", passphrase)
		if form, err = b.page.Form("tel"); err != nil {
			t.Fatal(err)
		}
		for _, kind := range []string{"password", strings.Repeat("x", 60000)} {
			if b.page, err = b.Post("/signin/enrol", url.Values{"a": form.Values["a"], "t": form.Values["t"], "kind": {kind}}); err != nil {
				t.Fatal(err)
			}
			user = enrols
			if now := state(); strings.Contains(now, "enrols") {
				t.Errorf("%.50q is kept: %.300s", kind, now)
			}
		}
	})
}
