// Proofs: what was proved, how and when; and the level that they add up to.
package session

import (
	"slices"
	"time"
)

// Factor is a kind of evidence (NIST SP 800-63B-4 section 2).
type Factor string

// The factors that we take. A code by e-mail is none (section 3.1.3.1).
const (
	Knowledge  Factor = "knowledge"
	Possession Factor = "possession"
	NoFactor   Factor = ""
)

// Proof is one thing that a person proved.
type Proof struct {
	Kind     string    `json:"kind"`
	Method   string    `json:"method,omitempty"` // id of the method, where there is one
	Factor   Factor    `json:"factor,omitempty"`
	AMR      []string  `json:"amr,omitempty"` // RFC 8176 section 2
	At       time.Time `json:"at"`
	FirstUse bool      `json:"first_use,omitempty"` // a password that an administrator gave, not yet used
	Verified bool      `json:"verified,omitempty"`  // the thing that was possessed has checked its holder by itself
}

// Shows tells whether the proof is one of the factor. A key that opens only to its holder's PIN, finger or face is a proof of
// both: a multi-factor cryptographic authenticator (NIST SP 800-63B-4 section 3.1.7), whose second factor never leaves it.
func (p Proof) Shows(f Factor) bool {
	return p.Factor == f || f == Knowledge && p.Factor == Possession && p.Verified
}

// Level is how sure we are of somebody.
type Level int

// The levels. One is a single factor; Multi is two different ones (AAL2, NIST SP 800-63B-4 section 2.2).
const (
	None Level = iota
	One
	Multi
)

// LevelOf is the level that proofs add up to.
func LevelOf(proofs []Proof) Level {
	know, have := Has(proofs, Knowledge), Has(proofs, Possession)
	switch {
	case know && have:
		return Multi
	case know || have:
		return One
	}
	return None
}

// Has tells whether a factor was proved.
func Has(proofs []Proof, f Factor) bool {
	return slices.ContainsFunc(proofs, func(p Proof) bool { return p.Shows(f) })
}

// Since tells whether a factor was proved at or after the time.
func Since(proofs []Proof, f Factor, at time.Time) bool {
	return slices.ContainsFunc(proofs, func(p Proof) bool { return p.Shows(f) && !p.At.Before(at) })
}

// Newest is when the last of the proofs was made.
func Newest(proofs []Proof) (at time.Time) {
	for _, p := range proofs {
		if p.At.After(at) {
			at = p.At
		}
	}
	return at
}

// AMR lists the methods of the proofs (RFC 8176), with "mfa" when they are of two factors.
func AMR(proofs []Proof) []string {
	var all []string
	for _, p := range proofs {
		for _, value := range p.AMR {
			if !slices.Contains(all, value) {
				all = append(all, value)
			}
		}
	}
	if LevelOf(proofs) == Multi {
		all = append(all, "mfa")
	}
	return all
}
