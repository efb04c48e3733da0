// The pages of recovery codes.
package recovery

import (
	"cmp"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"
	"time"

	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
	"woggle/internal/signin"
)

// shownFor is how long a set is shown that was not proved yet.
const shownFor = 10 * time.Minute

// piece is how much of a code is typed back: its first group.
const piece = 4

// Mount adds the method's routes.
func (m *Method) Mount(handle func(pattern string, h page.Handler)) {
	handle("POST /signin/recovery", m.prove)
	handle("POST /signin/enrol/recovery/make", m.makeSet)
	handle("POST /signin/enrol/recovery", m.enrol)
	handle("GET /signin/enrol/recovery/pdf", m.pdf)
	handle("GET /signin/enrol/recovery/text", m.text)
}

// Ask shows the page that asks for a code.
func (m *Method) Ask(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	return m.Pages.Show(w, r, "recovery/prove", m.Flow.Form(a, step), page.Wrong(problems))
}

func (m *Method) prove(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Prove, signin.Recovery, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		typed, ok := code.CleanLetters(r.PostFormValue("code"), length)
		if !ok {
			a.Fail(problem.Field("code", "recovery.not-a-code"))
			return nil
		}
		var count int
		method, err := m.Flow.AnswerMethods(tx, a, signin.Recovery, func() (method string, err error) {
			method, count, err = m.spend(tx, a, typed)
			return method, err
		})
		if err != nil || method == "" {
			return err
		}
		a.Stay = a.Stay || r.PostFormValue("stay") == "yes"
		a.Proved(proof(method, count, tx.Now))
		return nil
	})
}

type setPage struct {
	signin.Form
	Codes []string
	Check int
	Old   bool // a set is there that this one replaces
}

// Enrol shows the page that explains, then the codes, as long as they may be seen.
func (m *Method) Enrol(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	data := setPage{Form: m.Flow.Form(a, step), Old: oldSet(a) != ""}
	var c signin.Challenge
	var open bool
	err := m.DB.View(r.Context(), func(tx *db.Tx) (err error) {
		c, open, err = m.Flow.Current(tx, a, signin.Recovery, signin.ToEnrol)
		open = open && c.ExpiresAt.After(tx.Now)
		return err
	})
	if err != nil {
		return err
	}
	if !open {
		return m.Pages.Show(w, r, "recovery/start", data, page.Wrong(problems))
	}
	set, check, err := m.set(c)
	if err != nil {
		return err
	}
	data.Codes, data.Check = written(set), check
	return m.Pages.Show(w, r, "recovery/codes", data, page.Wrong(problems))
}

func oldSet(a *signin.Attempt) string {
	for _, e := range a.Enrolled {
		if e.Kind == signin.Recovery {
			return e.ID
		}
	}
	return ""
}

func written(set []string) []string {
	groups := make([]string, len(set))
	for i, one := range set {
		groups[i] = code.Grouped(one)
	}
	return groups
}

// set is what a challenge holds: the codes, and which of them is typed back, counted from 1.
func (m *Method) set(c signin.Challenge) (set []string, check int, err error) {
	raw, err := m.Keys.Open(c.Secret, "challenges", "secret", c.ID)
	if err != nil {
		return nil, 0, err
	}
	check, err = strconv.Atoi(c.Data)
	return strings.Fields(string(raw)), check, err
}

// makeSet makes the codes that the next page shows.
func (m *Method) makeSet(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Enrol, signin.Recovery, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		c := signin.Challenge{ID: db.NewID(), Kind: signin.Recovery, Purpose: signin.ToEnrol, Data: strconv.Itoa(1 + rand.IntN(Count)),
			ExpiresAt: tx.Now.Add(shownFor)}
		c.Secret = m.Keys.Seal([]byte(strings.Join(newSet(), " ")), "challenges", "secret", c.ID)
		_, err := m.Flow.Open(tx, a, c)
		return err
	})
}

// enrol takes the piece of a code that is typed back: whoever has it has the page at hand, and has not only seen it pass by.
func (m *Method) enrol(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Enrol, signin.Recovery, func(tx *db.Tx, a *signin.Attempt, _ signin.Step) error {
		typed, ok := code.CleanLetters(r.PostFormValue("code"), piece)
		if !ok { // or all of it
			typed, ok = code.CleanLetters(r.PostFormValue("code"), length)
		}
		if !ok {
			a.Fail(problem.Field("code", "recovery.not-a-piece"))
			return nil
		}
		var set []string
		var broken error
		_, right, err := m.Flow.Answer(tx, a, signin.Recovery, signin.ToEnrol, func(c signin.Challenge) bool {
			var check int
			if set, check, broken = m.set(c); broken != nil {
				return false
			}
			return strings.HasPrefix(set[check-1], typed)
		})
		if err = cmp.Or(err, broken); err != nil || !right {
			return err
		}
		return m.add(tx, a, set)
	})
}

// add stores the set in place of the one before. It was shown, so it proves nothing yet.
func (m *Method) add(tx *db.Tx, a *signin.Attempt, set []string) error {
	a.Need.Replaces = oldSet(a)
	row := signin.Enrolled{ID: db.NewID(), Kind: signin.Recovery, Secret: []byte{}}
	if err := m.Flow.AddMethod(tx, a, row, session.Proof{Kind: string(signin.Recovery), At: tx.Now}); err != nil {
		return err
	}
	return Store(tx, m.Keys, row.ID, a.User.ID, set)
}
