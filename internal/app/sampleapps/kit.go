// The kit shop, which relies on SAML 2.0: it asks by redirect, is answered by a form, and signs out of everything (Profiles
// sections 4.1 and 4.4).
package sampleapps

import (
	"bytes"
	"encoding/base64"
	"errors"
	"net/http"
	"text/template"

	"github.com/beevik/etree"

	"woggle/internal/signedxml"
)

type kit struct {
	*Apps
	about about
	key   Key
}

// kitAttempt is what the answer is checked against; kitArrival is who came, until their own browser comes for it.
type kitAttempt struct{ request string }

// kitKeep is the name of the person, as the sign-in wants it back.
type kitKeep struct{ name *etree.Element }

func (a *kit) entity() string { return a.Base + "/kit/metadata" }

func (a *kit) card() Card {
	return Card{ID: a.about.ID, Name: a.about.Name, Protocol: "saml", Launch: a.Base + "/kit/start", Tell: []string{"groups"}, Leaders: true,
		Settings: map[string]any{"metadata": string(a.metadata())}}
}

func (a *kit) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /kit/{$}", func(w http.ResponseWriter, r *http.Request) { a.showHome(w, r, a.about, nil) })
	mux.HandleFunc("GET /kit/start", a.start)
	mux.HandleFunc("POST /kit/acs", a.consume)
	mux.HandleFunc("GET /kit/arrive", a.arrive)
	mux.HandleFunc("GET /kit/slo", a.slo)
	mux.HandleFunc("POST /kit/signout", a.signOut)
	mux.HandleFunc("GET /kit/metadata", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/samlmetadata+xml")
		w.Write(a.metadata())
	})
}

var kitMetadata = template.Must(template.New("").Parse(`<EntityDescriptor xmlns="` + metadataSpace + `" entityID="{{.Base}}/kit/metadata">
<SPSSODescriptor protocolSupportEnumeration="` + protocolSpace + `" WantAssertionsSigned="true">
<KeyDescriptor use="signing"><KeyInfo xmlns="http://www.w3.org/2000/09/xmldsig#"><X509Data><X509Certificate>{{.Certificate}}</X509Certificate></X509Data></KeyInfo></KeyDescriptor>
<SingleLogoutService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="{{.Base}}/kit/slo"/>
<AssertionConsumerService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="{{.Base}}/kit/acs" index="0"/>
</SPSSODescriptor>
</EntityDescriptor>
`))

// metadata is what the app says of itself (Metadata section 2.4.4). Its address has no sign in it that XML would mind.
func (a *kit) metadata() []byte {
	var b bytes.Buffer
	err := kitMetadata.Execute(&b, map[string]string{"Base": a.Base, "Certificate": base64.StdEncoding.EncodeToString(a.key.Certificate.Raw)})
	if err != nil {
		panic(err) // unreachable: two texts into memory
	}
	return b.Bytes()
}

func (a *kit) issuer(r *http.Request) (issuer, error) {
	raw, err := a.fetch(r, "/saml/metadata")
	if err != nil {
		return issuer{}, err
	}
	return readIssuer(raw)
}

// start sends the browser to sign in.
func (a *kit) start(w http.ResponseWriter, r *http.Request) {
	word := browser(w, r)
	if _, in := a.people.seat(a.about.ID, word); in {
		http.Redirect(w, r, "/kit/", http.StatusSeeOther)
		return
	}
	by, err := a.issuer(r)
	if err != nil {
		a.fail(w, r, a.about, wordsAway, err)
		return
	}
	id, to := newID(), by.places["SingleSignOnService"]
	q := message("AuthnRequest", id, a.entity(), to)
	q.CreateAttr("AssertionConsumerServiceURL", a.Base+"/kit/acs")
	q.CreateAttr("ProtocolBinding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST")
	relay := a.people.begin(attempt{app: a.about.ID, browser: word, to: "/kit/", keep: kitAttempt{id}})
	a.sendMessage(w, r, to, signedxml.Request, q, relay)
}

// sendMessage sends a message by redirect, signed.
func (a *kit) sendMessage(w http.ResponseWriter, r *http.Request, to, kind string, message *etree.Element, relay string) {
	raw, err := signedxml.Bytes(message)
	if err != nil {
		a.fail(w, r, a.about, wordsAway, err)
		return
	}
	query, err := signedxml.SignedQuery(kind, raw, relay, a.key.Private)
	if err != nil {
		a.fail(w, r, a.about, wordsAway, err)
		return
	}
	http.Redirect(w, r, to+"?"+query, http.StatusSeeOther)
}

// consume takes the answer. The form came from another site, and so without the cookie that tells whose browser it is: it is
// kept under a new word, and the browser is sent to come for it with its cookie.
func (a *kit) consume(w http.ResponseWriter, r *http.Request) {
	to, known := a.people.take(r.PostFormValue("RelayState"), a.about.ID, nil)
	if !known {
		a.refuse(w, r, a.about, wordsLost, "")
		return
	}
	s, status, err := a.read(r, to.keep.(kitAttempt).request)
	switch {
	case err != nil:
		a.fail(w, r, a.about, wordsBad, err)
		return
	case status == "RequestDenied" || status == "AuthnFailed":
		a.refuse(w, r, a.about, wordsDenied, status)
		return
	case status != "Success":
		a.refuse(w, r, a.about, wordsOther, status)
		return
	}
	to.keep = s
	http.Redirect(w, r, "/kit/arrive?word="+a.people.begin(to), http.StatusSeeOther)
}

