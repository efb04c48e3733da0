// A whole Woggle on this computer, of as many nodes as a test wants, and the people who use it.
package proxy

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"testing"
	"time"

	"golang.org/x/crypto/argon2"

	"woggle/internal/app"
	"woggle/internal/app/forwardauth"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/password"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
	"woggle/internal/signin"
)

// Home is the host on which people sign in.
const Home = "signin.example.org"

// Woggle is the true server on a true database. Its nodes are reached over plain HTTP, as behind a proxy that has TLS.
type Woggle struct {
	DB      *db.DB
	Clock   *dbtest.Clock
	Keys    *keys.Ring
	Servers []*server.Server
	Nodes   []*httptest.Server
	base    func(listens string) *url.URL // what people call a node that listens there
	t       testing.TB
}

// New starts the nodes with the apps. All of them are Home.
func New(t testing.TB, d *db.DB, clock *dbtest.Clock, nodes int, apps ...*app.App) *Woggle {
	t.Helper()
	home := func(string) *url.URL { return &url.URL{Scheme: "https", Host: Home} }
	return start(t, &Woggle{DB: d, Clock: clock, base: home}, nodes, apps...)
}

// NewHere starts a node that people find on this very computer, without TLS: for browsers that look names up themselves.
func NewHere(t testing.TB, d *db.DB, clock *dbtest.Clock, apps ...*app.App) *Woggle {
	t.Helper()
	here := func(listens string) *url.URL {
		_, port, _ := net.SplitHostPort(listens)
		return &url.URL{Scheme: "http", Host: "localhost:" + port}
	}
	return start(t, &Woggle{DB: d, Clock: clock, base: here}, 1, apps...)
}

func start(t testing.TB, wg *Woggle, nodes int, apps ...*app.App) *Woggle {
	t.Helper()
	wg.Keys, wg.t = keys.Random(), t
	for range nodes {
		wg.add()
	}
	for _, a := range apps {
		wg.Put(a)
	}
	return wg
}

func (wg *Woggle) add() {
	wg.t.Helper()
	web := httptest.NewUnstartedServer(nil)
	srv, err := server.New(server.Options{DB: wg.DB, Keys: wg.Keys, Base: wg.base(web.Listener.Addr().String()), Plan: phone.Plan{Default: "GB", Drama: true},
		Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57", Help: "the county office"}, Stay: 30 * 24 * time.Hour,
		Log: slog.New(slog.DiscardHandler), TrustedProxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}})
	if err != nil {
		wg.t.Fatal(err)
	}
	web.Config.Handler = srv.Handler()
	web.Start()
	wg.t.Cleanup(web.Close)
	wg.Servers, wg.Nodes = append(wg.Servers, srv), append(wg.Nodes, web)
}

// Address is where a node listens: host and port.
func (wg *Woggle) Address(node int) string { return wg.Nodes[node].Listener.Addr().String() }

// Put stores an app, and lets all nodes see it.
func (wg *Woggle) Put(a *app.App) {
	wg.t.Helper()
	wg.Tx(func(tx *db.Tx) error { return app.Put(tx, "system", a) })
	for _, s := range wg.Servers {
		s.Apps().Catalogue.Forget()
	}
}

// Site is an app behind a proxy.
func Site(id string, hosts []string, paths ...forwardauth.Path) *app.App {
	settings, err := json.Marshal(forwardauth.Settings{Hosts: hosts, Paths: paths})
	if err != nil {
		panic(err) // unreachable: texts only
	}
	return &app.App{ID: id, Name: "The " + id, Protocol: forwardauth.Name, Tell: []string{app.TellGroups}, Settings: settings}
}

// Tx works on the database.
func (wg *Woggle) Tx(work func(tx *db.Tx) error) {
	wg.t.Helper()
	if err := wg.DB.Tx(context.Background(), work); err != nil {
		wg.t.Fatal(err)
	}
}

// Passphrase is everybody's.
const Passphrase = "campfire-kettle-42"

// Person is somebody with a password and an authenticator app.
type Person struct {
	directory.User
	secret []byte
}

// Member makes a person who is in the groups, which are made where they are not there yet.
func (wg *Woggle) Member(username string, groups ...string) Person {
	wg.t.Helper()
	p := Person{secret: authenticator.NewSecret()}
	wg.Tx(func(tx *db.Tx) (err error) {
		p.User, err = directory.Add(tx, directory.User{Username: username, Email: username + "@northwold.example", GivenName: "Siân",
			FamilyName: username, Role: directory.Member, Status: directory.Active})
		if err != nil {
			return err
		}
		if err := signin.InsertMethod(tx, password.Row(wg.Keys, p.ID, cheapHash)); err != nil {
			return err
		}
		if err := signin.InsertMethod(tx, authenticator.Row(wg.Keys, p.ID, "Pixel", p.secret, 0)); err != nil {
			return err
		}
		for _, name := range groups {
			id, err := groupID(tx, name)
			if err != nil {
				return err
			}
			if err := directory.Join(tx, "system", id, p.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return p
}

func groupID(tx *db.Tx, name string) (string, error) {
	all, err := directory.Groups(tx)
	if err != nil {
		return "", err
	}
	for _, g := range all {
		if g.Name == name {
			return g.ID, nil
		}
	}
	g, err := directory.AddGroup(tx, name, "")
	return g.ID, err
}

// cheapHash is the passphrase with the smallest parameters, so that stories don't wait.
var cheapHash = func() string {
	salt := []byte("0123456789abcdef")
	tag := argon2.IDKey([]byte(Passphrase), salt, 1, 64, 1, 32)
	return "$argon2id$v=19$m=64,t=1,p=1$" + base64.RawStdEncoding.EncodeToString(salt) + "$" + base64.RawStdEncoding.EncodeToString(tag)
}()

// wires lead hosts to where they listen on this computer, and nowhere else. What browsers do over TLS goes over plain HTTP:
// the nodes and the proxies stand behind the TLS of somebody else.
type wires struct {
	to    map[string]string
	inner http.Transport
}

// RoundTrip sends the request along its wire.
func (w *wires) RoundTrip(r *http.Request) (*http.Response, error) {
	address, known := w.to[r.URL.Host]
	if !known || r.URL.Scheme != "https" {
		return nil, fmt.Errorf("no wire leads to %s", r.URL)
	}
	if host, _, err := net.SplitHostPort(address); err != nil || !net.ParseIP(host).IsLoopback() {
		return nil, fmt.Errorf("%s is not this computer", address)
	}
	sent := r.Clone(r.Context())
	sent.Host = r.URL.Host
	if r.Host != "" {
		sent.Host = r.Host
	}
	sent.URL.Scheme, sent.URL.Host = "http", address
	response, err := w.inner.RoundTrip(sent)
	if err == nil {
		response.Request = r
	}
	return response, err
}
