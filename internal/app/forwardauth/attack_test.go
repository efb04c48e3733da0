package forwardauth_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/forwardauth"
	"woggle/internal/db/dbtest"
	"woggle/test/proxy"
)

func isYes(status int) bool { return status/100 == 2 }

// guarded is a site of which a part is open, and everything else is not.
func guarded(t testing.TB) *proxy.Woggle {
	t.Helper()
	d, clock := dbtest.Open(t)
	return proxy.New(t, d, clock, 1, site(forwardauth.Path{Prefix: "/public/", Open: true}), proxy.Site("open", []string{"open.example.org"},
		forwardauth.Path{Prefix: "/", Open: true}))
}

// spoofed is what a client would write to be taken for a request to somewhere open, from somewhere trusted.
var spoofed = http.Header{
	"X-Original-Url": {"https://wiki.example.org/public/x"}, "X-Original-Uri": {"/public/x"}, "X-Original-Method": {"GET"},
	"X-Original-Host": {"open.example.org"}, "X-Forwarded-Uri": {"/public/x"}, "X-Forwarded-Host": {"open.example.org"},
	"X-Forwarded-Method": {"GET"}, "X-Forwarded-Proto": {"https"}, "X-Forwarded-For": {"127.0.0.1"}, "X-Forwarded-Server": {"open.example.org"},
	"X-Forwarded-Prefix": {"/public"}, "X-Forwarded-Path": {"/public/x"}, "X-Rewrite-Url": {"/public/x"}, "X-Envoy-Original-Path": {"/public/x"},
	"X-Envoy-Original-Host": {"open.example.org"}, "X-Real-Ip": {"127.0.0.1"}, "X-Auth-Request-Redirect": {"/public/x"},
	"Forwarded":   {"for=127.0.0.1;host=open.example.org;proto=https"},
	"X-Http-Host": {"open.example.org"}, "X-Host": {"open.example.org"}, "Remote-User": {"aisha"}, "X-Remote-User": {"aisha"},
	"X-Http-Method-Override": {"OPTIONS"}, "Authorization": {"Basic YWlzaGE6YWlzaGE="},
}

// own are the headers that a proxy sets itself; nothing that a client writes into them gets past it.
var own = map[string][]string{"nginx": {"X-Original-Url", "X-Original-Method"}, "envoy": nil,
	"caddy":   {"X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"},
	"traefik": {"X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"},
	"haproxy": {"X-Forwarded-Method", "X-Forwarded-Host", "X-Forwarded-Uri"}}

// T76: what the client says of itself is believed nowhere.
func TestT76HeadersOfOtherProxiesAreNotRead(t *testing.T) {
	wg := guarded(t)
	for _, name := range proxy.Names {
		if !isYes(ask(t, wg, 0, name, question{target: "/public/x"}).StatusCode) {
			t.Errorf("%s: the open path is closed", name)
		}
		all := http.Header{}
		for header, values := range spoofed {
			if slices.Contains(own[name], header) {
				continue
			}
			all[header] = values
			for _, spelt := range []string{header, strings.ToLower(header), strings.ReplaceAll(header, "-", "_")} {
				if got := ask(t, wg, 0, name, question{target: "/secret", header: http.Header{spelt: values}}); isYes(got.StatusCode) {
					t.Errorf("%s: %s opens /secret", name, spelt)
				}
			}
		}
		got := ask(t, wg, 0, name, question{target: "/secret", header: all})
		if isYes(got.StatusCode) {
			t.Errorf("%s: all headers together open /secret", name)
		}
		if to, err := got.Location(); err != nil || to.Host != proxy.Home {
			t.Errorf("%s: the browser is sent to %v", name, got.Header["Location"])
		}
	}
}

