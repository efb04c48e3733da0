// A browser of one person, and what a person does with it.
package browser

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// patience is how long anything may take before a story fails.
const patience = 30 * time.Second

// The size of a window in CSS pixels, unless a story says otherwise.
const (
	wide   = 1000
	height = 900
)

// Window is a browser with cookies, cache and history of its own. Its verbs end the story when they cannot be done. It is
// used by one goroutine.
type Window struct {
	t        testing.TB
	suite    *Suite
	base     string
	ctx      context.Context
	width    int64
	dark     bool
	large    bool // letters
	noScript bool
	welsh    bool
	words    map[string][]string // Welsh for English
	apps     bool                // it is of a demonstration, which has sample apps
	others   []string            // sites of others that the story goes to as well

	mu       sync.Mutex
	troubles []string       // what the browser complained of
	loaded   map[string]int // bytes over the wire, by address
	pending  map[string]string
	sent     *strings.Builder // what is sent, where a story listens to that
}

// Window opens a browser that nobody has used.
func (c *County) Window() *Window {
	c.t.Helper()
	w := c.suite.Window(c.t, c.Base)
	w.apps = c.Apps != ""
	return w
}

// Window opens a browser for the site with the address.
func (s *Suite) Window(t testing.TB, base string) *Window {
	t.Helper()
	s.need(t)
	w := &Window{t: t, suite: s, base: base, words: s.welsh}
	w.begin(s.chromium, chromedp.WithNewBrowserContext())
	return w
}

// Beyond lets the story go to a site of somebody else's, by its address. Its pages are not held to our rules.
func (w *Window) Beyond(base string) *Window {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.others = append(w.others, base)
	return w
}

// isKnown tells whether the address is of our site, or of one that the story goes to as well.
func (w *Window) isKnown(address string) bool {
	return w.isOurs(address) || slices.ContainsFunc(w.others, func(base string) bool { return strings.HasPrefix(address, base+"/") })
}

// isOurs tells whether the address is of our site, or of a demonstration's sample apps, whose pages are held to our rules too.
func (w *Window) isOurs(address string) bool {
	return strings.HasPrefix(address, w.base+"/") || w.apps && strings.HasPrefix(address, appSites)
}

// Tab opens a second tab of the same browser.
func (w *Window) Tab() *Window {
	w.t.Helper()
	tab := &Window{t: w.t, suite: w.suite, base: w.base, words: w.words, apps: w.apps, others: w.others, noScript: w.noScript, welsh: w.welsh, width: w.width, dark: w.dark, large: w.large}
	tab.begin(w.ctx)
	return tab
}

// Reopen closes the browser and opens it again. What it keeps for one time only is forgotten.
func (w *Window) Reopen() *Window {
	w.t.Helper()
	for _, cookie := range call(w, network.GetCookies, network.GetCookiesParams{URLs: []string{w.base}}).Cookies {
		if cookie.Session {
			call(w, network.DeleteCookies, network.DeleteCookiesParams{Name: cookie.Name, URL: w.base})
		}
	}
	return w.Tab()
}

