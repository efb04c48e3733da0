package graph_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db/dbtest"
	"woggle/test/entra"
)

const (
	tenantID = "0f0f0f0f-1111-4222-8333-444444444444"
	appID    = "a1a1a1a1-1111-4222-8333-555555555555"
	scope    = "https://graph.microsoft.com/.default"
)

// bench is a client beside a stand-in for Microsoft.
type bench struct {
	*graph.Client
	t      *testing.T
	clock  *dbtest.Clock
	tenant *entra.Tenant
	entra  *entra.Entra
	waits  []time.Duration
	where  string // Graph is, for those who answer by themselves
}

func newBench(t *testing.T, credentials ...graph.Credential) *bench {
	t.Helper()
	b := &bench{t: t, clock: dbtest.NewClock(), tenant: &entra.Tenant{ID: tenantID, Domains: []*entra.Domain{{ID: "northwold.example"}},
		Apps: []*entra.App{{ID: appID, Secrets: []string{"secret"}, Roles: []string{"User.ReadWrite.All", "Domain.Read.All"}}}}}
	b.entra = entra.Start(t, b.clock.Now, b.tenant)
	if len(credentials) == 0 {
		credentials = []graph.Credential{{Secret: "secret"}}
	}
	b.Client = b.client(graph.Options{Credentials: credentials})
	return b
}

func (b *bench) client(o graph.Options) *graph.Client {
	b.t.Helper()
	if o.At == (graph.Endpoints{}) {
		o.At = graph.Endpoints{Login: b.entra.URL, Graph: b.entra.URL, Scope: scope}
	}
	o.Tenant, o.App, o.Now = tenantID, appID, b.clock.Now
	o.Wait = func(ctx context.Context, pause time.Duration) error {
		b.waits = append(b.waits, pause)
		b.clock.Advance(pause)
		return ctx.Err()
	}
	c, err := graph.New(o)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func (b *bench) get(path string) error {
	return b.Do(b.t.Context(), graph.Request{Method: http.MethodGet, Path: path}, nil)
}

func pair(t *testing.T, now time.Time) graph.Credential {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	leaf := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, &leaf, &leaf, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return graph.Credential{Key: key, Certificate: certificate}
}

func TestATokenIsAskedForOnceAndAnewWhenItEnds(t *testing.T) {
	var tokens atomic.Int64
	b := newBench(t)
	count := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		tokens.Add(1)
		b.entra.ServeHTTP(w, r)
	}))
	defer count.Close()
	b.Client = b.client(graph.Options{Credentials: []graph.Credential{{Secret: "secret"}}, At: graph.Endpoints{Login: count.URL, Graph: b.entra.URL, Scope: scope}})
	for _, pass := range []time.Duration{0, 54 * time.Minute, 2 * time.Minute} {
		b.clock.Advance(pass)
		if err := b.get("/v1.0/users"); err != nil {
			t.Fatal(err)
		}
	}
	if tokens.Load() != 2 {
		t.Errorf("%d tokens were asked for", tokens.Load())
	}
}