// T76: what a proxy sets stands there once, or nothing is believed.
func TestT76WhatIsMissingOrThereTwiceIsNotRead(t *testing.T) {
	wg := guarded(t)
	for name, headers := range own {
		for _, header := range headers {
			for what, values := range map[string][]string{"missing": nil, "empty": {""}, "twice": {spoofed.Get(header), spoofed.Get(header)},
				"a list": {spoofed.Get(header) + ", " + spoofed.Get(header)}} {
				q := question{target: "/public/x", header: http.Header{header: values}}
				if got := ask(t, wg, 0, name, q); got.StatusCode != http.StatusUnauthorized {
					t.Errorf("%s: %s %s: %d", name, header, what, got.StatusCode)
				}
			}
		}
	}
}

// T76: only a proxy that is trusted is answered, whatever it says of where it stands.
func TestT76StrangersAreToldNothing(t *testing.T) {
	wg := guarded(t)
	for _, name := range proxy.Names {
		for _, from := range []string{"198.51.100.7:4711", "[2001:db8::1]:4711", "", "127.0.0.1", "unix"} {
			r := httptest.NewRequest(http.MethodGet, "https://wiki.example.org/forward/check/"+name, nil)
			r.RequestURI, r.RemoteAddr = "/forward/check/"+name, from
			for header, values := range spoofed {
				r.Header[header] = values
			}
			if name == "envoy" {
				r.RequestURI += "/public/x"
			}
			w := httptest.NewRecorder()
			wg.Servers[0].Handler().ServeHTTP(w, r)
			if w.Code != http.StatusUnauthorized || w.Header().Get("Location") != "" {
				t.Errorf("%s from %q: %d %v", name, from, w.Code, w.Header())
			}
		}
	}
}

