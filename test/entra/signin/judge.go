// The judge: what a provider publishes, and what it answers, held against the documents.
package signin

import (
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// cacheLife is how long metadata and keys are believed.
const cacheLife = 24 * time.Hour

// method is an external method as the administrator has added it, with what is cached of its provider.
type method struct {
	discovery string
	replies   []string // reply URLs of the app registration
	issuer    string
	authorize string
	keys      map[string]*rsa.PublicKey
	at        time.Time
}

// Add adds a method: the client id, which is the app's id, the discovery URL, and the app's reply URLs.
func (t *Tenant) Add(client, discovery string, replies ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.methods[client] = &method{discovery: discovery, replies: replies}
}

// ready is the method with metadata that is not too old.
func (t *Tenant) ready(client string) (*method, error) {
	t.mu.Lock()
	m := t.methods[client]
	t.mu.Unlock()
	if m == nil {
		return nil, fmt.Errorf("AADSTS900491: Service principal %s not found", client)
	}
	if m.keys != nil && t.clock().Sub(m.at) < cacheLife {
		return m, nil
	}
	if err := m.read(); err != nil {
		return nil, err
	}
	m.at = t.clock()
	return m, nil
}

// read reads the provider's documents, and refuses all that the documentation says is refused.
func (m *method) read() error {
	const ending = "/.well-known/openid-configuration"
	at, err := url.Parse(m.discovery)
	if err != nil || !strings.HasSuffix(at.Path, ending) || at.RawQuery != "" || at.Fragment != "" {
		return fmt.Errorf("the discovery URL %q has to end in %s", m.discovery, ending)
	}
	var document map[string]any
	if err := get(m.discovery, &document); err != nil {
		return err
	}
	text := func(name string) string { s, _ := document[name].(string); return s }
	holds := func(name, value string) bool {
		list, _ := document[name].([]any)
		return slices.Contains(list, any(value))
	}
	switch {
	case text("issuer") != strings.TrimSuffix(m.discovery, ending):
		return fmt.Errorf("the issuer %q is not where the document was read", text("issuer"))
	case !holds("scopes_supported", "openid"):
		return errors.New("scopes_supported lacks openid")
	case !holds("response_types_supported", "id_token"):
		return errors.New("response_types_supported lacks id_token")
	case document["subject_types_supported"] == nil:
		return errors.New("subject_types_supported is missing")
	case !holds("id_token_signing_alg_values_supported", "RS256"):
		return errors.New("id_token_signing_alg_values_supported lacks RS256")
	case !holds("response_modes_supported", "form_post"):
		return errors.New("response_modes_supported lacks form_post")
	case document["claim_types_supported"] != nil && !holds("claim_types_supported", "normal"):
		return errors.New("claim_types_supported lacks normal")
	case strings.Contains(text("jwks_uri"), "?") || text("jwks_uri") == "":
		return fmt.Errorf("jwks_uri is %q", text("jwks_uri"))
	case !slices.ContainsFunc(m.replies, func(reply string) bool { return strings.HasPrefix(text("authorization_endpoint"), reply) }):
		return errors.New("AADSTS50161: Failed to validate authorization url of external claims provider")
	}
	keys, err := readKeys(text("jwks_uri"))
	if err == nil {
		m.issuer, m.authorize, m.keys = text("issuer"), text("authorization_endpoint"), keys
	}
	return err
}

var base64Text = regexp.MustCompile(`^[A-Za-z0-9+/_-]+=*$`)

func readKeys(address string) (map[string]*rsa.PublicKey, error) {
	var set struct {
		Keys []struct {
			Kty, Use, Kid, Alg, N, E, X5t string
			X5c                           []string
		}
	}
	if err := get(address, &set); err != nil {
		return nil, err
	}
	keys := map[string]*rsa.PublicKey{}
	for _, key := range set.Keys {
		n, err1 := base64.RawURLEncoding.DecodeString(key.N)
		e, err2 := base64.RawURLEncoding.DecodeString(key.E)
		if key.Kty != "RSA" || key.Use != "sig" || key.Alg != "RS256" || !base64Text.MatchString(key.Kid) || len(key.X5c) == 0 || err1 != nil || err2 != nil {
			return nil, fmt.Errorf("the key %q lacks something", key.Kid)
		}
		der, err := base64.StdEncoding.DecodeString(key.X5c[0])
		if err != nil {
			return nil, fmt.Errorf("x5c of %s: %w", key.Kid, err)
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("x5c of %s: %w", key.Kid, err)
		}
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
		if thumb := sha1.Sum(der); !public.Equal(certificate.PublicKey) || key.X5t != base64.RawURLEncoding.EncodeToString(thumb[:]) {
			return nil, fmt.Errorf("the certificate of %s is another key's", key.Kid)
		}
		keys[key.Kid] = public
	}
	if len(keys) == 0 {
		return nil, errors.New("there are no keys")
	}
	return keys, nil
}

// get reads a document that says how long it is.
func get(address string, into any) error {
	response, err := http.Get(address)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.ContentLength <= 0 || len(response.TransferEncoding) > 0 || response.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s without a Content-Length", address, response.Status)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	return json.Unmarshal(body, into)
}

// answer is where the browser brings the answer. The page says who is signed in and how, or what was wrong.
func (t *Tenant) answer(w http.ResponseWriter, r *http.Request) {
	said, err := t.judge(r)
	w.Header().Set("Content-Type", "text/html")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		said = err.Error()
	}
	fmt.Fprintf(w, "<!doctype html><title>Microsoft</title><p>%s</p>", html.EscapeString(said))
}

