package saml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/app/saml"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/samltoken"
	"woggle/internal/server"
	"woggle/internal/signedxml"
	"woggle/test/visitor"
)

// S25: the eight shapes of wrapping around a signed request, brought to the running program. What is forged is the address
// of the answer; the shapes as such are tried in signedxml.
func TestS25Wrapping(t *testing.T) {
	p := newSP(newSite(t), "rota")
	p.registered(map[string]any{"certificates": p.pem(), "want_signed_requests": true, "acs": []string{p.acs, "https://rota.example/forged"}})
	v := p.signedIn(p.user)
	shapes := map[string]func(real, bare, signature, evil string) string{
		"1: the real one within the signature":     func(real, bare, sig, evil string) string { return put(evil, into(sig, bare)) },
		"2: the real one before the signature":     func(real, bare, sig, evil string) string { return put(evil, bare+sig) },
		"3: the forged one before the real":        func(real, bare, sig, evil string) string { return around(evil + real) },
		"4: the forged one around the real":        func(real, bare, sig, evil string) string { return put(evil, real) },
		"5: the signature moved, the real at last": func(real, bare, sig, evil string) string { return around(put(evil, sig) + bare) },
		"6: the real one hidden in the signature":  func(real, bare, sig, evil string) string { return around(put(evil, into(sig, bare))) },
		"7: the forged one in Extensions": func(real, bare, sig, evil string) string {
			return put(evil, sig+"<samlp:Extensions>"+bare+"</samlp:Extensions>")
		},
		"8: the real one in an Object": func(real, bare, sig, evil string) string {
			return put(evil, into(sig, "<ds:Object>"+bare+"</ds:Object>"))
		},
	}
	for name, shape := range shapes {
		bare := p.asks(to(p.sso()), "")
		real := p.enveloped(bare)
		start, end := strings.Index(real, "<ds:Signature "), strings.Index(real, "</ds:Signature>")+len("</ds:Signature>")
		evil := p.asks(to(p.sso())+` AssertionConsumerServiceURL="https://rota.example/forged"`, "")
		p.answered(p.byPost(v, "/saml/sso", signedxml.Request, real, "")) // which is good as it is
		forged := shape(real, bare, real[start:end], evil)
		refused(t, p.byPost(v, "/saml/sso", signedxml.Request, forged, ""), 400, "can’t use")
		if t.Failed() {
			t.Fatal(name)
		}
	}
}

// put puts more into a message, behind its issuer; into puts it into a signature; around puts it into a message of no kind.
func put(message, more string) string {
	return strings.Replace(message, "</saml:Issuer>", "</saml:Issuer>"+more, 1)
}

func into(signature, more string) string {
	return strings.Replace(signature, "</ds:Signature>", more+"</ds:Signature>", 1)
}

func around(inner string) string {
	return `<samlp:ArtifactResponse xmlns:samlp="` + samltoken.Protocol + `" xmlns:saml="` + samltoken.AssertionSpace + `">` + inner + `</samlp:ArtifactResponse>`
}

// S26, T69 and T70: XML that is no honest app's gets a page, quickly, and the program lives.
func TestS26BadXML(t *testing.T) {
	p := newSP(newSite(t), "rota").registered(nil)
	v := p.signedIn(p.user)
	good := p.asks("", "")
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(bytes.Repeat([]byte("<a>"), 3<<20))
	w.Close()
	for name, message := range map[string]string{
		"a comment in the issuer": strings.Replace(good, p.entity, p.entity+"<!---->", 1),
		"a document type":         "<!DOCTYPE a>" + good,
		"an entity of a file":     `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/hostname">]>` + strings.Replace(good, p.entity, "&x;", 1),
		"laughs":                  `<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>` + strings.Replace(good, p.entity, "&b;", 1),
		"CDATA":                   strings.Replace(good, p.entity, "<![CDATA["+p.entity+"]]>", 1),
		"deep":                    strings.Repeat("<a>", 10000),
		"not XML":                 "hello",
		"nothing":                 "",
		"two ids alike":           strings.Replace(good, "</saml:Issuer>", `</saml:Issuer><samlp:Extensions ID="`+p.id+`"/><samlp:Extensions ID="`+p.id+`"/>`, 1),
	} {
		began := time.Now()
		refused(t, p.byPost(v, "/saml/sso", signedxml.Request, message, ""), 400, "can’t use")
		if path := p.redirected("/saml/sso", signedxml.Request, message, "", false); len(path) < 16<<10 {
			refused(t, open(t, v, path), 400, "can’t use")
		}
		if took := time.Since(began); took > time.Second || t.Failed() {
			t.Fatalf("%s: %s", name, took)
		}
	}
	for name, query := range map[string]string{"a bomb": url.QueryEscape(base64.StdEncoding.EncodeToString(bomb.Bytes())), "cut": url.QueryEscape(signedxml.Deflate([]byte(good))[:50]),
		"bad padding": "AAA%3D%3D%3D", "nothing": "", "an escape": "%zz"} {
		if page := open(t, v, "/saml/sso?SAMLRequest="+query); page.Status != 400 {
			t.Errorf("%s: status %d", name, page.Status)
		}
	}
	refused(t, open(t, v, "/saml/sso"), 400, "can’t use")
	p.answered(p.byRedirect(v, good, ""))
}

