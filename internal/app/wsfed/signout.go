// Sign-out (WS-Federation 1.2 section 13.2.4). Nobody signs such a request, so any site may sign people out; it takes
// nothing from them but a minute, and asking them first would leave those signed in who close the window.
package wsfed

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

type signedOutPage struct {
	Images []string // that tell the apps
	App    string   // to go back to, or empty
	To     string
	Next   string // where the sign-out goes on, or empty
}

// signOut ends the session, tells every app of it that was signed in to over WS-Federation, and stays on a page of ours.
func (p *Provider) signOut(w http.ResponseWriter, r *http.Request, a ask) error {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return err
	}
	visited, err := p.leave(r, apps)
	if err != nil {
		return err
	}
	next, err := p.Walk(w, r)
	if err != nil {
		return err
	}
	if next != "" {
		w.Header().Set("Refresh", picturesTime+"; url="+next)
	} else if err := p.Forget(w, r); err != nil {
		return err
	}
	shown := signedOutPage{Images: images(apps, visited), Next: next}
	for _, client := range apps.Of(Name) {
		wanted := a.Realm == "" || a.Realm == client.Audience
		if a.Reply != "" && wanted && !client.Disabled && slices.Contains(of(client).Replies, a.Reply) {
			shown.App, shown.To = client.Name, a.Reply
		}
	}
	return p.showSignedOut(w, r, shown)
}

// cleanUp ends the session because another party, which signed somebody in by us, was told to. It is asked for by an image or
// a frame, so the answer is tiny, and the same however often it is asked.
func (p *Provider) cleanUp(w http.ResponseWriter, r *http.Request) error {
	if err := p.Forget(w, r); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	_, err := w.Write([]byte(page.VisitOf(r).Locale.Text("wsfed.signed-out.title") + "\n"))
	return err
}

// Leave is for a sign-out on our own pages, before the session ends: it gives the page that tells the apps of this protocol that
// were visited, or nothing where there are none.
func (p *Provider) Leave(r *http.Request) (to string, err error) {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return "", err
	}
	visited, err := p.leave(r, apps)
	if err != nil || len(visited) == 0 {
		return "", err
	}
	return signedOutPath + "?" + url.Values{"app": visited}.Encode(), nil
}

// picturesTime is how long the pictures of that page get before the sign-out goes on.
const picturesTime = "3"

// left is that page. Its address names registered apps and a page of ours, and nothing that a stranger could make it reach.
func (p *Provider) left(w http.ResponseWriter, r *http.Request) error {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return err
	}
	query := r.URL.Query()
	shown := signedOutPage{Images: images(apps, query["app"])}
	if shown.Next = signin.LocalPath(query.Get("next")); shown.Next == "/" {
		shown.Next = ""
	} else {
		w.Header().Set("Refresh", picturesTime+"; url="+shown.Next)
	}
	return p.showSignedOut(w, r, shown)
}

// leave gives the ids of the apps that the session visited, which are about to be told.
func (p *Provider) leave(r *http.Request, apps *app.Apps) (visited []string, err error) {
	s := session.Of(r)
	if s == nil {
		return nil, nil
	}
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		visited = nil
		visits, err := session.VisitsOf(tx, s.ID)
		if err != nil {
			return err
		}
		for _, visit := range visits {
			client, known := apps.ByID(visit.App)
			if !known || client.Protocol != Name {
				continue // told by the chapter of its protocol
			}
			visited = append(visited, client.ID)
			if err := session.Told(tx, visit.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return visited, err
}

// images are where the apps clear their own cookies: at every address of theirs, because the person may have been at any.
func images(apps *app.Apps, ids []string) (all []string) {
	for _, client := range apps.Of(Name) {
		if !slices.Contains(ids, client.ID) {
			continue
		}
		for _, reply := range of(client).Replies {
			joint := "?"
			if strings.Contains(reply, "?") {
				joint = "&"
			}
			all = append(all, reply+joint+"wa="+cleanUp)
		}
	}
	return all
}

// showSignedOut opens the policy of this one page for the apps that it has to reach, all of them registered.
func (p *Provider) showSignedOut(w http.ResponseWriter, r *http.Request, shown signedOutPage) error {
	if len(shown.Images) > 0 {
		sources := "'self' data:"
		for _, image := range shown.Images {
			if u, err := url.Parse(image); err == nil {
				sources += " " + u.Scheme + "://" + u.Host
			}
		}
		w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src "+sources+
			"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	}
	return p.Pages.Show(w, r, "wsfed/signed-out", shown)
}