// The hole that is left for proxies is one prefix, as it is sent: nothing else is served under a site's name (T56).
func TestUnderASitesNameNothingElseIsServed(t *testing.T) {
	wg := guarded(t)
	for _, target := range []string{"/", "/signin", "/forward/start?q=x", "/forward/keys", "/forward", "/forward/checks", "/Forward/check/nginx",
		"/forward/%63heck/nginx", "//forward/check/nginx", "/./forward/check/nginx", "/x/../forward/check/nginx", "/.woggle/return?ticket=x",
		"/.woggle/signout", "/forward/check", "/forward/check/", "/forward/check/apache", "/forward/check/NGINX", "/forward/check/nginx/public/x"} {
		request, err := http.NewRequest(http.MethodGet, "http://"+wg.Address(0)+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.URL.Opaque, request.Host = target, "wiki.example.org"
		request.Header.Set("X-Original-Url", "https://wiki.example.org/public/x")
		request.Header.Set("X-Original-Method", "GET")
		if got := send(t, request); isYes(got.StatusCode) || got.Header.Get("Location") != "" && !strings.HasPrefix(got.Header.Get("Location"), "/forward/check") {
			t.Errorf("%s: %d %s", target, got.StatusCode, got.Header["Location"])
		}
	}
}

// malformed are requests that no honest browser sends, or that are answered 200 by somebody somewhere.
func malformed() (all []question) {
	token := strings.Repeat("a", 52)
	cookies := []string{"", "=", ";", token, token + "a", strings.ToUpper(token), strings.Repeat("a", 51) + "1", strings.Repeat("a", 4000), "null",
		"undefined", "true", "0", "-1", "{}", "[]", "%61" + token[3:], token + "; __Host-woggle-app=" + token, "\"" + token + "\"", " " + token,
		"..", "' OR 1=1 --", "\t", "a=b", token[:26] + " " + token[26:]}
	targets := []string{"/", "/%", "/%zz", "/%00", "/a%00b", "/%0d%0aX: y", "/%2e%2e/public/x", "/public/%2e%2e/secret", "/public/..%2fsecret",
		"/public/%2fsecret", "/public%2fx", "/public/..;/secret", "/public/;/../secret", "/public/.;x/secret", "/.", "/..", "/./", "/../",
		"/public/../secret", "/public/./x", "/public/.%2e/x", "/%c0%ae%c0%ae/", "/%ff", "/%u002e", "//public/x", "/public//x", "/public/x%3b",
		"/public;a=b/x", "/PUBLIC/x", "/Public/x", "/public", "/public%20/x", "/public/%252e%252e/secret", "/public/%252f", "/public/%5c..%5csecret",
		"/public%5cx", "/secret?/public/x", "/secret#/public/x", "/secret;/public/x", "/public/%25%32%65", "*", "", "?", "public/x",
		"http://wiki.example.org/public/x", "/public/x%0a", "/%09/public/x", "/" + strings.Repeat("a", 6000), "/public/\uff0e\uff0e/secret"}
	for _, c := range cookies {
		all = append(all, question{cookie: c, target: "/secret"}, question{cookie: c, target: "/secret", script: true},
			question{cookie: c, target: "/secret", method: "POST"})
	}
	for _, target := range targets {
		if !strings.HasPrefix(target, "/public/x") {
			all = append(all, question{target: target}, question{target: target, method: "POST", script: true})
		}
	}
	for _, method := range []string{"HEAD", "OPTIONS", "TRACE", "CONNECT", "PUT", "DELETE", "PATCH", "PROPFIND", "get", "G ET", "", "-", "\x00",
		strings.Repeat("A", 33), "GET\t", "PRI"} {
		all = append(all, question{method: method, target: "/secret"}, question{method: method, target: "/secret", script: true})
	}
	for _, host := range []string{"", ".", "wiki.example.org.", "wiki.example.org:1", "wiki.example.org:", "xwiki.example.org", "wiki.example.orgx",
		"evil.example", "wiki.example.org@evil.example", "evil.example@wiki.example.org", "wiki.example.org/x", "wiki.example.org, open.example.org",
		"[::1]", "127.0.0.1", "*.example.org", "wiki.example.org\x00", "wiki%2eexample.org", "\u0448iki.example.org", "signin.example.org",
		strings.Repeat("a.", 200)} {
		all = append(all, question{host: host, target: "/secret"})
	}
	for _, agent := range []string{"kube-probe/1.30", "GoogleHC/1.0", "ELB-HealthChecker/2.0", "Prometheus/2.0", "curl/8", "\xff"} {
		all = append(all, question{target: "/secret", header: http.Header{"User-Agent": {agent}}})
	}
	for _, header := range []http.Header{{"Cookie": {"__Host-woggle-app"}}, {"Cookie": {";;;"}}, {"Cookie": {strings.Repeat("a=b;", 1000)}},
		{"Accept": {"\x80"}}, {"Sec-Fetch-Mode": {"navigate", "cors"}}, {"Sec-Fetch-Mode": {""}}, {"Sec-Fetch-Dest": {"iframe"}}, {"Upgrade": {"websocket"}},
		{"Expect": {"100-continue"}}, {"Access-Control-Request-Method": {"GET"}}} {
		all = append(all, question{target: "/secret", header: header})
	}
	return all
}

// put writes the question into a request that no client library would send, as a proxy of the kind would.
func put(name string, q question) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RequestURI, r.Host, r.RemoteAddr = "/forward/check/"+name, "127.0.0.1", "127.0.0.1:4711"
	host, method := or(q.host, "wiki.example.org"), or(q.method, "GET")
	switch name {
	case "nginx":
		r.Header["X-Original-Url"], r.Header["X-Original-Method"] = []string{"https://" + host + q.target}, []string{method}
	case "envoy":
		r.RequestURI, r.Host, r.Method = r.RequestURI+q.target, host, method
	default:
		r.Header["X-Forwarded-Host"], r.Header["X-Forwarded-Method"], r.Header["X-Forwarded-Uri"] = []string{host}, []string{method}, []string{q.target}
	}
	if !q.script {
		r.Header["Accept"], r.Header["Sec-Fetch-Mode"] = []string{"text/html"}, []string{"navigate"}
	}
	if q.cookie != "" {
		r.Header["Cookie"] = []string{"__Host-woggle-app=" + q.cookie}
	}
	for header, values := range q.header {
		r.Header[header] = values
	}
	return r
}

// answered is the answer to a question that is put without a network.
func answered(wg *proxy.Woggle, name string, q question) *http.Response {
	w := httptest.NewRecorder()
	wg.Servers[0].Handler().ServeHTTP(w, put(name, q))
	return w.Result()
}

