package saml

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"woggle/internal/db/dbtest"
	"woggle/internal/samltoken"
)

// node is an app that works with npm's node-saml.
type node struct {
	*Woggle
	options map[string]any
	keys    pair
}

func newNode(t *testing.T, more map[string]any) *node {
	if _, err := exec.LookPath("node"); err != nil {
		dbtest.Need(t, err)
	}
	if _, err := os.Stat("node_modules/@node-saml/node-saml"); err != nil {
		dbtest.Need(t, errors.New("node-saml is not here: make tools"))
	}
	w := Start(t)
	n := &node{Woggle: w, keys: newPair(t)}
	n.options = map[string]any{"entryPoint": w.Base + "/saml/sso", "logoutUrl": w.Base + "/saml/slo", "idpCert": w.Certificate(), "idpIssuer": w.Base + "/saml/metadata",
		"issuer": "https://node.example/", "audience": "https://node.example/", "callbackUrl": "https://node.example/acs", "logoutCallbackUrl": "https://node.example/slo",
		"signatureAlgorithm": "sha256", "digestAlgorithm": "sha256", "wantAuthnResponseSigned": false, "wantAssertionsSigned": true, "validateInResponseTo": "never",
		"identifierFormat": samltoken.Persistent, "acceptedClockSkewMs": 5000}
	for name, value := range more {
		n.options[name] = value
	}
	return n
}

// does lets node-saml do something.
func (n *node) does(what string, input any) (result map[string]any) {
	n.t.Helper()
	raw, err := json.Marshal(map[string]any{"options": n.options, "what": what, "input": input})
	if err != nil {
		n.t.Fatal(err)
	}
	out, err := exec.Command("node", "node.js", string(raw)).Output()
	if err == nil {
		err = json.Unmarshal(out, &result)
	}
	if err != nil {
		n.t.Fatalf("%s: %v\n%s", what, err, out)
	}
	return result
}

func (n *node) text(what string, input any) string {
	n.t.Helper()
	result := n.does(what, input)
	text, is := result["text"].(string)
	if !is {
		n.t.Fatalf("%s: %v", what, result)
	}
	return text
}

// brought is what a page is about to post to the app, at which nobody listens.
func (b *Browser) brought(page string) url.Values {
	b.w.t.Helper()
	p, err := b.Open(page)
	if err != nil {
		b.w.t.Fatal(err)
	}
	form := sending(p)
	if form == nil {
		b.w.t.Fatalf("nothing is sent from %s (status %d): %s", p.URL, p.Status, p.Text)
	}
	return form.Values
}

func body(v url.Values) map[string]string {
	return map[string]string{"SAMLResponse": v.Get("SAMLResponse"), "RelayState": v.Get("RelayState")}
}

// member is a browser in which somebody is signed in who has gone through all of it.
func (w *Woggle) member(username string) *Browser {
	w.t.Helper()
	w.Member(username)
	return w.Browser().Go("/signin").FirstSignIn(username)
}

// node-saml takes our answers: to its usual request (which demands a password's class), to signed ones, with the response
// signed as well, and encrypted.
func TestNodeSAML(t *testing.T) {
	for name, c := range map[string]struct{ options, settings map[string]any }{
		"as it is":        {nil, nil},
		"no class":        {map[string]any{"disableRequestedAuthnContext": true}, nil},
		"two factors":     {map[string]any{"authnContext": []string{samltoken.RefedsMFA}}, nil},
		"both signed":     {map[string]any{"wantAuthnResponseSigned": true}, map[string]any{"sign_response": true}},
		"signed requests": {map[string]any{"signed": true}, map[string]any{"want_signed_requests": true}},
		"encrypted":       {map[string]any{"encrypted": true}, map[string]any{"encrypt": true}},
		"email":           {map[string]any{"identifierFormat": samltoken.Email}, map[string]any{"name_id": "email"}},
	} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, c.options)
			settings := map[string]any{"entity_id": "https://node.example/", "acs": "https://node.example/acs", "certificates": n.keys.cert, "encrypt_certificate": n.keys.cert}
			for name, value := range c.settings {
				settings[name] = value
			}
			if n.options["signed"] == true {
				n.options["privateKey"] = n.keys.key
			}
			if n.options["encrypted"] == true {
				n.options["decryptionPvk"] = n.keys.key
			}
			n.Register("node", settings)
			b := n.member("aisha")
			got := b.brought(n.text("ask", map[string]any{"relay": "state/+ü"}))
			result := n.does("judge", body(got))
			profile, _ := result["profile"].(map[string]any)
			if profile == nil || profile["urn:oid:0.9.2342.19200300.100.1.3"] != "aisha@northwold.example" || profile["urn:oid:2.5.4.4"] != "Khân" || got.Get("RelayState") != "state/+ü" {
				t.Fatalf("%v", result)
			}
			if want := n.options["identifierFormat"]; profile["nameIDFormat"] != want {
				t.Errorf("the name is %v, want %s", profile["nameIDFormat"], want)
			}
			// It refuses what was changed, so that it is a judge.
			raw, err := base64.StdEncoding.DecodeString(got.Get("SAMLResponse"))
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.NewReplacer("aisha@", "admin@", "<xenc:CipherValue>", "<xenc:CipherValue>AAAA").Replace(string(raw))
			got.Set("SAMLResponse", base64.StdEncoding.EncodeToString([]byte(changed)))
			if result := n.does("judge", body(got)); result["error"] == nil {
				t.Errorf("a forgery is taken: %v", result)
			}
		})
	}
}

