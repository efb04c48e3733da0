package password

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

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

// door is the true flow with the password alone, and room for one hash at a time.
type door struct {
	t      *testing.T
	db     *db.DB
	method *Method
	user   directory.User
	web    *httptest.Server
}

var visit = page.Visit{ID: "r1", Browser: "a browser", Token: "form-token", Address: netip.MustParseAddr("198.51.100.7")}

func newDoor(t *testing.T, wait time.Duration) *door {
	t.Helper()
	d := &door{t: t}
	d.db, _ = dbtest.Open(t)
	ring, log := keys.Random(), slog.New(slog.DiscardHandler)
	pages, err := page.New(page.Config{Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57"},
		Log: func(_ *http.Request, err error) { t.Errorf("logged: %v", err) }})
	d.must(err)
	flow, err := signin.New(signin.Deps{DB: d.db, Keys: ring, Pages: pages, Sessions: &session.Manager{DB: d.db, Keys: ring},
		Outbox: message.New(d.db, ring, bill.Limits{}, log), Log: log})
	d.must(err)
	d.method, err = New(Deps{DB: d.db, Keys: ring, Pages: pages, Flow: flow, Hasher: NewHasher(1, wait),
		Pass: func(*db.Tx, *signin.Attempt, string, time.Time) (e signin.Enrolled, is bool, err error) {
			return e, false, nil
		}})
	d.must(err)
	flow.Use(d.method)
	phc, err := NewHasher(1, 0).Hash(t.Context(), typed)
	d.must(err)
	d.must(d.db.Tx(t.Context(), func(tx *db.Tx) (err error) {
		if d.user, err = directory.Add(tx, directory.User{Username: "aisha", GivenName: "Aisha"}); err != nil {
			return err
		}
		return signin.InsertMethod(tx, Row(ring, d.user.ID, phc))
	}))
	mux := http.NewServeMux()
	handle := func(pattern string, h page.Handler) { mux.Handle(pattern, pages.Handle(h)) }
	flow.Mount(handle)
	d.method.Mount(handle)
	d.web = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mux.ServeHTTP(w, d.with(r)) }))
	t.Cleanup(d.web.Close)
	return d
}

func (d *door) with(r *http.Request) *http.Request {
	v := visit
	v.Locale = d.method.Pages.Locales.Match("en")
	return page.WithVisit(r, &v)
}

func (d *door) must(err error) {
	d.t.Helper()
	if err != nil {
		d.t.Fatal(err)
	}
}

// tries are all that are counted, in the bounds and in the attempts.
func (d *door) tries() (count int) {
	d.t.Helper()
	d.must(d.db.View(d.t.Context(), func(tx *db.Tx) error {
		return tx.Row(`SELECT (SELECT coalesce(sum(tries), 0) FROM limits WHERE key NOT LIKE 'start-%') + (SELECT coalesce(sum(wrong), 0) FROM attempts)`, nil, &count)
	}))
	return count
}

// asked is a visitor at the page that asks for the password, and its form filled in.
func (d *door) asked(password string) (*visitor.Visitor, *visitor.Form) {
	d.t.Helper()
	v := visitor.New(d.web.URL)
	p, err := v.Post("/signin", url.Values{"username": {"aisha"}})
	d.must(err)
	form, err := p.Form("current-password")
	d.must(err)
	return v, form.Set("current-password", password)
}

func (d *door) send(v *visitor.Visitor, form *visitor.Form) *visitor.Page {
	d.t.Helper()
	p, err := v.Send(form, nil)
	d.must(err)
	return p
}

// Where the queue is too long nothing is compared, so nothing counts: a storm must lock nobody out.
func TestABusyServerCountsNoTries(t *testing.T) {
	d := newDoor(t, time.Millisecond)
	d.must(d.method.Hasher.slots.Acquire(t.Context(), 1))
	v, form := d.asked(typed)
	for range 40 {
		if p := d.send(v, form); p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" {
			t.Fatalf("status %d: %s", p.Status, p.Text)
		}
	}
	d.method.Hasher.here.Add(1000)
	if p := d.send(v, form); p.Status != http.StatusServiceUnavailable || p.Header.Get("Retry-After") == "" {
		t.Errorf("a crowd waits: status %d: %s", p.Status, p.Text)
	}
	d.method.Hasher.here.Add(-1000)
	if got := d.tries(); got != 0 {
		t.Errorf("%d tries are counted", got)
	}
	d.method.Hasher.slots.Release(1)
	if p := d.send(v, form); !strings.Contains(p.Text, "You need an access pass") { // past the password
		t.Errorf("status %d: %s", p.Status, p.Text)
	}
}

