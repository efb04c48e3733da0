// How often apps may ask. No page and no cookie comes before what an app sends, so that anybody can make a key, sign with it, and send.
package authenticator

import (
	"context"
	"errors"
	"net/http"
	"time"

	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/page"
	"woggle/internal/problem"
)

// Apps that we know are bounded each for itself, and not by where they are: a hall of phones is behind one address. One that is looked
// at asks twelve times a minute at most, in each of its windows. Whom we don't know is bounded by place, so that a stranger makes
// the database write no more than that. A true token shows that its set-up was seen: it is bounded by the set-up, so that strangers in
// the hall stop nobody who sets up the app there.
var (
	deviceAsks    = limit.Rule{Name: "device-asks", Max: 600, Window: 10 * time.Minute}
	devicePairs   = limit.Rule{Name: "device-pairs", Max: 20, Window: 10 * time.Minute}
	deviceUnknown = limit.Rule{Name: "device-unknown", Max: 300, Window: 10 * time.Minute}
)

// errLater says that an app asks too often.
var errLater = &refusal{http.StatusTooManyRequests, "later"}

// tooOften is errLater, with how long to wait.
type tooOften struct{ wait time.Duration }

func (*tooOften) Error() string { return errLater.Error() }
func (*tooOften) Unwrap() error { return errLater }

// later is the refusal for as long as there is to wait, or nil.
func later(wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	return &tooOften{wait}
}

// waitOf is how long the error says to wait, in whole seconds, or nothing.
func waitOf(err error) int {
	var often *tooOften
	if !errors.As(err, &often) {
		return 0
	}
	return int(often.wait/time.Second) + 1
}

// count counts one request of who under the rule. Its error is a refusal where there were too many: that takes no turn to write.
func (m *Method) count(ctx context.Context, rule limit.Rule, who string) error {
	var wait time.Duration
	err := m.DB.Ask(ctx, func(tx *db.Tx) (err error) {
		wait, err = rule.Wait(tx, who)
		return err
	})
	if err == nil && wait == 0 {
		err = m.DB.Tx(ctx, func(tx *db.Tx) (err error) {
			wait, err = rule.Take(tx, who)
			return err
		})
	}
	if err != nil {
		return err
	}
	return later(wait)
}

// stranger is how an app is refused that is none of ours: with no, or, where too many came from the same place, with later. An
// address of this very computer says nothing of who asks.
func (m *Method) stranger(r *http.Request, no error) error {
	from := here(page.VisitOf(r).Address)
	if !from.IsValid() || from.Addr().IsLoopback() {
		return no
	}
	if err := m.count(r.Context(), deviceUnknown, from.String()); err != nil {
		return err
	}
	return no
}

// known lets an app go on that is one of ours and does not ask too often. It only reads: what a stranger sends, and what is too
// much, does not wait in the row of those who write.
func (m *Method) known(r *http.Request, id string) error {
	var found bool
	var wait time.Duration
	err := m.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		if _, found, err = deviceByID(tx, id); err == nil && found {
			wait, err = deviceAsks.Wait(tx, id)
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case !found:
		return m.stranger(r, errUnknown)
	}
	return later(wait)
}

// counted counts a request of the app and does the work. A refusal of the work, which comes before it has changed anything, is given
// beside the error: the request is counted all the same.
func counted(tx *db.Tx, id string, work func() error) (no, err error) {
	wait, err := deviceAsks.Take(tx, id)
	if err != nil || wait > 0 {
		return later(wait), err
	}
	if err = work(); refused(err) != nil || problem.Is(err, problem.Forbidden) {
		return err, nil
	}
	return nil, err
}
