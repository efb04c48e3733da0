// The whole Woggle, people, and their browsers.
package saml

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"html"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/method/password"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
	"woggle/internal/signin"
	"woggle/test/visitor"
)

// Woggle is the whole program, at the time of the clock on the wall, which the apps go by.
type Woggle struct {
	Base string

	t      *testing.T
	db     *db.DB
	clock  *dbtest.Clock
	keys   *keys.Ring
	server *server.Server
	post   *post
}

const (
	passphrase = "campfire-kettle-42"
	mobile     = "+447700900123"
)

// Start starts a Woggle that ends with the test.
func Start(t *testing.T) *Woggle {
	t.Helper()
	d, clock := dbtest.Open(t)
	clock.Set(time.Now())
	w := &Woggle{t: t, db: d, clock: clock, keys: keys.Random(), post: &post{make(chan string, 8)}}
	web := httptest.NewUnstartedServer(nil)
	w.Base = "http://" + web.Listener.Addr().String()
	base, err := url.Parse(w.Base)
	if err != nil {
		t.Fatal(err)
	}
	w.server, err = server.New(server.Options{DB: d, Keys: w.keys, Base: base, Plan: phone.Plan{Default: "GB", Drama: true},
		Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57", Help: "the county office"},
		Routes: func(func(string) message.Desk) ([]message.Route, error) {
			return []message.Route{{Name: "post", Channel: message.SMS, Provider: w.post, Prices: bill.Flat(0)},
				{Name: "letters", Channel: message.Email, Provider: w.post, Prices: bill.Flat(0)}}, nil
		}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	web.Config.Handler = w.server.Handler()
	web.Start()
	t.Cleanup(web.Close)
	ctx, stop := context.WithCancel(context.Background())
	var background sync.WaitGroup
	background.Go(func() { w.server.Run(ctx) })
	t.Cleanup(background.Wait)
	t.Cleanup(stop)
	return w
}

// post is a telephone company that hands over what it should carry.
type post struct{ codes chan string }

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// Send keeps a code, and loses everything else.
func (p *post) Send(ctx context.Context, m message.Message) (string, error) {
	if m.Purpose != message.Code {
		return "", nil
	}
	select {
	case p.codes <- sixDigits.FindString(m.Code + " " + m.Body):
		return "", nil
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// code is the next code that is sent.
func (w *Woggle) code() string {
	w.t.Helper()
	select {
	case code := <-w.post.codes:
		return code
	case <-time.After(20 * time.Second):
		w.t.Fatal("no code was sent")
		return ""
	}
}

func (w *Woggle) tx(work func(*db.Tx) error) {
	w.t.Helper()
	if err := w.db.Tx(w.t.Context(), work); err != nil {
		w.t.Fatal(err)
	}
}

// Member is somebody with a password that an administrator gave, and no phone yet.
func (w *Woggle) Member(username string) (user directory.User) {
	w.t.Helper()
	salt := []byte("0123456789abcdef")
	tag := argon2.IDKey([]byte(passphrase), salt, 1, 64, 1, 32) // the smallest parameters, so that stories don't wait
	hash := "$argon2id$v=19$m=64,t=1,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(tag)
	w.tx(func(tx *db.Tx) (err error) {
		user, err = directory.Add(tx, directory.User{Username: username, Email: username + "@northwold.example", GivenName: "Aisha", FamilyName: "Khân",
			Role: directory.Member, Status: directory.Active, FirstUseUntil: tx.Now.Add(24 * time.Hour)})
		if err != nil {
			return err
		}
		return signin.InsertMethod(tx, password.Row(w.keys, user.ID, hash))
	})
	return user
}

// Register registers an app with its settings of SAML.
func (w *Woggle) Register(id string, settings map[string]any) {
	w.t.Helper()
	raw, err := json.Marshal(settings)
	if err != nil {
		w.t.Fatal(err)
	}
	a := &app.App{ID: id, Name: "The " + id, Protocol: "saml", Settings: raw}
	if err := server.AppReaders()[a.Protocol](a); err != nil {
		w.t.Fatal(err)
	}
	w.tx(func(tx *db.Tx) error { return app.Put(tx, "system", a) })
	w.server.Apps().Catalogue.Forget()
}

// Metadata is ours, as an app reads it.
func (w *Woggle) Metadata() string {
	w.t.Helper()
	page, err := visitor.New(w.Base).Open("/saml/metadata")
	if err != nil || page.Status != 200 {
		w.t.Fatalf("the metadata: %v", err)
	}
	return page.Body
}

var inMetadata = regexp.MustCompile(`<ds:X509Certificate>([^<]+)<`)

// Certificate is the base64 of the certificate in our metadata.
func (w *Woggle) Certificate() string {
	w.t.Helper()
	match := regexp.MustCompile(`<md:KeyDescriptor.*?` + inMetadata.String()).FindStringSubmatch(w.Metadata())
	if match == nil {
		w.t.Fatal("no certificate in the metadata")
	}
	return match[1]
}

// Browser is a person's browser, which sends forms by itself as the scripts of pages do, and follows their refreshes; but
// not to the sites of apps that are not there.
type Browser struct {
	*visitor.Visitor
	Page *visitor.Page

	w *Woggle
}

// Browser opens an empty browser.
func (w *Woggle) Browser() *Browser {
	b := &Browser{Visitor: visitor.New(w.Base), w: w}
	b.Client.Timeout = time.Minute // an app that hangs is a fault
	return b
}

// Go opens an address, and goes on for as long as pages send it on.
func (b *Browser) Go(address string) *Browser {
	b.w.t.Helper()
	return b.took(b.Open(address))
}

func (b *Browser) took(page *visitor.Page, err error) *Browser {
	b.w.t.Helper()
	for range 12 {
		if err != nil {
			b.w.t.Fatal(err)
		}
		b.Page = page
		if _, on, is := strings.Cut(page.Header.Get("Refresh"), "url="); is {
			page, err = b.Open(on)
		} else if form := sending(page); form != nil && !strings.Contains(form.Action, ".example/") {
			page, err = b.Send(form, nil)
		} else {
			return b
		}
	}
	b.w.t.Fatalf("it goes round in circles: %s", b.Page.URL)
	return b
}

// sending is the form of a page that sends itself to another site.
func sending(page *visitor.Page) *visitor.Form {
	for _, form := range page.Forms {
		if form.Values.Has("SAMLResponse") || form.Values.Has("SAMLRequest") {
			return form
		}
	}
	return nil
}

// Fill fills in the form with the first of the fields, and sends it.
func (b *Browser) Fill(fields ...string) *Browser {
	b.w.t.Helper()
	form, err := b.Page.Form(fields[0])
	if err != nil {
		b.w.t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	return b.took(b.Send(form, nil))
}

// Press presses a button.
func (b *Browser) Press(text string) *Browser {
	b.w.t.Helper()
	for _, form := range b.Page.Forms {
		if button := form.Press(text); button != nil {
			return b.took(b.Send(form, button))
		}
	}
	b.w.t.Fatalf("no button %q on %s: %s", text, b.Page.URL, b.Page.Text)
	return b
}

// Sees demands the words on the page.
func (b *Browser) Sees(words ...string) *Browser {
	b.w.t.Helper()
	for _, word := range words {
		if !strings.Contains(b.Page.Text, word) {
			b.w.t.Fatalf("no %q on %s (status %d): %s", word, b.Page.URL, b.Page.Status, b.Page.Text)
		}
	}
	return b
}

var goOn = regexp.MustCompile(`<a class="btn main" href="([^"]+)"`)

// FirstSignIn goes through the first sign-in, from the page that asks for the name: the password, a phone, its code.
func (b *Browser) FirstSignIn(username string) *Browser {
	b.w.t.Helper()
	b.Fill("username", username).Fill("current-password", passphrase).Fill("tel", "07700 900123").Fill("one-time-code", b.w.code())
	match := goOn.FindStringSubmatch(b.Sees("all set").Page.Body)
	if match == nil {
		b.w.t.Fatalf("nothing leads on from %s", b.Page.URL)
	}
	return b.Go(html.UnescapeString(match[1]))
}

// Again signs in with the password and the code of the phone.
func (b *Browser) Again(username string) *Browser {
	b.w.t.Helper()
	return b.Fill("username", username).Fill("current-password", passphrase).Fill("one-time-code", b.w.code())
}

// SignedIn tells whether somebody is signed in to Woggle.
func (b *Browser) SignedIn() bool {
	b.w.t.Helper()
	page, err := b.Open(b.w.Base + "/security")
	if err != nil {
		b.w.t.Fatal(err)
	}
	return page.URL.Path == "/security"
}
