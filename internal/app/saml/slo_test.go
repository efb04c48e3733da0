package saml_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/samltoken"
	"woggle/internal/signedxml"
	"woggle/test/visitor"
)

// outward is a message of sign-out on its way to an app.
type outward struct {
	kind, text, to, relay string
}

// brings demands that the page brings a message of sign-out to an app, signed by the site.
func (s *site) brings(page *visitor.Page) (o outward) {
	s.t.Helper()
	certs := certificatesOf(s.t, s.certificate())
	if _, address, is := strings.Cut(page.Header.Get("Refresh"), "url="); is {
		where, query, _ := strings.Cut(address, "?")
		q, err := signedxml.ReadQuery(query)
		if err == nil {
			err = q.Verify(certs)
		}
		if err != nil {
			s.t.Fatalf("%v: %s", err, address)
		}
		raw, err := signedxml.Inflate(q.Message)
		if err != nil {
			s.t.Fatal(err)
		}
		return outward{q.Kind, string(raw), where, q.Relay}
	}
	for _, form := range page.Forms {
		for _, kind := range []string{signedxml.Request, signedxml.Response} {
			value := form.Values.Get(kind)
			if value == "" {
				continue
			}
			raw, err := base64.StdEncoding.DecodeString(value)
			if err != nil {
				s.t.Fatal(err)
			}
			doc, err := signedxml.Parse(raw)
			if err != nil {
				s.t.Fatal(err)
			}
			if _, err := signedxml.Verify(doc.Root(), "ID", certs); err != nil {
				s.t.Fatal(err)
			}
			return outward{kind, string(raw), form.Action, form.Values.Get("RelayState")}
		}
	}
	s.t.Fatalf("nothing goes out from %s (status %d): %s", page.URL, page.Status, page.Text)
	return o
}

// at is an attribute of the message's root.
func (o outward) at(name string) string {
	_, rest, _ := strings.Cut(o.text, " "+name+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

// arrival is how an app knows somebody.
type arrival struct{ name, format, index string }

// arrives signs the person in to the app.
func (p *sp) arrives(v *visitor.Visitor) arrival {
	p.t.Helper()
	a := p.answered(p.byRedirect(v, p.asks("", ""), ""))
	return arrival{a.at("./Assertion/Subject/NameID"), a.attr("./Assertion/Subject/NameID", "Format"), a.attr("//AuthnStatement", "SessionIndex")}
}

// logout is a LogoutRequest of the app.
func (p *sp) logout(who arrival) string {
	return fmt.Sprintf(`<samlp:LogoutRequest xmlns:samlp="%s" xmlns:saml="%s" ID="%s" Version="2.0" IssueInstant="%s" %s><saml:Issuer>%s</saml:Issuer><saml:NameID Format="%s">%s</saml:NameID><samlp:SessionIndex>%s</samlp:SessionIndex></samlp:LogoutRequest>`,
		samltoken.Protocol, samltoken.AssertionSpace, samltoken.NewID(), samltoken.Stamp(p.clock.Now()), to(p.web.URL+"/saml/slo"), p.entity, who.format, who.name, who.index)
}

// done is the app's answer to a LogoutRequest.
func (p *sp) done(o outward, status string) string {
	return fmt.Sprintf(`<samlp:LogoutResponse xmlns:samlp="%s" xmlns:saml="%s" ID="%s" Version="2.0" IssueInstant="%s" InResponseTo="%s" %s><saml:Issuer>%s</saml:Issuer><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:%s"/></samlp:Status></samlp:LogoutResponse>`,
		samltoken.Protocol, samltoken.AssertionSpace, samltoken.NewID(), samltoken.Stamp(p.clock.Now()), o.at("ID"), to(p.web.URL+"/saml/slo"), p.entity, status)
}

func (s *site) isSignedIn(v *visitor.Visitor) bool {
	s.t.Helper()
	return open(s.t, v, "/security").URL.Path == "/security"
}

// signsOut are two apps that take part in sign-out, the second by posts.
func signsOut(s *site) (rota, diary *sp) {
	rota, diary = newSP(s, "rota"), newSP(s, "diary")
	rota.registered(map[string]any{"certificates": rota.pem(), "slo": map[string]any{"url": "https://rota.example/slo?x=1", "response_url": "https://rota.example/slo/done?y=1"}})
	diary.registered(map[string]any{"certificates": diary.pem(), "slo": map[string]any{"url": "https://diary.example/slo", "binding": "post"}})
	return rota, diary
}

// S23 and S24: an app asks; the session ends, the other app is asked, and the first is answered. All of it is signed.
func TestS23AnAppSignsOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := siteOn(t, d, clock)
		rota, diary := signsOut(s)
		for _, by := range []string{"redirect", "post"} {
			v, elsewhere := s.signedIn(s.user), s.signedIn(s.user)
			me := rota.arrives(v)
			other := diary.arrives(v)
			var page *visitor.Page
			if message := rota.logout(me); by == "redirect" {
				page = open(t, v, rota.redirected("/saml/slo", signedxml.Request, message, "state", true))
			} else {
				page = rota.byPost(v, "/saml/slo", signedxml.Request, rota.enveloped(message), "state")
			}
			asked := s.brings(page)
			if asked.kind != signedxml.Request || asked.to != "https://diary.example/slo" || !strings.Contains(asked.text, ">"+other.name+"<") || !strings.Contains(asked.text, ">"+other.index+"<") {
				t.Errorf("the other app is asked: %+v", asked)
			}
			if s.isSignedIn(v) || !s.isSignedIn(elsewhere) {
				t.Error("the session goes on, or that of another browser does not")
			}
			told := s.brings(diary.byPost(v, "/saml/slo", signedxml.Response, diary.enveloped(diary.done(asked, "Success")), ""))
			if told.kind != signedxml.Response || told.to != "https://rota.example/slo/done" || told.relay != "state" || !strings.Contains(told.text, "status:Success") ||
				strings.Contains(told.text, "PartialLogout") {
				t.Errorf("the app is answered: %+v", told)
			}
			refused(t, open(t, v, page.URL.Path), 410, "over")
		}
	})
}

