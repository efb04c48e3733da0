// A tenant: its keys, its people, and the pages of a sign-in.
package signin

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/google/uuid"
)

// Patience is how long a sign-in waits for the method.
const Patience = 5 * time.Minute

// Claims asks for what Entra asks for after a password.
const Claims = `{"id_token":{"acr":{"essential":true,"values":["possessionorinherence"]},` +
	`"amr":{"essential":true,"values":["face","fido","fpt","hwk","iris","otp","pop","retina","sc","sms","swk","tel","vbm"]}}}`

// Tenant is one tenant, and the cloud that it is in. It is safe for many goroutines.
type Tenant struct {
	ID  string
	URL string // of the cloud: what is https://login.microsoftonline.com elsewhere

	web   *httptest.Server
	clock func() time.Time

	mu      sync.Mutex
	keys    []signingKey // the last one signs; all are published
	methods map[string]*method
	waiting map[string]*Attempt // by state
	down    bool
	fetched int // how often the keys were asked for
}

type signingKey struct {
	id      string
	private *rsa.PrivateKey
}

// Person is somebody of the tenant.
type Person struct {
	Object    string
	UPN       string // empty: the optional claim is not set up
	Preferred string
	Extra     map[string]any // more claims of the hint
}

// Attempt is one sign-in, from the moment when the password was right.
type Attempt struct {
	Person  Person
	Client  string
	State   string
	Nonce   string
	Subject string
	Claims  string
	Begun   time.Time

	Form map[string]string // what the browser posts to the method
	To   string            // and where
}

// New starts a tenant. Close ends it.
func New(clock func() time.Time) *Tenant {
	t := &Tenant{ID: uuid.NewString(), clock: clock, methods: map[string]*method{}, waiting: map[string]*Attempt{}}
	t.keys = []signingKey{newKey()}
	mux := http.NewServeMux()
	for _, tenant := range []string{"common", t.ID} {
		mux.HandleFunc("GET /"+tenant+"/v2.0/.well-known/openid-configuration", t.discovery)
		mux.HandleFunc("GET /"+tenant+"/discovery/v2.0/keys", t.keySet)
	}
	mux.HandleFunc("GET /start/{state}", t.start)
	mux.HandleFunc("POST "+redirectPath, t.answer)
	t.web = httptest.NewServer(mux)
	t.URL = strings.Replace(t.web.URL, "127.0.0.1", "localhost", 1) // another site than the one under test, for a browser
	return t
}

const redirectPath = "/common/federation/externalauthprovider"

// Close ends the tenant.
func (t *Tenant) Close() { t.web.Close() }

func newKey() signingKey {
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // unreachable: there is always chance
	}
	return signingKey{uuid.NewString(), private}
}

// Rotate signs with a new key, at once, as Entra may. With forget the old one is published no more.
func (t *Tenant) Rotate(forget bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if forget {
		t.keys = nil
	}
	t.keys = append(t.keys, newKey())
}

// SetDown makes the tenant's documents unreachable, or reachable again.
func (t *Tenant) SetDown(down bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.down = down
}

// Fetched tells how often the keys were asked for.
func (t *Tenant) Fetched() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.fetched
}

// Issuer is who signs the tenant's hints.
func (t *Tenant) Issuer() string { return t.URL + "/" + t.ID + "/v2.0" }

// Redirect is where an answer goes.
func (t *Tenant) Redirect() string { return t.URL + redirectPath }

func (t *Tenant) discovery(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	down := t.down
	t.mu.Unlock()
	if down {
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
		return
	}
	tenant, _, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	issuer := t.Issuer()
	if tenant == "common" {
		issuer = t.URL + "/{tenantid}/v2.0"
	}
	json.NewEncoder(w).Encode(map[string]any{"issuer": issuer, "jwks_uri": t.URL + "/" + tenant + "/discovery/v2.0/keys"})
}

