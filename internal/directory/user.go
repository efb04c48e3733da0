// A user: who it is, what they may do, whether they may sign in.
package directory

import (
	"errors"
	"strings"
	"time"

	"woggle/internal/problem"
)

// Role is what a user may do for others.
type Role string

// The roles, from the least.
const (
	Member        Role = "member"
	Helper        Role = "helper"        // gives a locked-out member an access pass
	Administrator Role = "administrator" // may do everything
)

// Status says whether a user may sign in.
type Status string

// The statuses. Only an active user signs in.
const (
	Active   Status = "active"
	Locked   Status = "locked"   // kept out by an administrator until something is cleared up
	Disabled Status = "disabled" // has left
)

// User is one person's account.
type User struct {
	ID            string
	Username      string // as it was given; found in any case and width
	Email         string // where mail goes, as it was given; may be empty, may be shared
	GivenName     string
	FamilyName    string
	Locale        string // language chosen by the person, such as "cy"; empty: as the browser asks
	Role          Role
	Status        Status
	FrozenAt      time.Time // since when nothing of theirs may be changed; zero: it may
	Epoch         int64     // raised to end every session
	FirstUseUntil time.Time // until when the password, given by an administrator, is proof enough to add the first method
	CreatedAt     time.Time
	SignedInAt    time.Time // zero: never
}

// Name is the person's name for others to read: given and family name, or else the user name.
func (u User) Name() string {
	if name := strings.TrimSpace(u.GivenName + " " + u.FamilyName); name != "" {
		return name
	}
	return u.Username
}

// Called is how to speak to the person: the given name, or else the user name.
func (u User) Called() string {
	if u.GivenName != "" {
		return u.GivenName
	}
	return u.Username
}

// Frozen tells whether nothing of the person's may be changed now.
func (u User) Frozen() bool { return !u.FrozenAt.IsZero() }

// check tells everything that keeps the user from being stored.
func (u User) check() error {
	var wrong Problems
	wrong.add("username", CheckUsername(u.Username))
	if u.Email != "" {
		wrong.add("email", CheckEmail(u.Email))
	}
	wrong.add(GivenNameField, CheckPersonName(u.GivenName))
	wrong.add(FamilyNameField, CheckPersonName(u.FamilyName))
	if u.Role != Member && u.Role != Helper && u.Role != Administrator {
		wrong.add("role", problem.Field("role", "directory.role.unknown"))
	}
	if u.Status != Active && u.Status != Locked && u.Status != Disabled {
		wrong.add("status", problem.Field("status", "directory.status.unknown"))
	}
	return wrong.err()
}

// tidy brings what was typed into the form in which it is stored.
func (u User) tidy() User {
	u.Username, u.Email = strings.TrimSpace(u.Username), strings.TrimSpace(u.Email)
	u.GivenName, u.FamilyName = Tidy(u.GivenName), Tidy(u.FamilyName)
	return u
}

// Problems is an error that holds all that is wrong with a form, so that a person can put it right in one go.
type Problems []*problem.Problem

// Error is what the log reads.
func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, one := range p {
		texts[i] = one.Field + ": " + one.Error()
	}
	return strings.Join(texts, "; ")
}

// Unwrap makes the first problem the one that package problem finds.
func (p Problems) Unwrap() []error {
	all := make([]error, len(p))
	for i, one := range p {
		all[i] = one
	}
	return all
}

// add keeps the problem in err, if there is one, as one of the field.
func (p *Problems) add(field string, err error) {
	var one *problem.Problem
	if errors.As(err, &one) {
		one.Field = field
		*p = append(*p, one)
	}
}

// err is the problems as an error, nil if there are none.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}
