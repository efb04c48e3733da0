// What a method is to the flow, and what a person has set up.
package signin

import (
	"net/http"
	"time"

	"woggle/internal/db"
	"woggle/internal/message"
	"woggle/internal/page"
)

// Method is one kind of proof, in a chapter of its own. It makes and compares; the flow decides.
type Method interface {
	Kind() Kind
	// Start is called once when the flow arrives at a step that asks for this method, in the transaction that brought
	// it there: a code is sent here. A code that may not be sent is noted in the attempt's Trouble.
	Start(tx *db.Tx, a *Attempt, step Step) error
	// Ask shows the page that asks for the proof.
	Ask(w http.ResponseWriter, r *http.Request, a *Attempt, step Step, problems page.Problems) error
}

// Enroller is a method that a person can set up in the flow.
type Enroller interface {
	// Enrol shows the page on which it is set up, or the page of how far that has come.
	Enrol(w http.ResponseWriter, r *http.Request, a *Attempt, step Step, problems page.Problems) error
}

// Teller is a method that can carry a notice to the person.
type Teller interface {
	// Tell sends the sentence of key, and the link of what to press, to the person through this method, if it can carry
	// them without a bother.
	Tell(tx *db.Tx, e Enrolled, locale, key string, link message.Button, args ...any) error
}

// Describer words a person's method for lists.
type Describer interface {
	// Ways are the ways to use the method at sign-in, its own default first. There is at least one.
	Ways(e Enrolled, l *page.Locale) []Way
	// Detail is the method in words on the person's own Security info page, where nothing of it is masked.
	Detail(e Enrolled, l *page.Locale) (title, detail string)
}

// Placed knows where a person's method is, as an accident would find it.
type Placed interface {
	Place(e Enrolled) Place
}

// Way is one way to use a method: a text or a call.
type Way struct {
	Option string
	Icon   string
	Label  string
	Detail string
}

// Enrolled is a method that a person has set up.
type Enrolled struct {
	ID         string
	User       string
	Kind       Kind
	Name       string // what the person calls it
	Hint       string // masked, for pages before the proof is made
	Secret     []byte // sealed for this row
	Data       string // JSON of what is no secret
	Lookup     string // keyed fingerprint of what it holds, to find it by, or empty
	Counter    int64  // the last time step that was used; it only grows
	Preferred  bool   // asked first
	Failures   int64  // wrong codes in a row
	DisabledAt time.Time
	StartsAt   time.Time // an access pass works from then on; a phone proves a forgotten password from then on
	ExpiresAt  time.Time
	CreatedAt  time.Time
	UsedAt     time.Time
}

// Most is how many methods of the kind a person may have.
func (k Kind) Most() int {
	switch k {
	case Passkey:
		return 10
	case Recovery: // a set
		return 1
	}
	return 5
}