// A passive request when nobody is signed in is answered in words that node-saml understands: there is no profile, and no error.
func TestNodeSAMLPassive(t *testing.T) {
	n := newNode(t, map[string]any{"passive": true, "wantAuthnResponseSigned": true})
	n.Register("node", map[string]any{"entity_id": "https://node.example/", "acs": "https://node.example/acs"})
	if result := n.does("judge", body(n.Browser().brought(n.text("ask", map[string]any{})))); result["error"] != nil || result["profile"] != nil {
		t.Errorf("%v", result)
	}
}

// Both ways of signing out, with everything signed: node-saml asks and reads the answer; it is asked and answers.
func TestNodeSAMLSignsOut(t *testing.T) {
	n := newNode(t, nil)
	n.options["privateKey"] = n.keys.key
	n.Register("node", map[string]any{"entity_id": "https://node.example/", "acs": "https://node.example/acs", "certificates": n.keys.cert, "slo": "https://node.example/slo"})
	b := n.member("aisha")
	arrive := func() map[string]any {
		t.Helper()
		result := n.does("judge", body(b.brought(n.text("ask", map[string]any{}))))
		profile, is := result["profile"].(map[string]any)
		if !is {
			t.Fatalf("%v", result)
		}
		return profile
	}
	page, err := b.Open(n.text("leave", map[string]any{"user": arrive(), "relay": "back"}))
	if err != nil {
		t.Fatal(err)
	}
	_, query, is := strings.Cut(page.Header.Get("Refresh"), "https://node.example/slo?")
	if !is || b.SignedIn() {
		t.Fatalf("status %d: %s", page.Status, page.Text)
	}
	if result := n.does("left", map[string]any{"query": query}); result["loggedOut"] != true {
		t.Errorf("node-saml reads the answer as %v", result)
	}
	if result := n.does("left", map[string]any{"query": strings.Replace(query, "RelayState=back", "RelayState=evil", 1)}); result["error"] == nil {
		t.Errorf("a changed answer is taken: %v", result)
	}
	b = n.Browser().Go("/signin").Again("aisha")
	arrive()
	b.Go("/security")
	form, err := b.Page.Form("/signout")
	if err != nil {
		t.Fatal(err)
	}
	if page, err = b.Send(form, nil); err != nil {
		t.Fatal(err)
	}
	if _, query, is = strings.Cut(page.Header.Get("Refresh"), "https://node.example/slo?"); !is {
		t.Fatalf("nobody is asked: %s", page.Text)
	}
	result := n.does("left", map[string]any{"query": query})
	user, is := result["profile"].(map[string]any)
	if !is {
		t.Fatalf("node-saml reads the request as %v", result)
	}
	b.Go(n.text("farewell", map[string]any{"user": user})).Sees("You are signed out", "The node: signed out")
}

// The first sign-in of a person's life, begun at the app with a post, ends in the app.
func TestNodeSAMLFirstSignIn(t *testing.T) {
	n := newNode(t, map[string]any{"authnRequestBinding": "HTTP-POST", "skipRequestCompression": true, "forceAuthn": true})
	n.Register("node", map[string]any{"entity_id": "https://node.example/", "acs": "https://node.example/acs"})
	n.Member("bryn")
	b := n.Browser()
	// The page of node-saml holds a form that a script sends.
	page := n.text("form", map[string]any{"relay": "deep/link"})
	match := func(name string) string {
		_, rest, _ := strings.Cut(page, `name="`+name+`" value="`)
		value, _, _ := strings.Cut(rest, `"`)
		return value
	}
	arrived, err := b.Post("/saml/sso", url.Values{"SAMLRequest": {match("SAMLRequest")}, "RelayState": {match("RelayState")}})
	if err != nil {
		t.Fatal(err)
	}
	b.Page = arrived
	b.FirstSignIn("bryn")
	if sending(b.Page) == nil {
		t.Fatalf("it ends at %s: %s", b.Page.URL, b.Page.Text)
	}
	result := n.does("judge", body(sending(b.Page).Values))
	profile, is := result["profile"].(map[string]any)
	if !is || fmt.Sprint(profile["urn:oid:0.9.2342.19200300.100.1.3"]) != "bryn@northwold.example" || sending(b.Page).Values.Get("RelayState") != "deep/link" {
		t.Errorf("%v", result)
	}
}
