package handset

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/page"
)

// phones is the page under test, as the server mounts it.
type phones struct {
	*testing.T
	exchange *Exchange
	clock    *testClock
	handler  http.Handler
	pages    *page.Renderer
	lang     string
}

func open(t *testing.T) *phones {
	t.Helper()
	e, clock := newExchange()
	r, err := page.New(page.Config{Demo: true, Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57"},
		Log: func(_ *http.Request, err error) { t.Errorf("logged: %v", err) }})
	if err != nil {
		t.Fatal(err)
	}
	people := func() any { return []map[string]string{{"username": "beth", "state": "new"}} }
	lines := func() []Line {
		return []Line{{beth, "Beth Hughes"}, {"+441632960456", "Harold Price"}, {"+441632960456", "Edith Price"}}
	}
	h, err := e.Handler(r, people, lines)
	if err != nil {
		t.Fatal(err)
	}
	return &phones{T: t, exchange: e, clock: clock, handler: h, pages: r, lang: "en"}
}

func (p *phones) send(method, address string, form url.Values) *httptest.ResponseRecorder {
	p.Helper()
	r := httptest.NewRequest(method, address, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r = page.WithVisit(r, &page.Visit{ID: "r1", Token: "token-of-the-form", Locale: p.pages.Locales.Find(p.lang)})
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)
	return w
}

// get returns the body, and fails the test unless the status is the one wanted.
func (p *phones) get(address string, want int) string {
	p.Helper()
	w := p.send("GET", address, nil)
	if w.Code != want {
		p.Fatalf("GET %s: %d, want %d\n%s", address, w.Code, want, w.Body)
	}
	return w.Body.String()
}

func (p *phones) press(address, key string) {
	p.Helper()
	w := p.send("POST", address, url.Values{"key": {key}})
	if got := w.Header().Get("Location"); w.Code != http.StatusSeeOther || got != "/handset?to=%2B447700900123" {
		p.Fatalf("POST %s: %d, to %q", address, w.Code, got)
	}
}

func (p *phones) shows(body string, wanted ...string) {
	p.Helper()
	for _, want := range wanted {
		if !strings.Contains(body, want) && !strings.Contains(html.UnescapeString(body), want) {
			p.Errorf("the page does not show %q", want)
		}
	}
}

func (p *phones) hides(body string, unwanted ...string) {
	p.Helper()
	for _, no := range unwanted {
		if strings.Contains(body, no) {
			p.Errorf("the page shows %q", no)
		}
	}
}

func TestACallIsAnsweredHeardAndEnded(t *testing.T) {
	p := open(t)
	id := ring(t, p.exchange, beth)
	call := "/handset/calls/" + id

	p.shows(p.get("/handset", 200), "A call is coming in", `action="`+call+`/answer"`, "token-of-the-form")
	p.get(call+"/greeting.wav", 404) // it only rings
	p.get(call+"/reading.wav", 404)

	p.press(call+"/answer", "")
	body := p.get("/handset?to=%2B447700900123", 200)
	p.shows(body, "On a call", call+"/greeting.wav", "<audio controls autoplay", "Press one to hear your code.", `name="key" value="9"`)
	p.hides(body, "402917", "reading.wav")
	p.get(call+"/reading.wav", 404)
	w := p.send("GET", call+"/greeting.wav", nil)
	if w.Code != 200 || w.Header().Get("Content-Type") != "audio/wav" || !strings.HasPrefix(w.Body.String(), "RIFF") {
		t.Errorf("the greeting: %d, %v", w.Code, w.Header())
	}

	p.press(call+"/key", "5")
	p.get(call+"/reading.wav", 404)
	p.press(call+"/key", "1")
	body = p.get("/handset?to=%2B447700900123", 200)
	p.shows(body, "Your code is 402917. Once more: 402917.", call+"/reading.wav")
	w = p.send("GET", call+"/reading.wav", nil)
	if w.Code != 200 || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the reading: %d, %v", w.Code, w.Header())
	}
	p.hides(p.get("/handset", 200), "402917") // the other phones' page is no place for it

	p.clock.move(time.Minute)
	p.hides(p.get("/handset?to=%2B447700900123", 200), "autoplay") // a later look does not start it again

	p.press(call+"/hangup", "")
	body = p.get("/handset?to=%2B447700900123", 200)
	p.shows(body, "Call ended")
	p.hides(body, "402917", "<audio", "keypad")
	p.get(call+"/reading.wav", 404)
}

func TestKeyNineReports(t *testing.T) {
	p := open(t)
	var told string
	p.exchange.OnReport = func(_ context.Context, id string) { told = id }
	id := ring(t, p.exchange, beth)
	call := "/handset/calls/" + id
	p.press(call+"/answer", "")
	p.press(call+"/key", "9")
	if told != "m1" {
		t.Errorf("told %q, want %q", told, "m1")
	}
	body := p.get("/handset?to="+url.QueryEscape(beth), 200)
	p.shows(body, "You said that you did not ask for this", "reported.wav", "We will tell your organisation.")
	p.hides(body, "402917", `name="key"`)
	p.get(call+"/reported.wav", 200)
	p.get(call+"/reading.wav", 404)
}

