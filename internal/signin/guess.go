// Guessing is bounded: by attempt, by person, by address and overall, on every node.
//
// A stranger must not be able to lock a member out. Tries from a browser that has completed a sign-in of this person
// are therefore counted apart from all other tries, and no bound by address or network binds them.
package signin

import (
	"context"
	"encoding/hex"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/problem"
)

const quarter = 90 * 24 * time.Hour

// The rules. A right try is given back, so that only wrong ones count; a new code, a new attempt or a right password
// gives nothing back of the wrong codes (NIST SP 800-63B-4 section 3.1.3.2).
var (
	passwords = limit.Rule{Name: "password", Max: 10, Window: quarter, Block: time.Minute, Longest: time.Hour}
	codes     = limit.Rule{Name: "code", Max: 10, Window: quarter, Block: 15 * time.Minute, Longest: 24 * time.Hour}
	address   = limit.Rule{Name: "address", Max: 30, Window: 10 * time.Minute}
	network   = limit.Rule{Name: "network", Max: 100, Window: 10 * time.Minute}
	// Codes are counted apart: who has given the right password is not stopped by a neighbour who has not.
	codeAddress = limit.Rule{Name: "code-address", Max: 30, Window: 10 * time.Minute}
	codeNetwork = limit.Rule{Name: "code-network", Max: 100, Window: 10 * time.Minute}
)

// Who is the key under which the attempt's tries are counted: the person, and the browser if it is one that they have
// used before.
func (f *Flow) Who(a *Attempt) string {
	if a.Known != "" {
		return f.person(a) + ":" + a.Known
	}
	return f.person(a) + ":other"
}

// person is the id of who the attempt is about, however they wrote their name, or the fingerprint of a name that nobody
// has, which is bounded just the same so that the bound does not tell them apart.
func (f *Flow) person(a *Attempt) string {
	if a.User.ID != "" {
		return a.User.ID
	}
	return "?" + hex.EncodeToString(f.Keys.MAC("name", directory.Canonical(a.Typed))[:16])
}

// TakePassword counts a password try before it is made. It tells whether it may be made; if not, nothing was counted,
// and the attempt knows why.
func (f *Flow) TakePassword(tx *db.Tx, a *Attempt, password string) (bool, error) {
	guess := f.passwordBounds(a)
	wait, err := guess.take(tx)
	if err == nil && wait == 0 && a.Known == "" {
		if wait, err = f.strained(tx, a, password); err == nil && wait > 0 {
			err = guess.giveBack(tx)
		}
	}
	if err != nil {
		return false, err
	}
	return a.taken("password", "signin.wait", wait), nil
}

// taken notes in the attempt that a try was counted, or that it has to wait.
func (a *Attempt) taken(field, key string, wait time.Duration) bool {
	if wait > 0 {
		p := problem.Field(field, key).After(wait)
		p.Kind = problem.Limited
		a.Fail(p)
		return false
	}
	a.Wrong++ // until it turns out right
	return true
}

// RightPassword gives the try back.
func (f *Flow) RightPassword(tx *db.Tx, a *Attempt) error {
	a.Wrong = max(0, a.Wrong-1)
	return f.passwordBounds(a).giveBack(tx)
}

// UndoPassword gives back a try that decided nothing, whatever has become of the attempt since: no hash could be made,
// or the sign-in went on in another tab. The visitor may be gone by now.
func (f *Flow) UndoPassword(ctx context.Context, a *Attempt) error {
	return f.DB.Tx(context.WithoutCancel(ctx), func(tx *db.Tx) error {
		if err := forgetWrong(tx, a.ID); err != nil {
			return err
		}
		return f.passwordBounds(a).giveBack(tx)
	})
}

// WrongPassword records a wrong password.
func (f *Flow) WrongPassword(tx *db.Tx, a *Attempt, password string) error {
	a.Fail(problem.Field("password", "signin.wrong-password"))
	if a.Wrong >= mostWrong {
		a.end(ReasonWrong)
	}
	if err := f.record(tx, a, audit.WrongPassword, nil); err != nil {
		return err
	}
	if err := f.passwordBounds(a).record(tx, a); err != nil {
		return err
	}
	return f.watch(tx, a, password)
}

func (f *Flow) passwordBounds(a *Attempt) bounds {
	return append(places(a, address, network), bound{passwords, f.Who(a)})
}

func (f *Flow) codeBounds(a *Attempt) bounds {
	return append(places(a, codeAddress, codeNetwork), bound{codes, f.Who(a)})
}

func (f *Flow) takeCode(tx *db.Tx, a *Attempt) (bool, error) {
	wait, err := f.codeBounds(a).take(tx)
	return err == nil && a.taken("code", "signin.wait-code", wait), err
}

func (f *Flow) giveBackCode(tx *db.Tx, a *Attempt) error {
	a.Wrong = max(0, a.Wrong-1)
	return f.codeBounds(a).giveBack(tx)
}

// rightCode gives the try back. It ends the row of wrong codes of every method that the code was tried on.
func (f *Flow) rightCode(tx *db.Tx, a *Attempt, right string, tried ...string) error {
	if err := f.giveBackCode(tx, a); err != nil {
		return err
	}
	for _, id := range tried {
		if err := methodRight(tx, id, id == right); err != nil {
			return err
		}
	}
	if e := a.Method(right); e != nil && a.Session != "" { // a sign-in is recorded when it is done
		return f.record(tx, a, audit.Proved, audit.Detail{"method": string(e.Kind)})
	}
	return nil
}

// wrongCode notes a wrong code in the attempt, with the methods that it was tried on, and tells the owner when it looks
// like somebody else: who types codes has given the right password before.
func (f *Flow) wrongCode(tx *db.Tx, a *Attempt, tried ...string) error {
	a.Fail(problem.Field("code", "signin.wrong-code"))
	if a.Wrong >= mostWrong {
		a.end(ReasonWrong)
	}
	if err := f.record(tx, a, audit.WrongCode, nil); err != nil {
		return err
	}
	if err := f.codeBounds(a).record(tx, a); err != nil {
		return err
	}
	for _, id := range tried {
		failures, err := methodWrong(tx, id)
		if err != nil {
			return err
		}
		if e := a.Method(id); e != nil && failures == mostFailures {
			if err := protect(tx, a.User.ID); err != nil {
				return err
			}
			if err := f.record(tx, a, audit.MethodDisabled, audit.Detail{"method": string(e.Kind)}); err != nil {
				return err
			}
		}
	}
	if tries, err := codes.Tries(tx, f.Who(a)); err != nil || tries != 3 {
		return err
	}
	return f.Tell(tx, a.User, "signin.notice.wrong-codes", nil)
}

func problemExpired() *problem.Problem {
	p := problem.Field("code", "signin.expired-code")
	p.Kind = problem.Gone
	return p
}