func (w *Window) begin(parent context.Context, options ...chromedp.ContextOption) {
	w.t.Helper()
	w.loaded, w.pending = map[string]int{}, map[string]string{}
	var end context.CancelFunc
	w.ctx, end = chromedp.NewContext(parent, append(options, chromedp.WithListener(w.hear))...)
	w.t.Cleanup(func() {
		end()
		w.noTroubles()
	})
	if err := chromedp.Do(w.ctx); err != nil {
		w.t.Fatal(err)
	}
	// Each window is as if it were in front, though many are open at once: only there the keyboard is seen to be somewhere.
	call(w, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	if w.width == 0 {
		w.width = wide
	}
	w.set(w.width, w.dark)
	if w.noScript {
		w.NoScript()
	}
}

// NoScript turns scripts off.
func (w *Window) NoScript() *Window {
	w.t.Helper()
	w.noScript = true
	call(w, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
	return w
}

// Width makes the window so many CSS pixels wide.
func (w *Window) Width(pixels int64) *Window {
	w.t.Helper()
	w.width = pixels
	w.set(w.width, w.dark)
	return w
}

// Dark is what somebody has chosen who likes dark pages.
func (w *Window) Dark() *Window {
	w.t.Helper()
	w.dark = true
	w.set(w.width, w.dark)
	return w
}

func (w *Window) set(width int64, dark bool) {
	w.t.Helper()
	call(w, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: 1})
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(w, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"}}})
	w.size(width)
}

// Welsh presses the switch of languages, which must lead to the same page in Welsh. From then on the story's English
// sentences stand for the Welsh ones of the locale files.
func (w *Window) Welsh() *Window {
	w.t.Helper()
	w.speak("Cymraeg", "cy")
	w.welsh = true
	return w
}

// English presses the switch back.
func (w *Window) English() *Window {
	w.t.Helper()
	w.welsh = false
	w.speak("English", "en")
	return w
}

func (w *Window) speak(name, code string) {
	w.t.Helper()
	before := w.Address()
	w.Press(name)
	// The answer to a form stands at an address of its own, which can't be opened; then it is the step of the sign-in.
	if after := w.Address(); after != before && !strings.HasPrefix(after, "/signin?a=") {
		w.t.Errorf("the switch of languages led from %s to %s", before, after)
	}
	if language := eval[string](w, "document.documentElement.lang"); language != code {
		w.t.Errorf("%s is in %q after the switch to %s", before, language, name)
	}
}

// PrefersWelsh makes the browser one of somebody who reads Welsh.
func (w *Window) PrefersWelsh() *Window {
	w.t.Helper()
	agent := eval[string](w, "navigator.userAgent")
	call(w, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent, AcceptLanguage: "cy,en"})
	w.welsh = true
	return w
}

// Open goes to a path of the site, or to a full address.
func (w *Window) Open(path string) *Window {
	w.t.Helper()
	address := path
	if strings.HasPrefix(path, "/") {
		address = w.base + path
	}
	w.run("opening "+path, chromedp.Navigate(address))
	return w.look()
}

// Fill types into the field with the autocomplete token or the name, in place of what stands there.
func (w *Window) Fill(field, text string) *Window {
	w.t.Helper()
	w.click("the field "+field, "field", field)
	eval[bool](w, "document.activeElement.select?.(), true")
	w.insert(text)
	return w
}

// insert puts text in the place of what is selected.
func (w *Window) insert(text string) {
	w.t.Helper()
	if text == "" {
		w.Key(kb.Delete)
		return
	}
	call(w, input.InsertText, input.InsertTextParams{Text: text})
}

// Unbounded makes a field take any length, as a script does that heeds no field.
func (w *Window) Unbounded(field string) *Window {
	w.t.Helper()
	eval[bool](w, "unbound", field)
	return w
}

// Choose takes the radio button, the check box or the entry of a list with the value.
func (w *Window) Choose(value string) *Window {
	w.t.Helper()
	if !eval[bool](w, "pick", value) {
		w.click("the choice "+value, "choice", value)
	}
	return w
}

// Press presses a button or a link by its words, and waits for the page that it leads to.
func (w *Window) Press(words string) *Window {
	w.t.Helper()
	at := w.find("the button "+words, "pressable", w.say(words))
	w.arrive("pressing "+words, chromedp.MouseClickXY(at.X, at.Y))
	return w.look()
}

// Tap presses what leads to no other page, as the head of a part that opens does.
func (w *Window) Tap(words string) *Window {
	w.t.Helper()
	w.click("the button "+words, "pressable", w.say(words))
	return w
}

// Key presses keys, one after the other; those with names are in package kb.
func (w *Window) Key(keys string) *Window {
	w.t.Helper()
	w.run("pressing keys", chromedp.KeyEvent(keys))
	return w
}

// BackTab presses Shift and Tab.
func (w *Window) BackTab() *Window {
	w.t.Helper()
	w.run("pressing keys", chromedp.KeyEvent(kb.Tab, chromedp.KeyModifiers(chromedp.ModifierShift)))
	return w
}

// Reach presses Tab until the keyboard is at what begins with the words, or at the field with the name. Wherever it comes
// by, one must see that it is there.
func (w *Window) Reach(words string) *Window {
	w.t.Helper()
	for range 40 {
		if wrong := w.ask("ring()"); wrong != "" {
			w.t.Errorf("on %s %s", w.Address(), wrong)
		}
		at := w.Focused()
		if slices.ContainsFunc(w.say(words), func(s string) bool { return strings.HasPrefix(at, s) }) {
			return w
		}
		w.Key(kb.Tab)
	}
	w.t.Fatalf("Tab never comes to %q on %s", words, w.Address())
	return w
}

// Enter presses the key, and waits for the page that it leads to.
func (w *Window) Enter() *Window {
	w.t.Helper()
	w.arrive("pressing Enter", chromedp.KeyEvent(kb.Enter))
	return w.look()
}

// Back presses the browser's button for the page before.
func (w *Window) Back() *Window {
	w.t.Helper()
	w.run("going back", chromedp.NavigateBack())
	return w.look()
}

// Forward presses the browser's button for the page after.
func (w *Window) Forward() *Window {
	w.t.Helper()
	w.run("going forward", chromedp.NavigateForward())
	return w.look()
}

// Reload loads the page again.
func (w *Window) Reload() *Window {
	w.t.Helper()
	w.run("loading again", chromedp.Reload())
	return w.look()
}

// See demands words on the page, or sentences of the locale files.
func (w *Window) See(words ...string) *Window {
	w.t.Helper()
	text := w.Text()
	for _, one := range words {
		if !slices.ContainsFunc(w.say(one), func(s string) bool { return strings.Contains(text, s) }) {
			w.t.Fatalf("no %q on %s, where stands: %s", w.say(one), w.Address(), text)
		}
	}
	return w
}

// NotSee demands that words are not on the page.
func (w *Window) NotSee(words ...string) *Window {
	w.t.Helper()
	text := w.Text()
	for _, one := range words {
		if slices.ContainsFunc(w.say(one), func(s string) bool { return strings.Contains(text, s) }) {
			w.t.Fatalf("%q stands on %s: %s", one, w.Address(), text)
		}
	}
	return w
}

// Wait waits until an expression of JavaScript is true.
func (w *Window) Wait(expression string) *Window {
	w.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); !eval[bool](w, "!!("+expression+")"); {
		select {
		case <-again.C:
		case <-late:
			w.t.Fatalf("waited in vain for %s on %s, where stands: %s", expression, w.Address(), w.Text())
		}
	}
	return w
}

