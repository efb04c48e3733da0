// What every page of the flow carries, and where it may lead.
package signin

import (
	"net/url"
	"strings"
	"time"
)

// LocalPath is a path on this server that is safe to send somebody to, or "/" (threat T80): an open redirect would lend
// our good name to any site.
func LocalPath(to string) string {
	if len(to) > 2000 || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t\x00") {
		return "/"
	}
	parsed, err := url.Parse(to)
	if err != nil || parsed.Host != "" || parsed.Scheme != "" || parsed.User != nil {
		return "/"
	}
	return to
}

// Touch is what a page needs that takes a passkey in place of what it asks for (the template "touch").
type Touch struct {
	Attempt string // or empty, on the first page
	To      string // where to go when signed in, on the first page
}

func (f *Flow) touch(attempt, to string) *Touch {
	if len(f.able(Passkey)) == 0 {
		return nil
	}
	return &Touch{attempt, to}
}

// Form is the base of a page's data in the flow.
type Form struct {
	Attempt string // its id, which every form carries
	First   bool   // the first method is being set up: the page says so, and counts steps
	Leave   string // where "not now" leads, if that is possible
	Ways    bool   // there is another way
	Kinds   []Kind // other kinds that may be set up instead
	Nudged  bool   // what is set up was suggested, and may be left for now
	Stay    bool   // staying signed in may be chosen
	Lost    bool   // an access pass was used: the old methods may be gone
	Touch   *Touch // a passkey may be used in place of the password
	By      string // another site that waits for the outcome, until then
	Until   time.Time
	Left    int // seconds
}

// Form is what every page of the attempt at the step needs.
func (f *Flow) Form(a *Attempt, step Step) Form {
	form := Form{Attempt: a.ID, First: a.First(), Stay: a.Session == "" && f.Sessions.Stay > 0,
		Nudged: step.Kind == Enrol && a.Nudged != "", Ways: step.Kind == Prove && len(step.Choices) > 1, Lost: step.Kind == Prove && a.byPass() && !a.Alone}
	// The same for everybody, also for a name that nobody has: until then the policy is all that may tell.
	if step.Kind == Prove && step.Ask == Password && a.Policy.allows(Passkey) {
		form.Touch = f.touch(a.ID, "")
	}
	for _, kind := range step.Kinds {
		if kind != step.Ask {
			form.Kinds = append(form.Kinds, kind)
		}
	}
	if a.Session != "" || a.Elsewhere != nil {
		form.Leave = a.ReturnTo
	}
	if a.Elsewhere != nil {
		form.Stay = false // nobody is signed in here
		form.By, form.Until, form.Left = a.Elsewhere.By, a.Elsewhere.Until, int(f.left(a)/time.Second)
	}
	return form
}
