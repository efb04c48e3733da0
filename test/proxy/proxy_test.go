package proxy

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/forwardauth"
	"woggle/internal/db/dbtest"
)

const wiki = "https://wiki.example.org"

// standing is a Woggle, a site that echoes, and a proxy of the kind in between.
type standing struct {
	wg      *Woggle
	address string // of the proxy
}

func eachProxy(t *testing.T, story func(t *testing.T, s standing)) {
	for _, name := range Names {
		t.Run(name, func(t *testing.T) {
			d, clock := dbtest.Open(t)
			wg := New(t, d, clock, 1, Site("wiki", []string{"wiki.example.org"}, forwardauth.Path{Prefix: "/public/", Open: true},
				forwardauth.Path{Prefix: "/admin", Groups: []string{"Wiki team"}}),
				Site("open", []string{"open.example.org"}, forwardauth.Path{Prefix: "/", Open: true}))
			site := httptest.NewServer(Echo())
			t.Cleanup(site.Close)
			story(t, standing{wg, wg.Front(name, 0, site.Listener.Addr().String())})
		})
	}
}

func (s standing) browser() *Browser {
	return s.wg.Browser(map[string]string{"wiki.example.org": s.address})
}

// raw sends a request byte for byte, and gives what comes back.
func (s standing) raw(t *testing.T, lines ...string) (status int, body string) {
	t.Helper()
	connection, err := net.Dial("tcp", s.address)
	if err != nil {
		t.Fatal(err)
	}
	defer connection.Close()
	connection.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(connection, strings.Join(lines, "\r\n")+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(connection), nil)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return 0, "" // it hung up, which is no answer of the site's
	}
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

func TestAPersonArrivesBehindEveryProxy(t *testing.T) {
	eachProxy(t, func(t *testing.T, s standing) {
		p, b := s.wg.Member("aisha", "District North", "Küche, Keller"), s.browser()
		b.Go(wiki + "/page?a=1&b=%2F&c=%25").At("https://" + Home + "/signin")
		b.SignIn(p).At(wiki + "/page")
		if !strings.HasPrefix(b.Page.Body, "echo GET /page?a=1&b=%2F&c=%25\n") {
			t.Errorf("the site got another request: %.100s", b.Page.Body)
		}
		for header, want := range map[string]string{"Remote-User": "aisha", "Remote-Name": "Si%C3%A2n aisha", "Remote-Email": "aisha@northwold.example",
			"Remote-Groups": "District North,K%C3%BCche%2C Keller"} {
			if got := Heard(t, b.Page.Body, header); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: %q, want %q", header, got, want)
			}
		}
		if got := Heard(t, b.Page.Body, "Woggle-Assertion"); len(got) != 1 || strings.Count(got[0], ".") != 2 {
			t.Errorf("the assertion: %q", got)
		}
		// What is sent to the site arrives there, and only there.
		request, _ := http.NewRequest(http.MethodPost, wiki+"/save", strings.NewReader("a=b"))
		page, err := b.Do(request)
		if err != nil || !strings.HasPrefix(page.Body, "echo POST /save\n") || !slices.Equal(Heard(t, page.Body, "Content-Length"), []string{"3"}) {
			t.Errorf("%v %v", page, err)
		}
		// A long address survives the sign-in.
		long := wiki + "/find?words=" + strings.Repeat("camp+", 380)
		if other := s.browser().Go(long).SignIn(p); other.Page.URL.String() != long {
			t.Errorf("the long address came to be %.100s", other.Page.URL)
		}
		b.Go(wiki + "/admin/users").At("https://" + Home + "/forward/start").Sees("this part of The wiki is not open to you")
	})
}

func TestSignOutBehindEveryProxy(t *testing.T) {
	eachProxy(t, func(t *testing.T, s standing) {
		p, b := s.wg.Member("aisha"), s.browser()
		b.Go(wiki + "/").SignIn(p).At(wiki + "/")
		b.Go(wiki + "/.woggle/signout").At("https://" + Home + "/forward/signed-out").Sees("You have signed out of The wiki")
		if b.Cookie(wiki, "__Host-woggle-app") != "" {
			t.Error("the cookie is still there")
		}
		b.Press("Sign out")
		b.Go(wiki + "/").At("https://" + Home + "/signin")
	})
}

