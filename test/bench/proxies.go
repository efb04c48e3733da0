// What a proxy asks of every request that it passes on.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
)

// checksPerBare is what is aimed for.
const checksPerBare = 0.5

const (
	benchSite = "https://signin.bench.example"
	benchWiki = "https://wiki.bench.example"
)

// measureProxies lets a proxy ask about somebody who is signed in, on few and on many connections.
func (b *bench) measureProxies(ctx context.Context) error {
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	// A proxy is believed only where people's way to it is protected.
	settings := fmt.Sprintf("address = %q\nlisten = %q\ntrusted_proxies = [\"127.0.0.1\"]\ndata = %q\ndatabase = %q\norganisation = %q\nhelp_contact = %q\n",
		benchSite, s.address, s.data(), s.database, "Northwold County Scouts", "help@northwold.example")
	if err := os.WriteFile(s.settings(), []byte(settings), 0o600); err != nil {
		return err
	}
	if err := s.fill(ctx, 1000); err != nil {
		return err
	}
	if err := s.registerWiki(ctx); err != nil {
		return err
	}
	p, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	from := newPeople(1000)
	var proxies []*browser
	for range manyConnections {
		one, err := arrivedAtWiki(p.address, from)
		if err != nil {
			return err
		}
		proxies = append(proxies, one)
	}
	for _, count := range []int{connections, manyConnections} {
		what := fmt.Sprintf("a proxy's question, %d connections", count)
		b.say("%s", what)
		bare, err := b.serveBare(ctx, 0)
		if err != nil {
			return err
		}
		yard := fetcher{path: "/", from: bare}
		for range count {
			yard.by = append(yard.by, newBrowser(bare.address))
		}
		err = b.compare(ctx, what, "bare 0 bytes", checksPerBare, &yard, count, func(worker int) error {
			a, err := proxies[worker].get("/forward/check/nginx")
			if err == nil && a.status != 200 {
				err = fmt.Errorf("the proxy was told %d", a.status)
			}
			return err
		})
		bare.stop()
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *site) registerWiki(ctx context.Context) (err error) {
	d, _, err := s.open(ctx)
	if err != nil {
		return err
	}
	err = d.Tx(ctx, func(tx *db.Tx) error {
		_, host, _ := strings.Cut(benchWiki, "://")
		return app.Put(tx, audit.System, &app.App{ID: "wiki", Name: "Wiki", Protocol: "forwardauth", Settings: []byte(`{"hosts":["` + host + `"]}`)})
	})
	return errors.Join(err, d.Close())
}

// arrivedAtWiki signs somebody in, and on to the site behind the proxy; what comes back asks as the proxy does.
func arrivedAtWiki(address string, from *people) (*browser, error) {
	person, proxy := newBrowser(address), newBrowser(address)
	person.site, proxy.site = benchSite, benchSite
	p, err := from.take()
	if err == nil {
		err = person.signIn(p)
	}
	if err != nil {
		return nil, err
	}
	ask := func(url string) (answer, error) {
		proxy.extra = "\r\nX-Original-Url: " + url + "\r\nX-Original-Method: GET"
		return proxy.get("/forward/check/nginx")
	}
	for _, step := range []struct {
		who    func(url string) (answer, error)
		status int
	}{
		{ask, 401}, // sent to sign in
		{func(url string) (answer, error) { return person.get(strings.TrimPrefix(url, benchSite)) }, 303}, // and back with a ticket
		{ask, 401}, // which the host takes
		{ask, 200},
	} {
		url := benchWiki + "/"
		if proxy.next != "" {
			url = proxy.next
		}
		a, err := step.who(url)
		if err != nil {
			return nil, err
		}
		if a.status != step.status {
			return nil, fmt.Errorf("on the way to the wiki: status %d, to %s", a.status, a.location)
		}
		proxy.next = a.location
	}
	return proxy, nil
}