// S26: a clock that is six minutes out is too much, four are not; a request is answered once.
func TestS26ClocksAndReplay(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		p := newSP(siteOn(t, d, clock), "rota").registered(nil)
		v := p.signedIn(p.user)
		for minutes, taken := range map[int]bool{-6: false, -4: true, 0: true, 4: true, 6: false} {
			now := clock.Now()
			clock.Advance(time.Duration(minutes) * time.Minute)
			message := p.asks("", "")
			clock.Set(now)
			if _, ok := p.hasAnswer(p.byRedirect(v, message, "")); ok != taken {
				t.Errorf("%d minutes out: taken %t", minutes, ok)
			}
			if _, ok := p.hasAnswer(p.byPost(v, "/saml/sso", signedxml.Request, message, "")); ok {
				t.Errorf("%d minutes out: taken twice", minutes)
			}
		}
		message := p.asks("", "")
		p.answered(p.byRedirect(v, message, ""))
		refused(t, p.byRedirect(v, message, ""), 410, "already")
		clock.Advance(6 * time.Minute)
		refused(t, p.byRedirect(v, message, ""), 410, "too long ago")
	})
}

// T72 as a race: of ten windows with one request, one gets an answer.
func TestOneRequestIsAnsweredOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		p := newSP(siteOn(t, d, clock), "rota").registered(nil)
		path := p.redirected("/saml/sso", signedxml.Request, p.asks("", ""), "", false)
		var browsers []*visitor.Visitor
		for range 10 {
			browsers = append(browsers, p.signedIn(p.user))
		}
		var mu sync.Mutex
		var all sync.WaitGroup
		answers := 0
		for _, v := range browsers {
			all.Go(func() {
				page, err := v.Open(path)
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					t.Error(err)
				} else if strings.Contains(page.Body, "SAMLResponse") {
					answers++
				} else if page.Status != http.StatusGone {
					t.Errorf("status %d: %s", page.Status, page.Text)
				}
			})
		}
		all.Wait()
		if answers != 1 {
			t.Errorf("%d answers", answers)
		}
	})
}

// T71: without a request an app is told only if it allows that, and then nothing of a request.
func TestBeginningHere(t *testing.T) {
	s := newSite(t)
	shut, open1 := newSP(s, "shut").registered(nil), newSP(s, "open").registered(map[string]any{"idp_initiated": true})
	v := s.signedIn(s.user)
	refused(t, open(t, v, "/saml/start/"+shut.id), 404, "")
	a := s.answered(open(t, v, "/saml/start/"+open1.id+"?RelayState="+url.QueryEscape("https://evil.example/")))
	if a.action != open1.acs || a.relay != "" || strings.Contains(a.text, "InResponseTo") || a.status() != "Success" {
		t.Errorf("%s: %s", a.action, a.text)
	}
	if page := open(t, s.signedOut(), "/saml/start/"+open1.id); !strings.Contains(page.URL.Path, "/signin") {
		t.Errorf("nobody is signed in: %s", page.URL)
	}
}

// T69: what people are called is told as it is, and breaks nothing; a name that could be read in two ways is not told.
func TestNamesThatCouldBreakOut(t *testing.T) {
	p := newSP(newSite(t), "rota").registered(map[string]any{"attributes": []map[string]string{{"name": "name", "value": "given_name"}}})
	for i, given := range []string{`</saml:AttributeValue><saml:AttributeValue>admin`, `a<!---->b`, `]]>`, `&#x41;`, `"'><script>alert(1)</script>`, `Sân É 你`} {
		user := p.member(fmt.Sprintf("user%d", i))
		p.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("UPDATE users SET given_name = $2 WHERE id = $1", user.ID, given)
			return err
		})
		a := p.answered(p.byRedirect(p.signedIn(user), p.asks("", ""), `"><script>`))
		if got := a.attribute("name"); len(got) != 1 || got[0] != given || a.relay != `"><script>` {
			t.Errorf("%q is told as %q", given, got)
		}
	}
	named := newSP(p.site, "named").registered(map[string]any{"name_id": "username"})
	user := p.member("bryn")
	p.tx(func(tx *db.Tx) error {
		_, err := tx.Exec("UPDATE users SET username = 'admin<!---->bryn' WHERE id = $1", user.ID)
		return err
	})
	if _, ok := p.hasAnswer(named.byRedirect(p.signedIn(user), named.asks("", ""), "")); ok {
		t.Error("a name with markup in it is told")
	}
}

