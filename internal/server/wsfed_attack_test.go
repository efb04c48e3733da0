package server_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/test/wsfed"
)

// only runs a story on SQLite, where the engine does not matter.
func only(t *testing.T, story func(s *site)) {
	d, clock := dbtest.Open(t)
	story(newSite(t, d, clock, 1))
}

// ask sends a request with the values as its query.
func (b *browser) ask(pairs ...string) *browser {
	b.s.t.Helper()
	return b.open("/wsfed?" + wsfed.Query(pairs...))
}

// unanswered demands that no token is on the page.
func (b *browser) unanswered(status int) *browser {
	b.s.t.Helper()
	if b.page.Status != status || strings.Contains(b.page.Body, "wresult") || strings.Contains(b.page.Body, "Assertion") {
		b.s.t.Errorf("%s: status %d, want %d: %s", b.page.URL, b.page.Status, status, b.page.Text)
	}
	return b
}

// leadsTo tells whether a link, a form or a picture of the page leads to an address with the word in it.
func (b *browser) leadsTo(word string) bool {
	all := strings.Split(b.page.Body, `<img src="`)
	for i, rest := range all[1:] {
		all[i+1], _, _ = strings.Cut(rest, `"`)
	}
	all = append(all[1:], b.page.Links...)
	for _, form := range b.page.Forms {
		all = append(all, form.Action)
	}
	return slices.ContainsFunc(all, func(address string) bool { return strings.Contains(address, word) })
}

// W02: nobody is answered but who is registered, and the names are compared letter for letter.
func TestW02AnAppThatNobodyRegistered(t *testing.T) {
	only(t, func(s *site) {
		b, _ := s.signedInToEntra()
		for _, realm := range []string{"", "urn:federation:microsoftonline", "urn:federation:MicrosoftOnline ", " urn:federation:MicrosoftOnline",
			"urn:federation:MicrosoftOnline/", "urn:federation:MicrosoftOnline\x00", "urn:federation:MicrosoftOnline#", "https://login.microsoftonline.com/",
			"urn%3Afederation%3AMicrosoftOnline", "m365", "*", "urn:federation:%"} {
			b.ask("wa", "wsignin1.0", "wtrealm", realm).unanswered(404).sees("we don’t know this app")
			b.post("/wsfed", url.Values{"wa": {"wsignin1.0"}, "wtrealm": {realm}}).unanswered(404)
		}
		b.ask("wa", "wsignin1.1", "wtrealm", entraRealm).unanswered(400).sees("can’t read")
		b.ask("wtrealm", entraRealm).unanswered(400)
		b.open("/wsfed?wa=wsignin1.0&wtrealm=" + entraRealm + "&wtrealm=urn:other").unanswered(400)
		b.open("/wsfed?wa=wsignin1.0&wtrealm=%zz").unanswered(400)
		if b.open("/wsfed"); b.page.URL.Path != "/" {
			t.Errorf("the bare address leads to %s", b.page.URL)
		}
	})
}

// T74: what a request says of where its answer goes, what is repeated, and how fresh the proof has to be.
func TestT74WhatARequestSaysLeadsNowhere(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		here := p.Base + "/login.srf"
		for _, reply := range []string{"https://evil.example/", here + "/extra", here + "?x", strings.Replace(here, "127.0.0.1", "127.0.0.1.evil.example", 1),
			strings.Replace(here, "127.0.0.1", "127.0.0.1@evil.example", 1), "javascript:alert(1)", here + "\" autofocus onfocus=alert(1)"} {
			b.ask("wa", "wsignin1.0", "wtrealm", entraRealm, "wreply", reply)
			form, err := b.page.Form("wresult")
			if err != nil {
				t.Fatal(err)
			}
			if form.Action != here || b.leadsTo("evil.example") || b.leadsTo("alert") {
				t.Errorf("%q: the token goes to %s", reply, form.Action)
			}
			s.clock.Advance(10 * time.Second)
		}
		// 10 KiB of quotes are echoed escaped, to the letter.
		context := strings.Repeat(`"'><script>alert(1)</script>&amp;`, 320)
		b.post("/wsfed", url.Values{"wa": {"wsignin1.0"}, "wtrealm": {entraRealm}, "wctx": {context}})
		form, err := b.page.Form("wctx")
		if err != nil || form.Values.Get("wctx") != context || strings.Contains(b.page.Body, "<script>alert") {
			t.Errorf("wctx of %d bytes was not echoed, or not escaped (%v)", len(context), err)
		}
		b.post("/wsfed", url.Values{"wa": {"wsignin1.0"}, "wtrealm": {entraRealm}, "wctx": {strings.Repeat("x", 17<<10)}}).unanswered(413)
		b.post("/wsfed", url.Values{"wa": {"wsignin1.0"}, "wtrealm": {entraRealm}, "wctx": {"a\nb"}}).unanswered(400)
		// The page with the token is in no cache and in no frame, and its form goes to nobody else.
		b.ask("wa", "wsignin1.0", "wtrealm", entraRealm)
		header := b.page.Header
		if header.Get("Cache-Control") != "no-store" || header.Get("X-Frame-Options") != "DENY" || !strings.Contains(header.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("headers: %v", header)
		}
	})
}

