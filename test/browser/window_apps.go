// The way to an app and back: several sites, and pages in between that send the browser on by themselves.
package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
)

// appSites is how the addresses of a demonstration's sample apps begin.
const appSites = "http://127.0.0.1:"

// Site is the address of the site where the window is, without a slash at the end.
func (w *Window) Site() string {
	w.t.Helper()
	return eval[string](w, "location.origin")
}

// Minibus is the address of the sample app that stands behind a proxy.
func (c *County) Minibus() string {
	c.t.Helper()
	w := c.Window().Open(c.Apps + "/")
	for _, link := range eval[[]string](w, "[...document.links].map((link) => link.href)") {
		if strings.HasPrefix(link, appSites) && !strings.HasPrefix(link, c.Apps+"/") {
			return strings.TrimSuffix(link, "/")
		}
	}
	c.t.Fatal("the sample apps name no minibus log")
	return ""
}

// PressUntil presses a button or a link that leads to a page with the words, by way of several sites.
func (w *Window) PressUntil(words, seen string) *Window {
	w.t.Helper()
	at := w.find("the button "+words, "pressable", w.say(words))
	shown, err := json.Marshal(w.say(seen))
	if err != nil {
		w.t.Fatal(err)
	}
	return w.arriveWhere(string(shown)+".some((one) => document.body.innerText.includes(one))", "pressing "+words, chromedp.MouseClickXY(at.X, at.Y))
}

// OpenTo goes to an address, and waits for a page of the site to which it leads.
func (w *Window) OpenTo(site, address string) *Window {
	w.t.Helper()
	return w.arriveAt(site, "opening "+address, chromedp.Navigate(address))
}

// PressTo presses a button or a link that leads to a page of the site, however many pages come between.
func (w *Window) PressTo(site, words string) *Window {
	w.t.Helper()
	at := w.find("the button "+words, "pressable", w.say(words))
	return w.arriveAt(site, "pressing "+words, chromedp.MouseClickXY(at.X, at.Y))
}

// EnterTo presses the key, which leads to a page of the site.
func (w *Window) EnterTo(site string) *Window {
	w.t.Helper()
	return w.arriveAt(site, "pressing Enter", chromedp.KeyEvent(kb.Enter))
}

func (w *Window) arriveAt(site, what string, action chromedp.Action[chromedp.Void]) *Window {
	w.t.Helper()
	return w.arriveWhere(fmt.Sprintf("location.origin === %q", site), what, action)
}

// arriveWhere does something and waits until another page than the one before is there whole, and is the one. In between no
// page may be asked anything: it may be gone before it answers.
func (w *Window) arriveWhere(is, what string, action chromedp.Action[chromedp.Void]) *Window {
	w.t.Helper()
	eval[bool](w, "window.left = true")
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	// A page that goes on at once is reported as one that did not load.
	if err := chromedp.Do(ctx, action); err != nil && ctx.Err() != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
	there := "!window.left && document.readyState === 'complete' && (!document.querySelector('[autofocus]') || document.activeElement !== document.body) && " + is
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		if arrived, err := chromedp.Run(ctx, chromedp.Evaluate[bool](there)); err == nil && arrived {
			return w.look()
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			w.t.Fatalf("%s did not lead where %s, but to %s%s, where stands: %s", what, is, w.Site(), w.Address(), w.Text())
		}
	}
}

// Still makes pages stay that would send the browser on by themselves: their header is taken away, and their script is empty.
// So they can be looked at, and be pressed, until Moving.
func (w *Window) Still() *Window {
	w.t.Helper()
	call(w, network.SetCacheDisabled, network.SetCacheDisabledParams{CacheDisabled: true})
	call(w, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{
		{URLPattern: w.base + "/*", ResourceType: network.ResourceTypeDocument, RequestStage: fetch.RequestStageResponse},
		{URLPattern: w.base + "/static/*", ResourceType: network.ResourceTypeScript, RequestStage: fetch.RequestStageRequest}}})
	return w
}

// Moving ends Still.
func (w *Window) Moving() *Window {
	w.t.Helper()
	call(w, fetch.Disable, cdp.Empty{})
	call(w, network.SetCacheDisabled, network.SetCacheDisabledParams{})
	return w
}

// pass lets a request go on that Still has stopped. Its errors are those of a window that has closed.
func (w *Window) pass(e *fetch.EventRequestPaused) {
	if e.ResponseStatusCode == 0 {
		_, _ = chromedp.Call(w.ctx, fetch.FulfillRequest, fetch.FulfillRequestParams{RequestID: e.RequestID, ResponseCode: http.StatusOK,
			ResponseHeaders: []*fetch.HeaderEntry{{Name: "Content-Type", Value: "text/javascript"}}})
		return
	}
	headers := slices.DeleteFunc(slices.Clone(e.ResponseHeaders), func(h *fetch.HeaderEntry) bool { return strings.EqualFold(h.Name, "Refresh") })
	_, _ = chromedp.Call(w.ctx, fetch.ContinueResponse, fetch.ContinueResponseParams{RequestID: e.RequestID, ResponseCode: e.ResponseStatusCode,
		ResponseHeaders: headers})
}

// sampleApps is where the tour says that the sample apps are.
var sampleApps = regexp.MustCompile(`The apps\s+(http://127\.0\.0\.1:\d+)`)

// ChangeApp changes the settings of an app, before anybody has opened a page.
func (c *County) ChangeApp(id string, change func(settings map[string]any)) {
	c.t.Helper()
	c.records(func(tx *db.Tx) error {
		var raw string
		settings := map[string]any{}
		if err := tx.Row("SELECT settings FROM apps WHERE id = $1", []any{id}, &raw); err != nil {
			return err
		}
		if err := json.Unmarshal([]byte(raw), &settings); err != nil {
			return err
		}
		change(settings)
		changed, err := json.Marshal(settings)
		if err != nil {
			return err
		}
		_, err = tx.Exec("UPDATE apps SET settings = $2 WHERE id = $1", id, string(changed))
		return err
	})
}

// Scripted tells whether pages have their scripts.
func (w *Window) Scripted() bool { return !w.noScript }

// AddLink adds an app that is only a tile.
func (c *County) AddLink(id, name, to string) {
	c.t.Helper()
	c.records(func(tx *db.Tx) error {
		return app.Put(tx, audit.System, &app.App{ID: id, Name: name, Protocol: app.Link, Launch: to})
	})
}

// Until opens an address again and again until its page has the words.
func (w *Window) Until(address, words string) *Window {
	w.t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); !strings.Contains(w.Open(address).Text(), words); {
		select {
		case <-again.C:
		case <-late:
			return w.See(words)
		}
	}
	return w
}