// While one try waits for its turn, the sign-in is left in another tab. The try is given back all the same, and the
// visitor gets one answer.
func TestATryIsGivenBackWhateverBecameOfTheSignIn(t *testing.T) {
	d := newDoor(t, time.Second)
	d.must(d.method.Hasher.slots.Acquire(t.Context(), 1))
	v, form := d.asked(typed)
	answer := make(chan *visitor.Page, 1)
	go func() {
		p, err := v.Send(form, nil)
		if err != nil {
			t.Error(err)
		}
		answer <- p
	}()
	for d.tries() == 0 && t.Context().Err() == nil && len(answer) == 0 { // it is counted before it waits
	}
	other := visitor.New(d.web.URL)
	if _, err := other.Post("/signin/leave", form.Values); err != nil {
		t.Fatal(err)
	}
	if p := <-answer; p == nil || p.Status != http.StatusServiceUnavailable {
		t.Errorf("answered with %+v", p)
	}
	if got := d.tries(); got != 0 {
		t.Errorf("%d tries are counted", got)
	}
}

// Of two presses of the button the second finds the sign-in gone on. Both typed the right password.
func TestTheSecondPressCountsNoWrongTry(t *testing.T) {
	d := newDoor(t, time.Minute)
	d.must(d.method.Hasher.slots.Acquire(t.Context(), 1))
	v, form := d.asked(typed)
	answers := make(chan *visitor.Page, 2)
	for range 2 {
		go func() {
			p, err := visitor.New(v.Base).Send(form, nil)
			if err != nil {
				t.Error(err)
			}
			answers <- p
		}()
	}
	for d.tries() < 8 && t.Context().Err() == nil { // by address, network, person and attempt, twice
	}
	d.method.Hasher.slots.Release(1)
	for range 2 {
		if p := <-answers; p == nil || !strings.Contains(p.Text, "You need an access pass") {
			t.Errorf("answered with %+v", p)
		}
	}
	if got := d.tries(); got != 0 {
		t.Errorf("%d tries are counted", got)
	}
}

// The page that changes the password counts as sign-in does, and gives back as it does.
func TestABusyServerCountsNoTriesOfAChange(t *testing.T) {
	d := newDoor(t, time.Millisecond)
	r := d.with(httptest.NewRequest(http.MethodPost, "/security/password", nil))
	d.must(d.method.Hasher.slots.Acquire(t.Context(), 1))
	for range 12 {
		if err := d.method.Change(r, d.user, "", typed, "seven otters knit quietly"); !problem.Is(err, problem.Busy) {
			t.Fatalf("a busy server says %v", err)
		}
	}
	if got := d.tries(); got != 0 {
		t.Errorf("%d tries are counted", got)
	}
	d.method.Hasher.slots.Release(1)
	if err := d.method.Change(r, d.user, "", typed, "seven otters knit quietly"); err != nil {
		t.Error(err)
	}
	if err := d.method.Change(r, d.user, "", typed, "eight otters knit loudly"); !problem.Is(err, problem.Invalid) || d.tries() == 0 {
		t.Errorf("the old password: %v, %d tries", err, d.tries())
	}
}

// A row that cannot be opened or read, or is too costly to check, is answered as a name that nobody has is: another
// status would tell strangers that somebody has it.
func TestAPasswordThatCannotBeCheckedIsWrong(t *testing.T) {
	d := newDoor(t, time.Minute)
	for what, secret := range map[string]func(place ...string) []byte{
		"another key": func(...string) []byte { return []byte("sealed with a key that is gone") },
		"too costly": func(place ...string) []byte {
			return d.method.Keys.Seal([]byte("$2b$14$abcdefghijklmnopqrstuuCQZTV14ZP9BR..ca0mRyFGx5ktQvo3."), place...)
		},
	} {
		d.must(d.db.Tx(t.Context(), func(tx *db.Tx) error {
			all, err := signin.Methods(tx, d.user.ID)
			if err != nil {
				return err
			}
			return signin.ReplaceSecret(tx, all[0].ID, secret(place(all[0].ID)...))
		}))
		v, form := d.asked(typed)
		if p := d.send(v, form); p.Status != http.StatusUnprocessableEntity || !strings.Contains(p.Text, "isn’t right") {
			t.Errorf("%s: status %d: %s", what, p.Status, p.Text)
		}
	}
}
