package server_test

import (
	"context"
	"encoding/base32"
	"encoding/base64"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/method/accesspass"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/password"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
	"woggle/internal/signin"
	"woggle/test/visitor"
)

// site is a whole Woggle: the true server on a true database, with a telephone company and a postman that only write
// down what they carry.
type site struct {
	t     *testing.T
	db    *db.DB
	clock *dbtest.Clock
	keys  *keys.Ring
	post  *post
	nodes []*node
}

// node is one of several servers on the same database.
type node struct {
	server *server.Server
	web    *httptest.Server
}

// each runs a story on every engine.
func each(t *testing.T, story func(s *site)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { story(newSite(t, d, clock, 1)) })
}

func newSite(t *testing.T, d *db.DB, clock *dbtest.Clock, nodes int) *site {
	return newSiteWith(t, d, clock, nodes, keys.Random(), &post{})
}

func newSiteWith(t *testing.T, d *db.DB, clock *dbtest.Clock, nodes int, ring *keys.Ring, carrier *post) *site {
	s := &site{t: t, db: d, clock: clock, keys: ring, post: carrier}
	for range nodes {
		web := httptest.NewUnstartedServer(nil)
		base := &url.URL{Scheme: "http", Host: web.Listener.Addr().String()}
		srv, err := server.New(server.Options{DB: d, Keys: s.keys, Base: base, Plan: phone.Plan{Default: "GB", Drama: true},
			Brand:  page.Brand{Name: "Northwold County", Colour: "#0b5d57", Help: "the county office"},
			Routes: carriedBy(s.post), Log: slog.New(slog.DiscardHandler), Stay: 30 * 24 * time.Hour,
			TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
		if err != nil {
			t.Fatal(err)
		}
		web.Config.Handler = srv.Handler()
		web.Start()
		t.Cleanup(web.Close)
		s.nodes = append(s.nodes, &node{srv, web})
	}
	return s
}

// post is a route for everything that keeps what it was given.
type post struct {
	mu     sync.Mutex
	sent   []message.Message
	broken error
}

// fail makes every sending fail.
func (p *post) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.broken = err
}

// carriedBy are routes of every channel by one provider.
func carriedBy(p message.Provider) server.Routes {
	return func(func(string) message.Desk) (routes []message.Route, err error) {
		for _, channel := range []message.Channel{message.SMS, message.Voice, message.Email} {
			routes = append(routes, message.Route{Name: "post-" + string(channel), Channel: channel, Provider: p, Prices: bill.Flat(0)})
		}
		return routes, nil
	}
}

func (p *post) Send(_ context.Context, m message.Message) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.broken != nil {
		return "", p.broken
	}
	p.sent = append(p.sent, m)
	return "", nil
}