func (t *Tenant) judge(r *http.Request) (string, error) {
	if err := r.ParseForm(); err != nil {
		return "", err
	}
	t.mu.Lock()
	a := t.waiting[r.PostForm.Get("state")]
	delete(t.waiting, r.PostForm.Get("state"))
	t.mu.Unlock()
	switch {
	case a == nil || len(r.PostForm["state"]) != 1:
		return "", errors.New("the state is of no sign-in that is open")
	case t.clock().Sub(a.Begun) > Patience:
		return "", errors.New("the sign-in was given up: the answer came too late")
	case r.PostForm.Has("code") || r.PostForm.Has("access_token"):
		return "", errors.New("there is more in the answer than an id_token")
	case r.PostForm.Has("error"):
		return "", fmt.Errorf("the method says: %s (%s)", r.PostForm.Get("error"), r.PostForm.Get("error_description"))
	}
	return t.judgeToken(a, r.PostForm.Get("id_token"))
}

func (t *Tenant) judgeToken(a *Attempt, token string) (string, error) {
	m, err := t.ready(a.Client)
	if err != nil {
		return "", err
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return "", fmt.Errorf("AADSTS50012: %w", err)
	}
	id := signed.Signatures[0].Header.KeyID
	key := m.keys[id]
	if key == nil {
		return "", fmt.Errorf("AADSTS50012: failed signature verification. KeyID of token is '%s'", id)
	}
	body, err := signed.Verify(key)
	if err != nil {
		return "", fmt.Errorf("AADSTS50012: failed signature verification. KeyID of token is '%s'", id)
	}
	var c struct {
		Iss, Sub, Nonce, Acr string
		Aud                  string
		Exp, Iat             int64
		Amr                  []string
	}
	var asked struct {
		IDToken map[string]struct{ Values []string } `json:"id_token"`
	}
	if err := errors.Join(json.Unmarshal(body, &c), json.Unmarshal([]byte(a.Claims), &asked)); err != nil {
		return "", err
	}
	now := t.clock().Unix()
	switch {
	case c.Iss != m.issuer:
		err = fmt.Errorf("iss is %q", c.Iss)
	case c.Aud != a.Client:
		err = fmt.Errorf("aud is %q", c.Aud)
	case c.Sub != a.Subject:
		err = fmt.Errorf("sub is %q", c.Sub)
	case c.Nonce != a.Nonce:
		err = fmt.Errorf("nonce is %q", c.Nonce)
	case c.Exp <= now || c.Exp > now+3600 || c.Iat > now || c.Iat < now-300:
		err = fmt.Errorf("iat is %d, exp is %d, and it is %d", c.Iat, c.Exp, now)
	case !slices.Contains(asked.IDToken["acr"].Values, c.Acr):
		err = fmt.Errorf("acr is %q", c.Acr)
	case len(c.Amr) != 1 || !slices.Contains(asked.IDToken["amr"].Values, c.Amr[0]):
		err = fmt.Errorf("amr is %q", c.Amr)
	case !strings.Contains(c.Acr, factorOf(c.Amr[0])):
		err = fmt.Errorf("%s is no proof of %s", c.Amr[0], c.Acr)
	}
	return fmt.Sprintf("%s is signed in: %s with %s", a.Person.Object, c.Acr, strings.Join(c.Amr, " ")), err
}

func factorOf(amr string) string {
	if slices.Contains([]string{"face", "fpt", "iris", "retina", "vbm"}, amr) {
		return "inherence"
	}
	return "possession"
}
