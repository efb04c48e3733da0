package externalmfa_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"woggle/internal/app/externalmfa"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
	"woggle/internal/signin"
	entra "woggle/test/entra/signin"
	"woggle/test/visitor"
)

// world is a whole Woggle behind one address, and a tenant of Entra whose external method it is.
type world struct {
	t      *testing.T
	db     *db.DB
	clock  *dbtest.Clock
	ring   *keys.Ring
	tenant *entra.Tenant
	client string // of the app registration
	web    *httptest.Server
	log    *diary
	sent   chan message.Message
	first  *server.Server

	mu    sync.Mutex
	nodes []http.Handler
	turn  int
}

// each runs a story on every engine.
func each(t *testing.T, story func(w *world)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { story(newWorld(t, d, clock)) })
}

// one runs a story to which the engine does not matter.
func one(t *testing.T) *world {
	d, clock := dbtest.Open(t)
	return newWorld(t, d, clock)
}

func newWorld(t *testing.T, d *db.DB, clock *dbtest.Clock) *world {
	w := &world{t: t, db: d, clock: clock, ring: keys.Random(), tenant: entra.New(clock.Now), client: uuid.NewString(),
		log: &diary{}, sent: make(chan message.Message, 10)}
	t.Cleanup(w.tenant.Close)
	w.web = httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { w.next().ServeHTTP(rw, r) }))
	t.Cleanup(w.web.Close)
	w.first = w.node()
	w.connect(externalmfa.ByUsername)
	w.tenant.Add(w.client, w.web.URL+externalmfa.DiscoveryPath, w.web.URL+externalmfa.AuthorizePath)
	return w
}

// node adds a node. Each request goes to the next one.
func (w *world) node() *server.Server {
	w.t.Helper()
	base, err := url.Parse(w.web.URL)
	if err != nil {
		w.t.Fatal(err)
	}
	s, err := server.New(server.Options{DB: w.db, Keys: w.ring, Base: base, Plan: phone.Plan{Default: "GB", Drama: true},
		Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57"}, Log: slog.New(slog.NewTextHandler(w.log, nil)), Stay: 24 * time.Hour,
		Clouds: []externalmfa.Cloud{externalmfa.CloudAt(w.tenant.URL)},
		Routes: func(func(string) message.Desk) (routes []message.Route, err error) {
			for _, channel := range []message.Channel{message.SMS, message.Voice, message.Email} {
				routes = append(routes, message.Route{Name: "post-" + string(channel), Channel: channel, Provider: w, Prices: bill.Flat(0)})
			}
			return routes, nil
		}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.nodes = append(w.nodes, s.Handler())
	return s
}

func (w *world) next() http.Handler {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.turn++
	return w.nodes[w.turn%len(w.nodes)]
}

// Send is the telephone company and the postman.
func (w *world) Send(_ context.Context, m message.Message) (string, error) {
	w.sent <- m
	return "", nil
}

// diary keeps the log.
type diary struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (d *diary) Write(b []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(b)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

func (w *world) tx(work func(tx *db.Tx) error) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), work); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) connect(by externalmfa.MatchBy) {
	w.t.Helper()
	w.tx(func(tx *db.Tx) error {
		return externalmfa.Connect(tx, "system", externalmfa.Connection{ClientID: w.client, Tenant: w.tenant.ID, Cloud: "global", MatchBy: by})
	})
}

// member is somebody who is known here and at Entra under one name, with an app here and no password.
type member struct {
	directory.User
	entra.Person
	secret []byte
}

const upn = "aisha.khan@northwold.example"

func (w *world) member(username string) member {
	w.t.Helper()
	m := member{Person: entra.Person{Object: uuid.NewString(), UPN: username, Preferred: username}, secret: authenticator.NewSecret()}
	w.tx(func(tx *db.Tx) (err error) {
		m.User, err = directory.Add(tx, directory.User{Username: username, Email: "home-" + username, GivenName: "Aisha"})
		if err != nil {
			return err
		}
		return signin.InsertMethod(tx, authenticator.Row(w.ring, m.User.ID, "Pixel", m.secret, 0))
	})
	return m
}

