package server_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/method/passkey"
	"woggle/internal/method/phone"
	"woggle/internal/server"
	"woggle/internal/signin"
	"woggle/test/softkey"
)

// T42: each field wrong in turn, at each of the three places. The server refuses them all, whatever the browser has let through.
func TestEachFieldOfAPasskeysAnswerWrong(t *testing.T) {
	type wrong struct {
		name   string
		change func(*softkey.Answer)
		says   string
	}
	const failed, late, unknown, other = "couldn’t be checked", "took too long", "isn’t known here", "for another account"
	set := func(field string, value any) func(*softkey.Answer) {
		return func(a *softkey.Answer) { a.Client[field] = value }
	}
	flip := func(bit byte) func(*softkey.Answer) { return func(a *softkey.Answer) { a.Flags ^= bit } }
	nonce := func() string { return base64.RawURLEncoding.EncodeToString(make([]byte, 72)) }
	table := []wrong{
		{"the type of a creation", set("type", "webauthn.create"), failed},
		{"no type", set("type", ""), failed},
		{"a challenge that we never made", set("challenge", nonce()), late},
		{"no challenge", set("challenge", ""), late},
		{"another site", set("origin", "https://evil.example"), failed},
		{"an origin that begins like ours", func(a *softkey.Answer) { a.Client["origin"] = a.Client["origin"].(string) + ".evil.example" }, failed},
		{"an origin that ends like ours", func(a *softkey.Answer) {
			a.Client["origin"] = "http://evil." + strings.TrimPrefix(a.Client["origin"].(string), "http://")
		}, failed},
		{"another port", set("origin", "http://localhost:1"), failed},
		{"another scheme", func(a *softkey.Answer) {
			a.Client["origin"] = "https" + strings.TrimPrefix(a.Client["origin"].(string), "http")
		}, failed},
		{"in another site's frame", set("crossOrigin", true), failed},
		{"with a top origin", set("topOrigin", "https://evil.example"), failed},
		{"with our own top origin", func(a *softkey.Answer) { a.Client["topOrigin"] = a.Client["origin"] }, failed},
		{"for another relying party", func(a *softkey.Answer) { a.Site = "evil.example" }, failed},
		{"nobody present", flip(softkey.Present), failed},
		{"nobody verified", flip(softkey.Verified), "it is your second step only"},
		{"not eligible for backup any more", func(a *softkey.Answer) { a.Flags &^= softkey.Eligible | softkey.BackedUp }, failed},
		{"backed up without being eligible", flip(softkey.Eligible), failed},
		{"a signature of something else", func(a *softkey.Answer) { a.Forge = func(s []byte) []byte { s[len(s)-1] ^= 1; return s } }, failed},
		{"no signature", func(a *softkey.Answer) { a.Forge = func([]byte) []byte { return nil } }, failed},
		{"an id that nobody has", func(a *softkey.Answer) { a.ID = []byte("somebody else’s") }, unknown},
		{"another person's handle", func(a *softkey.Answer) { a.Handle = []byte("another") }, other},
		{"no handle", func(a *softkey.Answer) { a.Handle = nil }, other},
		{"another kind of credential", func(a *softkey.Answer) { a.Type = "password" }, failed},
		{"something after its data", func(a *softkey.Answer) { a.Tail = []byte{0} }, failed},
		{"extensions that are none", func(a *softkey.Answer) { a.Flags |= softkey.Extension; a.Tail = []byte{0xff} }, failed},
	}
	eachNamed(t, func(s *site) {
		key := softKey(t, softkey.ES256)
		s.holder("aisha", key)
		for _, w := range table {
			b := s.browser().open("/signin").touch(key, w.change)
			if !strings.Contains(b.page.Text, w.says) || b.signedIn() {
				t.Errorf("%s, on the first page: %s", w.name, b.page.Text)
			}
			if w.name == "no handle" {
				continue // once it is known who signs in, the key need not say it
			}
			b = s.browser().name("aisha").touch(key, w.change)
			if !strings.Contains(b.page.Text, w.says) || b.signedIn() {
				t.Errorf("%s, in place of the password: %s", w.name, b.page.Text)
			}
			if w.name == "nobody verified" {
				continue // beside the password, that is enough
			}
			b = s.browser().password("aisha", passphrase).touch(key, w.change)
			if !strings.Contains(b.page.Text, w.says) || b.signedIn() {
				t.Errorf("%s, as the second step: %s", w.name, b.page.Text)
			}
		}
		if b := s.browser().open("/signin").touch(key); !b.signedIn() {
			t.Errorf("after all that, the right answer is refused: %s", b.page.Text)
		}
	})
}

