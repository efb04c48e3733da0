package portal

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
	"woggle/test/visitor"
)

// site is the portal with the real flow, sessions and database. Only the methods are made up: they show a page that
// names them, and POST /test/right and /test/set-up stand for a right code.
type site struct {
	*testing.T
	clock    *dbtest.Clock
	db       *db.DB
	sessions *session.Manager
	outbox   *message.Outbox
	flow     *signin.Flow
	post     *letters
	started  int // codes that were sent
	patterns []string
	server   *httptest.Server
	changed  []string // passwords: "user keepSession current next"
	refuse   error    // what changing a password answers
	tiles    []app.Tile
}

func open(t *testing.T) *site {
	t.Helper()
	s := &site{T: t, post: &letters{}}
	s.db, s.clock = dbtest.Open(t)
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	ring := keys.Random()
	pages, err := page.New(page.Config{Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57", Help: "Ann on 01632 960999"},
		Log: func(_ *http.Request, err error) { t.Errorf("logged: %v", err) }})
	s.must(err)
	s.sessions = &session.Manager{DB: s.db, Keys: ring}
	s.outbox = message.New(s.db, ring, bill.Limits{}, quiet)
	s.outbox.Use([]message.Route{{Name: "letters", Channel: message.Email, Provider: s.post}}, message.Hooks{})
	flow, err := signin.New(signin.Deps{DB: s.db, Keys: ring, Pages: pages, Sessions: s.sessions, Outbox: s.outbox, Base: "http://portal.test", Log: quiet})
	s.must(err)
	s.flow = flow
	flow.Use(&fake{s, flow, signin.Phone}, &fake{s, flow, signin.Authenticator})
	p, err := New(Deps{DB: s.db, Pages: pages, Sessions: s.sessions, Flow: flow, ChangePassword: s.changePassword,
		Tiles: func(context.Context, string) ([]app.Tile, error) { return s.tiles, nil }})
	s.must(err)

	mux := http.NewServeMux()
	handle := func(pattern string, h page.Handler) { mux.Handle(pattern, pages.Handle(h)) }
	flow.Mount(handle)
	p.Mount(func(pattern string, h page.Handler) {
		s.patterns = append(s.patterns, pattern)
		handle(pattern, h)
	})
	handle("POST /test/right", s.right(flow))
	handle("POST /test/set-up", s.setUp(flow))
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = page.WithVisit(r, &page.Visit{ID: "r1", Agent: r.UserAgent(), Browser: r.Header.Get("X-Browser"), Token: "form-token",
			Locale: pages.Locales.Match(r.Header.Get("Accept-Language"))})
		if cookie, err := r.Cookie(s.sessions.CookieName()); err == nil {
			found, err := s.sessions.Find(r.Context(), cookie.Value)
			s.must(err)
			if found != nil {
				r = session.With(r, found)
			}
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	return s
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *site) tx(work func(tx *db.Tx) error) {
	s.Helper()
	s.must(s.db.Tx(context.Background(), work))
}

func (s *site) changePassword(_ *http.Request, user directory.User, keepSession, current, next string) error {
	if s.refuse != nil {
		return s.refuse
	}
	s.changed = append(s.changed, strings.Join([]string{user.Username, keepSession, current, next}, " "))
	return nil
}

// right proves the method that the flow asks for.
func (s *site) right(flow *signin.Flow) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return flow.Act(w, r, signin.Prove, "", func(tx *db.Tx, a *signin.Attempt, step signin.Step) error {
			a.Proved(session.Proof{Kind: string(step.Ask), Method: step.Target.ID, Factor: session.Possession, At: tx.Now})
			return nil
		})
	}
}

// setUp sets up what the flow asks for.
func (s *site) setUp(flow *signin.Flow) page.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		return flow.Act(w, r, signin.Enrol, "", func(tx *db.Tx, a *signin.Attempt, step signin.Step) error {
			e := signin.Enrolled{ID: db.NewID(), Kind: step.Ask, Secret: []byte(r.PostFormValue("number")), Hint: "•••123"}
			return flow.AddMethod(tx, a, e, session.Proof{Kind: string(step.Ask), Factor: session.Possession, At: tx.Now})
		})
	}
}

// fake is a method without a code. Its detail is what it keeps.
type fake struct {
	site *site
	flow *signin.Flow
	kind signin.Kind
}

func (m *fake) Kind() signin.Kind { return m.kind }

func (m *fake) Start(*db.Tx, *signin.Attempt, signin.Step) error {
	m.site.started++
	return nil
}

func (m *fake) Ask(w http.ResponseWriter, _ *http.Request, a *signin.Attempt, _ signin.Step, _ page.Problems) error {
	_, err := io.WriteString(w, `<form method="post" action="/test/right">prove `+string(m.kind)+`<input name="a" value="`+a.ID+`"></form>`)
	return err
}

func (m *fake) Enrol(w http.ResponseWriter, _ *http.Request, a *signin.Attempt, _ signin.Step, _ page.Problems) error {
	_, err := io.WriteString(w, `<form method="post" action="/test/set-up">set up `+string(m.kind)+`<input name="a" value="`+a.ID+`"><input name="number"></form>`)
	return err
}

