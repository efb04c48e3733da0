// The camp rota, which relies on OpenID Connect: the code flow with PKCE (RFC 7636), by the libraries coreos/go-oidc and
// x/oauth2. It is a public client: a demonstration keeps no secrets.
package sampleapps

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

type rota struct {
	*Apps
	about    about
	mu       sync.Mutex
	provider *oidc.Provider // once it was found
}

// rotaAttempt is what the answer is checked against.
type rotaAttempt struct{ verifier, nonce string }

// rotaKeep is what is needed to ask again, and to sign out of everything.
type rotaKeep struct {
	idToken string
	token   *oauth2.Token
}

// notesAge is how recent a sign-in has to be for the safeguarding notes.
const notesAge = 5 * time.Minute

func (a *rota) card() Card {
	return Card{ID: a.about.ID, Name: a.about.Name, Protocol: "oidc", Launch: a.Base + "/rota/start", Tell: []string{"groups"}, Settings: map[string]any{
		"redirect_uris": []string{a.Base + "/rota/back"}, "post_logout_redirect_uris": []string{a.Base + "/rota/out"},
		"grants": []string{"authorization_code", "refresh_token"}, "token_auth": "none", "backchannel_logout_uri": a.Base + "/rota/backchannel"}}
}

func (a *rota) mount(mux *http.ServeMux) {
	mux.HandleFunc("GET /rota/{$}", func(w http.ResponseWriter, r *http.Request) { a.showHome(w, r, a.about, nil) })
	mux.HandleFunc("GET /rota/start", a.start)
	mux.HandleFunc("GET /rota/back", a.back)
	mux.HandleFunc("GET /rota/notes", a.notes)
	mux.HandleFunc("GET /rota/out", a.out)
	mux.HandleFunc("POST /rota/refresh", a.refresh)
	mux.HandleFunc("POST /rota/signout", a.signOut)
	mux.HandleFunc("POST /rota/backchannel", a.backchannel)
}

// discover finds out what there is (OpenID Connect Discovery section 4). The library keeps the context for the keys that it
// reads later, so that it must not be one of a request.
func (a *rota) discover() (*oidc.Provider, *oauth2.Config, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.provider == nil {
		found, err := oidc.NewProvider(a.with(context.Background()), a.SignIn)
		if err != nil {
			return nil, nil, err
		}
		a.provider = found
	}
	return a.provider, &oauth2.Config{ClientID: a.about.ID, Endpoint: a.provider.Endpoint(), RedirectURL: a.Base + "/rota/back",
		Scopes: []string{oidc.ScopeOpenID, "profile", "email", "groups", oidc.ScopeOfflineAccess}}, nil
}

func (a *rota) with(ctx context.Context) context.Context { return oidc.ClientContext(ctx, a.client) }

// start lets whoever is signed in straight in, and sends everybody else to sign in. Who was here before is named, for the
// case that somebody else is signed in by now.
func (a *rota) start(w http.ResponseWriter, r *http.Request) {
	word := browser(w, r)
	if _, in := a.people.seat(a.about.ID, word); in {
		http.Redirect(w, r, "/rota/", http.StatusSeeOther)
		return
	}
	hint := ""
	if r.URL.Query().Has("again") {
		hint = a.people.last(a.about.ID, word)
	}
	a.send(w, r, attempt{to: "/rota/"}, oauth2.SetAuthURLParam("login_hint", hint))
}

// send sends the browser to sign in (OpenID Connect Core section 3.1.2.1).
func (a *rota) send(w http.ResponseWriter, r *http.Request, to attempt, more ...oauth2.AuthCodeOption) {
	_, config, err := a.discover()
	if err != nil {
		a.fail(w, r, a.about, wordsAway, err)
		return
	}
	mine := rotaAttempt{verifier: oauth2.GenerateVerifier(), nonce: oauth2.GenerateVerifier()}
	to.app, to.browser, to.keep = a.about.ID, browser(w, r), mine
	more = append(more, oidc.Nonce(mine.nonce), oauth2.S256ChallengeOption(mine.verifier))
	http.Redirect(w, r, config.AuthCodeURL(a.people.begin(to), more...), http.StatusSeeOther)
}

// back takes the answer (section 3.1.2.5).
func (a *rota) back(w http.ResponseWriter, r *http.Request) {
	q, word := r.URL.Query(), browserOf(r)
	to, mine := a.people.take(q.Get("state"), a.about.ID, &word)
	if !mine {
		a.refuse(w, r, a.about, wordsLost, "")
		return
	}
	if q.Get("iss") != a.SignIn { // RFC 9207 section 2.4: the answer of another sign-in is none
		a.fail(w, r, a.about, wordsBad, errors.New("the answer is of another issuer"))
		return
	}
	if code := q.Get("error"); code != "" {
		words := wordsOther
		if code == "access_denied" {
			words = wordsDenied
		}
		a.refuse(w, r, a.about, words, code)
		return
	}
	s, err := a.redeem(r.Context(), q.Get("code"), to.keep.(rotaAttempt))
	switch {
	case err != nil:
		a.fail(w, r, a.about, wordsBad, err)
		return
	case to.fresh && time.Since(s.told.At) > notesAge+time.Minute: // a minute for clocks that differ
		a.fail(w, r, a.about, wordsBad, errors.New("the sign-in is older than was asked for"))
		return
	}
	a.people.sit(a.about.ID, word, s)
	http.Redirect(w, r, to.to, http.StatusSeeOther)
}

