// How soon the authenticator app shows a code, in Chromium with its processor slowed down as a phone's of the middle class.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

const (
	firstCode = time.Second // what is aimed for
	slowdown  = 4
)

// What the page is told before it begins: to note when its main button, and when its first code can be seen.
const watching = `globalThis.seen = (what) => new Promise((done) => {
	const look = () => requestAnimationFrame(() => what() ? done(performance.now()) : look());
	look();
});
globalThis.ready = seen(() => document.querySelector("main .btn.main"));
globalThis.press = async () => {
	const began = performance.now();
	document.querySelector("main .btn.main").click();
	return await seen(() => document.querySelector(".otp")?.textContent.trim()) - began;
};`

// typed puts the PIN into the fields of the screen.
const typed = `for (const field of document.querySelectorAll("main input:not([type=checkbox])")) {
	field.value = "274917";
	field.dispatchEvent(new Event("input", { bubbles: true }));
}`

// hashed is how long the slow hash alone takes, with the parameters of the app's PIN. It is the yardstick, and it runs on a thread of
// its own, which Chromium does not slow down.
const hashed = `(async () => {
	const key = await crypto.subtle.importKey("raw", new TextEncoder().encode("274917"), "PBKDF2", false, ["deriveBits"]);
	const began = performance.now();
	await crypto.subtle.deriveBits({ name: "PBKDF2", hash: "SHA-256", iterations: 600000, salt: new Uint8Array(16) }, key, 256);
	return performance.now() - began;
})()`

// measureAuthenticator opens the app again and again, by a PIN and by the device's own lock. What a person takes to type or to touch is
// not in it.
func (b *bench) measureAuthenticator(ctx context.Context) error {
	chromium, err := exec.LookPath("chromium")
	if err != nil {
		b.note("there is no Chromium here: the authenticator app was not measured")
		return nil
	}
	b.say("the authenticator app, %d times with each lock", b.rounds)
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	if err := s.named("localhost"); err != nil { // passkeys are kept for names
		return err
	}
	served, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer served.stop()
	ctx, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(chromium), chromedp.NoSandbox)...)
	defer stop()
	base := "http://localhost:" + s.address[strings.LastIndex(s.address, ":")+1:]
	pin, err := b.openApp(ctx, base, false)
	if err != nil {
		return err
	}
	device, err := b.openApp(ctx, base, true)
	if err != nil {
		return err
	}
	hash := median(pin.hash)
	phoneHash := hash * slowdown
	yardstick := "its hash alone " + milliseconds(phoneHash)
	inTime := func(what string, took time.Duration, yardstick, ratio string) {
		b.add(row{what: what, measured: milliseconds(took), yardstick: yardstick, ratio: ratio, aim: "< 1 s", met: verdict(took < firstCode)})
	}
	start := fmt.Sprintf("authenticator, processor %d times slower: ", slowdown)
	page := median(pin.page)
	inTime(start+"from opening it to its lock", median(pin.start), "the sign-in page "+milliseconds(page), fmt.Sprintf("%.1f", float64(median(pin.start))/float64(page)))
	opened := median(pin.code) - hash + phoneHash // the hash of a phone is slower too
	inTime(start+"from the PIN to the first code", opened, yardstick, fmt.Sprintf("%.2f", float64(opened)/float64(phoneHash)))
	inTime(start+"from opening it to the first code, device lock", median(device.start)+median(device.code), "the sign-in page "+milliseconds(page),
		fmt.Sprintf("%.1f", float64(median(device.start)+median(device.code))/float64(page)))
	b.note("authenticator: Chromium does not slow down the hash, which took %s; it is counted %d times", milliseconds(hash), slowdown)
	return nil
}

// named gives the site a name in place of its number.
func (s *site) named(name string) error {
	settings, err := os.ReadFile(s.settings())
	if err != nil {
		return err
	}
	return os.WriteFile(s.settings(), []byte(strings.Replace(string(settings), "http://127.0.0.1:", "http://"+name+":", 1)), 0o600)
}

// opening is how long it took, of each round.
type opening struct{ start, code, hash, page []time.Duration }

// openApp sets the app up in a browser that nobody has used, and opens it in each round.
func (b *bench) openApp(ctx context.Context, base string, device bool) (o opening, err error) {
	ctx, stop := chromedp.NewContext(ctx) // with a profile of its own
	defer stop()
	p := appTab{ctx: ctx, base: base}
	p.call(func() error { _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); return err })
	p.call(func() error {
		_, err := chromedp.Call(ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey: true, HasUserVerification: true, HasPrf: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
		return err
	})
	p.call(func() error {
		_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watching})
		return err
	})
	p.open("/authenticator/")
	p.ask(`seen(() => document.querySelectorAll("main .ways button").length === 2)`)
	if device {
		p.ask(`document.querySelectorAll("main .ways button")[0].click(), 0`)
	} else {
		p.ask(`document.querySelectorAll("main .ways button")[1].click(), ready`)
		p.ask(typed + `document.querySelector("main .btn.main").click(), 0`)
	}
	p.ask(`seen(() => document.querySelector(".fab"))`)
	p.ask(`location.hash = "otpauth://totp/Northwold:aisha?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Northwold", seen(() => document.querySelector("main .btn.main"))`)
	p.ask(`press()`)
	p.ask(`navigator.serviceWorker.ready.then(() => 0)`)
	p.call(func() error {
		_, err := chromedp.Call(ctx, emulation.SetCPUThrottlingRate, emulation.SetCPUThrottlingRateParams{Rate: slowdown})
		return err
	})
	for range b.rounds {
		p.open("/signin")
		o.page = append(o.page, p.ask(`ready`))
		p.open("/authenticator/")
		o.start = append(o.start, p.ask(`ready`))
		if device {
			o.code = append(o.code, p.ask(`press()`))
			continue
		}
		o.hash = append(o.hash, p.ask(hashed))
		o.code = append(o.code, p.ask(typed+`press()`))
	}
	return o, p.err
}

// appTab is a tab with the app. Its first mistake ends it.
type appTab struct {
	ctx  context.Context
	base string
	err  error
}

func (p *appTab) call(do func() error) {
	if p.err == nil {
		p.err = do()
	}
}

func (p *appTab) open(path string) {
	p.call(func() error { return chromedp.Do(p.ctx, chromedp.Navigate(p.base+path)) })
}

// ask evaluates what gives milliseconds, as somebody does who has just touched the page.
func (p *appTab) ask(expression string) (took time.Duration) {
	p.call(func() error {
		ctx, cancel := context.WithTimeout(p.ctx, patience)
		defer cancel()
		touched := true
		ms, err := chromedp.Run(ctx, chromedp.Evaluate[float64](expression, chromedp.EvalAwaitPromise, func(e *runtime.EvaluateParams) { e.UserGesture = &touched }))
		took = time.Duration(ms * float64(time.Millisecond))
		if err != nil {
			return fmt.Errorf("%.60s: %w", expression, err)
		}
		return nil
	})
	return took
}
