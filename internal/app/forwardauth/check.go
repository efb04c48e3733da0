// The answer to a proxy: whether a request may pass, who it is, or where its browser goes instead.
package forwardauth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/session"
)

// checkPath is what the address of a question begins with; the name of the proxy follows, and with Envoy the path that is
// asked about.
const checkPath = "/forward/check/"

// verdict is what a request that may not pass lacks.
type verdict int

const (
	passes    verdict = iota
	unsigned          // nobody is signed in at the host
	weak              // what was proved is too weak or too old
	forbidden         // the person may not go there
)

// Front answers the questions of proxies, and lets everything else through to next. It stands before the route table,
// which would tidy the paths that Envoy asks about; before our security headers, which a proxy would pass on as the site's;
// and before the check of the host, because some proxies ask under the site's. The address is compared as it was sent.
func (f *Forward) Front(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		question, asks := strings.CutPrefix(r.RequestURI, checkPath)
		if !asks {
			next.ServeHTTP(w, r)
			return
		}
		defer func() {
			if cause := recover(); cause != nil {
				f.Log.Error("failure", "error", fmt.Sprintf("panic: %v\n%s", cause, debug.Stack()))
				panic(http.ErrAbortHandler) // to a proxy, no answer is no
			}
		}()
		w.Header().Set("Cache-Control", "no-store")
		f.check(w, r, question)
	})
}

// check answers one question. Whatever is not understood ends in no.
func (f *Forward) check(w http.ResponseWriter, r *http.Request, question string) {
	name, rest := question, ""
	if end := strings.IndexAny(question, "/?"); end >= 0 {
		name, rest = question[:end], question[end:]
	}
	d, known := dialects[name]
	if !known {
		no(w, http.StatusUnauthorized, "There is no proxy of this name: use nginx, caddy, traefik, haproxy or envoy.")
		return
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !f.Trusts(peer.Addr().Unmap().WithZone("")) {
		f.Log.Info("somebody who is no trusted proxy asked whether a request may pass; if it was yours, add its address to trusted_proxies")
		no(w, http.StatusUnauthorized, "The address "+peer.Addr().String()+" is not among trusted_proxies.")
		return
	}
	a, ok := d.read(r, rest)
	if !ok {
		no(w, http.StatusUnauthorized, "The headers that "+name+" should set are not there, or not as they should be.")
		return
	}
	a.host = f.canonical(a.host)
	s, err := f.site(r.Context(), a.host)
	if err != nil {
		f.trouble(w, r, err)
		return
	}
	if s == nil {
		no(w, http.StatusUnauthorized, "The host is not that of an app.")
		return
	}
	path, ok := readPath(a.target)
	if !ok {
		no(w, http.StatusForbidden, "The path can be read in more than one way.")
		return
	}
	switch path {
	case returnPath:
		f.arrive(w, r, d, s, a)
	case signOutPath:
		f.signOut(w, r, d, s, a)
	default:
		f.decide(w, r, d, s, a, s.ruleOf(path))
	}
}

// canonical drops the port that goes without saying.
func (f *Forward) canonical(host string) string {
	if f.Base.Scheme == "https" {
		return strings.TrimSuffix(host, ":443")
	}
	return strings.TrimSuffix(host, ":80")
}

// decide answers about a path of a site's own.
func (f *Forward) decide(w http.ResponseWriter, r *http.Request, d dialect, s *site, a asked, rule *rule) {
	if rule.open {
		maps.Copy(w.Header(), nobody)
		return
	}
	token := f.cookie(a.header, f.appCookie())
	verdict := unsigned
	if token != "" {
		k := key{sha256.Sum256([]byte(token)), a.host, rule}
		kept, found := f.cache.find(k, f.DB.Now())
		if !found {
			var err error
			round := f.cache.begin()
			if kept, verdict, err = f.judge(r.Context(), s, rule, a.host, token); err != nil {
				f.trouble(w, r, err)
				return
			}
			if found = verdict == passes; found {
				f.cache.keep(round, k, kept)
			}
		}
		if found {
			maps.Copy(w.Header(), kept.told)
			return
		}
	}
	f.sendAway(w, d, a, verdict)
}

// judge decides from the database.
func (f *Forward) judge(ctx context.Context, s *site, rule *rule, host, token string) (d decision, v verdict, err error) {
	d.from = f.DB.Now()
	visit := ""
	err = f.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		visit, _, err = visitOf(tx, f.Keys.Lookups(tokenPurpose, token), host)
		return err
	})
	if err != nil || visit == "" {
		return d, unsigned, err
	}
	mine, err := f.Sessions.OfVisit(ctx, visit, s.app.ID)
	if err != nil || mine == nil {
		return d, unsigned, err
	}
	allowed, profile, err := f.profile(ctx, s.app, rule, mine)
	if err != nil || !allowed {
		return d, forbidden, err
	}
	if !s.app.Met(rule.demand, mine.Proofs, d.from) {
		return d, weak, nil
	}
	d.told, err = f.told(ctx, who{site: s, rule: rule, host: host, visit: visit, session: mine, profile: profile, at: d.from})
	if err != nil {
		return d, forbidden, err
	}
	// What may run out while it is kept is not kept.
	if later := d.from.Add(keptFor); mine.ExpiresAt.After(later) && s.app.Met(rule.demand, mine.Proofs, later) {
		d.until = later
	}
	return d, passes, nil
}

