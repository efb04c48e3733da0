// The server.
package entra

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Entra is both the place that gives tokens and Graph. It is safe for many goroutines.
type Entra struct {
	URL string // of both

	now func() time.Time
	mux *http.ServeMux

	mu      sync.Mutex
	tenants []*Tenant
	tokens  map[string]grant // by the token
	proofs  map[string]bool  // ids of assertions that were used
	serial  int
	log     []Entry

	lag       int                      // so many requests do not find what was just made
	throttled int                      // so many requests are refused
	items     int                      // so many items of batches are refused
	pause     time.Duration            // that is asked for then
	lose      func(*http.Request) bool // whose answer is lost
}

// grant is what a token is for.
type grant struct {
	tenant *Tenant
	app    *App
	ends   time.Time
}

// Start starts Entra with the tenants on this computer. It ends with the test.
func Start(t testing.TB, now func() time.Time, tenants ...*Tenant) *Entra {
	t.Helper()
	e := New(now, tenants...)
	server := httptest.NewServer(e)
	t.Cleanup(server.Close)
	e.URL = server.URL
	return e
}

// New makes Entra with the tenants, for who serves it otherwise. URL has to be set before the first request.
func New(now func() time.Time, tenants ...*Tenant) *Entra {
	e := &Entra{now: now, mux: http.NewServeMux(), tenants: tenants, tokens: map[string]grant{}, proofs: map[string]bool{}}
	e.mux.HandleFunc("POST /{tenant}/oauth2/v2.0/token", e.token)
	return e
}

// answer is what both hosts of Microsoft's would, each its part.
func (e *Entra) answer(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/v1.0/") || strings.HasPrefix(r.URL.Path, "/beta/") {
		e.graph(w, r)
		return
	}
	e.mux.ServeHTTP(w, r)
}

// Handle adds what is not Graph, such as sign-in pages.
func (e *Entra) Handle(pattern string, handler http.HandlerFunc) { e.mux.HandleFunc(pattern, handler) }

// ServeHTTP answers as Microsoft does.
func (e *Entra) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	lost := e.lose != nil && e.lose(r)
	e.mu.Unlock()
	w.Header().Set("Date", e.now().UTC().Format(http.TimeFormat))
	if !lost {
		e.answer(w, r)
		return
	}
	e.answer(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler) // done, but nobody is told
}

// Look lets a test read or change what is in the tenants while nobody else does.
func (e *Entra) Look(do func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	do()
}

// Join adds a tenant.
func (e *Entra) Join(t *Tenant) { e.Look(func() { e.tenants = append(e.tenants, t) }) }

// Lag makes so many requests after a creation not find what was created.
func (e *Entra) Lag(requests int) { e.Look(func() { e.lag = requests }) }

// Throttle refuses the next so many requests, and asks for a pause.
func (e *Entra) Throttle(requests int, pause time.Duration) {
	e.Look(func() { e.throttled, e.pause = requests, pause })
}

// ThrottleItems refuses the next so many items of batches, and asks for a pause.
func (e *Entra) ThrottleItems(items int, pause time.Duration) {
	e.Look(func() { e.items, e.pause = items, pause })
}

// Lose breaks the connection instead of answering the next request that which tells, after it was carried out.
func (e *Entra) Lose(which func(*http.Request) bool) {
	e.Look(func() {
		e.lose = func(r *http.Request) bool {
			if !which(r) {
				return false
			}
			e.lose = nil
			return true
		}
	})
}

// Requests are those that Graph got, with the items of batches, as "PATCH /v1.0/users/…" with their status.
func (e *Entra) Requests() (all []Entry) {
	e.Look(func() { all = append(all, e.log...) })
	return all
}

// Forget empties what Requests tells.
func (e *Entra) Forget() { e.Look(func() { e.log = nil }) }

func (e *Entra) tenant(id string) *Tenant {
	for _, t := range e.tenants {
		if strings.EqualFold(t.ID, id) {
			return t
		}
	}
	return nil
}