// T77: whatever is malformed, it is never let through without a session.
func TestT77MalformedRequestsDoNotPass(t *testing.T) {
	wg, all := guarded(t), malformed()
	if len(all) < 200 {
		t.Fatalf("only %d malformed requests", len(all))
	}
	for _, name := range proxy.Names {
		for _, q := range all {
			switch got := answered(wg, name, q); got.StatusCode {
			case http.StatusUnauthorized, http.StatusForbidden, http.StatusFound, http.StatusSeeOther:
				if to := got.Header.Get("Location"); to != "" && !strings.HasPrefix(to, "https://"+proxy.Home+"/forward/") {
					t.Errorf("%s: %+v leads to %s", name, q, to)
				}
			default:
				t.Errorf("%s: %+v: %d", name, q, got.StatusCode)
			}
		}
	}
}

func FuzzNothingPassesWithoutASession(f *testing.F) {
	wg := guarded(f)
	for i, q := range malformed() {
		f.Add(i%len(proxy.Names), q.host, q.method, q.target, q.cookie)
	}
	f.Fuzz(func(t *testing.T, name int, host, method, target, cookie string) {
		q := question{host: host, method: method, target: target, cookie: cookie}
		got := answered(wg, proxy.Names[uint(name)%uint(len(proxy.Names))], q)
		open := strings.HasPrefix(target, "/public/") || strings.Contains(strings.ToLower(host), "open.example.org")
		if isYes(got.StatusCode) && !open {
			t.Errorf("%q %q %q passes: %d", host, method, target, got.StatusCode)
		}
		if to, err := got.Location(); err == nil && to.Host != proxy.Home && to.Host != "wiki.example.org" && to.Host != "open.example.org" {
			t.Errorf("%q %q %q leads to %s", host, method, target, to)
		}
	})
}

// T78: a site that is open but for one part. Whatever a site could take for that part is closed.
func TestT78APartIsProtectedInEverySpelling(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg := proxy.New(t, d, clock, 1, site(forwardauth.Path{Prefix: "/", Open: true}, forwardauth.Path{Prefix: "/admin/", Groups: []string{"Trustees"}}))
	b := wg.Browser(map[string]string{"wiki.example.org": wg.Stand("caddy", 0, proxy.Echo())})
	b.Go(wiki + "/admin/").SignIn(wg.Member("aisha")).Sees("this part of The wiki is not open to you")
	b.Go(wiki + "/a;b").At(wiki + "/a;b") // is read in more ways than one, and takes a sign-in
	variants := []string{"/admin", "/admin/", "/admin/x", "/admin?x", "/admin/?a=/public", "/admin?/../x", "/ADMIN/", "/Admin", "/aDmIn/x", "/admin/..",
		"/admin/../admin/", "/x/../admin/", "/./admin/", "/admin/./", "/../admin/", "/x/..//admin", "//admin/", "///admin", "/admin//", "/admin//x",
		"//admin//x", "/%61dmin/", "/%61%64%6d%69%6e/", "/admin%2f", "/admin%2Fx", "/%2fadmin/", "/%2Fadmin", "/x%2f..%2fadmin", "/admin%5c",
		"/%5cadmin", "/admin\\x", "/\\admin", "/%2e/admin", "/%2e%2e/admin", "/x/%2e%2e/admin", "/x/%2E%2E/admin", "/x/.%2e/admin", "/x/%2e./admin",
		"/%252e%252e/admin", "/%2561dmin/", "/x/%252e%252e/admin", "/x%252f..%252fadmin", "/x/%25252e%25252e/admin", "/admin;", "/admin;x=1/",
		"/admin;/x", "/;/admin/", "/;x/admin", "/x/..;/admin/", "/x/..;a=b/admin", "/x/;/../admin", "/admin%3b/x", "/%3b/admin", "/admin%20/",
		"/admin%20", "/%20/admin", "/admin%09/", "/admin%00", "/admin%00/x", "/%00admin", "/admin%0a", "/admin%0d%0a", "/admin.", "/admin./x",
		"/admin.../", "/admin%2e/", "/admin%c0%af", "/%c0%af/admin", "/x/%c0%ae%c0%ae/admin", "/%e0%80%af/admin", "/admin%3fx", "/admin%23",
		"/admin#x", "/x#/../admin", "/%u0061dmin", "/ａdmin/", "/%ef%bd%81dmin/", "/%ef%bc%8fadmin", "/x/%ef%bc%8e%ef%bc%8e/admin", "/admin%ef%bc%8fx",
		"/%ef%b9%a8/admin", "/admin.json", "/admin.php/x", "/administrators", "/%41dmin/", "/admin%", "/admin/%", "/admin/%zz", "/x/%2e%2e%2fadmin",
		"/x/..%5cadmin", "/x/%5c..%5cadmin", "/%61dmin%2f", "/a%64min;v=1/x", "//%61dmin//", "/.;/admin", "/..;/admin"}
	if len(variants) < 80 {
		t.Fatalf("only %d variants", len(variants))
	}
	cookie := b.Cookie(wiki, "__Host-woggle-app")
	if !isYes(answered(wg, "caddy", question{target: "/a;b", cookie: cookie}).StatusCode) {
		t.Fatal("nobody is signed in")
	}
	for _, name := range proxy.Names {
		for _, target := range variants {
			for _, c := range []string{"", cookie} {
				if got := answered(wg, name, question{target: target, cookie: c}); isYes(got.StatusCode) {
					t.Errorf("%s: %s passes", name, target)
				}
			}
		}
		for _, target := range []string{"/", "/x", "/x?admin", "/x/admin", "/adm/in", "/x.html?a=%2Fadmin", "/x/%C3%A9"} {
			if got := answered(wg, name, question{target: target}); !isYes(got.StatusCode) {
				t.Errorf("%s: %s is closed: %d", name, target, got.StatusCode)
			}
		}
	}
}