// What is made is checked as well.
func TestEachFieldOfANewPasskeyWrong(t *testing.T) {
	const failed, late = "couldn’t be checked", "took too long"
	table := map[string]struct {
		change func(*softkey.Answer)
		says   string
	}{
		"the type of a sign-in":         {func(a *softkey.Answer) { a.Client["type"] = "webauthn.get" }, failed},
		"another challenge":             {func(a *softkey.Answer) { a.Client["challenge"] = "AAAA" }, late},
		"another origin":                {func(a *softkey.Answer) { a.Client["origin"] = "https://evil.example" }, failed},
		"a frame":                       {func(a *softkey.Answer) { a.Client["crossOrigin"] = true }, failed},
		"another relying party":         {func(a *softkey.Answer) { a.Site = "evil.example" }, failed},
		"nobody present":                {func(a *softkey.Answer) { a.Flags &^= softkey.Present }, failed},
		"backed up without eligibility": {func(a *softkey.Answer) { a.Flags &^= softkey.Eligible }, failed},
		"nothing attested":              {func(a *softkey.Answer) { a.Flags &^= softkey.Attested }, failed},
		"another id outside":            {func(a *softkey.Answer) { a.ID = []byte("another") }, failed},
		"an algorithm that we don't take": {func(a *softkey.Answer) {
			a.Public[3] = -47
		}, failed},
		"the algorithm of another type": {func(a *softkey.Answer) { a.Public[3] = softkey.RS256 }, failed},
		"another curve":                 {func(a *softkey.Answer) { a.Public[-1] = 2 }, failed},
		"a point off the curve":         {func(a *softkey.Answer) { a.Public[-3] = make([]byte, 32) }, failed},
		"a short point":                 {func(a *softkey.Answer) { a.Public[-2] = make([]byte, 31) }, failed},
		"a small RSA key": {func(a *softkey.Answer) {
			a.Public = map[int]any{1: 3, 3: softkey.RS256, -1: append([]byte{0x80}, make([]byte, 127)...), -2: []byte{1, 0, 1}}
		}, failed},
		"an RSA key with a weak exponent": {func(a *softkey.Answer) {
			a.Public = map[int]any{1: 3, 3: softkey.RS256, -1: append([]byte{0x80}, make([]byte, 255)...), -2: []byte{3}}
		}, failed},
		"something after it": {func(a *softkey.Answer) { a.Tail = []byte{0xa0} }, failed},
	}
	eachNamed(t, func(s *site) {
		user := s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase).press("Use a passkey instead")
		for name, w := range table {
			if b.make(softKey(t, softkey.ES256), w.change); !strings.Contains(b.page.Text, w.says) {
				t.Errorf("%s: %s", name, b.page.Text)
			}
			b.open("/signin?a=" + attemptOf(b)).sees("Make a passkey")
		}
		if kinds := s.methods(user); len(kinds) != 1 {
			t.Fatalf("there are %v", kinds)
		}
		key := softKey(t, softkey.ES256)
		b.make(key).sees("You’re all set")

		// The same again, by its owner and by somebody else, who have not proved that it is theirs by making it.
		s.member("bryn", firstUse)
		s.browser().password("bryn", passphrase).press("Use a passkey instead").make(key).sees("set up already")
	})
}

// attemptOf is the id of the attempt that the page's forms are of.
func attemptOf(b *browser) string {
	for _, f := range b.page.Forms {
		if id := f.Values.Get("a"); id != "" {
			return id
		}
	}
	return ""
}

// get is what the key says to options.
func (s *site) get(key *softkey.Key, options string) string {
	s.t.Helper()
	credential, err := key.Get(options, s.nodes[0].web.URL)
	if err != nil {
		s.t.Fatal(err)
	}
	return credential
}

// first are the options of the first page.
func first(b *browser) string { return b.options("/signin/passkey/options?a=") }

