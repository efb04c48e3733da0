package server_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/method/authenticator"
)

// handheld is Woggle's authenticator app on somebody's phone, as far as the server can tell.
type handheld struct {
	s    *site
	node int
	from string // its address, as the proxy in front of the site names it; empty: this computer
	key  *ecdsa.PrivateKey
	id   string

	change func(claims map[string]any, head map[jose.HeaderKey]any) // what is wrong with its proofs, or nil
	proof  string                                                   // the last one that it has shown
}

func (s *site) handheld() *handheld {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		s.t.Fatal(err)
	}
	thumbprint, err := (&jose.JSONWebKey{Key: key.Public()}).Thumbprint(crypto.SHA256)
	if err != nil {
		s.t.Fatal(err)
	}
	return &handheld{s: s, key: key, id: base64.RawURLEncoding.EncodeToString(thumbprint)}
}

// prove signs for a request (RFC 9449 section 4.2), with more claims if there are any.
func (h *handheld) prove(method, path string, more map[string]any) string {
	h.s.t.Helper()
	claims := map[string]any{"jti": rand.Text(), "htm": method, "htu": h.s.nodes[h.node].web.URL + path, "iat": h.s.clock.Now().Unix()}
	for name, value := range more {
		claims[name] = value
	}
	head := map[jose.HeaderKey]any{jose.HeaderType: "dpop+jwt", "jwk": jose.JSONWebKey{Key: h.key.Public()}}
	if h.change != nil {
		h.change(claims, head)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: h.key}, &jose.SignerOptions{ExtraHeaders: head})
	if err != nil {
		h.s.t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		h.s.t.Fatal(err)
	}
	signed, err := signer.Sign(body)
	if err != nil {
		h.s.t.Fatal(err)
	}
	if h.proof, err = signed.CompactSerialize(); err != nil {
		h.s.t.Fatal(err)
	}
	return h.proof
}

// told is an answer to the app.
type told struct {
	Status   int
	Error    string `json:"error"`
	ID       string `json:"id"`
	State    string `json:"state"`
	Requests []struct {
		ID, Organisation, Account, App, Browser, Network string
		Near                                             bool
		Left                                             int64
	} `json:"requests"`
	body  string
	after string // Retry-After
}

// send sends a request with the proof.
func (h *handheld) send(proof, method, path, query string, body any) (answer told) {
	h.s.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		h.s.t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(h.s.t.Context(), method, h.s.nodes[h.node].web.URL+path+query, bytes.NewReader(text))
	if err != nil {
		h.s.t.Fatal(err)
	}
	r.Header.Set("DPoP", proof)
	if h.from != "" {
		r.Header.Set("X-Forwarded-For", h.from)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		h.s.t.Fatal(err)
	}
	defer response.Body.Close()
	raw, err := io.ReadAll(response.Body)
	if err != nil {
		h.s.t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &answer); err != nil || response.Header.Get("Cache-Control") != "no-store" || len(response.Cookies()) > 0 {
		h.s.t.Fatalf("%s %s gives %d %s (%v)", method, path, response.StatusCode, raw, err)
	}
	answer.Status, answer.body, answer.after = response.StatusCode, string(raw), response.Header.Get("Retry-After")
	return answer
}

const devices = "/authenticator/api/devices"

func (h *handheld) register(token string) told {
	return h.send(h.prove("POST", devices, nil), "POST", devices, "", map[string]any{"token": token})
}

func (h *handheld) address() string { return devices + "/" + h.id + "/requests" }

func (h *handheld) waiting() told {
	return h.send(h.prove("GET", h.address(), nil), "GET", h.address(), "", nil)
}

// request is the id of the one request that waits.
func (h *handheld) request() string {
	h.s.t.Helper()
	found := h.waiting()
	if found.Status != 200 || len(found.Requests) != 1 {
		h.s.t.Fatalf("what waits is %d %s", found.Status, found.body)
	}
	return found.Requests[0].ID
}

// say answers a request: yes with a number, or no.
func (h *handheld) say(request, answer, number string) told {
	path := h.address() + "/" + request
	return h.send(h.prove("POST", path, map[string]any{"answer": answer, "number": number}), "POST", path, "", nil)
}

func (h *handheld) subscribe(subscription any) told {
	path := devices + "/" + h.id + "/push"
	return h.send(h.prove("PUT", path, nil), "PUT", path, "", subscription)
}

func (h *handheld) leave() told {
	path := devices + "/" + h.id
	return h.send(h.prove("DELETE", path, nil), "DELETE", path, "", nil)
}

var ownLink = regexp.MustCompile(`href="(https?://[^"]*/authenticator/#otpauth[^"]*)"`)

// pairing is the token in the link of the page that pairs our app.
func (b *browser) pairing() string {
	b.s.t.Helper()
	match := ownLink.FindStringSubmatch(b.page.Body)
	if match == nil {
		b.s.t.Fatalf("no link to our app on the page: %s", b.page.Body)
	}
	_, fragment, _ := strings.Cut(html.UnescapeString(match[1]), "#")
	link, err := url.Parse(fragment)
	if err != nil {
		b.s.t.Fatal(err)
	}
	return link.Query().Get("woggle")
}

// paired is a person who has set up our app on a phone, and its secret.
func (s *site) paired(username string, change ...func(*db.Tx, *directory.User)) (directory.User, *handheld, []byte) {
	s.t.Helper()
	user := s.member(username, append(change, firstUse)...)
	b := s.browser().password(username, passphrase).press("Use an authenticator app instead").press("Woggle Authenticator")
	secret, h := secretOn(s.t, b), s.handheld()
	if answer := h.register(b.pairing()); answer.Status != 200 || answer.ID != h.id {
		s.t.Fatalf("the app was not paired: %+v", answer)
	}
	b.press("Next").fill("Verify", "one-time-code", appCode(s, secret), "name", "Pixel").sees("You’re all set")
	s.clock.Advance(time.Hour)
	return user, h, secret
}

func appCode(s *site, secret []byte) string {
	return authenticator.Code(secret, authenticator.Step(s.clock.Now()))
}

var appDigits = regexp.MustCompile(`class="digits num">([1-9]) ([0-9])<`)

// number is the one on the page.
func (b *browser) number() string {
	b.s.t.Helper()
	match := appDigits.FindStringSubmatch(b.page.Body)
	if match == nil {
		b.s.t.Fatalf("no number on the page: %s", b.page.Text)
	}
	return match[1] + match[2]
}

const typedThem = "I have typed them"

// asked is a browser that shows the number to a person.
func (s *site) asked(username string) *browser {
	s.t.Helper()
	return s.browser().password(username, passphrase).sees("Say yes in your app", "Pixel")
}
