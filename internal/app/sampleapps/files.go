// The district files, which rely on WS-Federation (section 13): they ask by an address, and are answered by a form with a
// token of SAML 1.1.
package sampleapps

import (
	"crypto/rand"
	"errors"
	"net/http"
	"net/url"
	"time"

	"woggle/internal/signedxml"
)

type files struct {
	*Apps
	about about
}

const filesRealm = "urn:example:district-files"

func (a *files) card() Card {
	return Card{ID: a.about.ID, Name: a.about.Name, Protocol: "wsfed", Launch: a.Base + "/files/start", Tell: []string{"groups"},
		Settings: map[string]any{"realm": filesRealm, "replies": []string{a.Base + "/files/token"}}}
}

func (a *files) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /files/{$}", func(w http.ResponseWriter, r *http.Request) { a.showHome(w, r, a.about, nil) })
	mux.HandleFunc("GET /files/start", a.start)
	mux.HandleFunc("POST /files/token", a.consume)
	mux.HandleFunc("GET /files/token", a.cleanUp)
	mux.HandleFunc("GET /files/arrive", a.arrive)
	mux.HandleFunc("POST /files/signout", a.signOut)
}

// start sends the browser to sign in (section 13.2.1).
func (a *files) start(w http.ResponseWriter, r *http.Request) {
	word := browser(w, r)
	if _, in := a.people.seat(a.about.ID, word); in {
		http.Redirect(w, r, "/files/", http.StatusSeeOther)
		return
	}
	q := url.Values{"wa": {"wsignin1.0"}, "wtrealm": {filesRealm}, "wreply": {a.Base + "/files/token"},
		"wctx": {a.people.begin(attempt{app: a.about.ID, browser: word, to: "/files/"})}, "wct": {time.Now().UTC().Format(time.RFC3339)}}
	http.Redirect(w, r, a.SignIn+"/wsfed?"+q.Encode(), http.StatusSeeOther)
}

// consume takes the answer, which comes without the browser's cookie, as the kit shop's does.
func (a *files) consume(w http.ResponseWriter, r *http.Request) {
	to, known := a.people.take(r.PostFormValue("wctx"), a.about.ID, nil)
	if !known {
		a.refuse(w, r, a.about, wordsLost, "")
		return
	}
	t, err := a.read(r)
	if err != nil {
		a.fail(w, r, a.about, wordsBad, err)
		return
	}
	to.keep = seat{told: t}
	http.Redirect(w, r, "/files/arrive?word="+a.people.begin(to), http.StatusSeeOther)
}

// read believes a token, or not.
func (a *files) read(r *http.Request) (t told, err error) {
	if r.PostFormValue("wa") != "wsignin1.0" {
		return t, errors.New("this is no answer to a sign-in")
	}
	raw, err := a.fetch(r, "/FederationMetadata/2007-06/FederationMetadata.xml")
	if err != nil {
		return t, err
	}
	by, err := readIssuer(raw)
	if err != nil {
		return t, err
	}
	doc, err := signedxml.Parse([]byte(r.PostFormValue("wresult")))
	if err != nil {
		return t, err
	}
	const trust = "http://schemas.xmlsoap.org/ws/2005/02/trust"
	root := doc.Root()
	if root.Tag != "RequestSecurityTokenResponse" || root.NamespaceURI() != trust {
		return t, errors.New("the answer has no token")
	}
	token, err := signedxml.Verify(child(child(root, trust, "RequestedSecurityToken"), assertion11, "Assertion"), "AssertionID", by.certs)
	if err != nil {
		return t, err
	}
	return assertionOf11(token, by, filesRealm)
}

// cleanCookie tells which browser it is when the sign-in's page asks for a picture here to sign out: as a part of another
// site's page, to which browsers send other cookies not at all. Those that refuse it stay signed in here until they close.
const cleanCookie = "sample-apps-files"

// arrive lets in whose browser began.
func (a *files) arrive(w http.ResponseWriter, r *http.Request) {
	word := browserOf(r)
	to, mine := a.people.take(r.URL.Query().Get("word"), a.about.ID, &word)
	s, is := to.keep.(seat)
	if !mine || !is {
		a.refuse(w, r, a.about, wordsLost, "")
		return
	}
	clean := rand.Text()
	s.told.Session = clean // the sign-in has no word for the visit
	a.people.sit(a.about.ID, word, s)
	http.SetCookie(w, &http.Cookie{Name: cleanCookie, Value: clean, Path: "/files/token", HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode})
	http.Redirect(w, r, to.to, http.StatusSeeOther)
}

// cleanUp forgets who was signed in in this browser (section 13.2.4). It is asked for as a picture.
func (a *files) cleanUp(w http.ResponseWriter, r *http.Request) {
	if r.URL.RawQuery == "" { // a person comes back from signing out of everything
		http.Redirect(w, r, "/files/?note=out-all", http.StatusSeeOther)
		return
	}
	clean, err := r.Cookie(cleanCookie)
	if r.URL.Query().Get("wa") == "wsignoutcleanup1.0" && err == nil {
		a.people.leaveAll(a.about.ID, "", []string{clean.Value})
	}
	w.Header().Set("Content-Type", "image/svg+xml")
	w.Write([]byte(`<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>`))
}

// signOut signs out here, and of everything if that was pressed.
func (a *files) signOut(w http.ResponseWriter, r *http.Request) {
	_, in := a.people.leave(a.about.ID, browserOf(r))
	if !in || r.PostFormValue("of") != "all" {
		http.Redirect(w, r, "/files/?note=out", http.StatusSeeOther)
		return
	}
	q := url.Values{"wa": {"wsignout1.0"}, "wtrealm": {filesRealm}, "wreply": {a.Base + "/files/token"}}
	http.Redirect(w, r, a.SignIn+"/wsfed?"+q.Encode(), http.StatusSeeOther)
}