func (t *Tenant) keySet(w http.ResponseWriter, _ *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fetched++
	if t.down {
		http.Error(w, "service unavailable", http.StatusServiceUnavailable)
		return
	}
	var set jose.JSONWebKeySet
	for _, key := range t.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key.private.Public(), KeyID: key.id, Use: "sig"})
	}
	json.NewEncoder(w).Encode(set)
}

// Begin is a sign-in whose password was right, up to the form that goes to the method. Its error is what the person would
// be told instead.
func (t *Tenant) Begin(client string, p Person) (*Attempt, error) {
	m, err := t.ready(client)
	if err != nil {
		return nil, err
	}
	a := &Attempt{Person: p, Client: client, State: "rQQIARAA" + rand.Text() + rand.Text(), Nonce: rand.Text(), Claims: Claims, Begun: t.clock()}
	sum := sha1.Sum([]byte(client + p.Object)) // pairwise: another for each app
	a.Subject = base64.RawURLEncoding.EncodeToString(sum[:])
	a.To = m.authorize
	a.Form = map[string]string{"scope": "openid", "response_type": "Id_token", "response_mode": "form_post", "client_id": client,
		"redirect_uri": t.Redirect(), "nonce": a.Nonce, "state": a.State, "claims": a.Claims, "client-request-id": uuid.NewString(),
		"id_token_hint": t.Hint(a, nil), "mkt": "en-GB"}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.waiting[a.State] = a
	return a, nil
}

// Hint signs the claims of an attempt, which change may alter: who it is, already expired, as Entra issues it.
func (t *Tenant) Hint(a *Attempt, change func(claims map[string]any)) string {
	t.mu.Lock()
	key := t.keys[len(t.keys)-1]
	t.mu.Unlock()
	return Sign(key.private, key.id, t.HintClaims(a, change))
}

// HintClaims are what a hint says.
func (t *Tenant) HintClaims(a *Attempt, change func(claims map[string]any)) map[string]any {
	now := t.clock().Unix()
	claims := map[string]any{"ver": "2.0", "iss": t.Issuer(), "sub": a.Subject, "aud": a.Client, "exp": now - 1, "iat": now, "nbf": now,
		"name": "Test User", "preferred_username": a.Person.Preferred, "oid": a.Person.Object, "tid": t.ID}
	if a.Person.UPN != "" {
		claims["upn"] = a.Person.UPN
	}
	maps.Copy(claims, a.Person.Extra)
	if change != nil {
		change(claims)
	}
	return claims
}

// KeyID is the id of the key that signs.
func (t *Tenant) KeyID() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.keys[len(t.keys)-1].id
}

// PublicKey is the key that verifies what is signed now.
func (t *Tenant) PublicKey() *rsa.PublicKey {
	t.mu.Lock()
	defer t.mu.Unlock()
	return &t.keys[len(t.keys)-1].private.PublicKey
}

// Sign makes a token with any RSA key.
func Sign(key *rsa.PrivateKey, id string, claims map[string]any) string {
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		panic(err) // unreachable: the key is RSA
	}
	body, err := json.Marshal(claims)
	if err != nil {
		panic(err) // the test's own fault
	}
	signed, err := signer.Sign(body)
	if err != nil {
		panic(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		panic(err)
	}
	return token
}

var formPage = template.Must(template.New("").Parse(`<!doctype html><title>Working</title><form id="form" method="POST" action="{{.To}}">
{{range $name, $value := .Form}}<input type="hidden" name="{{$name}}" value="{{$value}}">{{end}}<button>Continue</button></form><script>document.getElementById("form").submit()</script>`))

// start is the page whose form posts itself to the method.
func (t *Tenant) start(w http.ResponseWriter, r *http.Request) {
	t.mu.Lock()
	a := t.waiting[r.PathValue("state")]
	t.mu.Unlock()
	if a == nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	if err := formPage.Execute(w, a); err != nil {
		fmt.Fprint(w, err)
	}
}
