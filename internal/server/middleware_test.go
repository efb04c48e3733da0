package server_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/authenticator"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
	"woggle/internal/message/handset"
	"woggle/internal/method/phone"
	"woggle/internal/page"
	"woggle/internal/server"
)

// house is a server that is asked directly, without a network.
type house struct {
	*server.Server
	db    *db.DB
	keys  *keys.Ring
	clock *dbtest.Clock
	log   *bytes.Buffer
}

func newHouse(t *testing.T, base string, change ...func(*server.Options)) *house {
	t.Helper()
	d, clock := dbtest.Open(t)
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	options := server.Options{DB: d, Keys: keys.Random(), Base: address, Plan: phone.Plan{Default: "GB"},
		Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57"},
		Log:   slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	for _, c := range change {
		c(&options)
	}
	s, err := server.New(options)
	if err != nil {
		t.Fatal(err)
	}
	return &house{s, d, options.Keys, clock, log}
}

func demonstration(o *server.Options) {
	o.Demo = &server.Demo{Exchange: handset.New(o.DB.Now), People: func() any { return []string{} }, Lines: func() []handset.Line { return nil }}
}

func behind(proxies ...string) func(*server.Options) {
	return func(o *server.Options) {
		for _, p := range proxies {
			o.TrustedProxies = append(o.TrustedProxies, netip.MustParsePrefix(p))
		}
	}
}

const site1 = "https://signin.northwold.example"

// ask sends a request to the site's own host.
func (h *house) ask(method, target string, body io.Reader, change ...func(*http.Request)) *http.Response {
	r := httptest.NewRequest(method, target, body)
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for _, c := range change {
		c(r)
	}
	w := httptest.NewRecorder()
	h.Handler().ServeHTTP(w, r)
	return w.Result()
}

func header(name string, values ...string) func(*http.Request) {
	return func(r *http.Request) { r.Header[name] = values }
}

func body(t *testing.T, r *http.Response) string {
	t.Helper()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// form is what a browser needs to send a form: its cookie, and the token of a page that it got.
func (h *house) form(t *testing.T, base string) (cookie func(*http.Request), token string) {
	t.Helper()
	r := h.ask("GET", base+"/signin", nil)
	for _, c := range r.Cookies() {
		if strings.HasSuffix(c.Name, "woggle-browser") {
			_, rest, _ := strings.Cut(body(t, r), `name="t" value="`)
			token, _, _ = strings.Cut(rest, `"`)
			return func(r *http.Request) { r.AddCookie(c) }, token
		}
	}
	t.Fatal("the first page sets no cookie")
	return nil, ""
}

// Every route, as it is and misused, and every error: the headers are there (threat T55).
func TestEveryAnswerHasTheHeaders(t *testing.T) {
	for base, secure := range map[string]bool{site1: true, "http://localhost:8080": false} {
		h := newHouse(t, base, func(o *server.Options) {
			if !secure {
				demonstration(o)
			}
		})
		bare, guarded, err := h.Patterns()
		if err != nil {
			t.Fatal(err)
		}
		fill := strings.NewReplacer("{$}", "", "{id}", "x", "{token}", "x", "{page}", "phone", "{name}", "x.png", "{speech}", "x", "{rest...}", "x", "{app}", "x", "{issuer}", "x")
		type request struct{ method, path string }
		requests := []request{{"GET", "/nowhere"}, {"PUT", "/signin"}, {"BREW", "/"}, {"GET", "/static/0/x.css"}, {"GET", "//evil.example/x"},
			{"GET", "/signin/../security"}, {"POST", "/healthz"}, {"OPTIONS", "/"}}
		for _, pattern := range slices.Concat(bare, guarded) {
			method, path, found := strings.Cut(pattern, " ")
			if !found { // of every method
				method, path = "GET", pattern
			}
			for _, m := range []string{method, "HEAD", "DELETE"} {
				requests = append(requests, request{m, fill.Replace(path)})
			}
		}
		if len(requests) < 60 {
			t.Fatalf("only %d requests: the table is not seen", len(requests))
		}
		for _, q := range requests {
			r := h.ask(q.method, base+q.path, nil)
			if q.path == authenticator.Base && r.StatusCode == http.StatusOK {
				continue // it has some of its own: the next test
			}
			checkHeaders(t, fmt.Sprintf("%s %s: %d", q.method, q.path, r.StatusCode), r, secure)
			isBare := slices.ContainsFunc(bare, func(p string) bool {
				method, path, _ := strings.Cut(p, " ")
				return q.method == method && (q.path == fill.Replace(path) || path == "/static/" && strings.HasPrefix(q.path, path))
			})
			if isBare && len(r.Cookies()) > 0 {
				t.Errorf("%s sets the cookie %s", q.path, r.Cookies()[0].Name)
			}
		}
		for name, r := range map[string]*http.Response{
			"another host": h.ask("GET", "https://other.example/signin", nil),
			"a panic":      h.panics("GET"),
			"too much":     h.ask("POST", base+"/signin", strings.NewReader(strings.Repeat("a", 70_000))),
		} {
			checkHeaders(t, name, r, secure)
		}
	}
}

// The authenticator keeps what it shows and needs the camera; its own tests judge what it says of that. The rest is as everywhere,
// and nobody's cookie is read or set where everybody gets the same.
func TestTheAuthenticatorIsTheSameForEverybody(t *testing.T) {
	h := newHouse(t, site1)
	cookie, _ := h.form(t, site1)
	for _, address := range []string{authenticator.Base, authenticator.Base + "worker.js", authenticator.Base + "nothing"} {
		stranger, visitor := h.ask("GET", site1+address, nil), h.ask("GET", site1+address, nil, cookie)
		for name, want := range map[string]string{"X-Frame-Options": "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
			"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin"} {
			if all := stranger.Header.Values(name); len(all) != 1 || all[0] != want {
				t.Errorf("%s: %s is %q", address, name, all)
			}
		}
		if all := stranger.Header.Values("Content-Security-Policy"); len(all) != 1 || !strings.Contains(all[0], "require-trusted-types-for 'script'") {
			t.Errorf("%s: the policy is %q", address, all)
		}
		if stranger.Header.Get("Strict-Transport-Security") == "" {
			t.Errorf("%s may come without TLS", address)
		}
		if len(stranger.Cookies())+len(visitor.Cookies()) > 0 || body(t, stranger) != body(t, visitor) {
			t.Errorf("%s is not the same for everybody", address)
		}
	}
	if r := h.ask("GET", site1+"/authenticator", nil); r.StatusCode != http.StatusTemporaryRedirect || r.Header.Get("Location") != authenticator.Base {
		t.Errorf("without its last stroke: %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
}

func checkHeaders(t *testing.T, what string, r *http.Response, secure bool) {
	t.Helper()
	for name, part := range map[string]string{
		"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
		"X-Frame-Options":         "DENY", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin",
		"Cross-Origin-Opener-Policy": "same-origin", "Cross-Origin-Resource-Policy": "same-origin", "Permissions-Policy": "camera=()",
	} {
		if all := r.Header.Values(name); len(all) != 1 || !strings.Contains(all[0], part) {
			t.Errorf("%s: %s is %q", what, name, all)
		}
	}
	if got := r.Header.Get("Strict-Transport-Security") != ""; got != secure {
		t.Errorf("%s: Strict-Transport-Security %v", what, got)
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") && r.Header.Get("Cache-Control") != "no-store" && r.StatusCode != 301 && r.StatusCode != 307 {
		t.Errorf("%s may be cached: %q", what, r.Header.Get("Cache-Control"))
	}
	if strings.Contains(r.Header.Get("Cache-Control"), "public") && len(r.Cookies()) > 0 {
		t.Errorf("%s: a cache would keep somebody's cookie", what)
	}
	for _, c := range r.Cookies() {
		if !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || c.Secure != secure ||
			secure && !strings.HasPrefix(c.Name, "__Host-") && c.Name != "woggle-language" {
			t.Errorf("%s: the cookie %v", what, c)
		}
	}
}

// Our name is the one in the settings, and no header can say another (threat T56).
func TestOnlyOurOwnHostIsServed(t *testing.T) {
	real, demo := newHouse(t, site1), newHouse(t, "http://localhost:8081", demonstration)
	for _, c := range []struct {
		h    *house
		host string
		ours bool
	}{
		{real, "signin.northwold.example", true}, {real, "SIGNIN.northwold.example", true}, {real, "signin.northwold.example:443", true},
		{real, "signin.northwold.example:80", false}, {real, "signin.northwold.example:8443", false}, {real, "evil.example", false},
		{real, "signin.northwold.example.evil.example", false}, {real, "evil.signin.northwold.example", false}, {real, "northwold.example", false},
		{real, "signin.northwold.example.", false}, {real, "", false}, {real, "127.0.0.1", false}, {real, "localhost", false},
		{real, "signin.northwold.example@evil.example", false}, {real, "signin.northwold.example:443:443", false},
		{demo, "localhost:8081", true}, {demo, "127.0.0.1:8081", true}, {demo, "[::1]:8081", true}, {demo, "127.0.0.1:8080", false},
		{demo, "localhost", false}, {demo, "192.0.2.1:8081", false}, {demo, "localhost.evil.example:8081", false},
	} {
		r := c.h.ask("GET", "http://x/signin", nil, func(r *http.Request) { r.Host = c.host })
		want := http.StatusMisdirectedRequest
		if c.ours {
			want = http.StatusOK
		}
		if r.StatusCode != want {
			t.Errorf("host %q: status %d, want %d", c.host, r.StatusCode, want)
		}
		for _, path := range []string{"/healthz", "/readyz"} {
			if r := c.h.ask("GET", "http://x"+path, nil, func(r *http.Request) { r.Host = c.host }); r.StatusCode != http.StatusOK {
				t.Errorf("host %q: a probe of %s gets %d", c.host, path, r.StatusCode)
			}
		}
	}
}

// Twenty headers that have poisoned the links of others; a letter's link is always our own.
func TestNoHeaderChangesALink(t *testing.T) {
	d, clock := dbtest.Open(t)
	s := newSite(t, d, clock, 1)
	user := s.member("aisha")
	address := s.nodes[0].web.URL
	names := []string{"X-Forwarded-Host", "X-Forwarded-Server", "X-Forwarded-Proto", "X-Forwarded-Scheme", "X-Forwarded-Port", "X-Forwarded-Prefix",
		"Forwarded", "X-Host", "X-HTTP-Host-Override", "X-Original-Host", "X-Original-URL", "X-Rewrite-URL", "X-Real-IP", "X-Client-IP",
		"True-Client-IP", "CF-Connecting-IP", "X-Url-Scheme", "Front-End-Https", "Base-Url", "X-Wap-Profile", "Via"}
	for i, name := range names {
		b := s.browser()
		b.Header.Set(name, "evil.example")
		if name == "Forwarded" {
			b.Header.Set(name, "host=evil.example;proto=https")
		}
		b.open("/signin/forgot").fill("Send", "username", "aisha")
		if strings.Contains(b.page.Body, "evil.example") {
			t.Errorf("%s shows on the page", name)
		}
		letters := s.to(user.Email)
		if len(letters) != i+1 || letters[0].Button == nil || !strings.HasPrefix(letters[0].Button.URL, address+"/signin/recover/") {
			t.Fatalf("%s: %d letters, the last %+v", name, len(letters), letters)
		}
		clock.Advance(2 * time.Hour) // past the bound of letters
	}
}

func TestTheClientIsWhomTrustedProxiesName(t *testing.T) {
	h := newHouse(t, site1, behind("10.0.0.0/8", "2001:db8:1::/48"))
	for name, c := range map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"nobody between":                       {"192.0.2.1:5000", nil, "192.0.2.1"},
		"a visitor who pretends":               {"192.0.2.1:5000", []string{"198.51.100.7"}, "192.0.2.1"},
		"one proxy":                            {"10.0.0.1:5000", []string{"198.51.100.7"}, "198.51.100.7"},
		"one proxy and a visitor who pretends": {"10.0.0.1:5000", []string{"203.0.113.9, 198.51.100.7"}, "198.51.100.7"},
		"two proxies":                          {"10.0.0.1:5000", []string{"203.0.113.9, 198.51.100.7, 10.2.2.2"}, "198.51.100.7"},
		"in two headers":                       {"10.0.0.1:5000", []string{"203.0.113.9", "198.51.100.7,10.2.2.2"}, "198.51.100.7"},
		"a visitor who pretends to be a proxy": {"10.0.0.1:5000", []string{"10.3.3.3, 198.51.100.7"}, "198.51.100.7"},
		"a proxy's own request":                {"10.0.0.1:5000", nil, "10.0.0.1"},
		"with a port":                          {"10.0.0.1:5000", []string{"198.51.100.7:1234"}, "198.51.100.7"},
		"IPv6":                                 {"[2001:db8:1::2]:5000", []string{"2001:db8:9::9"}, "2001:db8:9::9"},
		"IPv6 with a port":                     {"[2001:db8:1::2]:5000", []string{"[2001:db8:9::9]:123"}, "2001:db8:9::9"},
		"IPv4 in IPv6":                         {"[::ffff:10.0.0.1]:5000", []string{"::ffff:198.51.100.7"}, "198.51.100.7"},
		"nonsense":                             {"10.0.0.1:5000", []string{"198.51.100.7, unknown"}, "10.0.0.1"},
		"nonsense further left":                {"10.0.0.1:5000", []string{"x y z, 198.51.100.7"}, "198.51.100.7"},
		"nothing":                              {"10.0.0.1:5000", []string{""}, "10.0.0.1"},
		"a zone":                               {"[fe80::1%eth0]:5000", nil, "fe80::1"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.forwarded
		r.Header.Set("X-Real-IP", "203.0.113.200")
		r.Header.Set("Forwarded", "for=203.0.113.201")
		if got := h.Client(r).String(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func (h *house) panics(method string) *http.Response {
	w := httptest.NewRecorder()
	h.Enter(func(http.ResponseWriter, *http.Request) { panic("the canary sings") }).ServeHTTP(w, httptest.NewRequest(method, site1+"/signin", nil))
	return w.Result()
}

func TestAPanicIsAPageAndALine(t *testing.T) {
	h := newHouse(t, site1)
	r := h.panics("GET")
	text := body(t, r)
	if r.StatusCode != http.StatusInternalServerError || !strings.Contains(text, "Something went wrong on our side") {
		t.Errorf("status %d: %s", r.StatusCode, text)
	}
	if strings.Contains(text, "canary") || strings.Contains(text, ".go") {
		t.Error("the visitor sees the cause")
	}
	for _, want := range []string{"the canary sings", "middleware_test.go", "status=500"} {
		if !strings.Contains(h.log.String(), want) {
			t.Errorf("%q is not in the log: %s", want, h.log)
		}
	}
	id := strings.SplitN(strings.SplitN(h.log.String(), "id=", 2)[1], " ", 2)[0]
	if !strings.Contains(text, id) {
		t.Errorf("the page does not give the number %s that finds the line", id)
	}
}

// The log names routes, never addresses: tokens, names and numbers stand in those (threat T87).
func TestTheLogKeepsNothingOfAVisitor(t *testing.T) {
	h := newHouse(t, site1)
	cookie, token := h.form(t, site1)
	const canary = "canary-3141592653"
	visits := []func(*http.Request){cookie, header("User-Agent", canary), header("Referer", site1+"/"+canary), header("X-Request-Id", canary),
		header("X-Forwarded-For", canary), header("Accept-Language", canary), header("Authorization", canary)}
	h.ask("GET", site1+"/signin/recover/"+canary+"?to="+canary, nil, visits...)
	h.ask("GET", site1+"/"+canary, nil, visits...)
	h.ask(strings.ToUpper(canary), site1+"/signin", nil, visits...)
	h.ask("POST", site1+"/signin", strings.NewReader(url.Values{"username": {canary}, "t": {token}}.Encode()), visits...)
	h.ask("POST", site1+"/signin", strings.NewReader("username="+canary+"&t="+canary), visits...)
	h.ask("GET", "https://"+canary+".example/", nil, visits...)
	log := h.log.String()
	if strings.Contains(strings.ToLower(log), "canary") || strings.Contains(log, token) || strings.Contains(log, "192.0.2.1") {
		t.Errorf("the log tells:\n%s", log)
	}
	for _, want := range []string{`route="GET /signin/recover/{token}"`, `route=/ status=404`, `route="POST /signin" status=303`, "status=403", "status=421", "method=other"} {
		if !strings.Contains(log, want) {
			t.Errorf("%s is not in the log:\n%s", want, log)
		}
	}
}

func TestUnknownPagesAndMethods(t *testing.T) {
	h := newHouse(t, site1)
	for _, c := range []struct {
		method, path string
		status       int
		words        string
	}{
		{"GET", "/nowhere", 404, "no page at this address"}, {"GET", "/handset", 404, "no page"}, {"GET", "/handset/messages", 404, "no page"},
		{"DELETE", "/signin", 403, ""}, {"GET", "/signout", 405, "can’t be used like that"}, {"GET", "/signin/lost", 405, ""},
		{"GET", "/static/0/nothing.css", 404, ""}, {"GET", "/.git/config", 404, "no page"},
	} {
		r := h.ask(c.method, site1+c.path, nil)
		if text := body(t, r); r.StatusCode != c.status || !strings.Contains(text, c.words) {
			t.Errorf("%s %s: status %d, %.200s", c.method, c.path, r.StatusCode, text)
		}
	}
}

func TestEveryPageCanBeParsed(t *testing.T) {
	if err := newHouse(t, "http://localhost:8080", demonstration).Parse(); err != nil {
		t.Error(err)
	}
}

// A demonstration shows everybody's codes.
func TestADemonstrationStaysOnThisComputer(t *testing.T) {
	d, _ := dbtest.Open(t)
	options := server.Options{DB: d, Keys: keys.Random(), Base: &url.URL{Scheme: "https", Host: "signin.northwold.example"},
		Brand: page.Brand{Name: "N", Colour: "#000000"}, Log: slog.New(slog.DiscardHandler)}
	demonstration(&options)
	if _, err := server.New(options); err == nil {
		t.Error("a demonstration takes a public name")
	}
	h := newHouse(t, "http://localhost:8080", demonstration)
	for _, address := range []net.Addr{&net.TCPAddr{IP: net.ParseIP("192.0.2.1")}, &net.TCPAddr{IP: net.IPv6zero}, &net.UnixAddr{Name: "x"}} {
		if err := h.Serve(t.Context(), elsewhere{address}); err == nil || !strings.Contains(err.Error(), "this computer only") {
			t.Errorf("a demonstration serves %v: %v", address, err)
		}
	}
}

// elsewhere is a listener that says that it listens there.
type elsewhere struct{ address net.Addr }

func (elsewhere) Accept() (net.Conn, error) { return nil, io.EOF }
func (elsewhere) Close() error              { return nil }
func (e elsewhere) Addr() net.Addr          { return e.address }

// Told to stop, the server answers what is under way and then ends.
func TestServeEndsWhenItIsTold(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, "http://"+listener.Addr().String())
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- h.Serve(ctx, listener) }()
	for _, path := range slices.Sorted(maps.Keys(map[string]int{"/healthz": 0, "/readyz": 0, "/signin": 0})) {
		r, err := http.Get("http://" + listener.Addr().String() + path)
		if err != nil || r.StatusCode != http.StatusOK {
			t.Errorf("%s: %v, %v", path, r, err)
			continue
		}
		r.Body.Close()
	}
	request := "GET /signin HTTP/1.1\r\nHost: " + listener.Addr().String() + "\r\nX-Large: " + strings.Repeat("x", 40<<10) + "\r\n\r\n"
	if status := raw(t, listener.Addr().String(), request); !strings.Contains(status, " 431 ") {
		t.Errorf("large headers: %s", status)
	}
	for _, request := range []string{"GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"} {
		if status := raw(t, listener.Addr().String(), request); !strings.Contains(status, " 400 ") {
			t.Errorf("%q: %s", request, status)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// raw sends bytes and reads the status line.
func raw(t *testing.T, address, request string) string {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	io.WriteString(c, request)
	line := make([]byte, 200)
	n, _ := c.Read(line)
	status, _, _ := strings.Cut(string(line[:n]), "\r\n")
	return status
}
