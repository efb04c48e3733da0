// Questions of a proxy about a signed-in visitor, against the bare handler.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"woggle/internal/app"
	"woggle/internal/app/forwardauth"
	"woggle/internal/audit"
	"woggle/internal/db"
)

// checksPerBare is what is aimed for.
const checksPerBare = 0.5

// home is our own host, behind that of the site that the questions are about, and question where they are asked as Envoy does.
const (
	home     = "signin.example.org"
	behind   = "wiki.example.org"
	question = "/forward/check/envoy"
)

// measureForward measures yes: the questions of a page's visit, each with the cookie of the site.
func (b *bench) measureForward(ctx context.Context) error {
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	if err := errors.Join(s.fill(ctx, 1000), s.addSite(ctx)); err != nil {
		return err
	}
	p, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	var members []*browser
	from := newPeople(1000)
	for range connections {
		m := newBrowser(p.address)
		m.host = home
		who, err := from.take()
		if err == nil {
			err = m.signIn(who)
		}
		if err == nil {
			err = m.enterSite()
		}
		if err != nil {
			return err
		}
		members = append(members, m)
	}
	b.say("questions of a proxy")
	bare, err := b.serveBare(ctx, 0)
	if err != nil {
		return err
	}
	defer bare.stop()
	ours, yard := fetcher{by: members, path: question + "/page?a=b", from: p}, fetcher{path: "/page?a=b", from: bare}
	for _, m := range members {
		yard.by = append(yard.by, &browser{address: bare.address, host: behind, cookies: m.cookies})
	}
	return b.compare(ctx, "yes to a proxy's question", &ours, &yard, "bare empty answer", checksPerBare)
}

// addSite trusts this computer as a proxy, and registers the site behind it.
func (s *site) addSite(ctx context.Context) error {
	settings := fmt.Sprintf("address = %q\nlisten = %q\ntrusted_proxies = [\"127.0.0.1\"]\ndata = %q\ndatabase = %q\n", "https://"+home, s.address,
		s.data(), s.database)
	if err := os.WriteFile(s.settings(), []byte(settings), 0o600); err != nil {
		return err
	}
	d, _, err := s.open(ctx)
	if err != nil {
		return err
	}
	own, err := json.Marshal(forwardauth.Settings{Hosts: forwardauth.Hosts{behind},
		Paths: []forwardauth.Path{{Prefix: "/public/", Open: true}, {Prefix: "/admin", Fresh: "10m"}}})
	if err == nil {
		err = d.Tx(ctx, func(tx *db.Tx) error {
			return app.Put(tx, audit.System, &app.App{ID: "wiki", Name: "Wiki", Protocol: forwardauth.Name, Settings: own})
		})
	}
	return errors.Join(err, d.Close())
}

// enterSite signs a member in at the site: to our own host, and back with the ticket. From then on the browser is the
// proxy's.
func (b *browser) enterSite() error {
	b.host = behind
	away, err := b.get(question + "/")
	if err != nil {
		return err
	}
	b.host = home
	_, start, _ := strings.Cut(away.location, home)
	ticket, err := b.get(start)
	if err != nil {
		return err
	}
	b.host = behind
	_, back, _ := strings.Cut(ticket.location, behind)
	if _, err := b.get(question + back); err != nil {
		return err
	}
	last, err := b.get(question + "/")
	if err == nil && last.status != 200 {
		err = fmt.Errorf("the site is not entered: status %d, after %q, %q", last.status, away.location, ticket.location)
	}
	return err
}
