package externalmfa_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"

	entra "woggle/test/entra/signin"
)

// Section 4.2: what is not Entra's word, for this tenant and this app, a moment ago, is not believed. Each row changes one
// thing of a hint that would be.
func TestAHintThatIsNotBelieved(t *testing.T) {
	strange, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other := uuid.NewString()
	w := one(t)
	m := w.member(upn)
	set := func(name string, value any) func(map[string]any) {
		return func(claims map[string]any) {
			if claims[name] = value; value == nil {
				delete(claims, name)
			}
		}
	}
	claims := func(change func(map[string]any)) func(*world, *entra.Attempt) string {
		return func(w *world, a *entra.Attempt) string { return w.tenant.Hint(a, change) }
	}
	at := func(name string, offset time.Duration) func(*world, *entra.Attempt) string {
		return func(w *world, a *entra.Attempt) string {
			return w.tenant.Hint(a, set(name, w.clock.Now().Add(offset).Unix()))
		}
	}
	for story, forge := range map[string]func(w *world, a *entra.Attempt) string{
		"no token at all":        func(*world, *entra.Attempt) string { return "hello" },
		"three dots":             func(*world, *entra.Attempt) string { return "..." },
		"two signatures in JSON": func(w *world, a *entra.Attempt) string { return `{"payload":"e30","signatures":[{},{}]}` },
		"longer than any": func(w *world, a *entra.Attempt) string {
			return w.tenant.Hint(a, set("name", strings.Repeat("x", 17<<10)))
		},
		"a stranger's key under a new id": func(w *world, a *entra.Attempt) string {
			return entra.Sign(strange, "strange", w.tenant.HintClaims(a, nil))
		},
		"a stranger's key under Entra's id": func(w *world, a *entra.Attempt) string {
			return entra.Sign(strange, w.tenant.KeyID(), w.tenant.HintClaims(a, nil))
		},
		"no key id": func(w *world, a *entra.Attempt) string { return entra.Sign(strange, "", w.tenant.HintClaims(a, nil)) },
		"a key id that is a path": func(w *world, a *entra.Attempt) string {
			return entra.Sign(strange, "../../../dev/null", w.tenant.HintClaims(a, nil))
		},
		"a key id that is SQL": func(w *world, a *entra.Attempt) string {
			return entra.Sign(strange, "x' UNION SELECT 'key", w.tenant.HintClaims(a, nil))
		},
		"a key that it brings along (jwk)": func(w *world, a *entra.Attempt) string {
			return bringing(t, strange, map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: strange.Public()}}, w.tenant.HintClaims(a, nil))
		},
		"a key that it has elsewhere (jku)": func(w *world, a *entra.Attempt) string {
			return bringing(t, strange, map[jose.HeaderKey]any{"kid": w.tenant.KeyID(), "jku": w.tenant.URL + "/evil"}, w.tenant.HintClaims(a, nil))
		},
		"no signature (alg none)": func(w *world, a *entra.Attempt) string {
			return unsigned(w, a, `{"alg":"none","typ":"JWT"}`)
		},
		"no signature under alg RS256": func(w *world, a *entra.Attempt) string {
			return unsigned(w, a, `{"alg":"RS256","kid":"`+w.tenant.KeyID()+`"}`)
		},
		"Entra's public key as an HMAC secret (HS256)": hmacked,
		"a cut signature": func(w *world, a *entra.Attempt) string {
			hint := w.tenant.Hint(a, nil)
			return hint[:len(hint)-4]
		},
		"other claims under a true signature": func(w *world, a *entra.Attempt) string {
			parts := strings.Split(w.tenant.Hint(a, nil), ".")
			body, _ := json.Marshal(w.tenant.HintClaims(a, set("oid", other)))
			return parts[0] + "." + base64.RawURLEncoding.EncodeToString(body) + "." + parts[2]
		},
		"another tenant": claims(func(c map[string]any) {
			c["tid"], c["iss"] = other, strings.Replace(c["iss"].(string), c["tid"].(string), other, 1)
		}),
		"another tenant in tid only":   claims(set("tid", other)),
		"another tenant in iss only":   claims(set("iss", "https://login.microsoftonline.com/"+other+"/v2.0")),
		"an issuer with a slash more":  func(w *world, a *entra.Attempt) string { return w.tenant.Hint(a, set("iss", w.tenant.Issuer()+"/")) },
		"an issuer of the old version": claims(set("iss", "https://sts.windows.net/"+other+"/")),
		"another app":                  claims(set("aud", other)),
		"two apps": func(w *world, a *entra.Attempt) string {
			return w.tenant.Hint(a, set("aud", []string{a.Client, other}))
		},
		"no app":                    claims(set("aud", nil)),
		"the old version":           claims(set("ver", "1.0")),
		"no version":                claims(set("ver", nil)),
		"no object":                 claims(set("oid", nil)),
		"an object that is no GUID": claims(set("oid", "admin")),
		"no subject":                claims(set("sub", nil)),
		"a subject without end":     claims(set("sub", strings.Repeat("s", 256))),
		"claims of the wrong kind":  claims(set("oid", map[string]any{"a": 1})),
		"no time of issue":          claims(set("iat", nil)),
		"issued long ago":           at("iat", -10*time.Minute-time.Second),
		"issued in the future":      at("iat", 5*time.Minute+time.Second),
		"valid from long ago":       at("nbf", -10*time.Minute-time.Second),
		"valid from later on":       at("nbf", 5*time.Minute+time.Second),
	} {
		t.Run(story, func(t *testing.T) {
			w.t = t
			w.clock.Advance(5 * time.Minute) // an unknown key id may be looked for again
			a := w.attempt(m.Person)
			a.Form["id_token_hint"] = forge(w, a)
			b := w.browser().bring(a).sees("on your way to Microsoft")
			form, err := b.page.Form(w.tenant.Redirect())
			if err != nil || form.Values.Get("error") != "invalid_request" || form.Values.Get("state") != a.State || form.Values.Has("id_token") {
				t.Fatalf("%v, %v", form, err)
			}
			b.back().sees("invalid_request")
			if log := w.log.String(); !strings.Contains(log, "external MFA: ") || !strings.Contains(log, a.Form["client-request-id"]) {
				t.Errorf("the log does not say why: %.2000s", log)
			}
			if w.requests() != 0 {
				t.Error("something was kept")
			}
		})
	}
}