// Microsoft documents PS256 with x5t#S256; what is wrong with a proof is said in words.
func TestTheProofByCertificate(t *testing.T) {
	clock := dbtest.NewClock()
	known, unknown := pair(t, clock.Now()), pair(t, clock.Now())
	for _, test := range []struct {
		name  string
		with  []graph.Credential
		apart time.Duration // of our clock from theirs
		says  string
		used  int
	}{
		{name: "uploaded", with: []graph.Credential{known}},
		{name: "not uploaded", with: []graph.Credential{unknown}, says: "upload the one that"},
		{name: "the new one not uploaded yet, the old one is", with: []graph.Credential{unknown, known}, used: 1},
		{name: "another key than the certificate's", with: []graph.Credential{{Key: unknown.Key, Certificate: known.Certificate}}, says: "AADSTS700027"},
		{name: "a wrong secret", with: []graph.Credential{{Secret: "wrong"}}, says: "not its id"},
		{name: "the clock two hours behind", with: []graph.Credential{known}, apart: -2 * time.Hour, says: "clock by NTP"},
		{name: "the clock ten minutes ahead", with: []graph.Credential{known}, apart: 10 * time.Minute, says: "clock by NTP"},
		{name: "nothing", with: []graph.Credential{}, says: "no certificate and no secret"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := newBench(t)
			b.tenant.Apps[0].Certificates = []*x509.Certificate{known.Certificate}
			theirs := b.clock.Now()
			b.clock.Advance(test.apart)
			b.entra = entra.Start(t, func() time.Time { return theirs }, b.tenant)
			b.Client = b.client(graph.Options{Credentials: test.with})
			err := b.get("/v1.0/users")
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Fatal(err)
			}
			if b.Used() != test.used {
				t.Errorf("the credential %d was used", b.Used())
			}
		})
	}
}

// answers answers one request after the other, and gives the last one for ever.
func answers(t *testing.T, replies ...func(http.ResponseWriter)) (*bench, *atomic.Int64) {
	t.Helper()
	b, asked := newBench(t), &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		replies[min(int(asked.Add(1)), len(replies))-1](w)
	}))
	t.Cleanup(server.Close)
	b.where = server.URL
	b.Client = b.client(graph.Options{Credentials: []graph.Credential{{Secret: "secret"}}, At: graph.Endpoints{Login: b.entra.URL, Graph: server.URL, Scope: scope}})
	return b, asked
}

func status(code int, header ...string) func(http.ResponseWriter) {
	return func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(code)
		if code != http.StatusNoContent {
			fmt.Fprint(w, `{"error":{"code":"some.code","message":"words \u001b[2J of theirs"}}`)
		}
	}
}

func broken(http.ResponseWriter) { panic(http.ErrAbortHandler) }

func TestWhatIsAskedAgain(t *testing.T) {
	good := func(w http.ResponseWriter) { fmt.Fprint(w, `{}`) }
	date := dbtest.NewClock().Now().Add(90 * time.Second).Format(http.TimeFormat)
	for _, test := range []struct {
		name    string
		request graph.Request
		replies []func(http.ResponseWriter)
		asked   int
		least   []time.Duration // of the pauses
		says    string
	}{
		{"throttled, in seconds", graph.Request{Method: "POST"}, []func(http.ResponseWriter){status(429, "Retry-After", "17"), good}, 2, []time.Duration{17 * time.Second}, ""},
		{"throttled, until a date", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(429, "Retry-After", date), good}, 2, []time.Duration{90 * time.Second}, ""},
		{"throttled without a word", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(429), status(429), good}, 3, []time.Duration{time.Second, 2 * time.Second}, ""},
		{"throttled with nonsense", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(503, "Retry-After", "-5"), good}, 2, []time.Duration{time.Second}, ""},
		{"told to come back in an hour", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(429, "Retry-After", "3600")}, 1, nil, "429"},
		{"throttled for ever", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(429, "Retry-After", "1")}, 6, []time.Duration{1e9, 2e9, 4e9, 8e9, 16e9}, "429"},
		{"their fault, of a question", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(500), status(502), status(504), good}, 4, []time.Duration{1e9, 2e9, 4e9}, ""},
		{"their fault, of a creation", graph.Request{Method: "POST"}, []func(http.ResponseWriter){status(500)}, 1, nil, "500"},
		{"their fault, of a POST that may be repeated", graph.Request{Method: "POST", Again: true}, []func(http.ResponseWriter){status(500), good}, 2, []time.Duration{1e9}, ""},
		{"broken off, of a change", graph.Request{Method: "PATCH"}, []func(http.ResponseWriter){broken, good}, 2, []time.Duration{1e9}, ""},
		{"broken off, of a creation", graph.Request{Method: "POST"}, []func(http.ResponseWriter){broken, good}, 1, nil, "the connection broke"},
		{"not found", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(404)}, 1, nil, "404"},
		{"not found, made a moment ago", graph.Request{Method: "GET", New: true}, []func(http.ResponseWriter){status(404), good}, 2, []time.Duration{1e9}, ""},
		{"refused", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(403)}, 1, nil, "some.code"},
		{"a redirect", graph.Request{Method: "GET"}, []func(http.ResponseWriter){status(302, "Location", "https://evil.example/")}, 1, nil, "302"},
		{"no JSON", graph.Request{Method: "GET"}, []func(http.ResponseWriter){func(w http.ResponseWriter) { fmt.Fprint(w, "<html>") }}, 1, nil, "documentation says"},
		{"endless", graph.Request{Method: "GET"}, []func(http.ResponseWriter){func(w http.ResponseWriter) { w.Write(make([]byte, 17<<20)) }}, 1, nil, "more than can be an answer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, asked := answers(t, test.replies...)
			test.request.Path = "/v1.0/thing"
			var into struct{}
			err := b.Do(t.Context(), test.request, &into)
			if test.says == "" && err != nil || test.says != "" && (err == nil || !strings.Contains(err.Error(), test.says)) {
				t.Errorf("it came to %v", err)
			}
			if err != nil && strings.ContainsRune(err.Error(), '\x1b') {
				t.Error("Microsoft's words can play with the terminal")
			}
			if int(asked.Load()) != test.asked || len(b.waits) != len(test.least) {
				t.Fatalf("asked %d times, with the pauses %v", asked.Load(), b.waits)
			}
			for i, least := range test.least {
				if b.waits[i] < least || b.waits[i] > least+least/2+time.Second {
					t.Errorf("the pause %d was %s", i+1, b.waits[i])
				}
			}
		})
	}
}

