// Stand-ins: what proxies do, by their documents, for those that this computer lacks and for tests that need no true one.
package proxy

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// Names are the proxies that Woggle knows, as they stand in its address.
var Names = []string{"nginx", "caddy", "traefik", "haproxy", "envoy"}

// Told are the headers that a proxy hands to the site.
var Told = []string{"Remote-User", "Remote-Name", "Remote-Email", "Remote-Groups", "Woggle-Assertion"}

// Standin is a proxy of one kind in front of a site.
type Standin struct {
	Name   string
	Woggle string // host and port of a node
	Site   http.Handler
	client http.Client
}

// Question is what the proxy asks Woggle about a request.
func Question(name, woggle string, r *http.Request) (*http.Request, error) {
	address, method := "http://"+woggle+"/forward/check/"+name, http.MethodGet
	if name == "envoy" {
		method = r.Method
	}
	q, err := http.NewRequest(method, address, nil)
	if err != nil {
		return nil, err
	}
	for _, passed := range []string{"Cookie", "Accept", "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-Fetch-Site"} {
		if values := r.Header[passed]; len(values) > 0 {
			q.Header[passed] = slices.Clone(values)
		}
	}
	switch name {
	case "nginx":
		q.Header.Set("X-Original-URL", "https://"+r.Host+r.RequestURI)
		q.Header.Set("X-Original-Method", r.Method)
	case "envoy":
		// The path is put behind the prefix as it is, and the authority is kept (ext_authz, HttpService.path_prefix).
		q.Host, q.URL.Opaque = r.Host, "/forward/check/envoy"+r.RequestURI
	default:
		q.Header.Set("X-Forwarded-Method", r.Method)
		q.Header.Set("X-Forwarded-Proto", "https")
		q.Header.Set("X-Forwarded-Host", r.Host)
		q.Header.Set("X-Forwarded-Uri", r.RequestURI)
	}
	return q, nil
}

// ServeHTTP asks, and lets the request pass or hands the answer to the browser.
func (s *Standin) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, err := Question(s.Name, s.Woggle, r)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	s.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	answer, err := s.client.Do(q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	defer answer.Body.Close()
	if answer.StatusCode/100 == 2 {
		for _, name := range Told {
			r.Header.Del(name)
			r.Header.Del(strings.ReplaceAll(name, "-", "_"))
			r.Header[name] = answer.Header[name]
		}
		s.Site.ServeHTTP(w, r)
		return
	}
	for name, values := range answer.Header {
		w.Header()[name] = values
	}
	status := answer.StatusCode
	if s.Name == "nginx" && status == http.StatusUnauthorized && answer.Header.Get("Location") != "" {
		status = http.StatusFound // error_page
	}
	w.WriteHeader(status)
	io.Copy(w, answer.Body)
}

// Stand starts a stand-in, and gives where it listens.
func (wg *Woggle) Stand(name string, node int, site http.Handler) (address string) {
	web := httptest.NewServer(&Standin{Name: name, Woggle: wg.Address(node), Site: site})
	wg.t.Cleanup(web.Close)
	return web.Listener.Addr().String()
}

// Onward hands requests to a site that listens at the address.
func Onward(address string) http.Handler {
	return httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: address})
}

// Echo is a site that shows what it was asked and told: a line for each header.
func Echo() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, "echo "+r.Method+" "+r.RequestURI+"\n")
		for name, values := range r.Header {
			for _, v := range values {
				io.WriteString(w, name+": "+v+"\n")
			}
		}
	})
}

// Heard are the values of a header, in any spelling that a site could take for it, on a page of Echo.
func Heard(t testing.TB, body, header string) (values []string) {
	t.Helper()
	if !strings.HasPrefix(body, "echo ") {
		t.Fatalf("this does not come from the site: %.300s", body)
	}
	alike := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "_", "-")) }
	for line := range strings.Lines(body) {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		if found && alike(name) == alike(header) {
			values = append(values, value)
		}
	}
	return values
}
