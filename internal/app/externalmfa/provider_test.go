package externalmfa_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/externalmfa"
	"woggle/internal/db"
	"woggle/internal/keys/signing"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

// Section 4.4: what Entra reads of us. The fake tenant judges it as well, in every story.
func TestTheDocument(t *testing.T) {
	w := one(t)
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		for _, path := range []string{externalmfa.DiscoveryPath, externalmfa.KeysPath} {
			request, _ := http.NewRequest(method, w.web.URL+path, nil)
			answer, err := http.DefaultClient.Do(request)
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(answer.Body)
			answer.Body.Close()
			if length, _ := strconv.Atoi(answer.Header.Get("Content-Length")); length < 100 || method == http.MethodGet && length != len(body) {
				t.Errorf("%s %s has Content-Length %q, and %d bytes", method, path, answer.Header.Get("Content-Length"), len(body))
			}
			if answer.StatusCode != http.StatusOK || len(answer.TransferEncoding) > 0 || answer.Header.Get("Content-Type") != "application/json" ||
				len(answer.Header.Values("Set-Cookie")) > 0 {
				t.Errorf("%s %s: %s %v", method, path, answer.Status, answer.Header)
			}
		}
	}
	var document map[string]any
	w.get(externalmfa.DiscoveryPath, &document)
	issuer := w.web.URL + "/microsoft"
	for name, want := range map[string]any{"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "jwks_uri": issuer + "/keys",
		"scopes_supported": "[openid]", "response_types_supported": "[id_token]", "response_modes_supported": "[form_post]",
		"subject_types_supported": "[public]", "id_token_signing_alg_values_supported": "[RS256]", "claim_types_supported": "[normal]",
		"claims_parameter_supported": "true", "grant_types_supported": "[implicit]"} {
		if got := text(document[name]); got != want {
			t.Errorf("%s is %s", name, got)
		}
	}
	if document["token_endpoint"] != nil {
		t.Error("there is a token endpoint, which nobody serves")
	}
}

func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case []any:
		var all []string
		for _, one := range v {
			all = append(all, text(one))
		}
		return "[" + strings.Join(all, " ") + "]"
	}
	raw, _ := json.Marshal(value)
	return string(raw)
}

func (w *world) get(path string, into any) {
	w.t.Helper()
	answer, err := http.Get(w.web.URL + path)
	if err != nil {
		w.t.Fatal(err)
	}
	defer answer.Body.Close()
	if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
		w.t.Fatal(err)
	}
}

// Section 4.4: a change of keys is seen by nobody. Entra reads them once a day; the next key is published three days before
// it signs, and the old one stays for three days more. A sign-in every six hours, for three weeks and two changes.
func TestAKeyRotationLosesNoSignIn(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	store := signing.New(w.db, w.ring, "Northwold County")
	used := map[string]bool{}
	for hour := 0; hour < 21*24; hour += 6 {
		if hour == 24 || hour == 10*24+6 {
			if err := store.Rotate(t.Context(), "system", signing.ExternalMFA, signing.RS256, w.clock.Now().Add(signing.Ahead)); err != nil {
				t.Fatal(err)
			}
		}
		b := w.browser().asked(m.Person).types(w.code(m))
		form, err := b.page.Form(w.tenant.Redirect())
		if err != nil {
			t.Fatal(err)
		}
		header, _, _ := strings.Cut(form.Values.Get("id_token"), ".")
		used[header] = true
		b.back().sees("is signed in")
		w.clock.Advance(6 * time.Hour)
	}
	if len(used) != 3 {
		t.Errorf("%d keys signed", len(used))
	}
	var set struct{ Keys []struct{ Kid string } }
	if w.get(externalmfa.KeysPath, &set); len(set.Keys) != 1 {
		t.Errorf("%d keys are published at the end", len(set.Keys))
	}
}

// The general provider's keys are others: who has one of those is nobody to Entra.
func TestTheKeysAreTheProvidersOwn(t *testing.T) {
	w := one(t)
	store := signing.New(w.db, w.ring, "Northwold County")
	general, err := store.Active(t.Context(), signing.OIDC, signing.RS256)
	if err != nil {
		t.Fatal(err)
	}
	var set struct{ Keys []struct{ Kid string } }
	w.get(externalmfa.KeysPath, &set)
	if len(set.Keys) != 1 || set.Keys[0].Kid == general.ID {
		t.Errorf("published are %v", set.Keys)
	}
}

// Section 4.3: a text is sms, a call is tel. Only what Entra asked for is offered, and only what was proved is told.
func TestTextsAndCalls(t *testing.T) {
	for _, c := range []struct {
		channel message.Channel
		amr     string
	}{{message.SMS, "sms"}, {message.Voice, "tel"}} {
		t.Run(c.amr, func(t *testing.T) {
			w := one(t)
			sent := w.drained()
			m := w.member(upn)
			row, err := phone.Row(w.ring, m.User.ID, phone.Number{E164: "+447700900123", Kind: phone.Mobile, Region: "GB"}, c.channel)
			if err != nil {
				t.Fatal(err)
			}
			w.tx(func(tx *db.Tx) error { return signin.InsertMethod(tx, row) })
			a := w.attempt(m.Person)
			a.Claims = asking(`"possessionorinherence"`, `"sms","tel","fpt"`) // no otp: the app is not offered
			a.Form["claims"] = a.Claims
			b := w.browser().bring(a).sees("Microsoft asks if this is you").notSees("your app")
			code := codeIn(<-sent)
			b.open(strings.Replace(b.page.URL.RequestURI(), "/signin?", "/signin/ways?", 1)).notSees("authenticator").sees("Finish by")
			b.open(strings.Replace(b.page.URL.RequestURI(), "/signin/ways?", "/signin?", 1)).types(code).back().sees("possessionorinherence with " + c.amr)
		})
	}
}

// Asked for calls only, a text proves nothing to Entra: it is told so, and not something else.
func TestAProofThatWasNotAskedFor(t *testing.T) {
	w := one(t)
	sent := w.drained()
	m := w.member(upn)
	row, err := phone.Row(w.ring, m.User.ID, phone.Number{E164: "+447700900123", Kind: phone.Mobile, Region: "GB"}, message.SMS)
	if err != nil {
		t.Fatal(err)
	}
	w.tx(func(tx *db.Tx) error { return signin.InsertMethod(tx, row) })
	a := w.attempt(m.Person)
	a.Claims = asking(`"possessionorinherence"`, `"tel"`)
	a.Form["claims"] = a.Claims
	b := w.browser().bring(a)
	b.types(codeIn(<-sent)).back().sees("access_denied", "amr")
}