// A token that is refused is asked for anew, once.
func TestARefusedTokenIsReplacedOnce(t *testing.T) {
	b, asked := answers(t, status(401), func(w http.ResponseWriter) { fmt.Fprint(w, `{}`) })
	if err := b.get("/v1.0/users"); err != nil || asked.Load() != 2 {
		t.Errorf("%v after %d", err, asked.Load())
	}
	if b, asked = answers(t, status(401)); b.get("/v1.0/users") == nil || asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
}

// Threat T63: the token goes to Graph and nowhere else, whatever an answer says.
func TestTheTokenGoesNowhereElse(t *testing.T) {
	canary := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { t.Errorf("somebody else got %s", r.Header) }))
	defer canary.Close()
	for _, next := range []string{canary.URL + "/v1.0/users", "//evil.example/v1.0/users", "https://graph.microsoft.com.evil.example/", "GRAPH@evil.example/v1.0/users", "GRAPH.evil.example/v1.0/users", "/v1.0/users", "GRAPH/v2/users", "GRAPH"} {
		var self string
		b, _ := answers(t, func(w http.ResponseWriter) {
			json.NewEncoder(w).Encode(map[string]any{"value": []int{}, "@odata.nextLink": strings.Replace(next, "GRAPH", self, 1)})
		})
		self = b.where
		if _, err := graph.List[int](t.Context(), b.Client, "/v1.0/users", false); err == nil {
			t.Errorf("%s was followed", next)
		}
	}
	b, _ := answers(t, status(307, "Location", canary.URL))
	if err := b.Do(t.Context(), graph.Request{Method: "POST", Path: "/v1.0/users", Body: map[string]any{}}, nil); err == nil {
		t.Error("a redirect was followed")
	}
	for _, at := range []string{"http://graph.microsoft.com", "https://user@graph.microsoft.com", "https://graph.microsoft.com/x", "ftp://127.0.0.1", "http://localhost.evil.example", ""} {
		if _, err := graph.New(graph.Options{At: graph.Endpoints{Login: "https://login.microsoftonline.com", Graph: at}}); err == nil {
			t.Errorf("%q was taken for Graph", at)
		}
	}
}