// read believes an answer, or not.
func (a *kit) read(r *http.Request, request string) (s seat, status string, err error) {
	by, err := a.issuer(r)
	if err != nil {
		return s, "", err
	}
	raw, err := signedxml.Decode(r.PostFormValue("SAMLResponse"))
	if err != nil {
		return s, "", err
	}
	doc, err := signedxml.Parse(raw)
	if err != nil {
		return s, "", err
	}
	root := doc.Root()
	if root.Tag != "Response" || root.NamespaceURI() != protocolSpace || root.SelectAttrValue("InResponseTo", "") != request ||
		root.SelectAttrValue("Destination", "") != a.Base+"/kit/acs" {
		return s, "", errors.New("this is no response to the request")
	}
	if status = statusOf(root); status != "Success" {
		return s, status, nil // signed or not: it lets nobody in
	}
	assertion, err := signedxml.Verify(child(root, assertionSpace, "Assertion"), "ID", by.certs)
	if err != nil {
		return s, "", err
	}
	t, name, err := assertion20(assertion, by, a.entity(), a.Base+"/kit/acs", request)
	return seat{told: t, keep: kitKeep{name}}, status, err
}

// arrive lets in whose browser began.
func (a *kit) arrive(w http.ResponseWriter, r *http.Request) {
	word := browserOf(r)
	to, mine := a.people.take(r.URL.Query().Get("word"), a.about.ID, &word)
	s, is := to.keep.(seat)
	if !mine || !is {
		a.refuse(w, r, a.about, wordsLost, "")
		return
	}
	a.people.sit(a.about.ID, word, s)
	http.Redirect(w, r, to.to, http.StatusSeeOther)
}

// signOut signs out here, and of everything if that was pressed.
func (a *kit) signOut(w http.ResponseWriter, r *http.Request) {
	word := browserOf(r)
	s, in := a.people.leave(a.about.ID, word)
	by, err := a.issuer(r)
	if !in || r.PostFormValue("of") != "all" || err != nil {
		http.Redirect(w, r, "/kit/?note=out", http.StatusSeeOther)
		return
	}
	id, to := newID(), by.places["SingleLogoutService"]
	q := message("LogoutRequest", id, a.entity(), to)
	q.AddChild(s.keep.(kitKeep).name.Copy())
	q.CreateElement("samlp:SessionIndex").SetText(s.told.Session)
	a.sendMessage(w, r, to, signedxml.Request, q, a.people.begin(attempt{app: a.about.ID, browser: word, keep: kitAttempt{id}}))
}

// slo is told that somebody has signed out: everywhere, because this app asked, or elsewhere, so that it has to follow.
func (a *kit) slo(w http.ResponseWriter, r *http.Request) {
	root, q, by, err := a.readSLO(r)
	if err != nil {
		a.fail(w, r, a.about, wordsBad, err)
		return
	}
	if q.Kind == signedxml.Response {
		word := browserOf(r)
		asked, mine := a.people.take(q.Relay, a.about.ID, &word)
		note := "out-part"
		if ours, is := asked.keep.(kitAttempt); mine && is && root.SelectAttrValue("InResponseTo", "") == ours.request && statusOf(root) == "Success" {
			note = "out-all"
		}
		http.Redirect(w, r, "/kit/?note="+note, http.StatusSeeOther)
		return
	}
	var sessions []string
	for _, one := range root.SelectElements("SessionIndex") {
		sessions = append(sessions, textOf(one))
	}
	if name := textOf(child(root, assertionSpace, "NameID")); name != "" {
		a.people.leaveAll(a.about.ID, name, sessions)
	}
	to := by.places["SingleLogoutService"]
	answer := message("LogoutResponse", newID(), a.entity(), to)
	answer.CreateAttr("InResponseTo", root.SelectAttrValue("ID", ""))
	answer.CreateElement("samlp:Status").CreateElement("samlp:StatusCode").CreateAttr("Value", "urn:oasis:names:tc:SAML:2.0:status:Success")
	a.sendMessage(w, r, to, signedxml.Response, answer, q.Relay)
}

// readSLO reads a message about signing out. Nobody is signed out by one that is not signed.
func (a *kit) readSLO(r *http.Request) (*etree.Element, *signedxml.Query, issuer, error) {
	by, err := a.issuer(r)
	if err != nil {
		return nil, nil, by, err
	}
	q, err := signedxml.ReadQuery(r.URL.RawQuery)
	if err != nil {
		return nil, nil, by, err
	}
	if err := q.Verify(by.certs); err != nil {
		return nil, nil, by, err
	}
	raw, err := signedxml.Inflate(q.Message)
	if err != nil {
		return nil, nil, by, err
	}
	doc, err := signedxml.Parse(raw)
	if err != nil {
		return nil, nil, by, err
	}
	root, want := doc.Root(), map[string]string{signedxml.Request: "LogoutRequest", signedxml.Response: "LogoutResponse"}[q.Kind]
	if root.Tag != want || root.NamespaceURI() != protocolSpace || textOf(child(root, assertionSpace, "Issuer")) != by.entity {
		return nil, nil, by, errors.New("this is no message about signing out")
	}
	return root, q, by, nil
}