// profile is what the site is told of the person, if they may go there.
func (f *Forward) profile(ctx context.Context, a *app.App, rule *rule, mine *session.Session) (allowed bool, profile app.Profile, err error) {
	if a.Disabled {
		return false, profile, nil
	}
	err = f.DB.View(ctx, func(tx *db.Tx) (err error) {
		if allowed, err = app.Allowed(tx, mine.User.ID, a); err != nil || !allowed {
			return err
		}
		if allowed, err = rule.admits(tx, mine.User.ID); err != nil || !allowed {
			return err
		}
		profile, err = app.ProfileOf(tx, mine.User, a)
		return err
	})
	return allowed, profile, err
}

// admits tells whether the user is in a group of the rule.
func (r *rule) admits(tx *db.Tx, user string) (bool, error) {
	if len(r.groups) == 0 {
		return true, nil
	}
	around, err := directory.GroupsAround(tx, user)
	return slices.ContainsFunc(around, func(g directory.Group) bool { return slices.Contains(r.groups, g.Name) }), err
}

// sendAway answers about a request that may not pass. A person's browser is sent to sign in, to prove more, or to read that
// the site is not open to them; a script is told by the status.
func (f *Forward) sendAway(w http.ResponseWriter, d dialect, a asked, v verdict) {
	switch {
	case a.navigates():
		f.sendTo(w, d, a, f.startAddress(w, a))
	case v == forbidden:
		no(w, http.StatusForbidden, "This is not open to the person who is signed in.")
	default:
		no(w, http.StatusUnauthorized, "Nobody is signed in, or not strongly enough.")
	}
}

// sendTo sends the browser to an address, in the way of the proxy. A form that was sent is not sent again: See Other makes
// a GET of it (RFC 9110 section 15.4.4).
func (f *Forward) sendTo(w http.ResponseWriter, d dialect, a asked, address string) {
	header := w.Header()
	header.Set("Location", address)
	header.Set("Referrer-Policy", "no-referrer") // the address may have a ticket in it
	switch {
	case d.away == http.StatusUnauthorized:
		header.Set("WWW-Authenticate", challenge)
		w.WriteHeader(d.away)
	case a.method != http.MethodGet && a.method != http.MethodHead:
		w.WriteHeader(http.StatusSeeOther)
	default:
		w.WriteHeader(d.away)
	}
}

// challenge stands in every 401, as RFC 9110 section 15.5.2 wants. Browsers know no such scheme, and ask nobody anything.
const challenge = "Woggle"

// no answers that a request does not pass. The reason is for whoever sets the proxy up.
func no(w http.ResponseWriter, status int, reason string) {
	header := w.Header()
	if status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", challenge)
	}
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	w.Write([]byte(reason + "\n"))
}

// trouble answers when it cannot be known whether a request may pass.
func (f *Forward) trouble(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		panic(http.ErrAbortHandler) // the proxy has gone
	}
	f.Log.Error("whether a request may pass could not be decided", "error", err)
	w.Header().Set("Retry-After", "10")
	no(w, http.StatusServiceUnavailable, "Try again in a moment.")
}