func TestListsAreReadOverTheirPages(t *testing.T) {
	b := newBench(t)
	for i := range 250 {
		b.tenant.Users = append(b.tenant.Users, &entra.User{ID: fmt.Sprintf("u%03d", i), UPN: fmt.Sprintf("u%03d@northwold.example", i)})
	}
	type row struct{ ID string }
	all, err := graph.List[row](t.Context(), b.Client, "/v1.0/users?$top=99&$select=id", false)
	if err != nil || len(all) != 250 || all[249].ID != "u249" || len(b.entra.Requests()) != 3 {
		t.Fatalf("%d rows in %d requests, %v", len(all), len(b.entra.Requests()), err)
	}
}

func TestABatchAsksAgainOnlyForWhatWasThrottled(t *testing.T) {
	b := newBench(t)
	var requests []graph.Request
	for i := range 20 {
		b.tenant.Users = append(b.tenant.Users, &entra.User{ID: fmt.Sprintf("u%d", i), UPN: fmt.Sprintf("u%d@northwold.example", i)})
		requests = append(requests, graph.Request{Method: "PATCH", Path: fmt.Sprintf("/v1.0/users/u%d", i), Body: map[string]any{"displayName": "New"}})
	}
	requests[7].Path = "/v1.0/users/nobody"
	requests[9].Body = map[string]any{"displayName": ""}
	b.entra.ThrottleItems(3, 25*time.Second)
	results, err := b.Batch(t.Context(), requests)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		var refused *graph.Error
		switch {
		case i == 7 && errors.As(r.Err, &refused) && refused.Status == 404:
		case i == 9 && errors.As(r.Err, &refused) && refused.Status == 400:
		case i != 7 && i != 9 && r.Err == nil:
		default:
			t.Errorf("%d: %v", i, r.Err)
		}
	}
	patched := 0
	for _, r := range b.entra.Requests() {
		if r.Method == "PATCH" {
			patched++
		}
	}
	if patched != 23 || len(b.waits) != 1 || b.waits[0] < 25*time.Second {
		t.Errorf("%d items in the end, with the pauses %v", patched, b.waits)
	}
	if _, err := b.Batch(t.Context(), slices.Repeat(requests, 2)); err == nil {
		t.Error("a batch of 40 was sent")
	}
	requests[3].Path = "/beta/users/u3"
	if _, err := b.Batch(t.Context(), requests); err == nil {
		t.Error("two versions went into one batch")
	}
}

// An item that Microsoft leaves out of its answer is no success.
func TestABatchWithHolesIsNoSuccess(t *testing.T) {
	b, _ := answers(t, func(w http.ResponseWriter) {
		fmt.Fprint(w, `{"responses":[{"id":"1","status":204},{"id":"x","status":204},{"id":"99","status":204}]}`)
	})
	results, err := b.Batch(t.Context(), []graph.Request{{Method: "PATCH", Path: "/v1.0/a"}, {Method: "PATCH", Path: "/v1.0/b"}})
	if err != nil || results[0].Err == nil || results[1].Err != nil {
		t.Errorf("%v, %v", results, err)
	}
}

func TestACancelledRequestEndsAtOnce(t *testing.T) {
	b, asked := answers(t, status(429))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := b.Do(ctx, graph.Request{Method: "GET", Path: "/v1.0/users"}, nil); !errors.Is(err, context.Canceled) || asked.Load() > 1 {
		t.Errorf("%v after %d", err, asked.Load())
	}
}

func TestPlain(t *testing.T) {
	for in, want := range map[string]string{"a\x1b[31mb\x00": "a[31mb", "two\r\nlines": "two  lines", "\u202Eevil": "evil", strings.Repeat("x", 30): strings.Repeat("x", 20) + "…", "Siân": "Siân"} {
		if got := graph.Plain(in, 20); got != want {
			t.Errorf("%q became %q", in, got)
		}
	}
}