func TestTwoKeysApprove(t *testing.T) {
	p := open(t)
	p.exchange.OnKeyed = func(_ context.Context, _, keys string) bool { return keys == "47" }
	for _, c := range []struct{ second, state, said, audio string }{
		{"7", "You keyed the right numbers", "Please look at your screen again.", "approved.wav"},
		{"8", "Those were not the numbers", "Those are not the numbers on your screen.", "wrong.wav"},
	} {
		call := "/handset/calls/" + ask(t, p.exchange, beth)
		p.press(call+"/answer", "")
		p.shows(p.get("/handset?to=%2B447700900123", 200), "Press the two numbers on your screen.", call+"/greeting.wav")
		p.press(call+"/key", "4")
		body := p.get("/handset?to=%2B447700900123", 200)
		p.shows(body, "You have pressed 4.", `name="key" value="7"`)
		p.hides(body, "<audio")
		p.press(call+"/key", c.second)
		p.shows(p.get("/handset?to=%2B447700900123", 200), c.state, c.said, call+"/"+c.audio)
		p.get(call+"/"+c.audio, 200)
		p.get(call+"/greeting.wav", 404)
		p.clock.move(time.Minute)
		body = p.get("/handset?to=%2B447700900123", 200)
		p.shows(body, c.state, c.said)
		p.hides(body, "<audio", `name="key"`)
	}
}

func TestMessagesAsJSON(t *testing.T) {
	p := open(t)
	id, err := p.exchange.Text(beth, "Your code is 111111.\n@northwold.example #111111")
	must(t, id, err)
	for _, to := range []string{"%2B447700900123", "+447700900123", "447700900123", "%2B44%207700%20900123", "%20447700900123"} {
		want := `[{"id":"` + id + `","to":"+447700900123","channel":"sms","text":"Your code is 111111.\n@northwold.example #111111","at":"2026-11-23T18:30:00Z"}]`
		if got := strings.TrimSpace(p.get("/handset/messages?to="+to, 200)); got != want {
			t.Errorf("to=%s:\n got %s\nwant %s", to, got, want)
		}
	}
	if got := p.get("/handset/messages?to=%2B442079460999", 200); got != "[]\n" {
		t.Errorf("a phone that got nothing: %q", got)
	}
	for _, to := range []string{"", "?to=", "?to=beth", "?to=%2B44%00", "?to=" + strings.Repeat("4", 100_000)} {
		w := p.send("GET", "/handset/messages"+to, nil)
		var body struct{ Error string }
		if err := json.Unmarshal(w.Body.Bytes(), &body); w.Code != 400 || err != nil || !strings.Contains(body.Error, "whole number") ||
			w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%.30s: %d %s", to, w.Code, w.Body)
		}
	}
	if got := strings.TrimSpace(p.get("/handset/people.json", 200)); got != `[{"state":"new","username":"beth"}]` {
		t.Errorf("people.json: %s", got)
	}
}

func TestTheBoardShowsEveryPhone(t *testing.T) {
	p := open(t)
	body := p.get("/handset", 200)
	p.shows(body, "demonstration", "No phone has got anything yet", "Beth Hughes", "+44 7700 900123",
		"Harold Price, Edith Price", `href="/handset?to=%2b441632960456"`)
	if n := strings.Count(html.UnescapeString(body), "+44 1632 960456"); n != 1 {
		t.Errorf("the shared telephone is shown %d times", n)
	}

	// A number of nobody in the sample gets its own phone, and the latest comes first.
	for _, to := range []string{beth, "+4915112345678"} {
		p.clock.move(time.Second)
		id, err := p.exchange.Text(to, "Your code is 111111.")
		must(t, id, err)
	}
	body = html.UnescapeString(p.get("/handset", 200))
	p.shows(body, "Another phone", "+49 1511 2345678", "Your code is 111111.")
	if strings.Index(body, "+49 1511") > strings.Index(body, "Beth Hughes") {
		t.Error("the phone that got something last does not come first")
	}
	for range 5 {
		id, err := p.exchange.Text(beth, "More")
		must(t, id, err)
	}
	p.shows(p.get("/handset", 200), "See 3 older messages")
	p.shows(p.get("/handset?to=+44+1632+960456", 200), "Nothing has come to this phone yet", "Harold Price")
	p.get("/handset?to=nobody", 422)
	p.get("/handset/nowhere", 404)
	p.get("/handset/calls/none/greeting.wav", 404)
	if w := p.send("POST", "/handset/calls/none/answer", nil); w.Code != 404 {
		t.Errorf("answering no call: %d", w.Code)
	}

	p.lang = "cy"
	p.shows(p.get("/handset", 200), "Y ffonau", `lang="cy"`)
}

func TestATextIsTextOnly(t *testing.T) {
	p := open(t)
	id, err := p.exchange.Text(beth, `<script>alert(1)</script><img src=x onerror=alert(2)>`)
	must(t, id, err)
	for _, address := range []string{"/handset", "/handset?to=%2B447700900123"} {
		body := p.get(address, 200)
		p.hides(body, "<script>alert", "<img", "style=", "onclick")
		p.shows(body, "&lt;script&gt;alert(1)")
	}
	if body := p.get("/handset/messages?to=%2B447700900123", 200); strings.Contains(body, "<") {
		t.Errorf("markup in JSON: %s", body)
	}
}

func TestChangesTellTheScriptToLookAgain(t *testing.T) {
	p := open(t)
	before := p.get("/handset/changes", 200)
	p.shows(p.get("/handset", 200), `data-changes="0"`)
	ring(t, p.exchange, beth)
	if after := p.get("/handset/changes", 200); before != "{\"changes\":0}\n" || after != "{\"changes\":1}\n" {
		t.Errorf("changes went from %s to %s", before, after)
	}
}
