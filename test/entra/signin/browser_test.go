package signin_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
	"github.com/google/uuid"

	"woggle/internal/app/externalmfa"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/method/authenticator"
	"woggle/internal/page"
	"woggle/internal/server"
	"woggle/internal/signin"
	entra "woggle/test/entra/signin"
)

// patience is how long anything in the browser may take.
const patience = time.Minute

// The whole way in a real browser, between two sites: no cookie of ours is with Entra's form, all of them are with the request that
// follows, and our policies let the answer go. With scripts, and without.
func TestAcrossTwoSitesInChromium(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		dbtest.Need(t, errors.New("this machine lacks chromium"))
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"), chromedp.UserDataDir(t.TempDir()))
	allocator, stop := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(stop)
	for _, script := range []bool{true, false} {
		t.Run(map[bool]string{true: "script", false: "no script"}[script], func(t *testing.T) {
			s := newSite(t)
			b := &browser{t: t}
			var end context.CancelFunc
			b.ctx, end = chromedp.NewContext(allocator, chromedp.WithListener(b.hear))
			defer end()
			if err := chromedp.Do(b.ctx); err != nil { // starts it, for longer than one deed
				t.Fatal(err)
			}
			b.open(s.web.URL + "/signin") // our cookies are there
			if !script {
				off := emulation.SetScriptExecutionDisabledParams{Value: true}
				if _, err := chromedp.Call(b.ctx, emulation.SetScriptExecutionDisabled, off); err != nil {
					t.Fatal(err)
				}
			}
			a, err := s.tenant.Begin(s.client, s.person)
			if err != nil {
				t.Fatal(err)
			}
			b.open(s.tenant.URL + "/start/" + a.State)
			if !script {
				b.press("Continue")
			}
			b.sees("Microsoft asks if this is you")
			b.eval("document.querySelector('[autocomplete=one-time-code]').value = '" + authenticator.Code(s.secret, authenticator.Step(s.clock.Now())) + "', true")
			b.press("Verify")
			if !script {
				b.sees("on your way to Microsoft")
				b.press("Go on")
			}
			b.sees(s.person.Object + " is signed in: possessionorinherence with otp")
			s.mu.Lock()
			defer s.mu.Unlock()
			if want := []string{"POST /authorize: 0", "GET /continue: some", "GET /continue: some"}; !slices.Equal(s.cookies, want) {
				t.Errorf("cookies: %q", s.cookies)
			}
			for _, complaint := range b.complaints {
				t.Errorf("the browser complains: %s", complaint)
			}
		})
	}
}

// site is a Woggle, and a tenant on another site.
type site struct {
	clock  *dbtest.Clock
	tenant *entra.Tenant
	web    *httptest.Server
	client string
	person entra.Person
	secret []byte

	mu      sync.Mutex
	cookies []string // what came with the requests of the profile
}

func newSite(t *testing.T) *site {
	d, clock := dbtest.Open(t)
	ring := keys.Random()
	s := &site{clock: clock, tenant: entra.New(clock.Now), client: uuid.NewString(), secret: authenticator.NewSecret(),
		person: entra.Person{Object: uuid.NewString(), UPN: "aisha@northwold.example", Preferred: "aisha@northwold.example"}}
	t.Cleanup(s.tenant.Close)
	s.web = httptest.NewUnstartedServer(nil)
	base := &url.URL{Scheme: "http", Host: s.web.Listener.Addr().String()}
	woggle, err := server.New(server.Options{DB: d, Keys: ring, Base: base, Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57"},
		Clouds: []externalmfa.Cloud{externalmfa.CloudAt(s.tenant.URL)}, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s.web.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if rest, ours := strings.CutPrefix(r.URL.Path, "/microsoft"); ours && (r.Method == http.MethodPost || strings.HasPrefix(rest, "/continue/")) {
			came := map[bool]string{true: "0", false: "some"}[len(r.Cookies()) == 0]
			s.mu.Lock()
			s.cookies = append(s.cookies, r.Method+" /"+strings.Split(rest, "/")[1]+": "+came)
			s.mu.Unlock()
		}
		woggle.Handler().ServeHTTP(w, r)
	})
	s.web.Start()
	t.Cleanup(s.web.Close)
	err = d.Tx(t.Context(), func(tx *db.Tx) error {
		user, err := directory.Add(tx, directory.User{Username: s.person.UPN})
		if err != nil {
			return err
		}
		if err := signin.InsertMethod(tx, authenticator.Row(ring, user.ID, "Pixel", s.secret, 0)); err != nil {
			return err
		}
		return externalmfa.Connect(tx, "system", externalmfa.Connection{ClientID: s.client, Tenant: s.tenant.ID, Cloud: "global", MatchBy: externalmfa.ByUsername})
	})
	if err != nil {
		t.Fatal(err)
	}
	s.tenant.Add(s.client, s.web.URL+externalmfa.DiscoveryPath, s.web.URL+externalmfa.AuthorizePath)
	return s
}

// browser is a tab of Chromium.
type browser struct {
	t          *testing.T
	ctx        context.Context
	complaints []string
}

// hear notes what a policy forbids.
func (b *browser) hear(event any) {
	if e, is := event.(*log.EventEntryAdded); is && e.Entry.Source == log.EntrySourceSecurity {
		b.complaints = append(b.complaints, e.Entry.Text)
	}
}

func (b *browser) do(action chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		b.t.Fatal(err)
	}
}

func (b *browser) open(address string) {
	b.t.Helper()
	b.do(chromedp.Navigate(address))
}

func (b *browser) eval(expression string) bool {
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	done, err := chromedp.Run(ctx, chromedp.Evaluate[bool](expression))
	return err == nil && done // a page that is on its way out has no answer
}

// waits until the expression is true.
func (b *browser) waits(what, expression string) {
	b.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); !b.eval(expression); {
		select {
		case <-again.C:
		case <-late:
			text, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string]("location.href + ' ' + document.body.innerText"))
			b.t.Fatalf("no %s on %s", what, text)
		}
	}
}

func (b *browser) sees(words string) {
	b.t.Helper()
	b.waits(words, "document.readyState === 'complete' && document.body.innerText.includes('"+words+"')")
}

func (b *browser) press(words string) {
	b.t.Helper()
	b.waits(words, "(() => { const button = [...document.querySelectorAll('button')].find((one) => one.innerText.includes('"+words+"')); button?.click(); return !!button; })()")
}