func (m *fake) Ways(signin.Enrolled, *page.Locale) []signin.Way { return []signin.Way{{}} }

func (m *fake) Detail(e signin.Enrolled, l *page.Locale) (title, detail string) {
	if title = e.Name; title == "" {
		title = l.Text("signin.kind." + string(e.Kind))
	}
	return title, string(e.Secret)
}

// letters is the mail server: it keeps what it is given.
type letters struct {
	mu  sync.Mutex
	all []message.Message
}

func (l *letters) Send(_ context.Context, m message.Message) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, m)
	return "", nil
}

// person adds somebody with a password and the methods, in this order: "phone +44…" or "authenticator Pixel".
func (s *site) person(name string, methods ...string) (user directory.User, ids []string) {
	s.Helper()
	s.tx(func(tx *db.Tx) (err error) {
		if user, err = directory.Add(tx, directory.User{Username: name, GivenName: strings.ToUpper(name[:1]) + name[1:], Email: name + "@northwold.example"}); err != nil {
			return err
		}
		ids = nil
		for _, method := range append([]string{"password x"}, methods...) {
			kind, detail, _ := strings.Cut(method, " ")
			e := signin.Enrolled{ID: db.NewID(), User: user.ID, Kind: signin.Kind(kind), Secret: []byte(detail)}
			if ids = append(ids, e.ID); signin.InsertMethod(tx, e) != nil {
				return errors.New("method")
			}
		}
		return nil
	})
	return user, ids[1:]
}

// browser is one of a person's browsers; it does not follow redirects unless told to.
type browser struct {
	*visitor.Visitor
	*site
	session string // id
}

// enter signs the person in, in a browser of their own, with proofs made now.
func (s *site) enter(user directory.User) *browser {
	s.Helper()
	b := s.stranger()
	b.tx(func(tx *db.Tx) error {
		proofs := []session.Proof{{Kind: "password", Factor: session.Knowledge, At: tx.Now}, {Kind: "phone", Factor: session.Possession, At: tx.Now}}
		token, started, err := s.sessions.Start(tx, user, proofs, false, session.Origin{Address: "192.0.2.7",
			Agent: "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"})
		address, _ := url.Parse(s.server.URL)
		b.Client.Jar.SetCookies(address, []*http.Cookie{{Name: s.sessions.CookieName(), Value: token}})
		b.session = started.ID
		return err
	})
	return b
}

func (s *site) stranger() *browser {
	b := &browser{Visitor: visitor.New(s.server.URL), site: s}
	b.Header.Set("X-Browser", db.NewToken())
	b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return b
}

// get opens a page and checks what must hold for every page.
func (b *browser) get(path string) *visitor.Page {
	b.Helper()
	p, err := b.Open(path)
	b.must(err)
	b.sound(p)
	return p
}

// send posts a form, with "name", "value" pairs.
func (b *browser) send(path string, pairs ...string) *visitor.Page {
	b.Helper()
	values := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	p, err := b.Post(path, values)
	b.must(err)
	b.sound(p)
	return p
}

// went tells where a redirect leads, and fails for any other answer.
func (b *browser) went(p *visitor.Page) string {
	b.Helper()
	if p.Status != http.StatusSeeOther {
		b.Fatalf("%s: status %d instead of a redirect: %s", p.URL, p.Status, p.Text)
	}
	return p.Header.Get("Location")
}

func (s *site) shows(p *visitor.Page, texts ...string) {
	s.Helper()
	for _, text := range texts {
		if !strings.Contains(p.Text, text) {
			s.Errorf("%s does not show %q: %s", p.URL, text, p.Text)
		}
	}
}

func (s *site) hides(p *visitor.Page, texts ...string) {
	s.Helper()
	for _, text := range texts {
		if strings.Contains(p.Body, text) {
			s.Errorf("%s has %q: %s", p.URL, text, p.Text)
		}
	}
}

func (s *site) status(p *visitor.Page, want int) {
	s.Helper()
	if p.Status != want {
		s.Fatalf("%s: status %d, want %d: %s", p.URL, p.Status, want, p.Text)
	}
}

// kept is all that a change could change, as text, to compare before and after.
func (s *site) kept() string {
	s.Helper()
	var all strings.Builder
	s.tx(func(tx *db.Tx) error {
		all.Reset()
		for _, query := range []string{
			"SELECT id || user_id || kind || name || secret || preferred || disabled_at FROM methods ORDER BY id",
			"SELECT id || epoch || ended_at FROM sessions ORDER BY id",
			"SELECT id || given_name || family_name || email || status || frozen_at || epoch FROM users ORDER BY id",
			"SELECT user_id || field_id || value FROM field_values ORDER BY user_id, field_id",
		} {
			err := tx.Each(query, nil, func(scan func(...any) error) error {
				var row string
				err := scan(&row)
				all.WriteString(row + "\n")
				return err
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	return all.String() + strings.Join(s.changed, "\n")
}

func (s *site) methods(user directory.User) (all []signin.Enrolled) {
	s.Helper()
	s.tx(func(tx *db.Tx) (err error) {
		all, err = signin.Methods(tx, user.ID)
		return err
	})
	return all
}

const stale = 11 * time.Minute

var errWrong = problem.Field("current", "password.current-wrong")
