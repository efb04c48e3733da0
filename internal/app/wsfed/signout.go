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
)

type signedOutPage struct {
	Images []string // that tell the apps
	App    string   // to go back to, or empty
	To     string
}

// signOut ends the session, tells every app of it that was signed in to over WS-Federation, and stays on a page of ours.
func (p *Provider) signOut(w http.ResponseWriter, r *http.Request, a ask) error {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return err
	}
	var shown signedOutPage
	if shown.Images, err = p.end(w, r, apps); err != nil {
		return err
	}
	for _, client := range apps.Of(Name) {
		wanted := a.Realm == "" || a.Realm == client.Audience
		if a.Reply != "" && wanted && !client.Disabled && slices.Contains(of(client).Replies, a.Reply) {
			shown.App, shown.To = client.Name, a.Reply
		}
	}
	allowImages(w.Header(), shown.Images)
	return p.Pages.Show(w, r, "wsfed/signed-out", shown)
}

// cleanUp ends the session because another party, which signed somebody in by us, was told to. It is asked for by an image or
// a frame, so the answer is tiny, and the same however often it is asked.
func (p *Provider) cleanUp(w http.ResponseWriter, r *http.Request) error {
	apps, err := p.Desk.Catalogue.Current(r.Context())
	if err != nil {
		return err
	}
	if _, err := p.end(w, r, apps); err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "text/plain; charset=utf-8")
	header.Set("Cache-Control", "no-store")
	_, err = w.Write([]byte(page.VisitOf(r).Locale.Text("wsfed.signed-out.title") + "\n"))
	return err
}

// end ends the session, if there is one, and gives the addresses at which its apps hear of it.
func (p *Provider) end(w http.ResponseWriter, r *http.Request, apps *app.Apps) (images []string, err error) {
	s := session.Of(r)
	if s == nil {
		return nil, nil
	}
	err = p.DB.Tx(r.Context(), func(tx *db.Tx) error {
		images = nil
		visits, err := session.VisitsOf(tx, s.ID)
		if err != nil {
			return err
		}
		if err := p.Sessions.SignOut(tx, s); err != nil {
			return err
		}
		for _, visit := range visits {
			client, known := apps.ByID(visit.App)
			if !known || client.Protocol != Name {
				continue // told by the chapter of its protocol
			}
			images = append(images, clean(of(client).reply(visit.Data)))
			if err := session.Told(tx, visit.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		p.Sessions.ClearCookie(w)
	}
	return images, err
}

// clean is where an app clears its own cookies.
func clean(reply string) string {
	if strings.Contains(reply, "?") {
		return reply + "&wa=" + cleanUp
	}
	return reply + "?wa=" + cleanUp
}

// allowImages opens the policy of this one page for the apps that it has to reach, all of them registered.
func allowImages(header http.Header, images []string) {
	sources := "'self' data:"
	for _, image := range images {
		if u, err := url.Parse(image); err == nil {
			sources += " " + u.Scheme + "://" + u.Host
		}
	}
	header.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src "+sources+
		"; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
}