// W05: what Microsoft repeats comes back byte for byte, also when it has 4 kB and stands in the address.
func TestW05TheContextComesBackByteForByte(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		for _, context := range []string{"", "rm=0&id=passive&ru=%2f", " ", "+", "%2B%20%", "é你🏕", "a=b;c=d", `\"'<>&amp;&#39;`, strings.Repeat("AbCd-_09", 512),
			strings.Repeat("x", 8000), "{{.}}", "\u2028\u2029", "\ufeff", "\u00a0"} {
			b.ask("wa", "wsignin1.0", "wtrealm", entraRealm, "wctx", context)
			form, err := b.page.Form("wresult")
			if err != nil || form.Values.Get("wctx") != context || form.Values.Has("wctx") != (context != "") {
				t.Errorf("%.40q came back as %.40q (%v)", context, form.Values.Get("wctx"), err)
			}
			s.clock.Advance(10 * time.Second)
		}
		// Kept while somebody signs in, it is the same.
		b = s.browser()
		context := strings.Repeat("é\"&+%20", 500)
		b.ask("wa", "wsignin1.0", "wtrealm", entraRealm, "wctx", context).fill("Next", "username", "aisha").fill("Next", "current-password", passphrase).code()
		if form, err := b.page.Form("wresult"); err != nil || form.Values.Get("wctx") != context {
			t.Errorf("it was kept wrong: %v", err)
		}
		_ = p
	})
}

// A party that is never content is stopped, on every node, before somebody has to watch it for long.
func TestALoopIsBroken(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		s.entra()
		b := s.browser().password("aisha", passphrase).code()
		request := []string{"wa", "wsignin1.0", "wtrealm", entraRealm, "client-request-id", "7d7a9bb3-5b8f-4a34-9f0e-1c1d2f7a0001"}
		on := func(node int) *browser {
			b.Base = s.nodes[node].web.URL
			clock.Advance(5 * time.Second)
			return b.ask(request...)
		}
		for node := range 2 {
			if on(node); !strings.Contains(b.page.Body, "wresult") {
				t.Fatalf("the first answers are given: %s", b.page.Text)
			}
		}
		on(0).unanswered(429).sees("keeps sending you back")
		on(1).unanswered(429)
		// Another person's request with the same number is not touched by it; another number of the same person's neither.
		request[5] = "7d7a9bb3-5b8f-4a34-9f0e-1c1d2f7a0002"
		if on(1); !strings.Contains(b.page.Body, "wresult") {
			t.Errorf("another request: %s", b.page.Text)
		}
		// Without a number, the pace tells.
		answers := 0
		for range 15 {
			if b.ask(request[:4]...); strings.Contains(b.page.Body, "wresult") {
				answers++
			}
		}
		if answers < 5 || answers > 10 {
			t.Errorf("%d answers in no time", answers)
		}
		clock.Advance(time.Minute)
		if b.ask(request[:4]...); !strings.Contains(b.page.Body, "wresult") {
			t.Errorf("after a minute: %s", b.page.Text)
		}
	})
}

// A bookmark of a request leads to a page that says what to do, not to an error of Microsoft's.
func TestABookmarkOfARequest(t *testing.T) {
	each(t, func(s *site) {
		b, _ := s.signedInToEntra()
		request := []string{"wa", "wsignin1.0", "wtrealm", entraRealm, "client-request-id", "7d7a9bb3-5b8f-4a34-9f0e-1c1d2f7a0001"}
		if b.ask(request...); !strings.Contains(b.page.Body, "wresult") {
			t.Fatal(b.page.Text)
		}
		s.clock.Advance(10 * time.Minute)
		if b.ask(request...); !strings.Contains(b.page.Body, "wresult") {
			t.Fatalf("the page was opened again soon: %s", b.page.Text)
		}
		s.clock.Advance(55 * time.Minute)
		b = s.browser().password("aisha", passphrase).code()
		b.ask(request...).unanswered(410).sees("This link is too old", "Open Microsoft 365")
		b.ask("wa", "wsignin1.0", "wtrealm", entraRealm, "wct", "2027-01-01T09:00:00Z").unanswered(410).sees("This link is too old")
	})
}

