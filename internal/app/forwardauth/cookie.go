// The two cookies of a site's host. No answer sets more than one, because nginx hands on no more.
package forwardauth

import (
	"net/http"
	"strings"
	"time"
)

// nonceLife is as long as a browser is known on our own host: a phone may end it while somebody reads a text.
const nonceLife = 24 * time.Hour

// appCookie is what a signed-in host is known by. The prefix __Host- keeps pages of sibling hosts from planting one
// (RFC 6265bis section 4.1.3); see docs/decisions/cookie-names.md for sites without TLS.
func (f *Forward) appCookie() string { return f.prefix() + "woggle-app" }

// nonceCookie tells this browser from all others on its way back.
func (f *Forward) nonceCookie() string { return f.prefix() + "woggle-app-start" }

func (f *Forward) prefix() string {
	if f.Sessions.Secure {
		return "__Host-"
	}
	return ""
}

// cookie is the token in the cookie, or empty. Of two cookies of one name, at least one was planted.
func (f *Forward) cookie(h http.Header, name string) (token string) {
	for _, line := range h["Cookie"] {
		for pair := range strings.SplitSeq(line, ";") {
			key, value, _ := strings.Cut(strings.TrimSpace(pair), "=")
			if key != name {
				continue
			}
			if token != "" || !isToken(value) {
				return ""
			}
			token = value
		}
	}
	return token
}

func isToken(value string) bool {
	return len(value) == 52 && strings.Trim(value, "abcdefghijklmnopqrstuvwxyz234567") == ""
}

// setCookie gives the browser a cookie, until it ends if life is 0, and takes it away if life is negative.
func (f *Forward) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: "/", HttpOnly: true, Secure: f.Sessions.Secure,
		SameSite: http.SameSiteLaxMode, MaxAge: int(life / time.Second)})
}