func TestOpenPathsAndScriptsBehindEveryProxy(t *testing.T) {
	eachProxy(t, func(t *testing.T, s standing) {
		status, body := s.raw(t, "GET /public/logo.svg HTTP/1.1", "Host: wiki.example.org", "Remote-User: root", "Remote_User: root", "Connection: close")
		if status != http.StatusOK || !isNobody(Heard(t, body, "Remote-User")) {
			t.Errorf("an open path: %d %s", status, body)
		}
		for _, lines := range [][]string{{"GET / HTTP/1.1", "Accept: application/json"}, {"GET / HTTP/1.1", "Sec-Fetch-Mode: cors", "Accept: text/html"},
			{"POST / HTTP/1.1", "Content-Length: 0"}, {"GET / HTTP/1.1"}} {
			if status, _ := s.raw(t, append(lines, "Host: wiki.example.org", "Connection: close")...); status != http.StatusUnauthorized {
				t.Errorf("%q: %d", lines, status)
			}
		}
	})
}

func isNobody(values []string) bool { return len(values) == 0 || slices.Equal(values, []string{""}) }

// T76: what a client writes into the headers of proxies opens nothing.
func TestT76SpoofedHeadersOpenNothingBehindEveryProxy(t *testing.T) {
	spoofed := []string{"X-Original-URL: https://open.example.org/public/x", "X-Original-URI: /public/x", "X-Original-Method: GET",
		"X-Forwarded-Uri: /public/x", "X-Forwarded-Host: open.example.org", "X-Forwarded-Method: OPTIONS", "X-Forwarded-Proto: https",
		"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Prefix: /public", "X-Rewrite-URL: /public/x", "X-Envoy-Original-Path: /public/x",
		"Forwarded: for=127.0.0.1;host=open.example.org", "X_Forwarded_Uri: /public/x", "X_Original_URL: https://open.example.org/",
		"X-Real-IP: 127.0.0.1", "X-Forwarded-Uri: /public/x, /public/y"}
	eachProxy(t, func(t *testing.T, s standing) {
		for _, header := range append(spoofed, strings.Join(spoofed, "\r\n")) {
			for _, again := range []string{"", "\r\n" + header} {
				_, body := s.raw(t, "GET /secret HTTP/1.1", "Host: wiki.example.org", "Connection: close", header+again)
				if strings.HasPrefix(body, "echo ") {
					t.Errorf("%s opens /secret", header)
				}
			}
		}
		// Another site's name, in which nobody need be signed in, leads not to this site.
		for _, lines := range [][]string{{"GET /secret HTTP/1.1", "Host: open.example.org"}, {"GET http://open.example.org/secret HTTP/1.1", "Host: wiki.example.org"},
			{"GET http://wiki.example.org/secret HTTP/1.1", "Host: open.example.org"}, {"GET /secret HTTP/1.1", "Host: wiki.example.org", "Host: open.example.org"},
			{"GET /secret HTTP/1.0"}, {"GET https://open.example.org/secret HTTP/1.1", "Host: wiki.example.org"}} {
			if real(t) {
				if _, body := s.raw(t, append(lines, "Connection: close")...); strings.HasPrefix(body, "echo ") {
					t.Errorf("%q opens /secret: %.100s", lines, body)
				}
			}
		}
	})
}

// real tells whether the story is behind a true proxy: a stand-in leaves the choice of the site to its true one.
func real(t *testing.T) bool {
	return !strings.HasSuffix(t.Name(), "/traefik") && !strings.HasSuffix(t.Name(), "/envoy")
}

// T78: no spelling of a path reaches the site unasked.
func TestT78NoSpellingOfAPathReachesTheSite(t *testing.T) {
	eachProxy(t, func(t *testing.T, s standing) {
		for _, target := range []string{"/secret", "//secret", "/./secret", "/public/../secret", "/public/..%2fsecret", "/public/%2e%2e/secret", "/public/..;/secret",
			"/public/%252e%252e/secret", "/public%2f..%2fsecret", "/public/..\\secret", "/public/%5c..%5csecret", "/PUBLIC/x", "/public", "/public;/x",
			"/public/;/../secret", "/public/%00/../secret", "/secret#/public/", "/secret?/public/", "/public/.%2e/secret", "/public/x/../../secret",
			"/public/%ef%bc%8e%ef%bc%8e/secret", "/%70ublic/../secret", "*", "public/x", "/.woggle/check", "/.woggle/", "/.woggle/return", "/.woggle/return?ticket=x",
			"/.woggle/signout", "/.woggle/check/../../secret", "/forward/check/nginx"} {
			if _, body := s.raw(t, "GET "+target+" HTTP/1.1", "Host: wiki.example.org", "Connection: close"); strings.HasPrefix(body, "echo ") {
				t.Errorf("%s reaches the site: %.100s", target, body)
			}
		}
	})
}