// requests counts what was kept.
func (w *world) requests() (count int) {
	w.t.Helper()
	w.count("SELECT count(*) FROM external_mfa_requests", &count)
	return count
}

func bringing(t *testing.T, key *rsa.PrivateKey, headers map[jose.HeaderKey]any, claims map[string]any) string {
	t.Helper()
	options := &jose.SignerOptions{ExtraHeaders: map[jose.HeaderKey]any{}}
	maps.Copy(options.ExtraHeaders, headers)
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func unsigned(w *world, a *entra.Attempt, header string) string {
	body, _ := json.Marshal(w.tenant.HintClaims(a, nil))
	return base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString(body) + "."
}

// hmacked is signed with what everybody knows: the public key.
func hmacked(w *world, a *entra.Attempt) string {
	secret := x509.MarshalPKCS1PublicKey(w.tenant.PublicKey())
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.HS256, Key: jose.JSONWebKey{Key: secret, KeyID: w.tenant.KeyID()}}, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	body, _ := json.Marshal(w.tenant.HintClaims(a, nil))
	signed, err := signer.Sign(body)
	if err != nil {
		w.t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// Section 4.2: a hint is issued expired, so that it is good for nothing else. What it says of its end does not matter; clocks may
// differ by some minutes.
func TestAHintIsBelievedThoughItIsExpired(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	for story, change := range map[string]func(w *world) func(map[string]any){
		"as it comes":    func(*world) func(map[string]any) { return nil },
		"without an end": func(*world) func(map[string]any) { return func(c map[string]any) { delete(c, "exp") } },
		"with an end far ahead": func(w *world) func(map[string]any) {
			return func(c map[string]any) { c["exp"] = w.clock.Now().Unix() + 9999 }
		},
		"without nbf":                 func(*world) func(map[string]any) { return func(c map[string]any) { delete(c, "nbf") } },
		"with the audience as a list": func(w *world) func(map[string]any) { return func(c map[string]any) { c["aud"] = []string{w.client} } },
		"our clock is five minutes ahead": func(w *world) func(map[string]any) {
			return func(c map[string]any) { c["iat"], c["nbf"] = w.clock.Now().Unix()-300, w.clock.Now().Unix()-300 }
		},
		"our clock is five minutes behind": func(w *world) func(map[string]any) {
			return func(c map[string]any) { c["iat"], c["nbf"] = w.clock.Now().Unix()+299, w.clock.Now().Unix()+299 }
		},
		"with a subject that looks like markup": func(*world) func(map[string]any) { return nil },
	} {
		t.Run(story, func(t *testing.T) {
			w.t = t
			w.clock.Advance(time.Minute)
			a := w.attempt(m.Person)
			if strings.Contains(story, "markup") {
				a.Subject = `"><script>alert(1)</script>`
			}
			a.Form["id_token_hint"] = w.tenant.Hint(a, change(w))
			w.browser().bring(a).types(w.code(m)).back().sees("is signed in")
		})
	}
}

// Section 4.2, one-time use: the same nonce and state are asked once, on any node, at any time, and a replay ends no sign-in.
func TestANonceAndStateAreUsedOnce(t *testing.T) {
	each(t, func(w *world) {
		w.node()
		m := w.member(upn)
		a := w.attempt(m.Person)
		victim := w.browser().bring(a).sees("Enter the code")
		w.browser().open(w.tenant.URL + "/start/" + a.State).press("Continue").sees("asked this already").goesNowhere()
		a.Form["id_token_hint"] = w.tenant.Hint(a, nil) // nor with another hint
		w.browser().bring(a).sees("asked this already").goesNowhere()
		victim.types(w.code(m)).back().sees("is signed in")
		if answer := w.postBare(a.Form); answer.StatusCode != 410 {
			t.Errorf("a replay after the answer: %s", answer.Status)
		}
		// The cleaner takes nothing that could still be replayed.
		w.clock.Advance(15 * time.Minute)
		w.sweep()
		if w.requests() == 0 {
			t.Error("it is forgotten while its hint is believed")
		}
		w.clock.Advance(24 * time.Hour)
		w.sweep()
		if w.requests() != 0 {
			t.Error("it is never forgotten")
		}
	})
}

// Two parts that are glued differently are two requests.
func TestNonceAndStateAreNotGlued(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	for i, pair := range [][2]string{{"ab", "c"}, {"a", "bc"}, {"abc", ""}} {
		a := w.attempt(m.Person)
		a.Form["nonce"], a.Form["state"] = pair[0], pair[1]
		if answer := w.postBare(a.Form); answer.StatusCode != 303 {
			t.Errorf("%d: %s", i, answer.Status)
		}
	}
}

// Of many replays at once one is kept.
func TestReplaysAtOnce(t *testing.T) {
	each(t, func(w *world) {
		w.node()
		a := w.attempt(w.member(upn).Person)
		statuses := w.atOnce(8, func() int { return w.postBare(a.Form).StatusCode })
		if fmt.Sprint(statuses) != "map[303:1 410:7]" {
			t.Errorf("answers: %v", statuses)
		}
	})
}
