// A phone with the authenticator app, and what a person does with it: a page that changes without another one coming.
package browser

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/storage"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Phone is a window with the app. Its verbs wait for what they need, because the app answers when it has done its work.
type Phone struct{ *Window }

// Phone opens a browser that nobody has used, as wide as a phone, which may use the camera.
func (s *Suite) Phone(t testing.TB, base string) *Phone {
	t.Helper()
	p := &Phone{s.Window(t, base).Width(narrow)}
	p.words = s.appWelsh
	p.permit("camera", browser.PermissionSettingGranted)
	p.permit("clipboard-write", browser.PermissionSettingGranted)
	return p
}

// Phone is one that goes to the county's server.
func (c *County) Phone() *Phone { return c.suite.Phone(c.t, c.Base) }

// Tab opens the app's address in a second tab.
func (p *Phone) Tab() *Phone { return (&Phone{p.Window.Tab()}).Start("") }

// Start goes to the app. What follows the address, if anything, is its fragment.
func (p *Phone) Start(fragment string) *Phone {
	p.t.Helper()
	p.run("opening the app", chromedp.Navigate(p.base+"/authenticator/"+fragment))
	return p.settled()
}

// Again loads the page again, as a phone does that has thrown it out of its memory.
func (p *Phone) Again() *Phone {
	p.t.Helper()
	p.run("loading the app again", chromedp.Reload())
	return p.settled()
}

// settled waits until a screen is there.
func (p *Phone) settled() *Phone {
	p.t.Helper()
	p.Wait("document.querySelector('main h1')")
	return p
}

// PIN chooses a lock that opens with the PIN.
func (p *Phone) PIN(pin string) *Phone {
	p.t.Helper()
	return p.Tap("Choose a PIN").Fill("New PIN", pin).Fill("The same PIN again", pin).Tap("Save PIN").Gone("The same PIN again")
}

// Open opens the lock with the PIN.
func (p *Phone) Open(pin string) *Phone {
	p.t.Helper()
	return p.Fill("PIN", pin).Tap("Unlock")
}

// Tap presses a button by its words, once it is there.
func (p *Phone) Tap(words string) *Phone {
	p.t.Helper()
	p.waitFor("!place('pressable', %s).Trouble", p.say(words))
	p.Window.Tap(words)
	return p
}

// Fill types into the field with the label, in place of what stands there.
func (p *Phone) Fill(label, text string) *Phone {
	p.t.Helper()
	p.waitFor("!place('labelled', %s).Trouble", p.say(label))
	p.click("the field "+label, "labelled", p.say(label))
	eval[bool](p.Window, "document.activeElement.select?.(), true")
	p.insert(text)
	return p
}

// Retry demands that the keyboard is where the mistake is.
func (p *Phone) Retry() *Phone {
	p.t.Helper()
	p.Wait("document.activeElement.ariaInvalid === 'true'")
	return p
}

// See waits for words on the screen, or sentences of the app's texts, and holds the screen to the rules.
func (p *Phone) See(words ...string) *Phone {
	p.t.Helper()
	for _, one := range words {
		p.waitFor("%s.some((one) => words().includes(one))", p.say(one))
	}
	return p.look()
}

// Gone waits until words are no more on the screen.
func (p *Phone) Gone(words string) *Phone {
	p.t.Helper()
	p.waitFor("!%s.some((one) => words().includes(one))", p.say(words))
	return p
}

func (p *Phone) waitFor(expression string, words []string) {
	p.t.Helper()
	raw, err := json.Marshal(words)
	if err != nil {
		p.t.Fatal(err)
	}
	p.Wait(fmt.Sprintf(expression, raw))
}

var digits = regexp.MustCompile(`\d+`)

// look holds the screen to the rules that pages are held to, once for each. The app's files are weighed where it is built.
func (p *Phone) look() *Phone {
	p.t.Helper()
	// Codes come and go on the same screen, and names are the story's.
	state := digits.ReplaceAllString(p.letters()+fmt.Sprint("app ", p.ask("screenOf()")), "0")
	if p.suite.first(state) {
		p.inspect(state)
	}
	return p
}

// Codes are those on the screen, without their spaces, from the first row to the last.
func (p *Phone) Codes() []string {
	p.t.Helper()
	return eval[[]string](p.Window, "codes")
}

