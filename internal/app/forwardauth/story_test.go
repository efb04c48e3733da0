package forwardauth_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/app/forwardauth"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/test/proxy"
)

const (
	wiki   = "https://wiki.example.org"
	photos = "https://photos.example.net"
)

func site(paths ...forwardauth.Path) *app.App {
	return proxy.Site("wiki", []string{"wiki.example.org"}, paths...)
}

// stand is a Woggle with one site behind a stand-in of the proxy.
func stand(t *testing.T, d *db.DB, clock *dbtest.Clock, name string, a *app.App) (*proxy.Woggle, *proxy.Browser) {
	t.Helper()
	wg := proxy.New(t, d, clock, 1, a)
	return wg, wg.Browser(map[string]string{"wiki.example.org": wg.Stand(name, 0, proxy.Echo())})
}

// The whole walk: nobody, sign-in, the page that was asked for, the headers; on every engine and behind every proxy.
func TestAPersonArrivesAtTheSiteThatWasAskedFor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		wg := proxy.New(t, d, clock, 1, site())
		for _, name := range proxy.Names {
			t.Run(name, func(t *testing.T) {
				b := wg.Browser(map[string]string{"wiki.example.org": wg.Stand(name, 0, proxy.Echo())})
				p := wg.Member("for-"+name, "District North")
				b.Go(wiki + "/page?a=1&b=%2F").At("https://" + proxy.Home + "/signin")
				b.SignIn(p).At(wiki + "/page")
				if b.Page.URL.RawQuery != "a=1&b=%2F" || !strings.HasPrefix(b.Page.Body, "echo GET /page?a=1&b=%2F\n") {
					t.Errorf("the site got another request: %.100s", b.Page.Body)
				}
				for header, want := range map[string]string{"Remote-User": p.Username, "Remote-Name": "Si%C3%A2n " + p.Username,
					"Remote-Email": p.Email, "Remote-Groups": "District North"} {
					if got := proxy.Heard(t, b.Page.Body, header); !slices.Equal(got, []string{want}) {
						t.Errorf("%s: %q, want %q", header, got, want)
					}
				}
				if got := proxy.Heard(t, b.Page.Body, "Woggle-Assertion"); len(got) != 1 || strings.Count(got[0], ".") != 2 {
					t.Errorf("the assertion: %q", got)
				}
				if b.Cookie(wiki, "__Host-woggle-session") != "" {
					t.Error("the site gets the session's cookie")
				}
			})
		}
	})
}

// Sites of unrelated domains share no cookie, and a person signs in once all the same.
func TestSiblingSitesShareASessionAndNoCookie(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg := proxy.New(t, d, clock, 1, site(), proxy.Site("photos", []string{"photos.example.net"}))
	b := wg.Browser(map[string]string{"wiki.example.org": wg.Stand("caddy", 0, proxy.Echo()), "photos.example.net": wg.Stand("nginx", 0, proxy.Echo())})
	b.Go(wiki + "/").SignIn(wg.Member("aisha")).At(wiki + "/")
	b.Go(photos + "/album").At(photos + "/album").Sees("Remote-User: aisha")
	mine, theirs := b.Cookie(wiki, "__Host-woggle-app"), b.Cookie(photos, "__Host-woggle-app")
	if mine == "" || theirs == "" || mine == theirs {
		t.Errorf("the sites' cookies: %q and %q", mine, theirs)
	}
	// What one site sees is worth nothing at the other.
	thief := wg.Browser(map[string]string{"photos.example.net": wg.Stand("nginx", 0, proxy.Echo())})
	request, _ := http.NewRequest(http.MethodGet, photos+"/album", nil)
	request.Header.Set("Cookie", "__Host-woggle-app="+mine)
	if page, err := thief.Do(request); err != nil || page.URL.Host != proxy.Home {
		t.Errorf("the cookie of one site opens another: %v %v", page, err)
	}
}

func TestSigningOutEndsTheSiteAtOnce(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := stand(t, d, clock, "traefik", site())
	b.Go(wiki + "/").SignIn(wg.Member("aisha")).At(wiki + "/")
	b.Go("https://" + proxy.Home + "/").Press("Sign out")
	b.Go(wiki + "/").At("https://" + proxy.Home + "/signin")
}