// Who may not use the app, has no account there, or left, gets no token, and a page that says so.
func TestWhoGetsNoToken(t *testing.T) {
	only(t, func(s *site) {
		b, _ := s.signedInToEntra()
		ask := []string{"wa", "wsignin1.0", "wtrealm", entraRealm}
		settings := map[string]any{"realm": entraRealm, "domains": map[string]string{"elsewhere.example": "urn:elsewhere"}}
		s.register("m365", settings)
		b.ask(ask...).unanswered(403).sees("Microsoft 365 has no account for you yet")
		s.register("m365", map[string]any{"realm": entraRealm}) // and no tenant is connected
		b.ask(ask...).unanswered(403).sees("no account for you yet")
		s.register("m365", map[string]any{"realm": entraRealm, "domains": map[string]string{"northwold.example": entraIssuer}}, func(a *app.App) { a.Groups = []string{"nobody"} })
		b.ask(ask...).unanswered(403).sees("you may not use Microsoft 365")
		s.register("m365", map[string]any{"realm": entraRealm, "domains": map[string]string{"northwold.example": entraIssuer}}, func(a *app.App) { a.Disabled = true })
		b.ask(ask...).unanswered(403).sees("closed at the moment")
		s.register("m365", map[string]any{"realm": entraRealm, "domains": map[string]string{"northwold.example": entraIssuer}})
		s.tx(func(tx *db.Tx) error {
			user, _, err := directory.Find(tx, "aisha")
			if err != nil {
				return err
			}
			return directory.SetStatus(tx, "system", user.ID, directory.Disabled)
		})
		b.ask(ask...).sees("Sign in").unanswered(200)
	})
}

// Every token has an id that is used once, and that the audit trail knows: a forged one is told by that (threat T75).
func TestT75EveryTokenIsInTheAuditTrail(t *testing.T) {
	only(t, func(s *site) {
		b, _ := s.signedInToEntra()
		ids := map[string]bool{}
		for range 3 {
			b.ask("wa", "wsignin1.0", "wtrealm", entraRealm)
			form, err := b.page.Form("wresult")
			if err != nil {
				t.Fatal(err)
			}
			_, rest, _ := strings.Cut(form.Values.Get("wresult"), `AssertionID="`)
			id, _, _ := strings.Cut(rest, `"`)
			ids[id] = true
			var recorded int
			s.tx(func(tx *db.Tx) error {
				return tx.Row("SELECT COUNT(*) FROM audit_events WHERE type = 'app-entered' AND detail LIKE $1", []any{"%" + id + "%"}, &recorded)
			})
			if recorded != 1 {
				t.Errorf("%s is recorded %d times", id, recorded)
			}
		}
		if len(ids) != 3 {
			t.Errorf("%d ids for three tokens", len(ids))
		}
	})
}

// The active endpoint takes nobody, right password or wrong: the answers are the same, nothing is hashed, nothing is counted.
func TestNoPasswordIsTakenByTheActiveEndpoint(t *testing.T) {
	only(t, func(s *site) {
		s.entra()
		events := func() (n int) {
			s.tx(func(tx *db.Tx) error {
				return tx.Row("SELECT (SELECT COUNT(*) FROM audit_events) + (SELECT COUNT(*) FROM limits)", nil, &n)
			})
			return n
		}
		before, answers := events(), map[string]bool{}
		for _, password := range []string{passphrase, "wrong", strings.Repeat("x", 1<<20)} {
			body := fmt.Sprintf(`<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Header><o:Security xmlns:o="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"><o:UsernameToken><o:Username>aisha@northwold.example</o:Username><o:Password>%s</o:Password></o:UsernameToken></o:Security></s:Header></s:Envelope>`, password)
			response, err := http.Post(s.nodes[0].web.URL+"/wsfed/active", "application/soap+xml", strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			text := bodyOf(t, response)
			answers[text] = true
			if response.StatusCode != 400 || !strings.Contains(text, "wst:FailedAuthentication") || !strings.HasPrefix(response.Header.Get("Content-Type"), "application/soap+xml") || response.Header.Get("Set-Cookie") != "" {
				t.Errorf("%d %v %s", response.StatusCode, response.Header, text)
			}
		}
		if len(answers) != 1 || events() != before {
			t.Errorf("%d different answers, %d rows more", len(answers), events()-before)
		}
	})
}
