// The class of authentication: what was proved, in the words of SAML.
package saml

import (
	"slices"

	"woggle/internal/samltoken"
	"woggle/internal/session"
)

// proved is what may be said truly.
type proved struct {
	multi    bool // two factors
	password bool // one of them was a password, over TLS, or a key's own check of its holder: apps that ask for a password mean
	// at least that, and to refuse the stronger proof would lock out whoever has a passkey
}

func proofsOf(proofs []session.Proof) proved {
	return proved{multi: session.LevelOf(proofs) == session.Multi, password: session.Has(proofs, session.Knowledge)}
}

// everybody is what everybody has proved who arrives at an app.
var everybody = proved{multi: true, password: true}

// The classes that we know, the stronger ones first. Microsoft's and REFEDS's names of several factors mean the same here.
var (
	multi  = []string{samltoken.RefedsMFA, samltoken.MultipleAuthn}
	single = []string{samltoken.PasswordTransport, samltoken.PlainPassword, samltoken.RefedsSFA, samltoken.AnyClass}
)

// says tells whether the class is true.
func (p proved) says(class string) bool {
	switch class {
	case samltoken.RefedsMFA, samltoken.MultipleAuthn:
		return p.multi
	case samltoken.PasswordTransport, samltoken.PlainPassword:
		return p.password
	case samltoken.RefedsSFA, samltoken.AnyClass:
		return p.multi || p.password
	}
	return false
}

// strongest is the class that says most.
func (p proved) strongest() (string, bool) {
	for _, class := range append(slices.Clone(multi), single...) {
		if p.says(class) {
			return class, true
		}
	}
	return "", false
}

// class answers what an app asks for (Core section 3.3.2.2.1): the class to name, or that none will do. The strongest is
// named where the app leaves a choice.
func (p proved) class(wanted []string, how samltoken.Comparison) (string, bool) {
	if len(wanted) == 0 {
		return p.strongest()
	}
	known := func(class string) bool { return slices.Contains(multi, class) || slices.Contains(single, class) }
	strong := func(class string) bool { return slices.Contains(multi, class) }
	switch how {
	case samltoken.Minimum:
		// Whoever has proved two factors has proved more than one. The class that was named is best understood.
		if i := slices.IndexFunc(wanted, func(c string) bool { return strong(c) && p.says(c) }); i >= 0 {
			return wanted[i], true
		}
		if slices.ContainsFunc(wanted, func(c string) bool { return known(c) && !strong(c) }) {
			return p.strongest()
		}
	case samltoken.Better:
		if p.multi && !slices.ContainsFunc(wanted, func(c string) bool { return !known(c) || strong(c) }) {
			return p.strongest()
		}
	case samltoken.Maximum:
		if slices.ContainsFunc(wanted, strong) {
			return p.strongest()
		}
		fallthrough
	default: // exact, in the app's order
		if i := slices.IndexFunc(wanted, p.says); i >= 0 {
			return wanted[i], true
		}
	}
	return "", false
}
