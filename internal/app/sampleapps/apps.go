// The apps together: what they are made of, and what whoever registers them has to know.
package sampleapps

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"embed"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"time"
)

//go:embed static
var static embed.FS

//go:embed pages/*.html
var pages embed.FS

// Options are what the apps know of the world.
type Options struct {
	SignIn       string // address of Woggle, without a slash at the end
	Base         string // address of the apps
	Minibus      string // address of the minibus log, which has a host of its own
	Organisation string // whose sign-in it is
	Log          *slog.Logger
}

// Apps are the sample apps.
type Apps struct {
	Options
	pages  *template.Template
	people *people
	client *http.Client
	rota   *rota
	kit    *kit
	files  *files
}

// Card is what an app wants to be registered as. Settings are those of its protocol, by their names in the apps file.
type Card struct {
	ID, Name, Protocol, Launch string
	Logo                       []byte
	Tell                       []string
	Leaders                    bool // it is for leaders only
	Settings                   map[string]any
}

// Key is the one that the kit shop signs its sign-outs with, and the certificate around it.
type Key struct {
	Private     *rsa.PrivateKey
	Certificate *x509.Certificate
}

// patience is how long the sign-in may take to answer an app.
const patience = 10 * time.Second

// New makes the apps. Its errors are faults in their pages.
func New(o Options, key Key) (*Apps, error) {
	a := &Apps{Options: o, people: newPeople(), client: &http.Client{Timeout: patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
	var err error
	if a.pages, err = parsePages(); err != nil {
		return nil, err
	}
	a.rota = &rota{Apps: a, about: about{"rota", "Camp rota", "Who does what at the summer camp."}}
	a.kit = &kit{Apps: a, about: about{"kit", "Kit shop", "Tents, stoves and neckerchiefs, for leaders to order."}, key: key}
	a.files = &files{Apps: a, about: about{"files", "District files", "Forms and papers that everybody may read."}}
	return a, nil
}

// Cards are what the apps want to be registered as.
func (a *Apps) Cards() ([]Card, error) {
	cards := []Card{a.rota.card(), a.kit.card(), a.files.card(), a.minibusCard()}
	for i := range cards {
		logo, err := static.ReadFile("static/" + cards[i].ID + ".svg")
		if err != nil {
			return nil, err
		}
		cards[i].Logo = logo
	}
	return cards, nil
}

// Handler serves all apps but the minibus log.
func (a *Apps) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", a.index)
	mux.HandleFunc("GET /static/", a.static)
	a.rota.mount(mux)
	a.kit.mount(mux)
	a.files.mount(mux)
	// Forms of other sites are taken only where a protocol sends them.
	own := http.NewCrossOriginProtection()
	for _, pattern := range []string{"POST /kit/acs", "POST /files/token", "POST /rota/backchannel"} {
		own.AddInsecureBypassPattern(pattern)
	}
	return a.guard(own.Handler(mux))
}

// guard sets the headers of every answer. Chromium holds what follows a form against the form-action of its page: to sign out
// of everything leads by way of the sign-in, and back.
func (a *Apps) guard(next http.Handler) http.Handler {
	policy := "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' " + a.SignIn + "; base-uri 'none'; frame-ancestors 'none'"
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		header := w.Header()
		header.Set("Content-Security-Policy", policy)
		header.Set("X-Content-Type-Options", "nosniff")
		header.Set("Referrer-Policy", "no-referrer") // codes come in addresses
		header.Set("Cache-Control", "no-store")
		r.Body = http.MaxBytesReader(w, r.Body, 256<<10)
		next.ServeHTTP(w, r)
	})
}

func (a *Apps) static(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "max-age=300")
	http.ServeFileFS(w, r, static, r.URL.Path)
}

// index lists the apps, for whoever opens the bare address.
func (a *Apps) index(w http.ResponseWriter, r *http.Request) {
	a.show(w, r, http.StatusOK, "index", view{App: about{"index", "Sample apps", ""}, Data: a.Minibus})
}

// fetch reads an address of the sign-in.
func (a *Apps) fetch(r *http.Request, path string) ([]byte, error) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, a.SignIn+path, nil)
	if err != nil {
		return nil, err
	}
	response, err := a.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var body bytes.Buffer
	_, err = body.ReadFrom(io.LimitReader(response.Body, 256<<10))
	return body.Bytes(), err
}