// ShowsCodeOf waits until the app shows the code of the secret that oathtool makes now, and gives it.
func (p *Phone) ShowsCodeOf(secret string) (code string) {
	p.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); ; {
		code = totp(p.t, p.suite, secret, time.Now())
		for _, shown := range p.Codes() {
			if shown == code {
				return code
			}
		}
		select {
		case <-again.C:
		case <-late:
			p.t.Fatalf("oathtool says %s, the app %v", code, p.Codes())
		}
	}
}

// NextCode waits for the last seconds of the code, in which the app shows the next one.
func (p *Phone) NextCode() string {
	p.t.Helper()
	p.Wait("nextCode()")
	return eval[string](p.Window, "nextCode()")
}

// Ahead moves the clock of the page, from when it is loaded next on. Neither the browser nor its worker knows.
func (p *Phone) Ahead(by time.Duration) *Phone {
	p.t.Helper()
	call(p.Window, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(
		"{ const real = Date.now.bind(Date); globalThis.ahead = %d; Date.now = () => real() + globalThis.ahead; }", by.Milliseconds())})
	return p
}

// Later moves on the clock of a page that was loaded after Ahead.
func (p *Phone) Later(by time.Duration) *Phone {
	p.t.Helper()
	eval[bool](p.Window, fmt.Sprintf("(globalThis.ahead += %d, true)", by.Milliseconds()))
	return p
}

// AskedBefore makes older what the worker has noted about when it asked for the newest version.
func (p *Phone) AskedBefore(age time.Duration) *Phone {
	p.t.Helper()
	eval[bool](p.Window, fmt.Sprintf("caches.open('woggle-asked').then((log) => log.put('/authenticator/asked', new Response(String(Date.now() - %d)))).then(() => true)", age.Milliseconds()))
	return p
}

// Kept waits until the worker keeps the app, so that it starts without a network.
func (p *Phone) Kept() *Phone {
	p.t.Helper()
	eval[bool](p.Window, "navigator.serviceWorker.ready.then(() => true)")
	p.Wait("navigator.serviceWorker.controller")
	return p
}

// DeviceLock gives the phone a lock of its own, which opens passkeys at once and answers with a key (PRF).
func (p *Phone) DeviceLock() *Phone {
	p.t.Helper()
	p.keeper(webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21,
		Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true, HasPrf: true, IsUserVerified: true, AutomaticPresenceSimulation: true})
	return p
}

// NoCamera is what somebody has said who was asked whether the app may use the camera.
func (p *Phone) NoCamera() *Phone {
	p.t.Helper()
	p.permit("camera", browser.PermissionSettingDenied)
	return p
}

func (p *Phone) permit(what string, setting browser.PermissionSetting) {
	p.t.Helper()
	callBrowser(p.Window, browser.SetPermission, browser.SetPermissionParams{Permission: &browser.PermissionDescriptor{Name: what}, Setting: setting, BrowserContextID: p.contextID()})
}

// Saves are the files that the app saves from now on: they come into the folder.
func (p *Phone) Saves(folder string) *Phone {
	p.t.Helper()
	callBrowser(p.Window, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: folder, BrowserContextID: p.contextID()})
	return p
}

// File chooses a file where the screen asks for one.
func (p *Phone) File(path string) *Phone {
	p.t.Helper()
	p.Wait("document.querySelector('input[type=file]')")
	input := call(p.Window, runtime.Evaluate, runtime.EvaluateParams{Expression: "document.querySelector('input[type=file]')"})
	call(p.Window, dom.SetFileInputFiles, dom.SetFileInputFilesParams{Files: []string{path}, ObjectID: input.Result.ObjectID})
	return p
}

// Address is all that stands in the address bar.
func (p *Phone) Address() string {
	p.t.Helper()
	return strings.TrimPrefix(eval[string](p.Window, "location.href"), p.base)
}

func (w *Window) contextID() cdp.BrowserContextID {
	return chromedp.FromContext(w.ctx).BrowserContextID
}

// Listen notes from now on what the phone sends: addresses, headers and bodies.
func (p *Phone) Listen() *Phone {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = &strings.Builder{}
	return p
}

// Sent is all that was noted.
func (p *Phone) Sent() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sent.String()
}

// Owned is a window of the browser's own profile: only what is kept for good can be installed.
func (s *Suite) Owned(t testing.TB, base string) *Phone {
	t.Helper()
	s.need(t)
	p := &Phone{&Window{t: t, suite: s, base: base, width: narrow}}
	p.begin(s.chromium)
	return p
}