// redeem turns the code into who it is (sections 3.1.3 and 5.3).
func (a *rota) redeem(ctx context.Context, code string, mine rotaAttempt) (seat, error) {
	provider, config, err := a.discover()
	if err != nil {
		return seat{}, err
	}
	ctx = a.with(ctx)
	token, err := config.Exchange(ctx, code, oauth2.VerifierOption(mine.verifier))
	if err != nil {
		return seat{}, err
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := provider.Verifier(&oidc.Config{ClientID: a.about.ID}).Verify(ctx, raw)
	if err != nil {
		return seat{}, err
	}
	if id.Nonce != mine.nonce {
		return seat{}, errors.New("the ID token has another nonce")
	}
	s := seat{keep: rotaKeep{idToken: raw, token: token}}
	var claims struct {
		AuthTime int64    `json:"auth_time"`
		ACR      string   `json:"acr"`
		AMR      []string `json:"amr"`
		Session  string   `json:"sid"`
	}
	if err := id.Claims(&claims); err != nil {
		return seat{}, err
	}
	s.told.At, s.told.Said, s.told.Session = time.Unix(claims.AuthTime, 0), claims.ACR, claims.Session
	s.told.How, s.told.Level = inWords(append(claims.AMR, claims.ACR))
	return s, a.ask(ctx, provider, token, id.Subject, &s.told)
}

// ask asks who it is. The answer has to be about the same person as the ID token (section 5.3.2).
func (a *rota) ask(ctx context.Context, provider *oidc.Provider, token *oauth2.Token, subject string, t *told) error {
	info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	if err != nil {
		return err
	}
	var claims struct {
		Name     string   `json:"name"`
		Username string   `json:"preferred_username"`
		Groups   []string `json:"groups"`
	}
	if info.Subject != subject {
		return errors.New("userinfo is about somebody else")
	}
	err = info.Claims(&claims)
	t.Subject, t.Name, t.Username, t.Email, t.Groups = info.Subject, claims.Name, claims.Username, info.Email, claims.Groups
	return err
}

// notes are for who has signed in a moment ago only.
func (a *rota) notes(w http.ResponseWriter, r *http.Request) {
	s, in := a.people.seat(a.about.ID, browserOf(r))
	if !in || time.Since(s.told.At) > notesAge {
		a.send(w, r, attempt{to: "/rota/notes", fresh: true}, oauth2.SetAuthURLParam("max_age", strconv.Itoa(int(notesAge/time.Second))))
		return
	}
	a.show(w, r, http.StatusOK, "notes", view{App: a.about, Told: &s.told})
}

// refresh asks again without the browser, as an app does that works on while nobody looks (RFC 6749 section 6).
func (a *rota) refresh(w http.ResponseWriter, r *http.Request) {
	word, note := browserOf(r), "refreshed"
	s, in := a.people.seat(a.about.ID, word)
	if in {
		if err := a.renew(r.Context(), &s); err != nil {
			a.people.leave(a.about.ID, word)
			note = "stale"
		} else {
			a.people.sit(a.about.ID, word, s)
		}
	}
	http.Redirect(w, r, "/rota/?note="+note, http.StatusSeeOther)
}

func (a *rota) renew(ctx context.Context, s *seat) error {
	provider, config, err := a.discover()
	if err != nil {
		return err
	}
	ctx = a.with(ctx)
	kept := s.keep.(rotaKeep)
	// Without an access token the library takes a new one, however long the old one would last.
	kept.token, err = config.TokenSource(ctx, &oauth2.Token{RefreshToken: kept.token.RefreshToken}).Token()
	if err != nil {
		return err
	}
	s.keep = kept
	return a.ask(ctx, provider, kept.token, s.told.Subject, &s.told)
}

// signOut signs out here, and of everything if that was pressed (RP-Initiated Logout section 2).
func (a *rota) signOut(w http.ResponseWriter, r *http.Request) {
	s, in := a.people.leave(a.about.ID, browserOf(r))
	provider, _, err := a.discover()
	if !in || r.PostFormValue("of") != "all" || err != nil {
		http.Redirect(w, r, "/rota/?note=out", http.StatusSeeOther)
		return
	}
	var there struct {
		EndSession string `json:"end_session_endpoint"`
	}
	if err := provider.Claims(&there); err != nil {
		a.fail(w, r, a.about, wordsAway, err)
		return
	}
	q := url.Values{"client_id": {a.about.ID}, "id_token_hint": {s.keep.(rotaKeep).idToken}, "post_logout_redirect_uri": {a.Base + "/rota/out"}}
	http.Redirect(w, r, there.EndSession+"?"+q.Encode(), http.StatusSeeOther)
}

// out is where the browser comes back from signing out of everything.
func (a *rota) out(w http.ResponseWriter, r *http.Request) {
	http.Redirect(w, r, "/rota/?note=out-all", http.StatusSeeOther)
}

const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// backchannel is told that somebody has signed out elsewhere (Back-Channel Logout section 2.6). Being told twice does no more
// than being told once, so that no list of tokens is kept.
func (a *rota) backchannel(w http.ResponseWriter, r *http.Request) {
	provider, _, err := a.discover()
	if err != nil {
		http.Error(w, "not now", http.StatusServiceUnavailable)
		return
	}
	token, err := provider.Verifier(&oidc.Config{ClientID: a.about.ID}).Verify(a.with(r.Context()), r.PostFormValue("logout_token"))
	var claims struct {
		Session string         `json:"sid"`
		Events  map[string]any `json:"events"`
	}
	if err == nil {
		err = token.Claims(&claims)
	}
	if _, is := claims.Events[logoutEvent]; err != nil || !is || token.Nonce != "" || token.Subject == "" && claims.Session == "" {
		http.Error(w, "this is no logout token", http.StatusBadRequest)
		return
	}
	var sessions []string
	if claims.Session != "" {
		sessions = []string{claims.Session}
	}
	a.people.leaveAll(a.about.ID, token.Subject, sessions)
}