// S24: another app that fails, answers unsigned, or does not answer at all makes the sign-out partial; the session has ended
// all the same, and the way out comes to its end.
func TestS24PartialLogout(t *testing.T) {
	for name, answer := range map[string]func(diary *sp, asked outward) string{
		"it fails":  func(diary *sp, asked outward) string { return diary.enveloped(diary.done(asked, "Responder")) },
		"unsigned":  func(diary *sp, asked outward) string { return diary.done(asked, "Success") },
		"no answer": func(*sp, outward) string { return "" },
		"another app": func(diary *sp, asked outward) string {
			return newSP(diary.site, "rota").enveloped(newSP(diary.site, "rota").done(asked, "Success"))
		},
	} {
		s := newSite(t)
		rota, diary := signsOut(s)
		v := s.signedIn(s.user)
		me := rota.arrives(v)
		diary.arrives(v)
		page := open(t, v, rota.redirected("/saml/slo", signedxml.Request, rota.logout(me), "", true))
		asked := s.brings(page)
		if message := answer(diary, asked); message != "" {
			page = diary.byPost(v, "/saml/slo", signedxml.Response, message, "")
		} else {
			page = open(t, v, page.URL.Path) // the person comes back
		}
		if told := s.brings(page); !strings.Contains(told.text, "PartialLogout") || told.to != "https://rota.example/slo/done" || s.isSignedIn(v) {
			t.Errorf("%s: %+v", name, told)
		}
	}
}

// T73: a request that nobody signed asks the person, who may stay. Neither the app nor a page of a stranger decides it.
func TestS24AnUnsignedRequestAsksThePerson(t *testing.T) {
	s := newSite(t)
	plain := newSP(s, "plain").registered(map[string]any{"slo": "https://plain.example/slo"})
	rota, _ := signsOut(s)
	v := s.signedIn(s.user)
	me, known := plain.arrives(v), rota.arrives(v)
	for _, ask := range []func() *visitor.Page{
		func() *visitor.Page {
			return open(t, v, plain.redirected("/saml/slo", signedxml.Request, plain.logout(me), "s", false))
		},
		func() *visitor.Page { return plain.byPost(v, "/saml/slo", signedxml.Request, plain.logout(me), "s") },
		func() *visitor.Page {
			return open(t, v, rota.redirected("/saml/slo", signedxml.Request, rota.logout(known), "s", false))
		},
	} {
		page := ask()
		if !strings.Contains(page.Text, "asks to sign you out") || !s.isSignedIn(v) {
			t.Fatalf("nothing is asked: %s", page.Text)
		}
		form := page.Forms[0]
		stays, err := v.Send(form, form.Press("Stay signed in"))
		if err != nil {
			t.Fatal(err)
		}
		if told := s.brings(stays); !strings.Contains(told.text, "RequestDenied") || told.relay != "s" || !s.isSignedIn(v) {
			t.Errorf("who stays: %+v", told)
		}
		if _, err := v.Send(form, form.Press("Sign out")); err != nil || !s.isSignedIn(v) {
			t.Error("an old page signs out")
		}
	}
	page := open(t, v, plain.redirected("/saml/slo", signedxml.Request, plain.logout(me), "", false))
	// Without our own token, as a stranger's page would send it, it does nothing.
	forged, err := v.Post(page.URL.Path, url.Values{"go": {"out"}})
	if err != nil || forged.Status != http.StatusForbidden || !s.isSignedIn(v) {
		t.Errorf("a forged form: %v, %v", forged, err)
	}
	if page, err = v.Send(page.Forms[0], page.Forms[0].Press("Sign out")); err != nil {
		t.Fatal(err)
	}
	if asked := s.brings(page); asked.kind != signedxml.Request || s.isSignedIn(v) {
		t.Errorf("who goes: %+v", asked)
	}
}

