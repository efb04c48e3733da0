// What every request passes through, in this order: enter, ours, then the route table.
package server

import (
	"crypto/rand"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"woggle/internal/method/passkey"
	"woggle/internal/page"
	"woggle/internal/problem"
)

// The headers of every answer, static files and errors included (threat T55). Their values are shared by all answers:
// nobody changes one in place.
var securityHeaders = http.Header{
	"Content-Security-Policy": {"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; " +
		"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"},
	"X-Frame-Options":              {"DENY"},
	"X-Content-Type-Options":       {"nosniff"},
	"Referrer-Policy":              {"same-origin"},
	"Cross-Origin-Opener-Policy":   {"same-origin"},
	"Cross-Origin-Resource-Policy": {"same-origin"},
	"Permissions-Policy": {"accelerometer=(), browsing-topics=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), " +
		"magnetometer=(), microphone=(), midi=(), payment=(), publickey-credentials-create=(self), publickey-credentials-get=(self), usb=()"},
}

// strictTransport keeps browsers on TLS for two years (RFC 6797).
const strictTransport = "max-age=63072000; includeSubDomains"

// answer is the response, watched for the log.
type answer struct {
	http.ResponseWriter
	pattern string // of the route; the path is never logged, because tokens stand in it
	status  int
	bytes   int
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 {
		a.status = status
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.status = http.StatusOK
	}
	n, err := a.ResponseWriter.Write(b)
	a.bytes += n
	return n, err
}

// Unwrap lets http.MaxBytesReader and http.ResponseController find the real one.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// enter makes the visit, sets the headers, recovers from panics and logs the request.
func (s *Server) enter(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		header := w.Header()
		maps.Copy(header, securityHeaders)
		if s.sessions.Secure {
			header.Set("Strict-Transport-Security", strictTransport)
		}
		visit := &page.Visit{ID: rand.Text()[:12], Address: s.client(r), Agent: cut(r.UserAgent(), 300), Locale: s.locale(r, "")}
		r = page.WithVisit(r, visit)
		a := &answer{ResponseWriter: w}
		defer func() {
			if cause := recover(); cause != nil {
				s.panicked(a, r, cause)
			}
			s.logRequest(r, a, time.Since(began))
		}()
		next.ServeHTTP(a, r)
	})
}

// panicked answers a request whose handler fell over, if it has not begun to answer.
func (s *Server) panicked(a *answer, r *http.Request, cause any) {
	if cause == http.ErrAbortHandler {
		panic(cause) // asked for by a handler, and understood by net/http
	}
	err := fmt.Errorf("panic: %v\n%s", cause, debug.Stack())
	if a.status != 0 {
		s.logFailure(r, err)
		return
	}
	s.pages.Fail(a, r, err)
}

// client is the address of the visitor. Each proxy that we trust has added, at the right, the address that it was
// called from; what stands further left was written by the visitor, and may be anything (threat T56).
func (s *Server) client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	client := peer.Addr().Unmap().WithZone("")
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		if !s.trusts(client) {
			break
		}
		address, ok := parseHop(strings.TrimSpace(hop))
		if !ok {
			break
		}
		client = address
	}
	return client
}

func (s *Server) trusts(address netip.Addr) bool {
	return slices.ContainsFunc(s.proxies, func(p netip.Prefix) bool { return p.Contains(address) })
}

// parseHop reads an address as proxies write it: with a port or without one.
func parseHop(text string) (netip.Addr, bool) {
	address, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(text, "["), "]"))
	if err != nil {
		withPort, err := netip.ParseAddrPort(text)
		if err != nil {
			return netip.Addr{}, false
		}
		address = withPort.Addr()
	}
	return address.Unmap().WithZone(""), true
}

// ours lets requests through that name our own host; links would otherwise be made of whatever somebody else put there
// (threat T56). Probes ask by address.
func (s *Server) ours(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case s.isOurs(r.Host), path == "/healthz", path == "/readyz", path == passkey.RelatedPath && s.passkeyHost != "":
			next.ServeHTTP(w, r)
		case s.moved(r):
			here := url.URL{Scheme: s.base.Scheme, Host: s.base.Host, Path: path, RawPath: r.URL.RawPath, RawQuery: r.URL.RawQuery}
			w.Header().Set("Cache-Control", "no-store")
			http.Redirect(w, r, here.String(), http.StatusFound)
		default:
			s.pages.Fail(w, r, problem.New(problem.Misdirected, "error.host"))
		}
	})
}

// moved tells whether somebody looks for a page where it was before the site moved: at the host that passkeys were made for. The
// authenticator app isn't led on: it goes on from what the phone keeps of it, with its codes, which the new address knows nothing of.
func (s *Server) moved(r *http.Request) bool {
	host := strings.ToLower(r.Host)
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return s.passkeyHost != "" && host == s.passkeyHost && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		!strings.HasPrefix(r.URL.Path, "/authenticator/")
}

func (s *Server) isOurs(host string) bool {
	host = strings.ToLower(host)
	port := map[string]string{"https": ":443", "http": ":80"}[s.base.Scheme]
	if host == s.base.Host || strings.TrimSuffix(host, port) == s.base.Host {
		return true
	}
	name, number, err := net.SplitHostPort(host)
	return s.demo != nil && err == nil && isLoopback(name) && number == s.base.Port()
}

const languageCookie = "woggle-language"

// locale is the language chosen on the page, else the person's own, else the browser's.
func (s *Server) locale(r *http.Request, person string) *page.Locale {
	chosen := ""
	if cookie, err := r.Cookie(languageCookie); err == nil {
		chosen = cookie.Value
	}
	return s.pages.Locales.Match(r.Header.Get("Accept-Language"), chosen, person)
}

func cut(text string, most int) string { return text[:min(len(text), most)] }
