package proxy

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"woggle/internal/db/dbtest"
	"woggle/internal/method/authenticator"
)

// A true browser keeps cookies and follows redirects by rules of its own. Two names of this computer stand for two sites:
// browsers tell cookies of localhost from those of 127.0.0.1.
func TestATrueBrowserArrives(t *testing.T) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		dbtest.Need(t, err)
	}
	d, clock := dbtest.Open(t)
	site := httptest.NewUnstartedServer(nil)
	host := site.Listener.Addr().String()
	wg := NewHere(t, d, clock, Site("wiki", []string{host}))
	site.Config.Handler = &Standin{Name: "traefik", Woggle: wg.Address(0), Site: Echo()}
	site.Start()
	t.Cleanup(site.Close)
	p := wg.Member("aisha")

	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.Flag("disable-gpu", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1"), chromedp.UserDataDir(t.TempDir()))
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	ctx, stopAllocator := chromedp.NewExecAllocator(ctx, options...)
	defer stopAllocator()
	ctx, closeBrowser := chromedp.NewContext(ctx)
	defer closeBrowser()
	eval := func(script string) (value string) {
		t.Helper()
		value, err := chromedp.Run(ctx, chromedp.Evaluate[string](script))
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
	fill := func(field, text string) {
		t.Helper()
		sent := chromedp.Evaluate[string](fmt.Sprintf(`(() => {
			const field = document.querySelector("input[autocomplete~=%s]");
			field.value = %q;
			field.form.requestSubmit();
			return "";
		})()`, field, text))
		if _, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, sent)); err != nil {
			t.Fatal(err)
		}
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("http://"+host+"/page?a=b")); err != nil {
		t.Fatal(err)
	}
	fill("username", p.Username)
	fill("current-password", Passphrase)
	clock.Advance(authenticator.Period)
	fill("one-time-code", authenticator.Code(p.secret, authenticator.Step(clock.Now())))
	for until := time.Now().Add(patience); eval("location.href") != "http://"+host+"/page?a=b"; {
		if time.Now().After(until) {
			t.Fatalf("Chromium is at %s: %s", eval("location.href"), eval("document.body.innerText"))
		}
	}
	if body := eval("document.body.innerText"); !strings.Contains(body, "Remote-User: aisha") {
		t.Errorf("the site says: %s", body)
	}
	if err := chromedp.Do(ctx, chromedp.Navigate("http://"+host+"/.woggle/signout")); err != nil {
		t.Fatal(err)
	}
	if body := eval("document.body.innerText"); !strings.Contains(body, "You have signed out of The wiki") {
		t.Errorf("after the sign-out, %s says: %s", eval("location.href"), body)
	}
}
