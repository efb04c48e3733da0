// The page that asks for a code of a card.
package card

import (
	"net/http"

	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/signin"
)

// Mount adds the method's route.
func (m *Method) Mount(handle func(pattern string, h page.Handler)) {
	handle("POST /signin/card", m.prove)
}

type provePage struct {
	signin.Form
	Card   string
	Number int64
}

// Ask shows the page, which names the code that is asked for.
func (m *Method) Ask(w http.ResponseWriter, r *http.Request, a *signin.Attempt, step signin.Step, problems page.Problems) error {
	data := provePage{Form: m.Flow.Form(a, step), Card: step.Target.Hint, Number: step.Target.Counter + 1}
	return m.Pages.Show(w, r, "card/prove", data, page.Wrong(problems))
}

func (m *Method) prove(w http.ResponseWriter, r *http.Request) error {
	return m.Flow.Act(w, r, signin.Prove, signin.Card, func(tx *db.Tx, a *signin.Attempt, step signin.Step) error {
		typed, ok := code.Clean(r.PostFormValue("code"), digits)
		if !ok {
			a.Fail(problem.Field("code", "signin.not-a-code"))
			return nil
		}
		// Only the card that is asked for answers: with every card of a person tried, a guess would have as many chances.
		method, err := m.Flow.AnswerMethods(tx, a, signin.Card, func() (string, error) {
			spent, err := m.spend(tx, *step.Target, typed)
			if err != nil || !spent {
				return "", err
			}
			return step.Target.ID, nil
		})
		if err != nil || method == "" {
			return err
		}
		a.Stay = a.Stay || r.PostFormValue("stay") == "yes"
		a.Proved(proof(*step.Target, tx.Now))
		return nil
	})
}
