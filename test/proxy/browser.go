// The browsers of people: cookies, redirects, forms, and the page that goes on by itself.
package proxy

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"woggle/internal/method/authenticator"
	"woggle/test/visitor"
)

// Browser is a visitor who shows what every step has come to.
type Browser struct {
	*visitor.Visitor
	Page *visitor.Page
	wg   *Woggle
	t    testing.TB
}

// Browser opens a browser that finds the sites at the addresses, and Woggle at its first node.
func (wg *Woggle) Browser(sites map[string]string) *Browser {
	to := map[string]string{Home: wg.Address(0)}
	for host, address := range sites {
		to[host] = address
	}
	b := &Browser{Visitor: visitor.New("https://" + Home), wg: wg, t: wg.t}
	b.Client.Transport = &wires{to: to}
	b.Header.Set("Accept", "text/html,application/xhtml+xml")
	b.Header.Set("Sec-Fetch-Mode", "navigate")
	return b
}

// Lead leads a host to another address from now on.
func (b *Browser) Lead(host, address string) { b.Client.Transport.(*wires).to[host] = address }

// Go opens an address, and follows where pages lead by themselves.
func (b *Browser) Go(address string) *Browser {
	b.t.Helper()
	page, err := b.Open(address)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Page = page
	return b.follow()
}

func (b *Browser) follow() *Browser {
	b.t.Helper()
	for range 5 {
		_, to, onward := strings.Cut(b.Page.Header.Get("Refresh"), "url=")
		if !onward {
			return b
		}
		page, err := b.Open(to)
		if err != nil {
			b.t.Fatal(err)
		}
		b.Page = page
	}
	b.t.Fatalf("the pages lead in a circle: %s", b.Page.URL)
	return b
}

// Fill fills in the form that has the first of the fields, and sends it.
func (b *Browser) Fill(fields ...string) *Browser {
	b.t.Helper()
	form, err := b.Page.Form(fields[0])
	if err != nil {
		b.t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		form.Set(fields[i], fields[i+1])
	}
	if b.Page, err = b.Send(form, form.Press("")); err != nil {
		b.t.Fatal(err)
	}
	return b.follow()
}

// Press presses the button with the text.
func (b *Browser) Press(text string) *Browser {
	b.t.Helper()
	for _, form := range b.Page.Forms {
		if button := form.Press(text); button != nil {
			var err error
			if b.Page, err = b.Send(form, button); err != nil {
				b.t.Fatal(err)
			}
			return b.follow()
		}
	}
	b.t.Fatalf("no button %q on %s: %s", text, b.Page.URL, b.Page.Text)
	return b
}

// SignIn signs the person in, on the page that asks who is there.
func (b *Browser) SignIn(p Person) *Browser {
	b.t.Helper()
	return b.Fill("username", p.Username).Fill("current-password", Passphrase).Prove(p)
}

// Prove types the code of the person's app. Each code is taken once, so that the clock goes on first.
func (b *Browser) Prove(p Person) *Browser {
	b.t.Helper()
	b.wg.Clock.Advance(authenticator.Period)
	return b.Fill("one-time-code", authenticator.Code(p.secret, authenticator.Step(b.wg.Clock.Now())))
}

// Sees demands the words on the page.
func (b *Browser) Sees(words ...string) *Browser {
	b.t.Helper()
	for _, w := range words {
		if !strings.Contains(b.Page.Text, w) {
			b.t.Fatalf("no %q on %s (status %d): %.600s", w, b.Page.URL, b.Page.Status, b.Page.Text)
		}
	}
	return b
}

// At demands the address, without its query.
func (b *Browser) At(address string) *Browser {
	b.t.Helper()
	if got := b.Page.URL.Scheme + "://" + b.Page.URL.Host + b.Page.URL.Path; got != address {
		b.t.Fatalf("the browser is at %s (status %d), not at %s: %.600s", b.Page.URL, b.Page.Status, address, b.Page.Text)
	}
	return b
}

// Cookie is what the browser would send to the address under the name, or empty.
func (b *Browser) Cookie(address, name string) string {
	b.t.Helper()
	return b.cookie(address, func(other string) bool { return other == name })
}

// CookieLike is Cookie for the beginning of a name.
func (b *Browser) CookieLike(address, beginning string) string {
	b.t.Helper()
	return b.cookie(address, func(other string) bool { return strings.HasPrefix(other, beginning) })
}

func (b *Browser) cookie(address string, is func(name string) bool) string {
	b.t.Helper()
	request, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.Client.Jar.Cookies(request.URL) {
		if is(c.Name) {
			return c.Value
		}
	}
	return ""
}

// patience bounds what a test waits for on this computer.
const patience = 30 * time.Second