// T80: the way back leads to the site and nowhere else.
func TestT80TheWayBackLeadsToTheSite(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg := proxy.New(t, d, clock, 1, site())
	b := wg.Browser(map[string]string{"wiki.example.org": wg.Stand("haproxy", 0, proxy.Echo())})
	b.Go(wiki + "/").SignIn(wg.Member("aisha"))
	nonce := b.CookieLike(wiki, "__Host-woggle-start-")
	for _, target := range []string{"//evil.example", "//evil.example/x", "///evil.example", "//evil.example@x/", "/;//evil.example", "/@evil.example",
		"/https:evil.example", "/x?to=//evil.example", "/x?to=\\\\evil.example", "/" + strings.Repeat("a", 3000), "/.evil.example", "/x?" + url.QueryEscape("\r\nLocation: https://evil.example"),
		"/?q=https://evil.example/"} {
		got := ask(t, wg, 0, "haproxy", question{target: target, header: http.Header{"Cookie": {"__Host-woggle-start-abcdef=" + nonce}}})
		to, err := got.Location()
		if err != nil || to.Host != proxy.Home || to.Path != "/forward/start" {
			t.Errorf("%.40s: %d %v", target, got.StatusCode, got.Header["Location"])
			continue
		}
		b.Go(to.String())
		if b.Page.URL.Host != "wiki.example.org" || b.Page.URL.Scheme != "https" || !strings.HasPrefix(b.Page.Body, "echo GET /") {
			t.Errorf("%.40s leads to %s", target, b.Page.URL)
		}
	}
}

