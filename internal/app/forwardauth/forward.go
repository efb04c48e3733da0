// The chapter's parts, and what it works with.
package forwardauth

import (
	"context"
	"embed"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"sync/atomic"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/keys/signing"
	"woggle/internal/page"
	"woggle/internal/session"
)

//go:embed pages/*.html
var pages embed.FS

// Deps is all that the chapter works with.
type Deps struct {
	DB       *db.DB
	Keys     *keys.Ring
	Signing  *signing.Store
	Pages    *page.Renderer
	Sessions *session.Manager
	Desk     *app.Desk
	Base     *url.URL              // our own public address
	Trusts   func(netip.Addr) bool // whether the address is of a proxy that we trust
	Log      *slog.Logger
}

// Forward answers the questions of proxies, and signs people in to the sites behind them.
type Forward struct {
	Deps
	sites atomic.Pointer[sites]
	cache cache
}

// New makes the chapter. Its errors are faults in its pages.
func New(d Deps) (*Forward, error) {
	f := &Forward{Deps: d}
	// Whoever signs out here is out here, and not five seconds later.
	d.Sessions.Ended = f.cache.forget
	return f, d.Pages.Add("forwardauth", pages)
}

// Mount adds the routes on our own host. The questions of proxies come before the route table: see Front.
func (f *Forward) Mount(bare func(pattern string, h http.HandlerFunc), guarded func(pattern string, h page.Handler)) {
	bare("GET /forward/keys", f.keys)
	guarded("GET /forward/start", f.start)
	guarded("GET /forward/again", f.again)
	guarded("GET /forward/signed-out", f.signedOut)
}

// site is the site of a host, or nil.
func (f *Forward) site(ctx context.Context, host string) (*site, error) {
	apps, err := f.Desk.Catalogue.Current(ctx)
	if err != nil {
		return nil, err
	}
	known := f.sites.Load()
	if known == nil || known.of != apps {
		known = index(apps, f.Base.Host)
		before := f.sites.Swap(known)
		if len(known.closed) > 0 && (before == nil || !slices.Equal(before.closed, known.closed)) {
			f.Log.Error("hosts are closed, because they stand in two apps or are this server's own", "hosts", known.closed)
		}
		f.cache.forget() // nothing of the reading before is found any more
	}
	return known.byHost[host], nil
}

// address is an address on a host of a site. Sites have the scheme that we have: a cookie of theirs is as good as ours.
func (f *Forward) address(host, target string) string { return f.Base.Scheme + "://" + host + target }