// An address that two people share is nobody's name: the app would take one for the other.
func TestASharedAddressNamesNobody(t *testing.T) {
	p := newSP(newSite(t), "rota").registered(map[string]any{"name_id": "email"})
	p.tx(func(tx *db.Tx) error { // as another system may, which keeps people here
		_, err := directory.Add(tx, directory.User{Username: "mallory", Email: "AISHA@northwold.example"})
		return err
	})
	mallory := p.user
	p.tx(func(tx *db.Tx) (err error) {
		mallory, _, err = directory.ByUsername(tx, "mallory")
		return err
	})
	for _, user := range []directory.User{mallory, p.user} {
		if a, ok := p.hasAnswer(p.byRedirect(p.signedIn(user), p.asks("", ""), "")); ok {
			t.Errorf("%s comes as %s", user.Username, a.at("./Assertion/Subject/NameID"))
		}
	}
}

// A detail names nobody: people fill it in by themselves.
func TestADetailIsNoName(t *testing.T) {
	p := newSP(newSite(t), "rota")
	raw := `{"entity_id": "` + p.entity + `", "acs": "` + p.acs + `", "name_id": "member_number"}`
	err := server.AppReaders()["saml"](&app.App{ID: "rota", Tell: []string{"member_number"}, Settings: []byte(raw)})
	if err == nil || !strings.Contains(err.Error(), "whom they like") {
		t.Errorf("read with %v", err)
	}
}

// A subject in the request is the one who has to come (Core section 3.4.1.4), and is never believed to be here.
func TestASubjectThatIsAskedFor(t *testing.T) {
	p := newSP(newSite(t), "rota").registered(map[string]any{"name_id": "email"})
	subject := func(name string) string {
		return p.asks("", `<saml:Subject><saml:NameID Format="`+samltoken.Email+`">`+name+`</saml:NameID></saml:Subject>`)
	}
	v := p.signedIn(p.user)
	if a := p.answered(p.byRedirect(v, subject("aisha@northwold.example"), "")); a.status() != "Success" {
		t.Errorf("herself: %s", a.text)
	}
	page := p.byRedirect(v, subject("bryn@northwold.example"), "")
	if _, ok := p.hasAnswer(page); ok || !strings.Contains(page.Text, "bryn@northwold.example") {
		t.Fatalf("somebody else: %s", page.Text)
	}
	form, err := page.Form(page.Forms[0].Action)
	if err != nil {
		t.Fatal(err)
	}
	if page, err = v.Send(form, form.Press("Go on as")); err != nil {
		t.Fatal(err)
	}
	if a := p.answered(page); a.status() != "UnknownPrincipal" || a.root.FindElement("./Assertion") != nil {
		t.Errorf("going on all the same: %s", a.text)
	}
}

// Who may not use the app is told so, and the app too if the person goes back.
func TestPeopleWhoMayNot(t *testing.T) {
	p := newSP(newSite(t), "rota").registered(nil, func(a *app.App) { a.Groups = []string{"nobody's"} })
	v := p.signedIn(p.user)
	page := p.byRedirect(v, p.asks("", ""), "state")
	refused(t, page, 403, "may not use")
	page, err := v.Send(page.Forms[0], page.Forms[0].Press("Go back"))
	if err != nil {
		t.Fatal(err)
	}
	if a := p.answered(page); a.status() != "AuthnFailed" || a.relay != "state" {
		t.Errorf("%s", a.text)
	}
	if a := p.answered(p.byRedirect(v, p.asks(`IsPassive="1"`, ""), "")); a.status() != "RequestDenied" {
		t.Errorf("passive: %s", a.text)
	}
}

// What is long over is swept, a part at a time, and what could come again is not.
func TestSweeping(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		p := newSP(siteOn(t, d, clock), "rota").registered(map[string]any{"slo": "https://rota.example/slo"})
		v := p.signedIn(p.user)
		me := p.arrives(v)
		open(t, v, p.redirected("/saml/slo", signedxml.Request, p.logout(me), "", false))
		rows := func() (requests, farewells int) {
			p.tx(func(tx *db.Tx) error {
				if _, err := saml.Sweep(tx); err != nil {
					return err
				}
				if err := tx.Row("SELECT count(*) FROM saml_requests", nil, &requests); err != nil {
					return err
				}
				return tx.Row("SELECT count(*) FROM saml_farewells", nil, &farewells)
			})
			return requests, farewells
		}
		if requests, farewells := rows(); requests != 1 || farewells != 1 {
			t.Errorf("at once: %d, %d", requests, farewells)
		}
		clock.Advance(3 * time.Hour)
		if requests, farewells := rows(); requests != 0 || farewells != 0 {
			t.Errorf("later: %d, %d", requests, farewells)
		}
	})
}

// T75: the id of every assertion is in the audit trail, so that one that somebody else made with our key is told from ours.
func TestT75EveryAssertionIsInTheAuditTrail(t *testing.T) {
	p := newSP(newSite(t), "rota").registered(nil)
	a := p.answered(p.byRedirect(p.signedIn(p.user), p.asks("", ""), ""))
	p.tx(func(tx *db.Tx) error {
		events, err := audit.OfUser(tx, p.user.ID, "", 1)
		if err == nil && (len(events) != 1 || events[0].Type != audit.AppEntered || events[0].Detail["token"] != a.attr("./Assertion", "ID") || events[0].Detail["app"] != "rota") {
			t.Errorf("%+v", events)
		}
		return err
	})
}
