// The authenticator app as a method of the flow.
package authenticator

import (
	"context"
	"embed"
	"net/netip"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/message/push"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// Deps is all that the method works with.
type Deps struct {
	DB    *db.DB
	Keys  *keys.Ring
	Pages *page.Renderer
	Flow  *signin.Flow
	Push  *push.Sender
	Base  string // public address of this server, without a slash at its end
	// AppName is the name of the app that waits at a path of ours for somebody who signs in; empty where none does.
	AppName func(tx *db.Tx, returnTo string) (string, error)
}

// Method asks for a code of an app, or for its approval.
type Method struct {
	Deps
	pushes  chan struct{}
	waiters waiters
	stop    context.Context // is over when the server stops: nobody waits on
	Stop    func()          // ends the connections that are held open
}

var (
	_ signin.Method    = (*Method)(nil)
	_ signin.Enroller  = (*Method)(nil)
	_ signin.Describer = (*Method)(nil)
	_ signin.Placed    = (*Method)(nil)
)

// New makes the method.
func New(d Deps) (*Method, error) {
	m := &Method{Deps: d, pushes: make(chan struct{}, mostPushes), waiters: waiters{each: map[string]int{}, here: map[netip.Prefix]int{}}}
	m.stop, m.Stop = context.WithCancel(context.Background())
	return m, d.Pages.Add("authenticator", pages)
}

// Kind is signin.Authenticator.
func (*Method) Kind() signin.Kind { return signin.Authenticator }

// Start asks the app for approval, where it can. A code needs no start: apps make theirs by themselves, also without a signal;
// what the app was asked before is over then.
func (m *Method) Start(tx *db.Tx, a *signin.Attempt, step signin.Step) error {
	if !wants(step) {
		return m.Flow.Close(tx, a, signin.Authenticator, signin.ToProve)
	}
	return m.ask(tx, a, step)
}

// Ways are to approve in the app, where it is ours and was paired, and to type its code.
func (*Method) Ways(e signin.Enrolled, l *page.Locale) []signin.Way {
	code := signin.Way{Icon: "authenticator", Label: l.Text("authenticator.way"), Detail: e.Name}
	if e.Lookup == "" {
		return []signin.Way{code}
	}
	approve := code
	approve.Option, approve.Label = byApproval, l.Text("authenticator.way.approve")
	code.Option = byCode
	return []signin.Way{approve, code}
}

// Detail words the app for lists.
func (*Method) Detail(e signin.Enrolled, l *page.Locale) (title, detail string) {
	title, detail = l.Text("signin.kind.authenticator"), e.Name
	if e.Lookup != "" {
		detail += " · " + l.Text("authenticator.approves")
	}
	return title, detail
}

// Place is the handset, which nearly all apps are on; a person who has one on a computer is asked for one way too many.
func (*Method) Place(signin.Enrolled) signin.Place { return signin.Handset }

// Row is an app as it is stored: its secret sealed, and the last time step that it proved.
func Row(ring *keys.Ring, user, name string, secret []byte, step int64) signin.Enrolled {
	id := db.NewID()
	return signin.Enrolled{ID: id, User: user, Kind: signin.Authenticator, Name: name, Counter: step,
		Secret: ring.Seal(secret, place(id)...)}
}

func place(id string) []string { return []string{"methods", "secret", id} }

// spend finds which of the person's apps made the code, and uses its time step up. Of two right answers at once, on
// any node, one does.
func (m *Method) spend(tx *db.Tx, a *signin.Attempt, typed string) (method string, err error) {
	for _, e := range a.Enrolled {
		if e.Kind != signin.Authenticator || !e.DisabledAt.IsZero() {
			continue
		}
		secret, err := m.Keys.Open(e.Secret, place(e.ID)...)
		if err != nil {
			// A damaged row is passed by: an error would undo the counting of this try, and make guessing free.
			m.Flow.Log.Error("an authenticator's secret cannot be opened", "method", e.ID, "error", err)
			continue
		}
		if step, ok := Match(secret, typed, tx.Now, e.Counter); ok {
			if spent, err := signin.Advance(tx, e.ID, step); err != nil || spent {
				return e.ID, err
			}
		}
	}
	return "", nil
}

// Restored spends every code up to now, after a backup was put back (threat T88): it may have been used since the backup
// was made.
func Restored(tx *db.Tx) error {
	return signin.AdvanceAll(tx, signin.Authenticator, Step(tx.Now))
}

func proof(id string, now time.Time) session.Proof {
	return session.Proof{Kind: string(signin.Authenticator), Method: id, Factor: session.Possession, AMR: []string{"otp"}, At: now}
}
