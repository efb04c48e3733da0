// What is known of a request before a chapter sees it.
package page

import (
	"context"
	"net/http"
	"net/netip"
)

// Visit is one request seen from outside.
type Visit struct {
	ID      string     // names the request in the log and on error pages
	Address netip.Addr // the client, as the nearest proxy that is trusted tells
	Agent   string     // the User-Agent header, cut short
	Browser string     // random token of this browser, kept in a cookie: attempts and forms are bound to it
	Token   string     // goes into each form, made from Browser: a form of another site cannot know it
	Locale  *Locale
	Person  *Person // who is signed in, or nil
}

// Person is the signed-in person as far as a page's frame needs to know.
type Person struct {
	ID            string
	Name          string
	Administrator bool
	Helps         bool // others may be helped by them
}

type visitKey struct{}

// WithVisit puts the visit into the request's context.
func WithVisit(r *http.Request, v *Visit) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), visitKey{}, v))
}

// VisitOf is the visit that the server made for this request. It panics where the server did not, because a handler
// without it would have no protection against forged forms.
func VisitOf(r *http.Request) *Visit { return r.Context().Value(visitKey{}).(*Visit) }
