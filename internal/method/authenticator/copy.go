// The copies of their accounts that apps leave here, which only their owner can read.
package authenticator

import (
	"errors"
	"net/http"
	"time"

	"woggle/internal/copies"
	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/signin"
)

// mostCopyBody bounds a request with a copy in it, in bytes.
const mostCopyBody = copies.MostBytes + 1<<10

// renewals bounds how often an app writes its copy: it does so at each change of its list.
var renewals = limit.Rule{Name: "copy-renewed", Max: 100, Window: 24 * time.Hour}

// The refusals of copies.
var (
	errManyCopies = &refusal{http.StatusConflict, "many"}
	errOften      = &refusal{http.StatusTooManyRequests, "often"}
	errNoCopy     = &refusal{http.StatusNotFound, "missing"} // none, or its owner has removed it
)

// takeCopy stores what an app brings: its first copy, or a newer one. A renewal does not bring back a copy that its owner has removed.
func (m *Method) takeCopy(_ http.ResponseWriter, r *http.Request) (any, error) {
	var form struct {
		Copy  string `json:"copy"`
		Renew bool   `json:"renew"`
	}
	if err := read(r, &form); err != nil {
		return nil, err
	}
	if copies.Check(form.Copy) != nil {
		return nil, errBody
	}
	var no error
	err := m.act(r, func(tx *db.Tx, d device, _ statement) error {
		wait, err := renewals.Take(tx, d.ID)
		switch {
		case err != nil:
			return err
		case wait > 0:
			no = errOften // counted all the same
			return nil
		case form.Renew:
			return copyRefusal(copies.Renew(tx, m.Keys, d.User, d.ID, form.Copy))
		}
		return copyRefusal(m.keepCopy(tx, d, form.Copy))
	})
	if err == nil {
		err = no
	}
	return struct{}{}, err
}

// keepCopy begins a copy, and tells the person.
func (m *Method) keepCopy(tx *db.Tx, d device, text string) error {
	user, err := signin.Alter(tx, d.User)
	if err != nil {
		return err
	}
	if err := copies.Keep(tx, m.Keys, user.ID, d.ID, text); err != nil {
		return err
	}
	return m.Flow.Tell(tx, user, "authenticator.notice.copy-kept", nil)
}

// dropCopy removes the copy of the app.
func (m *Method) dropCopy(_ http.ResponseWriter, r *http.Request) (any, error) {
	return struct{}{}, m.act(r, func(tx *db.Tx, d device, _ statement) error { return copies.DropOf(tx, d.User, d.ID) })
}

// giveCopy gives a copy to an app that nobody here knows: the token of its link comes from its owner's page.
func (m *Method) giveCopy(_ http.ResponseWriter, r *http.Request) (any, error) {
	var form struct {
		Token string `json:"token"`
	}
	if err := read(r, &form); err != nil {
		return nil, err
	}
	opens := false
	err := m.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		opens, err = copies.Opens(tx, m.Keys, form.Token)
		return err
	})
	if err != nil {
		return nil, err
	}
	if !opens { // whoever makes tokens up takes no turn to write
		return nil, m.stranger(r, errNoCopy)
	}
	var text string
	err = m.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		text, err = copies.Redeem(tx, m.Keys, form.Token)
		return err
	})
	return map[string]string{"copy": text}, copyRefusal(err)
}

func copyRefusal(err error) error {
	switch {
	case errors.Is(err, copies.ErrMany):
		return errManyCopies
	case errors.Is(err, copies.ErrGone):
		return errNoCopy
	case errors.Is(err, copies.ErrFormat):
		return errBody
	}
	return err
}