func TestASiteIsSignedOutOfByItself(t *testing.T) {
	for _, name := range proxy.Names {
		t.Run(name, func(t *testing.T) {
			d, clock := dbtest.Open(t)
			wg, b := stand(t, d, clock, name, site())
			b.Go(wiki + "/").SignIn(wg.Member("aisha")).At(wiki + "/")
			old := b.Cookie(wiki, "__Host-woggle-app")
			b.Go(wiki+"/.woggle/signout").At("https://"+proxy.Home+"/forward/signed-out").Sees("You have signed out of The wiki", "You are still signed in here")
			if b.Cookie(wiki, "__Host-woggle-app") != "" {
				t.Error("the cookie is still there")
			}
			if got := ask(t, wg, 0, name, question{cookie: old}); got.StatusCode != http.StatusUnauthorized && got.StatusCode != http.StatusFound {
				t.Errorf("a copy of the cookie still opens: %d", got.StatusCode)
			}
			b.Press("Sign out").At("https://" + proxy.Home + "/signin")
			b.Go(wiki + "/").At("https://" + proxy.Home + "/signin")
		})
	}
}

// A link on a stranger's page signs nobody out.
func TestAStrangersLinkSignsNobodyOut(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := stand(t, d, clock, "caddy", site())
	b.Go(wiki + "/").SignIn(wg.Member("aisha"))
	request, _ := http.NewRequest(http.MethodGet, wiki+"/.woggle/signout", nil)
	request.Header.Set("Sec-Fetch-Site", "cross-site")
	page, err := b.Do(request)
	if err != nil || page.URL.String() != wiki+"/" || !strings.Contains(page.Text, "Remote-User: aisha") {
		t.Errorf("%v %v", page, err)
	}
}

// Another person at the same computer is not taken for the first one.
func TestTheNextPersonAtTheComputerIsThemselves(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := stand(t, d, clock, "nginx", site())
	b.Go(wiki + "/").SignIn(wg.Member("aisha")).Sees("Remote-User: aisha")
	b.Go("https://" + proxy.Home + "/").Press("Sign out")
	b.Go(wiki + "/").SignIn(wg.Member("bryn")).At(wiki + "/").Sees("Remote-User: bryn")
}

// Parts of a site: open, fresh, for a group.
func TestPartsOfASiteTakeWhatTheirRulesSay(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := stand(t, d, clock, "envoy", site(forwardauth.Path{Prefix: "/public/", Open: true},
		forwardauth.Path{Prefix: "/admin", Fresh: "10m"}, forwardauth.Path{Prefix: "/board", Groups: []string{"Trustees"}}))
	b.Go(wiki + "/public/logo.svg").At(wiki + "/public/logo.svg")
	if got := proxy.Heard(t, b.Page.Body, "Remote-User"); len(got) != 1 || got[0] != "" {
		t.Errorf("somebody is named on an open path: %q", got)
	}
	p := wg.Member("aisha")
	b.Go(wiki + "/").SignIn(p).At(wiki + "/")
	b.Go(wiki + "/admin/users").At(wiki + "/admin/users")
	clock.Advance(11 * time.Minute)
	b.Go(wiki + "/").At(wiki + "/")
	b.Go(wiki + "/admin/users").At("https://" + proxy.Home + "/signin").Prove(p).At(wiki + "/admin/users")
	b.Go(wiki + "/board/minutes").Sees("this part of The wiki is not open to you")
	if b.Page.Status != http.StatusForbidden {
		t.Errorf("status %d", b.Page.Status)
	}
	trustee := wg.Member("bryn", "Trustees")
	b.Go("https://" + proxy.Home + "/").Press("Sign out")
	b.Go(wiki + "/board/minutes").SignIn(trustee).At(wiki + "/board/minutes").Sees("Remote-User: bryn")
}

// Work in a site is use of the session: nobody is signed out for idleness in the middle of it. And idleness ends it.
func TestWorkInASiteIsNotIdleness(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := stand(t, d, clock, "caddy", site())
	b.Go(wiki + "/").SignIn(wg.Member("aisha"))
	for range 5 {
		clock.Advance(40 * time.Minute)
		b.Go(wiki + "/").At(wiki + "/")
	}
	clock.Advance(61 * time.Minute)
	b.Go(wiki + "/").At("https://" + proxy.Home + "/signin")
}