// T80: nobody but us makes a beginning, and an old one leads to the front page of the site.
func TestT80ABeginningIsOursAndNew(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := stand(t, d, clock, "caddy", site())
	b.Go(wiki + "/page").SignIn(wg.Member("aisha"))
	start := "https://" + proxy.Home + "/forward/start?q="
	other := proxy.New(t, d, clock, 1, site()) // another installation's key
	foreign := ask(t, other, 0, "caddy", question{}).Header.Get("Location")
	mine := ask(t, wg, 0, "caddy", question{target: "/page"}).Header.Get("Location")
	for what, address := range map[string]string{"empty": start, "garbage": start + "AAAA", "not base64": start + "%00", "foreign": foreign,
		"altered": mine[:len(mine)-6] + "AAAAAA", "cut": mine[:len(mine)-20], "long": start + strings.Repeat("A", 4000)} {
		if b.Go(address); b.Page.Status != http.StatusGone || b.Page.URL.Host != proxy.Home {
			t.Errorf("%s: %d at %s", what, b.Page.Status, b.Page.URL)
		}
	}
	clock.Advance(forwardauth.BeginLife + time.Second)
	if b.Go(mine).At(wiki + "/"); !strings.Contains(b.Page.Text, "Remote-User: aisha") {
		t.Errorf("an old beginning: %.200s", b.Page.Text)
	}
}

// Scripts are told by the status, and what is not a GET is not done again.
func TestScriptsGetAStatusAndFormsAreNotReplayed(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg, b := stand(t, d, clock, "traefik", site())
	for what, c := range map[string]struct {
		q    question
		back string // where the person comes back to; empty: nobody is sent anywhere
	}{
		"a page":          {question{target: "/page"}, "/page"},
		"a script":        {question{target: "/page", script: true}, ""},
		"fetch":           {question{target: "/page", header: http.Header{"Sec-Fetch-Mode": {"cors"}}}, ""},
		"an image":        {question{target: "/page", header: http.Header{"Sec-Fetch-Mode": {"no-cors"}}}, ""},
		"a web socket":    {question{target: "/page", header: http.Header{"Sec-Fetch-Mode": {"websocket"}}}, ""},
		"a frame":         {question{target: "/page", header: http.Header{"Sec-Fetch-Dest": {"iframe"}}}, ""},
		"JSON":            {question{target: "/page", script: true, header: http.Header{"Accept": {"application/json"}}}, ""},
		"an old browser":  {question{target: "/page", script: true, header: http.Header{"Accept": {"text/html,*/*"}}}, "/page"},
		"a form":          {question{target: "/delete?id=1", method: "POST"}, "/"},
		"a script's form": {question{target: "/delete", method: "POST", script: true, header: http.Header{"Accept": {"text/html"}}}, ""},
		"a preflight":     {question{target: "/page", method: "OPTIONS", header: http.Header{"Sec-Fetch-Mode": {"cors"}}}, ""},
	} {
		for _, name := range proxy.Names {
			got := ask(t, wg, 0, name, c.q)
			to, err := got.Location()
			switch {
			case c.back == "" && (got.StatusCode != http.StatusUnauthorized || err == nil || got.Header.Get("Set-Cookie") != ""):
				t.Errorf("%s, %s: %d %v", name, what, got.StatusCode, got.Header)
			case c.back != "" && (err != nil || to.Host != proxy.Home || len(got.Header["Set-Cookie"]) != 1):
				t.Errorf("%s, %s: %d %v", name, what, got.StatusCode, got.Header)
			case c.back != "" && name == "nginx" && got.StatusCode != http.StatusUnauthorized,
				c.back != "" && name != "nginx" && c.q.method == "POST" && got.StatusCode != http.StatusSeeOther,
				c.back != "" && name != "nginx" && c.q.method == "" && got.StatusCode != http.StatusFound:
				t.Errorf("%s, %s: status %d", name, what, got.StatusCode)
			}
			if got.StatusCode == http.StatusUnauthorized && got.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s, %s: no WWW-Authenticate", name, what)
			}
		}
	}
	// The form's person comes back to the front page, and nothing is deleted.
	request, _ := http.NewRequest(http.MethodPost, wiki+"/delete?id=1", strings.NewReader("sure=yes"))
	page, err := b.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	b.Page = page
	if b.SignIn(wg.Member("aisha")).At(wiki + "/"); !strings.HasPrefix(b.Page.Body, "echo GET /\n") {
		t.Errorf("%.100s", b.Page.Body)
	}
	if fmt.Sprint(proxy.Heard(t, b.Page.Body, "Content-Length")) != "[]" {
		t.Error("the form's body came along")
	}
}
