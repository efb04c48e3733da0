// Package forwardauth owns sites that know nothing of signing in and stand behind a reverse proxy: nginx, Caddy, Traefik,
// HAProxy or Envoy asks here, for each request, whether it may pass.
//
// A visit goes
//
//	/forward/check/{proxy}    the proxy asks: 200 and who it is, or where to send the browser      (asked.go, check.go)
//	/forward/start?q=…        on our own host: the desk lets the person sign in, and step up       (enter.go)
//	/.woggle/return?ticket=…  on the site's host: the ticket becomes a cookie of that host alone   (arrive.go)
//
// The cookie of a host is worth nothing on another host, nor here: sibling sites share no cookie, and what a site sees
// of a person's cookies lets it in nowhere else. A signed-in host (a row of forward_sessions) hangs off the visit that the
// session package keeps for the session and the app: it ends together with the session, wherever that is ended.
//
// What a request may do is decided from what the proxy says of it and from nothing that the client says of itself: each
// proxy has a set of headers of its own, and the others are not read (asked.go). What cannot be read in one way only is
// refused (path.go). A decision to let through is kept for at most 5 seconds (cache.go); one to refuse never is.
package forwardauth
