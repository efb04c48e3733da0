// Recovery codes as a method of the flow.
package recovery

import (
	"embed"
	"time"

	"woggle/internal/audit"
	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

const (
	// Count is how many codes are in a set.
	Count = 10
	// length is 16 letters and digits: 79 bits, where a saved recovery code must have 64 (section 4.2.1.1).
	length = 16
	// few is when the person is asked to make new ones (threat T44).
	few = 2
)

// Deps is all that the method works with.
type Deps struct {
	DB    *db.DB
	Keys  *keys.Ring
	Pages *page.Renderer
	Flow  *signin.Flow
}

// Method asks for a recovery code.
type Method struct{ Deps }

var (
	_ signin.Method    = (*Method)(nil)
	_ signin.Enroller  = (*Method)(nil)
	_ signin.Describer = (*Method)(nil)
	_ signin.Placed    = (*Method)(nil)
)

// New makes the method.
func New(d Deps) (*Method, error) { return &Method{d}, d.Pages.Add("recovery", pages) }

// Kind is signin.Recovery.
func (*Method) Kind() signin.Kind { return signin.Recovery }

// Start has nothing to send: the codes are on paper.
func (*Method) Start(*db.Tx, *signin.Attempt, signin.Step) error { return nil }

// Ways is one: to type a code.
func (*Method) Ways(e signin.Enrolled, l *page.Locale) []signin.Way {
	return []signin.Way{{Icon: "recovery", Label: l.Text("recovery.way"), Detail: l.Text("recovery.left", "count", left(e))}}
}

// Detail tells how many are left.
func (*Method) Detail(e signin.Enrolled, l *page.Locale) (title, detail string) {
	key := "recovery.left"
	if left(e) <= few {
		key = "recovery.few"
	}
	return l.Text("signin.kind.recovery"), l.Text(key, "count", left(e))
}

// Place is paper, which no lost or broken phone takes along. The last codes are not to be counted on: one bad day uses them up.
func (*Method) Place(e signin.Enrolled) signin.Place {
	if left(e) <= few {
		return signin.Nowhere
	}
	return signin.Paper
}

// left is how many codes are not used. The counter of the method is of those that are.
func left(e signin.Enrolled) int { return Count - int(e.Counter) }

func newSet() []string {
	set := make([]string, Count)
	for i := range set {
		set[i] = code.Letters(length)
	}
	return set
}

// Store gives the method of the user, which stands in the database already, its codes.
func Store(tx *db.Tx, ring *keys.Ring, method, user string, set []string) error {
	for _, one := range set {
		if err := insertCode(tx, method, ring.MAC("recovery", user, one)); err != nil {
			return err
		}
	}
	return nil
}

// spend uses a code of the attempt's person up. It tells of which set it was, empty if it is none of theirs, and how many are left.
func (m *Method) spend(tx *db.Tx, a *signin.Attempt, typed string) (method string, count int, err error) {
	for _, e := range a.Enrolled {
		if e.Kind != signin.Recovery || !e.DisabledAt.IsZero() {
			continue
		}
		for _, fingerprint := range m.Keys.Lookups("recovery", e.User, typed) {
			spent, err := deleteCode(tx, e.ID, fingerprint)
			if err != nil {
				return "", 0, err
			}
			if spent {
				count, err = m.used(tx, a, e)
				return e.ID, count, err
			}
		}
	}
	return "", 0, nil
}

// used is what follows in the same transaction: the count, the trail, the notice. A set without codes goes.
func (m *Method) used(tx *db.Tx, a *signin.Attempt, e signin.Enrolled) (count int, err error) {
	if count, err = countCodes(tx, e.ID); err != nil {
		return 0, err
	}
	if count == 0 {
		_, err = signin.DeleteMethod(tx, e.User, e.ID)
	} else {
		_, err = signin.Advance(tx, e.ID, int64(Count-count))
	}
	if err != nil {
		return 0, err
	}
	if err := audit.Record(tx, a.Event(audit.RecoveryUsed, nil)); err != nil {
		return 0, err
	}
	notice := "recovery.notice.used"
	if count <= few {
		notice = "recovery.notice.few"
	}
	return count, m.Flow.Tell(tx, a.User, notice, nil, "count", count)
}

// proof is one by the set with the id. The last code of a set proves as much as the others, though what is proved with a method that is
// gone is worth nothing otherwise: then the proof names none.
func proof(id string, count int, now time.Time) session.Proof {
	if count == 0 {
		id = ""
	}
	return session.Proof{Kind: string(signin.Recovery), Method: id, Factor: session.Possession, AMR: []string{"otp"}, At: now}
}

// Restored voids all sets after a backup was put back (threat T88): which of their codes were used since it was made is not known.
func Restored(tx *db.Tx) (sets int64, err error) { return signin.DeleteKind(tx, signin.Recovery) }