// to are the messages to a number or an address, the newest first.
func (s *site) to(recipient string) (found []message.Message) {
	s.t.Helper()
	for _, n := range s.nodes {
		if err := n.server.Drain(s.t.Context()); err != nil {
			s.t.Fatal(err)
		}
	}
	s.post.mu.Lock()
	defer s.post.mu.Unlock()
	for i := len(s.post.sent) - 1; i >= 0; i-- {
		if s.post.sent[i].To == recipient {
			found = append(found, s.post.sent[i])
		}
	}
	return found
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// code is the newest code that was sent to a recipient.
func (s *site) code(recipient string) string {
	s.t.Helper()
	for _, m := range s.to(recipient) {
		if m.Purpose == message.Code {
			return sixDigits.FindString(m.Code + " " + m.Body + " " + strings.Join(m.Paragraphs, " "))
		}
	}
	s.t.Fatalf("no code was sent to %s", recipient)
	return ""
}

const (
	passphrase = "campfire-kettle-42"
	mobile     = "+447700900123"
	landline   = "+441632960456"
)

// member makes a person with a password. Change makes more of it.
func (s *site) member(username string, change ...func(*db.Tx, *directory.User)) directory.User {
	s.t.Helper()
	user := directory.User{Username: username, Email: username + "@northwold.example", GivenName: "Aisha", FamilyName: "Khan",
		Role: directory.Member, Status: directory.Active}
	err := s.db.Tx(s.t.Context(), func(tx *db.Tx) (err error) {
		person := user
		for _, c := range change {
			c(tx, &person)
		}
		if person, err = directory.Add(tx, person); err != nil {
			return err
		}
		user = person
		return signin.InsertMethod(tx, password.Row(s.keys, person.ID, cheapHash))
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return user
}

// cheapHash is the passphrase with the smallest parameters, so that stories don't wait; it is also the hash of an
// older time, which the first sign-in replaces.
var cheapHash = func() string {
	salt := []byte("0123456789abcdef")
	tag := argon2.IDKey([]byte(passphrase), salt, 1, 64, 1, 32)
	return "$argon2id$v=19$m=64,t=1,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(tag)
}()

// decodeKey reads a key as it stands on the page.
func decodeKey(t *testing.T, grouped string) []byte {
	t.Helper()
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(grouped, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func firstUse(tx *db.Tx, u *directory.User) { u.FirstUseUntil = tx.Now.Add(14 * 24 * time.Hour) }

// phoneOf gives a person a phone.
func (s *site) phoneOf(user directory.User, e164 string, kind phone.Kind, channel message.Channel) string {
	s.t.Helper()
	row, err := phone.Row(s.keys, user.ID, phone.Number{E164: e164, Kind: kind, Region: "GB"}, channel)
	if err != nil {
		s.t.Fatal(err)
	}
	s.tx(func(tx *db.Tx) error { return signin.InsertMethod(tx, row) })
	return row.ID
}

// appOf gives a person an authenticator app.
func (s *site) appOf(user directory.User) (secret []byte) {
	s.t.Helper()
	secret = authenticator.NewSecret()
	s.tx(func(tx *db.Tx) error {
		return signin.InsertMethod(tx, authenticator.Row(s.keys, user.ID, "Pixel", secret, 0))
	})
	return secret
}

func (s *site) passOf(user directory.User) (pass string) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) (err error) {
		pass, err = accesspass.Issue(tx, s.keys, "system", user, signin.PassTerms{Life: time.Hour})
		return err
	})
	return pass
}

func (s *site) tx(work func(tx *db.Tx) error) {
	s.t.Helper()
	if err := s.db.Tx(s.t.Context(), work); err != nil {
		s.t.Fatal(err)
	}
}

func (s *site) methods(user directory.User) (kinds []string) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		all, err := signin.Methods(tx, user.ID)
		kinds = nil
		for _, e := range all {
			kinds = append(kinds, string(e.Kind))
		}
		return err
	})
	return kinds
}

// browser is a visitor whose every step must succeed.
type browser struct {
	*visitor.Visitor
	s    *site
	page *visitor.Page
}

func (s *site) browser() *browser { return s.browserAt(0) }

func (s *site) browserAt(node int) *browser {
	return &browser{Visitor: visitor.New(s.nodes[node].web.URL), s: s}
}

func (b *browser) open(path string) *browser {
	b.s.t.Helper()
	var err error
	if b.page, err = b.Open(path); err != nil {
		b.s.t.Fatal(err)
	}
	return b
}

// fill fills the form with the first of the fields, and sends it by the button, or its first one.
func (b *browser) fill(button string, fields ...string) *browser {
	b.s.t.Helper()
	form, err := b.page.Form(fields[0])
	if err != nil {
		b.s.t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	press := form.Press(button)
	if button != "" && press == nil {
		b.s.t.Fatalf("no button %q on %s: %s", button, b.page.URL, b.page.Text)
	}
	if b.page, err = b.Send(form, press); err != nil {
		b.s.t.Fatal(err)
	}
	return b
}

// press presses a button anywhere on the page.
func (b *browser) press(text string) *browser {
	b.s.t.Helper()
	for _, form := range b.page.Forms {
		if button := form.Press(text); button != nil {
			var err error
			if b.page, err = b.Send(form, button); err != nil {
				b.s.t.Fatal(err)
			}
			return b
		}
	}
	b.s.t.Fatalf("no button %q on %s: %s", text, b.page.URL, b.page.Text)
	return b
}

// sees demands the words on the page.
func (b *browser) sees(words ...string) *browser {
	b.s.t.Helper()
	for _, w := range words {
		if !strings.Contains(b.page.Text, w) {
			b.s.t.Fatalf("no %q on %s (status %d): %s", w, b.page.URL, b.page.Status, b.page.Text)
		}
	}
	return b
}

func (b *browser) notSees(words ...string) *browser {
	b.s.t.Helper()
	for _, w := range words {
		if strings.Contains(b.page.Text, w) {
			b.s.t.Fatalf("%q stands on %s: %s", w, b.page.URL, b.page.Text)
		}
	}
	return b
}

func (b *browser) name(name string) *browser { return b.open("/signin").fill("Next", "username", name) }

func (b *browser) password(name, password string) *browser {
	return b.name(name).fill("Next", "current-password", password)
}

// signedIn tells whether the browser has a session.
func (b *browser) signedIn() bool {
	b.s.t.Helper()
	b.open("/security")
	return b.page.URL.Path == "/security"
}