func (w *world) code(m member) string {
	return authenticator.Code(m.secret, authenticator.Step(w.clock.Now()))
}

// browser is a visitor whose every step must succeed.
type browser struct {
	*visitor.Visitor
	w    *world
	page *visitor.Page
}

func (w *world) browser() *browser { return &browser{Visitor: visitor.New(w.web.URL), w: w} }

func (w *world) attempt(p entra.Person) *entra.Attempt {
	w.t.Helper()
	a, err := w.tenant.Begin(w.client, p)
	if err != nil {
		w.t.Fatal(err)
	}
	return a
}

// asked brings Entra's form here, as its page does.
func (b *browser) asked(p entra.Person) *browser {
	b.w.t.Helper()
	return b.bring(b.w.attempt(p))
}

func (b *browser) bring(a *entra.Attempt) *browser {
	b.w.t.Helper()
	return b.open(b.w.tenant.URL + "/start/" + a.State).press("Continue")
}

func (b *browser) open(path string) *browser {
	b.w.t.Helper()
	var err error
	if b.page, err = b.Open(path); err != nil {
		b.w.t.Fatal(err)
	}
	return b
}

func (b *browser) press(text string) *browser {
	b.w.t.Helper()
	for _, form := range b.page.Forms {
		if button := form.Press(text); button != nil {
			var err error
			if b.page, err = b.Send(form, button); err != nil {
				b.w.t.Fatal(err)
			}
			return b
		}
	}
	b.w.t.Fatalf("no button %q on %s: %s", text, b.page.URL, b.page.Text)
	return b
}

// link follows the link that leads to an address with the words in it.
func (b *browser) link(part string) *browser {
	b.w.t.Helper()
	for _, to := range b.page.Links {
		if strings.Contains(to, part) {
			return b.open(to)
		}
	}
	b.w.t.Fatalf("no link to %q on %s: %v", part, b.page.URL, b.page.Links)
	return b
}

// types answers the question with a code.
func (b *browser) types(code string) *browser {
	b.w.t.Helper()
	form, err := b.page.Form("one-time-code")
	if err != nil {
		b.w.t.Fatal(err)
	}
	if b.page, err = b.Send(form.Set("one-time-code", code), form.Press("Verify")); err != nil {
		b.w.t.Fatal(err)
	}
	return b
}

func (b *browser) sees(words ...string) *browser {
	b.w.t.Helper()
	for _, word := range words {
		if !strings.Contains(b.page.Text, word) {
			b.w.t.Fatalf("no %q on %s (status %d): %s", word, b.page.URL, b.page.Status, b.page.Text)
		}
	}
	return b
}

func (b *browser) notSees(words ...string) *browser {
	b.w.t.Helper()
	for _, word := range words {
		if strings.Contains(b.page.Text, word) {
			b.w.t.Fatalf("%q on %s: %s", word, b.page.URL, b.page.Text)
		}
	}
	return b
}

// back posts what the page carries to Entra.
func (b *browser) back() *browser {
	b.w.t.Helper()
	form, err := b.page.Form(b.w.tenant.Redirect())
	if err != nil {
		b.w.t.Fatal(err)
	}
	if b.page, err = b.Send(form, nil); err != nil {
		b.w.t.Fatal(err)
	}
	return b
}

// goesNowhere demands that nothing on the page leads to Entra.
func (b *browser) goesNowhere() *browser {
	b.w.t.Helper()
	for _, form := range b.page.Forms {
		if strings.Contains(form.Action, b.w.tenant.URL) {
			b.w.t.Fatalf("%s carries %v to %s", b.page.URL, form.Values, form.Action)
		}
	}
	return b
}

func (b *browser) signedIn() bool {
	b.w.t.Helper()
	return b.open("/").page.URL.Path == "/"
}