// Text is all that is to be read, with single spaces.
func (w *Window) Text() string {
	w.t.Helper()
	return eval[string](w, "words")
}

// Value is what stands in the field with the autocomplete token or the name.
func (w *Window) Value(field string) string {
	w.t.Helper()
	return eval[string](w, "valueOf", field)
}

// Address is where the window is: path and query.
func (w *Window) Address() string {
	w.t.Helper()
	return eval[string](w, "location.pathname + location.search")
}

// Path is where the window is.
func (w *Window) Path() string {
	w.t.Helper()
	u, err := url.Parse(w.Address())
	if err != nil {
		w.t.Fatal(err)
	}
	return u.Path
}

// say are the words to look for: in Welsh those that the locale files give for an English sentence.
func (w *Window) say(words string) []string {
	if welsh := w.words[words]; w.welsh && welsh != nil {
		return welsh
	}
	return []string{words}
}

// point is the middle of something on the page, in CSS pixels of the window.
type point struct {
	X, Y    float64
	Trouble string
}

func (w *Window) find(what, how string, which any) point {
	w.t.Helper()
	at := eval[point](w, "place", how, which)
	if at.Trouble != "" {
		w.t.Fatalf("%s: %s, on %s, where stands: %s", what, at.Trouble, w.Address(), w.Text())
	}
	return at
}

func (w *Window) click(what, how string, which any) {
	w.t.Helper()
	at := w.find(what, how, which)
	w.run("pressing "+what, chromedp.MouseClickXY(at.X, at.Y))
}

// run does something with the page.
func (w *Window) run(what string, action chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, action); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// arrive does what leads to another page, and waits for that.
func (w *Window) arrive(what string, action chromedp.Action[chromedp.Void]) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if _, err := chromedp.Run(ctx, chromedp.WaitEvent(page.LoadEventFired, nil, action)); err != nil {
		w.t.Fatalf("%s led nowhere: %v, on %s, where stands: %s", what, err, w.Address(), w.Text())
	}
	// The keyboard gets to its field a moment after the page, and what is typed before that is lost.
	w.Wait("!document.querySelector('[autofocus]') || document.activeElement !== document.body")
}

//go:embed window.js
var script string

// eval evaluates an expression, or calls a function of window.js with the arguments.
func eval[T any](w *Window, expression string, arguments ...any) T {
	w.t.Helper()
	if isName(expression) {
		raw, err := json.Marshal(append([]any{}, arguments...))
		if err != nil {
			w.t.Fatal(err)
		}
		expression = fmt.Sprintf("%s(...%s)", expression, raw)
	}
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, chromedp.Evaluate[T]("(() => {"+script+"\nreturn "+expression+"; })()", chromedp.EvalAwaitPromise))
	if err != nil {
		w.t.Fatalf("%.200s: %v", expression, err)
	}
	return value
}

func isName(expression string) bool {
	return !strings.ContainsFunc(expression, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') })
}

// call gives the browser a command of its protocol.
func call[P, R any](w *Window, command cdp.Command[P, R], parameters P) R {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	result, err := chromedp.Call(ctx, command, parameters)
	if err != nil {
		w.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}

// callBrowser gives a command to the browser as a whole, beyond the window.
func callBrowser[P, R any](w *Window, command cdp.Command[P, R], parameters P) R {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	result, err := chromedp.CallBrowser(ctx, command, parameters)
	if err != nil {
		w.t.Fatalf("%s: %v", command.Method, err)
	}
	return result
}
