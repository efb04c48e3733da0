// What a proxy asks: the request that it wants to let through, read from the headers of that proxy alone.
package forwardauth

import (
	"net/http"
	"net/url"
	"strings"
)

// asked is the request that a proxy asks about.
type asked struct {
	host   string // lower case, with its port if it names one; not yet known to be a site's
	method string
	target string // path and query as the browser sent them (origin-form, RFC 9112 section 3.2.1)
	header http.Header
}

// dialect is how one kind of proxy asks, and how it wants to be told no.
type dialect struct {
	read func(r *http.Request, rest string) (a asked, ok bool)
	away int // status that makes it send the browser to sign in
}

// The dialects, by their name in the address. Each reads the headers that the proxy itself sets and no others, because a
// proxy passes on what it does not set, as the client wrote it (threat T76).
var dialects = map[string]dialect{
	"nginx":   {originalURL, http.StatusUnauthorized}, // auth_request knows 2xx, 401 and 403; error_page does the rest
	"caddy":   {forwarded, http.StatusFound},
	"traefik": {forwarded, http.StatusFound},
	"haproxy": {forwarded, http.StatusFound},
	"envoy":   {itself, http.StatusFound},
}

// originalURL reads X-Original-URL and X-Original-Method, which the operator lets nginx set.
func originalURL(r *http.Request, rest string) (a asked, ok bool) {
	address, ok1 := one(r.Header, "X-Original-Url")
	method, ok2 := one(r.Header, "X-Original-Method")
	scheme, after, found := strings.Cut(address, "://")
	slash := strings.IndexByte(after, '/')
	if !ok1 || !ok2 || !ends(rest) || !found || scheme != "https" && scheme != "http" || slash < 1 {
		return asked{}, false
	}
	return request(after[:slash], method, after[slash:], r.Header)
}

// forwarded reads X-Forwarded-Method, -Host and -Uri.
func forwarded(r *http.Request, rest string) (a asked, ok bool) {
	method, ok1 := one(r.Header, "X-Forwarded-Method")
	host, ok2 := one(r.Header, "X-Forwarded-Host")
	target, ok3 := one(r.Header, "X-Forwarded-Uri")
	if !ok1 || !ok2 || !ok3 || !ends(rest) {
		return asked{}, false
	}
	return request(host, method, target, r.Header)
}

// itself reads the request line and the host: Envoy asks with the request's own method, path and authority, with the
// address of the question in front of the path.
func itself(r *http.Request, rest string) (a asked, ok bool) {
	return request(r.Host, r.Method, rest, r.Header)
}

// request is what was asked, if it is written as RFC 9110 and 9112 say.
func request(host, method, target string, header http.Header) (a asked, ok bool) {
	if !isMethod(method) || !isTarget(target) || len(host) > 255 {
		return asked{}, false
	}
	return asked{host: strings.ToLower(host), method: method, target: target, header: header}, true
}

// ends tells whether the address of the question ends with the name of the proxy. Caddy leaves the query of the request
// behind it, which is not read.
func ends(rest string) bool { return rest == "" || rest[0] == '?' }

// one is the value of a header that stands there exactly once.
func one(h http.Header, name string) (value string, ok bool) {
	values := h[name]
	if len(values) != 1 || values[0] == "" {
		return "", false
	}
	return values[0], true
}

// isMethod knows methods as they are registered: capitals, with dashes.
func isMethod(s string) bool {
	for i := range len(s) {
		if (s[i] < 'A' || s[i] > 'Z') && (s[i] != '-' || i == 0) {
			return false
		}
	}
	return s != "" && len(s) <= 32
}

// isTarget tells whether s is a path, and perhaps a query, in visible ASCII. A fragment has no place in one, nor has a
// backslash in a path: browsers take it for a slash.
func isTarget(s string) bool {
	if s == "" || s[0] != '/' {
		return false
	}
	query := false
	for i := range len(s) {
		switch c := s[i]; {
		case c <= ' ', c >= 0x7f, c == '#', c == '\\' && !query:
			return false
		case c == '?':
			query = true
		}
	}
	return true
}

// navigates tells whether a person's browser shows what comes of the request, so that it can be sent to sign in. A script
// would follow to a page that it cannot use.
func (a *asked) navigates() bool {
	if mode := a.header["Sec-Fetch-Mode"]; len(mode) > 0 {
		dest := a.header.Get("Sec-Fetch-Dest")
		// Not in a frame: our pages refuse to be shown in one.
		return len(mode) == 1 && mode[0] == "navigate" && (dest == "" || dest == "document")
	}
	return (a.method == http.MethodGet || a.method == http.MethodHead) && strings.Contains(a.header.Get("Accept"), "text/html")
}

// back is where the browser comes back to: the target, for what a browser may ask for twice. Anything else is not
// done again: it would be done without its body, or against the person's will.
func (a *asked) back() string {
	if a.method != http.MethodGet && a.method != http.MethodHead || len(a.target) > longestBack || !isLocal(a.target) {
		return "/"
	}
	return a.target
}

// longestBack keeps the address of the sign-in page within what every browser and proxy takes, in bytes.
const longestBack = 2 << 10

// isLocal tells whether a browser that is sent to s stays on the host (threat T80). The second character decides: two
// slashes begin another host's address.
func isLocal(s string) bool {
	if !isTarget(s) || strings.HasPrefix(s, "//") {
		return false
	}
	parsed, err := url.Parse(s)
	return err == nil && parsed.Host == "" && parsed.Scheme == "" && parsed.User == nil
}