// T79: what a client writes into the headers about people never arrives, in any spelling.
func TestT79SmuggledIdentityNeverArrives(t *testing.T) {
	eachProxy(t, func(t *testing.T, s standing) {
		p, b := s.wg.Member("aisha"), s.browser()
		b.Go(wiki + "/").SignIn(p).At(wiki + "/")
		cookie := "Cookie: __Host-woggle-app=" + b.Cookie(wiki, "__Host-woggle-app")
		for _, headers := range [][]string{{"Remote-User: root"}, {"remote-user: root"}, {"REMOTE-USER: root"}, {"Remote_User: root"}, {"REMOTE_USER: root"},
			{"remote-user: root", "remote-user: admin"}, {"Remote-User: root", "Remote_User: admin"}, {"Remote-User:root\r\n\troot"}, {"Remote-User: "},
			{"Remote-Groups: Wiki team"}, {"Remote_Groups: Wiki team"}, {"Remote-Name: root"}, {"Remote-Email: root@example.org, aisha@northwold.example"},
			{"Remote_Email: root@example.org"}, {"Woggle-Assertion: a.b.c"}, {"Woggle_Assertion: a.b.c"}, {"Remote-User : root"}, {"Remote-User\t: root"}} {
			status, body := s.raw(t, append([]string{"GET /x HTTP/1.1", "Host: wiki.example.org", cookie, "Connection: close"}, headers...)...)
			if status != http.StatusOK {
				continue // the proxy takes no such request
			}
			for header, want := range map[string]string{"Remote-User": "aisha", "Remote-Name": "Si%C3%A2n aisha", "Remote-Email": "aisha@northwold.example", "Remote-Groups": ""} {
				if got := Heard(t, body, header); !slices.Equal(got, []string{want}) && !(want == "" && isNobody(got)) {
					t.Errorf("%q: the site hears %s %q", headers, header, got)
				}
			}
			if got := Heard(t, body, "Woggle-Assertion"); len(got) != 1 || len(got[0]) < 100 {
				t.Errorf("%q: the site hears the assertion %q", headers, got)
			}
		}
		// Named as belonging to the connection, headers would be dropped on the way.
		for _, named := range []string{"Remote-User", "close, Remote-User, Woggle-Assertion", "remote-user", "Remote-User, keep-alive"} {
			_, body := s.raw(t, "GET /x HTTP/1.1", "Host: wiki.example.org", cookie, "Connection: "+named, "Connection: close")
			if got := Heard(t, body, "Remote-User"); real(t) && !slices.Equal(got, []string{"aisha"}) || !real(t) && !isNobody(got) && got[0] != "aisha" {
				t.Errorf("Connection: %s: the site hears %q", named, got)
			}
			if got := Heard(t, body, "Connection"); real(t) && len(got) > 0 && strings.Contains(strings.ToLower(got[0]), "remote") {
				t.Errorf("Connection: %s arrives as %q", named, got)
			}
		}
	})
}

// Without Woggle, nobody is let through.
func TestWithoutWoggleTheSiteIsClosed(t *testing.T) {
	eachProxy(t, func(t *testing.T, s standing) {
		s.wg.Nodes[0].Close()
		for _, target := range []string{"/", "/public/x"} {
			status, body := s.raw(t, "GET "+target+" HTTP/1.1", "Host: wiki.example.org", "Connection: close")
			if strings.HasPrefix(body, "echo ") || status/100 == 2 {
				t.Errorf("%s: %d %.100s", target, status, body)
			}
		}
	})
}

// Another node answers as well as the first one.
func TestTheSessionHoldsOnAnotherNode(t *testing.T) {
	d, clock := dbtest.Open(t)
	wg := New(t, d, clock, 2, Site("wiki", []string{"wiki.example.org"}))
	site := httptest.NewServer(Echo())
	t.Cleanup(site.Close)
	first, second := wg.Front("nginx", 0, site.Listener.Addr().String()), wg.Front("haproxy", 1, site.Listener.Addr().String())
	b := wg.Browser(map[string]string{"wiki.example.org": first})
	b.Go(wiki + "/").SignIn(wg.Member("aisha")).At(wiki + "/")
	b.Lead("wiki.example.org", second)
	b.Go(wiki + "/there").At(wiki + "/there").Sees("Remote-User: aisha")
}

// Every proxy on the page for operators is told all that it has to be.
func TestThePageNamesWhatEveryProxyNeeds(t *testing.T) {
	raw, err := os.ReadFile(Document)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range Names {
		_, section, _ := strings.Cut(strings.ToLower(string(raw)), "\n## "+name+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		for _, word := range append([]string{"/forward/check/" + name, "cookie", "sec-fetch-mode"}, Told...) {
			// Caddy hands all headers to Woggle by itself.
			if !strings.Contains(strings.ReplaceAll(section, "_", "-"), strings.ToLower(word)) && (name != "caddy" || slices.Contains(Told, word)) {
				t.Errorf("%s: nothing is said of %s", name, word)
			}
		}
	}
}