// A challenge is good once, on every node.
func TestAChallengeOfAPasskeyIsGoodOnce(t *testing.T) {
	eachNamed(t, func(s *site) {
		key := softKey(t, softkey.ES256)
		s.holder("aisha", key)

		// Of fifty answers at once, on two nodes, one signs in.
		b := s.browser().open("/signin")
		form, err := b.page.Form("/signin/passkey")
		if err != nil {
			t.Fatal(err)
		}
		credential := s.get(key, first(b))
		form.Set("credential", credential)
		if got := s.parallel(b, 50, form.Action, form.Values); got != 1 {
			t.Errorf("%d sessions came of one answer", got)
		}
		s.browser().open("/signin").sendKey("/signin/passkey", credential).sees("took too long")

		// Two tabs of one browser have a challenge each.
		b = s.browser().open("/signin")
		one, two := s.get(key, first(b)), s.get(key, first(b))
		b.sendKey("/signin/passkey", one)
		if !b.signedIn() {
			t.Error("the first tab is not signed in")
		}
		post := func(credential string) *browser {
			values := url.Values{"t": form.Values["t"], "a": {""}, "to": {"/"}, "credential": {credential}}
			values["t"] = b.page.Forms[0].Values["t"]
			p, err := b.Post("/signin/passkey", values)
			if err != nil {
				t.Fatal(err)
			}
			b.page = p
			return b
		}
		if post(one).sees("took too long"); !post(two).signedIn() {
			t.Error("the second tab is not signed in")
		}

		// Nothing is written for a look at a page, nor for a wrong answer.
		if n := s.answeredChallenges(); n != 4 { // one made the passkey
			t.Errorf("%d challenges are kept of 4 that were answered", n)
		}

	})
}

// It lives for five minutes, in its own browser, for its own sign-in and purpose.
func TestAChallengeOfAPasskeyIsForOneThing(t *testing.T) {
	eachNamed(t, func(s *site) {
		key := softKey(t, softkey.ES256)
		user := s.holder("aisha", key)

		// Of another browser, another sign-in, another purpose.
		mine, theirs := s.browser().open("/signin"), s.browser().open("/signin")
		theirs.sendKey("/signin/passkey", s.get(key, first(mine))).sees("took too long")
		atPassword := s.browser().name("aisha")
		atPassword.sendKey("/signin/passkey", s.get(key, first(atPassword))).sees("took too long")
		again := atPassword.options("/signin/passkey/options?a=" + attemptOf(atPassword))
		atPassword.open("/signin").sendKey("/signin/passkey", s.get(key, again)).sees("took too long")

		// Five minutes, to the millisecond.
		b := s.browser().open("/signin")
		fresh := s.get(key, first(b))
		s.clock.Advance(5*time.Minute - time.Millisecond)
		b.sendKey("/signin/passkey", fresh)
		if !b.signedIn() {
			t.Error("an answer in time is refused")
		}
		s.clock.Advance(time.Millisecond)
		b = s.browser().open("/signin")
		late := s.get(key, first(b))
		s.clock.Advance(5 * time.Minute)
		b.sendKey("/signin/passkey", late).sees("took too long")

		// After a backup was put back, nobody knows what was answered.
		b = s.browser().open("/signin")
		before := s.get(key, first(b))
		if _, err := server.Restored(t.Context(), s.db); err != nil {
			t.Fatal(err)
		}
		b.sendKey("/signin/passkey", before).sees("took too long")
		s.clock.Advance(time.Second)
		b.open("/signin").touch(key)
		if !b.signedIn() {
			t.Error("no passkey works after a backup was put back")
		}

		// Removed between the page and the answer.
		b = s.browser().open("/signin")
		last := s.get(key, first(b))
		row := s.passkeyOf(user)
		s.tx(func(tx *db.Tx) error {
			_, err := signin.DeleteMethod(tx, user.ID, row.ID)
			return err
		})
		b.sendKey("/signin/passkey", last).sees("isn’t known here")

		s.clock.Advance(2 * time.Hour)
		if s.tx(passkey.Sweep); s.answeredChallenges() > 0 {
			t.Error("challenges are kept that would be refused for their age")
		}
	})
}

// answeredChallenges is how many are kept.
func (s *site) answeredChallenges() (n int) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error { return tx.Row("SELECT count(*) FROM passkey_challenges", nil, &n) })
	return n
}

// The passkey that locks Woggle Authenticator lives at the same address. It signs nobody in; and the browser is never told that it is
// unknown, because it would delete it, and the person would lose all their codes.
func TestTheLockOfTheAuthenticatorIsNotDeleted(t *testing.T) {
	eachNamed(t, func(s *site) {
		lock := softKey(t, softkey.ES256)
		lock.Handle = []byte("woggle-authenticator-lock:0123456789abcdef")
		b := s.browser().open("/signin").touch(lock).sees("opens Woggle Authenticator")
		if strings.Contains(b.page.Body, "data-unknown") || b.signedIn() {
			t.Error("the browser is told to delete the lock")
		}
		b = s.browser().name("aisha").touch(lock).sees("opens Woggle Authenticator")
		if strings.Contains(b.page.Body, "data-unknown") {
			t.Error("the browser is told to delete the lock")
		}
		unknown := softKey(t, softkey.ES256)
		unknown.Handle = []byte("somebody")
		if b := s.browser().open("/signin").touch(unknown).sees("isn’t known here"); !strings.Contains(b.page.Body, "data-unknown") {
			t.Error("the browser is not told of a passkey that nobody has")
		}
	})
}