// NotInstallable are the reasons for which the browser would not install the app.
func (p *Phone) NotInstallable() (reasons []string) {
	p.t.Helper()
	for _, one := range call(p.Window, page.GetAppManifest, page.GetAppManifestParams{}).Errors {
		reasons = append(reasons, one.Message)
	}
	for _, one := range call(p.Window, page.GetInstallabilityErrors, cdp.Empty{}).InstallabilityErrors {
		reasons = append(reasons, one.ErrorID)
	}
	return reasons
}

// Speak presses the language by its own name.
func (p *Phone) Speak(name, code string) *Phone {
	p.t.Helper()
	p.welsh = false
	p.Tap(name).Wait(fmt.Sprintf("document.documentElement.lang === %q", code))
	p.welsh = code == "cy"
	return p
}

// Offer opens the app by a link that carries an account, as another page or the camera does.
func (p *Phone) Offer(link string) *Phone {
	p.t.Helper()
	eval[bool](p.Window, fmt.Sprintf("(location.hash = %q, true)", "#"+link))
	return p
}

// Add adds the account of a link.
func (p *Phone) Add(link string) *Phone {
	p.t.Helper()
	return p.Offer(link).See("Add this account?").Tap("Add").See("Your accounts").Gone("Add this account?")
}

// Registered waits until the server knows the app, and may ask it about sign-ins.
func (p *Phone) Registered() *Phone {
	p.t.Helper()
	p.Wait("performance.getEntriesByType('resource').some((one) => one.name.endsWith('/authenticator/api/devices') && one.responseEnd > 0)")
	return p
}

// Tick ticks the box with the words.
func (p *Phone) Tick(words string) *Phone {
	p.t.Helper()
	p.click("the box "+words, "labelled", p.say(words))
	return p
}

// Away puts the window out of sight, as somebody does who goes to another app; Back brings it to the front again.
func (p *Phone) Away() *Phone { return p.shown(browser.WindowStateMinimized) }

// Back brings it back.
func (p *Phone) Back() *Phone { return p.shown(browser.WindowStateNormal) }

func (p *Phone) shown(state browser.WindowState) *Phone {
	p.t.Helper()
	hidden := state == browser.WindowStateMinimized
	call(p.Window, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: !hidden})
	id := callBrowser(p.Window, browser.GetWindowForTarget, browser.GetWindowForTargetParams{TargetID: chromedp.FromContext(p.ctx).Target.TargetID}).WindowID
	callBrowser(p.Window, browser.SetWindowBounds, browser.SetWindowBoundsParams{WindowID: id, Bounds: &browser.Bounds{WindowState: state}})
	p.Wait(fmt.Sprintf("document.hidden === %t", hidden))
	return p
}

// Room is how many bytes the browser lets the app keep; 0 is as many as usual.
func (p *Phone) Room(bytes float64) *Phone {
	p.t.Helper()
	quota := &bytes
	if bytes == 0 {
		quota = nil
	}
	call(p.Window, storage.OverrideQuotaForOrigin, storage.OverrideQuotaForOriginParams{Origin: p.base, QuotaSize: quota})
	return p
}

// Used is how many bytes the browser keeps for the app.
func (p *Phone) Used() float64 {
	p.t.Helper()
	return eval[float64](p.Window, "navigator.storage.estimate().then(({ usage }) => usage)")
}

// Saved waits for the one file that the app has saved in the folder.
func (p *Phone) Saved(folder string) (path string) {
	p.t.Helper()
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); ; {
		if files, _ := filepath.Glob(filepath.Join(folder, "*.json")); len(files) == 1 {
			return files[0]
		}
		select {
		case <-again.C:
		case <-late:
			p.t.Fatal("the app saved nothing")
		}
	}
}

// Sequence are the pictures that the app shows one after the other.
func (p *Phone) Sequence() (pictures [][]byte) {
	p.t.Helper()
	seen := map[string]bool{}
	for late := time.Now().Add(patience); ; {
		before := p.Read(".qr", "aria-label")
		picture := p.Screenshot(".qr")
		if !seen[before] && p.Read(".qr", "aria-label") == before {
			seen[before] = true
			pictures = append(pictures, picture)
		}
		if numbers := digits.FindAllString(before, 2); numbers[1] == fmt.Sprint(len(pictures)) {
			return pictures
		}
		if time.Now().After(late) {
			p.t.Fatalf("of %s only %d were seen", before, len(pictures))
		}
	}
}
