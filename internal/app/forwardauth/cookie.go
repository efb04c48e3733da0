// The two cookies of a site's host. No answer sets more than one, because nginx hands on no more.
package forwardauth

import (
	"iter"
	"net/http"
	"strings"
	"time"
)

// nonceLife is as long as the longest sign-in.
const nonceLife = time.Hour

// mostNonces is how many of a browser's are looked at.
const mostNonces = 16

// appCookie is what a signed-in host is known by. The prefix __Host- keeps pages of sibling hosts from planting one
// (RFC 6265bis section 4.1.3); see docs/decisions/cookie-names.md for sites without TLS.
func (f *Forward) appCookie() string { return f.prefix() + "woggle-app" }

// nonceCookie is how the names begin of what tells this browser from all others on its way back. The rest is chance: when
// a browser opens its tabs of yesterday, each gets one before any of them has, and the last would replace the others.
func (f *Forward) nonceCookie() string { return f.prefix() + "woggle-start-" }

func (f *Forward) prefix() string {
	if f.Sessions.Secure {
		return "__Host-"
	}
	return ""
}

// cookie is the token in the cookie, or empty. Of two cookies of one name, at least one was planted.
func (f *Forward) cookie(h http.Header, name string) (token string) {
	for key, value := range cookies(h) {
		if key != name {
			continue
		}
		if token != "" || !isToken(value) {
			return ""
		}
		token = value
	}
	return token
}

// nonces are those that the browser has.
func (f *Forward) nonces(h http.Header) (all []string) {
	for key, value := range cookies(h) {
		if strings.HasPrefix(key, f.nonceCookie()) && isToken(value) && len(all) < mostNonces {
			all = append(all, value)
		}
	}
	return all
}

// cookies are all pairs of the header (RFC 6265 section 4.2.1).
func cookies(h http.Header) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, line := range h["Cookie"] {
			for pair := range strings.SplitSeq(line, ";") {
				name, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

func isToken(value string) bool {
	return len(value) == 52 && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// setCookie gives the browser a cookie, until it ends if life is 0, and takes it away if life is negative.
func (f *Forward) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: f.Sessions.Secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second)})
}
