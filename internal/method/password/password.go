// The password as a method of the flow: asked first, in a field that takes an access pass as well.
package password

import (
	"context"
	"embed"
	"errors"
	"net/http"
	"slices"
	"time"
	"unicode/utf8"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// longest is what is read of a typed password, in bytes: 256 code points of four. Longer ones are wrong.
const longest = 1024

// Deps is all that the method works with.
type Deps struct {
	DB     *db.DB
	Keys   *keys.Ring
	Pages  *page.Renderer
	Flow   *signin.Flow
	Hasher *Hasher
	// Pass finds the access pass that was typed in place of a password.
	Pass func(tx *db.Tx, a *signin.Attempt, typed string, at time.Time) (signin.Enrolled, bool, error)
}

// Method asks for a password.
type Method struct{ Deps }

var (
	_ signin.Method    = (*Method)(nil)
	_ signin.Enroller  = (*Method)(nil)
	_ signin.Describer = (*Method)(nil)
)

// New makes the method.
func New(d Deps) (*Method, error) { return &Method{d}, d.Pages.Add("password", pages) }

// Kind is signin.Password.
func (*Method) Kind() signin.Kind { return signin.Password }

// Start has nothing to send.
func (*Method) Start(*db.Tx, *signin.Attempt, signin.Step) error { return nil }

// Ways is one: to type it.
func (*Method) Ways(_ signin.Enrolled, l *page.Locale) []signin.Way {
	return []signin.Way{{Icon: "password", Label: l.Text("signin.kind.password")}}
}

// Detail words the password for lists.
func (*Method) Detail(_ signin.Enrolled, l *page.Locale) (title, detail string) {
	return l.Text("signin.kind.password"), ""
}

// Row is a password hash as it is stored: sealed, which is its pepper.
func Row(ring *keys.Ring, user, phc string) signin.Enrolled {
	id := db.NewID()
	return signin.Enrolled{ID: id, User: user, Kind: signin.Password, Secret: ring.Seal([]byte(phc), place(id)...)}
}

func place(id string) []string { return []string{"methods", "secret", id} }

// verdict is what came of comparing, outside any transaction.
type verdict struct {
	right  bool
	method string // id of the row that was compared
	better string // a hash with today's parameters, where the stored one is older
}

// compare takes the same time for a wrong password, a person without one, and a name that nobody has (threat T06). Its
// only errors are ErrBusy and the context's own.
func (m *Method) compare(ctx context.Context, a *signin.Attempt, typed string) (v verdict, err error) {
	i := slices.IndexFunc(a.Enrolled, func(e signin.Enrolled) bool { return e.Kind == signin.Password })
	if i < 0 {
		return v, m.Hasher.Dummy(ctx, typed)
	}
	id := a.Enrolled[i].ID
	phc, err := m.Keys.Open(a.Enrolled[i].Secret, place(id)...)
	if err == nil {
		_, err = Recognise(string(phc))
	}
	if err != nil { // it is as if there were none: an error page would tell that there is
		m.Flow.Log.Error("a password cannot be checked", "method", id, "error", err)
		return v, m.Hasher.Dummy(ctx, typed)
	}
	right, stale, err := m.Hasher.Verify(ctx, string(phc), typed)
	v = verdict{right: right, method: id}
	if right && stale && err == nil {
		// One that finds no turn is replaced another time.
		v.better, _ = m.Hasher.Hash(ctx, typed)
	}
	return v, err
}

// busy is the problem of a queue that was too long, in which nothing was decided.
func busy(err error) error {
	if errors.Is(err, ErrBusy) {
		return problem.New(problem.Busy, "error.busy").After(5 * time.Second).Because(err)
	}
	return err
}

// Change sets a signed-in person's new password, if the current one is right. Tries count as at sign-in (threat T22).
func (m *Method) Change(r *http.Request, user directory.User, keepSession, current, next string) error {
	var a *signin.Attempt
	err := m.DB.Tx(r.Context(), func(tx *db.Tx) (err error) {
		a = m.Flow.Aside(r, user)
		if a.Enrolled, err = signin.Methods(tx, user.ID); err != nil {
			return err
		}
		_, err = m.Flow.TakePassword(tx, a, current)
		return err
	})
	if err != nil {
		return err
	}
	if len(a.Problems()) > 0 {
		p := a.Problems()[0]
		p.Field = "current"
		return p
	}
	v, err := m.compare(r.Context(), a, current)
	if err != nil {
		return errors.Join(busy(err), m.Flow.UndoPassword(r.Context(), a))
	}
	if !v.right {
		return errors.Join(problem.Field("current", "password.current-wrong"), m.DB.Tx(r.Context(), func(tx *db.Tx) error {
			return m.Flow.WrongPassword(tx, a, current)
		}))
	}
	if p := m.judge(user, next); p != nil {
		p.Field = "new"
		return errors.Join(p, m.Flow.UndoPassword(r.Context(), a))
	}
	phc, err := m.Hasher.Hash(r.Context(), next)
	if err != nil {
		return errors.Join(busy(err), m.Flow.UndoPassword(r.Context(), a))
	}
	return m.DB.Tx(r.Context(), func(tx *db.Tx) error {
		// What was compared must still be the password: of two changes at once, the second starts again.
		if there, err := signin.DeleteMethod(tx, user.ID, v.method); err != nil || !there {
			return errors.Join(err, problem.Field("current", "password.current-wrong"))
		}
		if err := m.Flow.RightPassword(tx, a); err != nil {
			return err
		}
		return m.Flow.SetPassword(tx, user, Row(m.Keys, user.ID, phc), keepSession, audit.PasswordChanged)
	})
}

// judge tells what is wrong with a new password.
func (m *Method) judge(user directory.User, password string) *problem.Problem {
	if !utf8.ValidString(password) {
		return problem.Field("password", "password.weak.long")
	}
	about := []string{user.Username, user.Email, user.GivenName, user.FamilyName, m.Pages.Brand().Name}
	if weak := Check(password, about); weak != nil {
		return problem.Field("password", weak.Key())
	}
	return nil
}

func proof(id string, firstUse bool, now time.Time) session.Proof {
	return session.Proof{Kind: string(signin.Password), Method: id, Factor: session.Knowledge, AMR: []string{"pwd"}, At: now, FirstUse: firstUse}
}
