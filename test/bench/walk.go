// The walk of a sign-in, as a person with a password and an authenticator app makes it.
package main

import (
	"bytes"
	"fmt"
	"net/url"
	"time"

	"woggle/internal/method/authenticator"
)

// refusal is an answer that is not the one that a sign-in should get.
type refusal struct {
	at     string // the step
	status int
}

func (r refusal) Error() string { return fmt.Sprintf("%s: status %d", r.at, r.status) }

// The requests of a walk, in their order.
var walkRequests = [...]string{"GET name", "POST name", "GET password", "POST password", "GET code", "POST code", "GET home"}

// passwordRequest is the one that waits for the hash.
const passwordRequest = 3

// signIn goes from the first page to the signed-in one, in a browser that has no cookie.
func (b *browser) signIn(p person) error {
	b.fresh()
	page, err := b.get("/signin")
	if err != nil {
		return fmt.Errorf("%s: %w", walkRequests[0], err)
	}
	for i, form := range [...]struct{ action, field, value string }{
		{"/signin", "username", p.name()},
		{"/signin/password", "password", commonPassword},
		{"/signin/authenticator", "code", authenticator.Code(p.secret(), p.step)},
	} {
		sent, arrived := walkRequests[2*i+1], walkRequests[2*i+2]
		if page, err = b.submit(page, form.action, form.field, form.value); err != nil {
			return fmt.Errorf("%s: %w", sent, err)
		}
		if page.status != 303 {
			return refusal{sent, page.status}
		}
		if page, err = b.get(page.location); err != nil {
			return fmt.Errorf("%s: %w", arrived, err)
		}
		if page.status != 200 {
			return refusal{arrived, page.status}
		}
	}
	if !bytes.Contains(page.body, []byte(`action="/signout"`)) {
		return fmt.Errorf("the walk did not end on a signed-in page")
	}
	return nil
}

// submit fills one field of the form and sends it.
func (b *browser) submit(page answer, action, field, value string) (answer, error) {
	form, err := formOf(page.body, action)
	if err != nil {
		return answer{}, fmt.Errorf("%w (status %d)", err, page.status)
	}
	form = append(append(append(form, field...), '='), url.QueryEscape(value)...)
	return b.post(action, form)
}

// stepNow is the time step of authenticator codes.
func stepNow() int64 { return authenticator.Step(time.Now()) }
