// The wiring: every chapter, made once, with what it works with.
package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	guide "woggle/docs/user"
	"woggle/internal/admin"
	"woggle/internal/app"
	"woggle/internal/app/externalmfa"
	"woggle/internal/backup"
	"woggle/internal/db"
	"woggle/internal/helping"
	"woggle/internal/keys"
	"woggle/internal/keys/signing"
	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/message/push"
	"woggle/internal/method/accesspass"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/card"
	"woggle/internal/method/passkey"
	"woggle/internal/method/password"
	"woggle/internal/method/phone"
	"woggle/internal/method/recovery"
	"woggle/internal/outgoing"
	"woggle/internal/page"
	"woggle/internal/portal"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// Options are all that a server is made of.
type Options struct {
	DB             *db.DB // open, migrated, begun with Keys (see CheckKeys)
	Keys           *keys.Ring
	Base           *url.URL // public address: scheme and host
	PasskeyHost    string   // passkeys are made for it; empty: the host of Base
	Brand          page.Brand
	Zone           *time.Location // in which people are told times; nil is UTC
	Plan           phone.Plan     // the countries whose numbers are texted and called
	Approve        bool           // calls ask for two digits that the page shows, and read no code
	Stay           time.Duration  // how long people may choose to stay signed in; 0 does not offer it
	TrustedProxies []netip.Prefix
	SMTP           *message.SMTP       // the mail server, or nil
	MetricsToken   string              // who brings it may read the figures; empty is nobody
	Routes         Routes              // providers of texts and calls, or nil
	Limits         bill.Limits         // what texts and calls may cost
	Currency       string              // in which that is, as in GBP
	Clouds         []externalmfa.Cloud // nil: Microsoft's
	Backups        *backup.Night       // nil: none are made by night
	Demo           *Demo               // nil for a real server
	Log            *slog.Logger
}

// Routes makes the routes of texts and calls, in the order in which equals are tried. Each provider tells the desk of its
// route what becomes of messages. The errors are faults of the settings.
type Routes func(desk func(route string) message.Desk) ([]message.Route, error)

// Server is one node.
type Server struct {
	base      *url.URL
	proxies   []netip.Prefix
	db        *db.DB
	keys      *keys.Ring
	pages     *page.Renderer
	sessions  *session.Manager
	outbox    *message.Outbox
	hooked    map[string]http.Handler // providers that are called back, by route
	flow      *signin.Flow
	passwords *password.Method
	phones    *phone.Method
	passkeys  *passkey.Method
	approvals *authenticator.Method
	portal    *portal.Portal
	helping   *helping.Helping
	admin     *admin.Admin
	guide     *guide.Guide
	mounts    []mount // of the methods
	apps      apps
	backups   *backup.Night
	demo      *Demo
	log       *slog.Logger
	handler   http.Handler

	metricsToken string
	passkeyHost  string
}

// mount adds the routes of a chapter.
type mount func(handle func(pattern string, h page.Handler))

// New wires a server. Its errors are faults in the options or in the pages.
func New(o Options) (*Server, error) {
	s := &Server{base: o.Base, proxies: o.TrustedProxies, db: o.DB, keys: o.Keys, backups: o.Backups, demo: o.Demo, log: o.Log, metricsToken: o.MetricsToken,
		passkeyHost: o.PasskeyHost}
	if s.demo != nil && !isLoopback(o.Base.Hostname()) {
		return nil, errors.New("a demonstration is for this computer only: everybody who reaches it reads everybody's codes")
	}
	var err error
	if s.pages, err = page.New(page.Config{Brand: o.Brand, Zone: o.Zone, Demo: o.Demo != nil, Log: s.logFailure}); err != nil {
		return nil, err
	}
	s.sessions = &session.Manager{DB: o.DB, Keys: o.Keys, Stay: o.Stay, Secure: o.Base.Scheme == "https"}
	s.outbox = message.New(o.DB, o.Keys, o.Limits, o.Log)
	if err := s.addRoutes(o); err != nil {
		return nil, err
	}
	texts := message.Composer{Text: s.pages.Locales.Text, Organisation: o.Brand.Name, Host: o.Base.Host}
	s.flow, err = signin.New(signin.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Sessions: s.sessions, Outbox: s.outbox,
		Texts: texts, Base: o.Base.String(), Log: o.Log})
	if err != nil {
		return nil, err
	}
	s.apps.keys = signing.New(o.DB, o.Keys, o.Brand.Name)
	if err := s.addMethods(o, texts); err != nil {
		return nil, err
	}
	if err := s.addApps(o); err != nil {
		return nil, err
	}
	if s.portal, err = portal.New(portal.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Sessions: s.sessions, Flow: s.flow,
		ChangePassword: s.passwords.Change, Tiles: s.tiles}); err != nil {
		return nil, err
	}
	if s.helping, err = helping.New(helping.Deps{DB: o.DB, Pages: s.pages, Flow: s.flow, Issue: s.issuePass, Letter: s.PassLetter,
		Spell: accesspass.Spell}); err != nil {
		return nil, err
	}
	if s.admin, err = s.newAdmin(o); err != nil {
		return nil, err
	}
	if s.guide, err = guide.New(s.pages); err != nil {
		return nil, err
	}
	s.handler, err = s.routes()
	return s, err
}

