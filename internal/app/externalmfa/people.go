// Who it is: the person of a hint.
package externalmfa

import (
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// Matched finds the id of the user whom the Microsoft 365 connection has matched with the object of the tenant.
type Matched func(tx *db.Tx, tenant, object string) (user string, found bool, err error)

// whyNot is why there is nobody to ask. Each has a page text, externalmfa.not.<whyNot>.
type whyNot string

const (
	fine      whyNot = ""
	unknown   whyNot = "unknown"   // nobody here is this person, as far as we may tell
	guest     whyNot = "guest"     // at home elsewhere, so that no name of theirs says anything here
	ambiguous whyNot = "ambiguous" // the name is of somebody who is linked to another object
	closed    whyNot = "closed"    // the account is not active
)

// person finds the user of a hint: by the link of tenant and object, else by what the administrator configured. new says
// that there is no link yet. E-mail addresses are never looked at: anybody may put one into a profile.
func (p *Provider) person(tx *db.Tx, c Connection, h hint) (user directory.User, isNew bool, not whyNot, err error) {
	link, found, err := linkOf(tx, c.Tenant, h.Object)
	if err != nil {
		return user, false, fine, err
	}
	id := link.User
	if !found {
		if id, not, err = p.match(tx, c, h); err != nil || not != fine {
			return user, true, not, err
		}
	}
	if user, err = directory.ByID(tx, id); err != nil {
		if problem.Is(err, problem.NotFound) {
			return directory.User{}, !found, unknown, nil
		}
		return user, false, fine, err
	}
	if user.Status != directory.Active {
		not = closed
	}
	return user, !found, not, nil
}

// match finds somebody who comes for the first time.
func (p *Provider) match(tx *db.Tx, c Connection, h hint) (id string, not whyNot, err error) {
	if h.Guest() {
		return "", guest, nil
	}
	switch c.MatchBy {
	case ByUsername:
		id, err = byUsername(tx, h.UPN)
	case ByMicrosoft:
		if p.Matched != nil {
			id, _, err = p.Matched(tx, c.Tenant, h.Object)
		}
	}
	if err != nil || id == "" {
		return "", unknown, err
	}
	// An object was deleted and made again, or a name was given to somebody else: that is for people to decide.
	if _, taken, err := linkOfUser(tx, c.Tenant, id); err != nil || taken {
		return "", ambiguous, err
	}
	return id, fine, nil
}

// byUsername is the user who has the user principal name as user name.
func byUsername(tx *db.Tx, upn string) (string, error) {
	if directory.CheckUsername(upn) != nil {
		return "", nil // which is no name that anybody could have here, or the claim is missing
	}
	user, found, err := directory.Find(tx, upn)
	if err != nil || !found || directory.Canonical(user.Username) != directory.Canonical(upn) { // found by a mail address
		return "", err
	}
	return user.ID, nil
}