// S23: requests that are about nobody here, or whose signature is bad, end nothing.
func TestS23RequestsThatEndNothing(t *testing.T) {
	s := newSite(t)
	rota, _ := signsOut(s)
	stranger := newSP(s, "stranger")
	stranger.entity = rota.entity
	v := s.signedIn(s.user)
	me := rota.arrives(v)
	for name, who := range map[string]arrival{"another name": {"someone", me.format, me.index}, "another session": {me.name, me.format, "other"}, "another format": {me.name, samltoken.Email, me.index}} {
		if told := s.brings(open(t, v, rota.redirected("/saml/slo", signedxml.Request, rota.logout(who), "", true))); !strings.Contains(told.text, "UnknownPrincipal") || !s.isSignedIn(v) {
			t.Errorf("%s: %+v", name, told)
		}
	}
	good := rota.redirected("/saml/slo", signedxml.Request, rota.logout(me), "", true)
	old := rota.logout(me)
	for name, path := range map[string]string{
		"a stranger's":  stranger.redirected("/saml/slo", signedxml.Request, stranger.logout(me), "", true),
		"changed":       good + "&RelayState=x",
		"to sign in":    strings.Replace(good, "/saml/slo", "/saml/sso", 1),
		"for elsewhere": rota.redirected("/saml/slo", signedxml.Request, strings.Replace(rota.logout(me), "/saml/slo", "/saml/sso", 1), "", true),
		"over":          rota.redirected("/saml/slo", signedxml.Request, strings.Replace(rota.logout(me), "Version=", `NotOnOrAfter="2027-02-01T09:29:00Z" Version=`, 1), "", true),
	} {
		if page := open(t, v, path); page.Status != 400 || !s.isSignedIn(v) {
			t.Errorf("%s: status %d: %s", name, page.Status, page.Text)
		}
	}
	s.clock.Advance(6 * time.Minute)
	refused(t, open(t, v, rota.redirected("/saml/slo", signedxml.Request, old, "", true)), 410, "too long ago")
	if told := s.brings(open(t, s.signedOut(), rota.redirected("/saml/slo", signedxml.Request, rota.logout(me), "", true))); !strings.Contains(told.text, "status:Success") {
		t.Errorf("who is signed out already: %+v", told)
	}
	// The address of a way out is worth nothing in another browser.
	page := open(t, v, newSP(s, "rota").redirected("/saml/slo", signedxml.Request, rota.logout(me), "", false))
	refused(t, open(t, s.signedIn(s.user), page.URL.Path), 410, "over")
}

// The person signs out here: the apps are told, one after the other, and a page says how it went.
func TestS23SigningOutHere(t *testing.T) {
	s := newSite(t)
	rota, diary := signsOut(s)
	silent := newSP(s, "silent").registered(nil) // takes no part
	v := s.signedIn(s.user)
	rota.arrives(v)
	diary.arrives(v)
	silent.arrives(v)
	page := open(t, v, "/security")
	form, err := page.Form("/signout")
	if err != nil {
		t.Fatal(err)
	}
	if page, err = v.Send(form, nil); err != nil {
		t.Fatal(err)
	}
	asked := s.brings(page)
	if asked.to != "https://rota.example/slo" || s.isSignedIn(v) {
		t.Fatalf("first: %+v", asked)
	}
	page = open(t, v, rota.redirected("/saml/slo", signedxml.Response, rota.done(asked, "Success"), "", true))
	if asked = s.brings(page); asked.to != "https://diary.example/slo" {
		t.Fatalf("second: %+v", asked)
	}
	page = open(t, v, page.URL.Path) // the second never answers
	for _, want := range []string{"You are signed out", "Rota of rota: signed out", "Rota of diary: no answer", "close all windows"} {
		if !strings.Contains(page.Text, want) {
			t.Errorf("no %q: %s", want, page.Text)
		}
	}
	if page, err = v.Send(page.Forms[0], nil); err != nil || page.URL.Path != "/signin" {
		t.Errorf("the end: %v %v", page, err)
	}
	// Who was at no such app is signed out as ever.
	v = s.signedIn(s.user)
	if form, err = open(t, v, "/security").Form("/signout"); err != nil {
		t.Fatal(err)
	}
	if page, err = v.Send(form, nil); err != nil || page.URL.Path != "/signin" {
		t.Errorf("%v %v", page, err)
	}
}