// A counter that stands still is a copy: refused, recorded, and told to the owner.
func TestACopiedPasskey(t *testing.T) {
	eachNamed(t, func(s *site) {
		key := softKey(t, softkey.ES256)
		key.Counter = 7
		user := s.holder("aisha", key)
		if b := s.browser().open("/signin").touch(key); !b.signedIn() {
			t.Fatal("a counter that grows is refused")
		}
		for _, counter := range []uint32{8, 3, 0} {
			b := s.browser().open("/signin").touch(key, func(a *softkey.Answer) { a.Counter = counter }).sees("may have been copied")
			if b.signedIn() {
				t.Fatalf("signed in at %d after 8", counter)
			}
		}
		told := 0
		for _, m := range s.to("aisha@northwold.example") {
			if m.Subject == "A passkey may have been copied" {
				told++
			}
		}
		s.tx(func(tx *db.Tx) error {
			events, err := audit.OfUser(tx, user.ID, "", 100)
			recorded := 0
			for _, e := range events {
				if e.Type == audit.PasskeyCopied {
					recorded++
				}
			}
			if told != 3 || recorded != 3 {
				t.Errorf("three times a copy: told %d times, recorded %d times", told, recorded)
			}
			return err
		})
		key.Counter = 20
		if b := s.browser().open("/signin").touch(key); !b.signedIn() {
			t.Error("the owner is locked out")
		}
	})
}

// Nothing tells whether somebody has an account, or a passkey (threat T06).
func TestThePasswordPageSaysNothingOfPasskeys(t *testing.T) {
	eachNamed(t, func(s *site) {
		key := softKey(t, softkey.ES256)
		s.holder("aisha", key)
		s.member("bryn")
		var seen []string
		for _, name := range []string{"aisha", "bryn", "nobody"} {
			b := s.browser().name(name)
			page := strings.NewReplacer(attemptOf(b), "ID", b.page.Forms[0].Values.Get("t"), "T", name, "NAME").Replace(b.page.Body)
			var o map[string]any
			if err := json.Unmarshal([]byte(b.options("/signin/passkey/options?a="+b.attempt())), &o); err != nil {
				t.Fatal(err)
			}
			delete(o, "challenge")
			options, _ := json.Marshal(o)
			said := ""
			if name != "aisha" {
				said = strings.ReplaceAll(b.touch(key).sees("for another account").page.Text, name, "NAME")
				if b.signedIn() {
					t.Errorf("the passkey of one signed in as %s", name)
				}
			}
			if seen = append(seen, page+string(options)); seen[0] != page+string(options) {
				t.Errorf("%s sees another page: %s", name, page)
			}
			seen = append(seen, said)
		}
		if seen[3] != seen[5] {
			t.Errorf("somebody reads %q, nobody %q", seen[3], seen[5])
		}
	})
}

// T52: who signed in with a phone is asked for the passkey where only that will do. T46: in a strange browser, whoever has a
// passkey is asked for nothing weaker, if the policy says so, also by a script.
func TestOnlyAPasskeyWillDo(t *testing.T) {
	eachNamed(t, func(s *site) {
		key := softKey(t, softkey.ES256)
		user := s.holder("aisha", key)
		phoneID := s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		s.tx(func(tx *db.Tx) error { return signin.SetPolicy(tx, "system", signin.Policy{Strongest: true}) })
		b := s.browser().password("aisha", passphrase).sees("Use your passkey", "I can’t do this")
		p, err := b.Post("/signin/ways", url.Values{"t": b.page.Forms[0].Values["t"], "a": {attemptOf(b)}, "way": {phoneID + ":sms"}})
		if err != nil {
			t.Fatal(err)
		}
		b.page = p
		b.sees("Use your passkey")
		if len(s.to(mobile)) > 0 {
			t.Error("a text was sent")
		}
		b.touch(key)
		if !b.signedIn() {
			t.Error("not signed in")
		}
	})
}
