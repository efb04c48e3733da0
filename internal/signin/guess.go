// Guessing is bounded: by attempt, by person, by address and overall, on every node.
//
// A stranger must not be able to lock a member out. Tries from a browser that has completed a sign-in of this person
// are therefore counted apart from all other tries, and the bounds for a whole network do not bind them.
package signin

import (
	"encoding/hex"
	"net/netip"
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
	everyone  = limit.Rule{Name: "everyone", Max: 1000, Window: 10 * time.Minute}
	spraying  = limit.Rule{Name: "spraying", Max: 20, Window: 10 * time.Minute}
)

// Who is the key under which the attempt's tries are counted: the person, however they wrote their name, or the
// fingerprint of a name that nobody has, which is bounded just the same so that the bound does not tell them apart.
func (f *Flow) Who(a *Attempt) string {
	person := a.User.ID
	if person == "" {
		person = "?" + hex.EncodeToString(f.Keys.MAC("name", directory.Canonical(a.Typed))[:16])
	}
	if a.Known != "" {
		return person + ":" + a.Known
	}
	return person + ":other"
}

// TakePassword counts a password try before it is made. It tells whether it may be made; if not, the attempt knows why.
func (f *Flow) TakePassword(tx *db.Tx, a *Attempt, from netip.Addr, password string) (bool, error) {
	wait, err := passwords.Take(tx, f.Who(a))
	for _, bound := range f.bounds(a, from) {
		if err == nil && wait == 0 {
			wait, err = bound.rule.Take(tx, bound.who)
		}
	}
	if err == nil && wait == 0 && a.Known == "" {
		wait, err = spraying.Wait(tx, f.spray(password))
	}
	if err != nil {
		return false, err
	}
	if wait > 0 {
		a.Fail(problem.Field("password", "signin.wait").After(wait))
		a.problems[len(a.problems)-1].Kind = problem.Limited
		return false, nil
	}
	a.Wrong++ // until it turns out right
	return true, nil
}

// RightPassword gives the try back.
func (f *Flow) RightPassword(tx *db.Tx, a *Attempt, from netip.Addr) error {
	a.Wrong = max(0, a.Wrong-1)
	if err := passwords.GiveBack(tx, f.Who(a), 1); err != nil {
		return err
	}
	for _, bound := range f.bounds(a, from) {
		if err := bound.rule.GiveBack(tx, bound.who, 1); err != nil {
			return err
		}
	}
	return nil
}

// WrongPassword records a wrong password. The same wrong password for many people is somebody trying it on all of them.
func (f *Flow) WrongPassword(tx *db.Tx, a *Attempt, password string) error {
	a.Fail(problem.Field("password", "signin.wrong-password"))
	if a.Wrong >= mostWrong {
		a.end(ReasonWrong)
	}
	if err := f.record(tx, a, audit.WrongPassword, nil); err != nil {
		return err
	}
	if _, err := spraying.Take(tx, f.spray(password)); err != nil {
		return err
	}
	tries, err := spraying.Tries(tx, f.spray(password))
	if err != nil || tries != spraying.Max {
		return err
	}
	return audit.Record(tx, audit.Event{Type: audit.SprayingSuspected, Actor: audit.System})
}

type bound struct {
	rule limit.Rule
	who  string
}

// bounds are the limits by where a try comes from. An address of this very computer says nothing of who asks: there,
// only the bounds by person hold.
func (f *Flow) bounds(a *Attempt, from netip.Addr) []bound {
	if !from.IsValid() || from.IsLoopback() {
		return nil
	}
	all := []bound{{address, from.String()}}
	if a.Known == "" {
		bits := 24
		if from.Is6() {
			bits = 64
		}
		if prefix, err := from.Prefix(bits); err == nil {
			all = append(all, bound{network, prefix.String()})
		}
		all = append(all, bound{everyone, ""})
	}
	return all
}

// spray is a short fingerprint of a password: enough to see the same one again, too short to find it.
func (f *Flow) spray(password string) string {
	return hex.EncodeToString(f.Keys.MAC("spray", password)[:4])
}

func (f *Flow) takeCode(tx *db.Tx, a *Attempt) (bool, error) {
	wait, err := codes.Take(tx, f.Who(a))
	if err != nil {
		return false, err
	}
	if wait > 0 {
		p := problem.Field("code", "signin.wait-code").After(wait)
		p.Kind = problem.Limited
		a.Fail(p)
		return false, nil
	}
	a.Wrong++
	return true, nil
}

func (f *Flow) giveBackCode(tx *db.Tx, a *Attempt) error {
	a.Wrong = max(0, a.Wrong-1)
	return codes.GiveBack(tx, f.Who(a), 1)
}

func (f *Flow) rightCode(tx *db.Tx, a *Attempt, method string) error {
	if err := f.giveBackCode(tx, a); err != nil || method == "" {
		return err
	}
	return methodRight(tx, method)
}

// wrongCode notes a wrong code in the attempt, with the method, and tells the owner when it looks like somebody else:
// who types codes has given the right password before.
func (f *Flow) wrongCode(tx *db.Tx, a *Attempt, method string) error {
	a.Fail(problem.Field("code", "signin.wrong-code"))
	if a.Wrong >= mostWrong {
		a.end(ReasonWrong)
	}
	if err := f.record(tx, a, audit.WrongCode, nil); err != nil {
		return err
	}
	if method != "" {
		failures, err := methodWrong(tx, method)
		if err != nil {
			return err
		}
		if failures == mostFailures {
			if err := f.record(tx, a, audit.MethodDisabled, nil); err != nil {
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