// addMethods makes the ways to prove who one is.
func (s *Server) addMethods(o Options, texts message.Composer) error {
	passwords, err := password.New(password.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Flow: s.flow,
		Hasher: password.NewHasher(0, 0), Pass: accesspass.Match(o.Keys)})
	if err != nil {
		return err
	}
	phones, err := phone.New(phone.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Flow: s.flow, Outbox: s.outbox, Texts: texts,
		Plan: o.Plan, Approve: o.Approve})
	if err != nil {
		return err
	}
	apps, err := authenticator.New(authenticator.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Flow: s.flow, Base: o.Base.String(), AppName: app.Waits,
		Push: &push.Sender{Client: outgoing.Public(isLoopback(o.Base.Hostname())), Signing: s.apps.keys, Subject: o.Base.String(), Now: o.DB.Now}})
	if err != nil {
		return err
	}
	codes, err := recovery.New(recovery.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Flow: s.flow})
	if err != nil {
		return err
	}
	cards, err := card.New(card.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Flow: s.flow})
	if err != nil {
		return err
	}
	passkeys, err := passkey.New(passkey.Deps{DB: o.DB, Keys: o.Keys, Pages: s.pages, Flow: s.flow, Base: o.Base, Host: o.PasskeyHost})
	if err != nil {
		return err
	}
	s.passwords, s.phones, s.passkeys, s.approvals = passwords, phones, passkeys, apps
	s.flow.Use(passwords, phones, apps, passkeys, codes, cards)
	s.mounts = []mount{passwords.Mount, phones.Mount, apps.Mount, passkeys.Mount, codes.Mount, cards.Mount}
	return nil
}

// Handler answers requests.
func (s *Server) Handler() http.Handler { return s.handler }

// SetupLink makes the link for the first administrator, while there is none.
func (s *Server) SetupLink(ctx context.Context) (address string, needed bool, err error) {
	return s.flow.SetupLink(ctx)
}

// Bounds of a connection (threat T81): who is slow on purpose is not waited for.
const (
	headerTime  = 5 * time.Second
	readTime    = 15 * time.Second
	writeTime   = 60 * time.Second
	idleTime    = 60 * time.Second
	headerBytes = 16 << 10
	stopTime    = 10 * time.Second // for requests under way when the server is told to stop
)

// Serve answers on the listener, and works in the background, until the context ends; then it lets requests under way
// finish. It returns nil when it was told to stop.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if address, ok := listener.Addr().(*net.TCPAddr); s.demo != nil && (!ok || !address.IP.IsLoopback()) {
		return fmt.Errorf("a demonstration is for this computer only, not for %s", listener.Addr())
	}
	web := &http.Server{Handler: s.handler, ReadHeaderTimeout: headerTime, ReadTimeout: readTime, WriteTimeout: writeTime,
		IdleTimeout: idleTime, MaxHeaderBytes: headerBytes, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	web.RegisterOnShutdown(s.approvals.Stop) // connections that are held open would not end by themselves
	// The background outlives the last request, because that may still promise a message.
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var work sync.WaitGroup
	work.Go(func() { s.Run(background) })
	defer work.Wait()
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- web.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopTime)
	defer cancel()
	if err := web.Shutdown(grace); err != nil {
		s.log.Warn("requests were cut off", "error", err)
		return web.Close()
	}
	return nil
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
