// A code by e-mail: no factor, but together with an older password enough to set up the first method.
package signin

import (
	"net/http"
	"time"

	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/message"
	"woggle/internal/page"
	"woggle/internal/problem"
	"woggle/internal/session"
)

const mailLife = 10 * time.Minute // the most that the standard allows (NIST SP 800-63B-4 section 3.1.3.2)

type mailCode struct{ f *Flow }

func (mailCode) Kind() Kind { return Mail }

// mailCodes bounds what somebody with a stolen password can put into a mailbox.
var mailCodes = limit.Rule{Name: "mail-code", Max: 5, Window: time.Hour}

// Start mails the code to the address on record; the form never names it.
func (m mailCode) Start(tx *db.Tx, a *Attempt, _ Step) error {
	if wait, err := mailCodes.Take(tx, a.User.ID); err != nil || wait > 0 {
		a.Trouble = &Trouble{Key: "signin.mail.limited", Wait: wait}
		return err
	}
	c, err := m.f.Open(tx, a, Challenge{Kind: Mail, Purpose: ToProve, Sends: 1, SentAt: tx.Now, ExpiresAt: tx.Now.Add(mailLife)})
	if err != nil {
		return err
	}
	return m.f.mail(tx, a.User, mail{purpose: message.Code, challenge: c.ID, key: "signin.mail.code", expires: c.ExpiresAt,
		args: []any{"code", m.f.Keys.Code(codeDigits, c.ID)}})
}

type mailPage struct {
	Form
	Hint string
}

func (m mailCode) Ask(w http.ResponseWriter, r *http.Request, a *Attempt, step Step, problems page.Problems) error {
	return m.f.Pages.Show(w, r, "signin/mail", mailPage{Form: m.f.Form(a, step), Hint: message.Mask(a.User.Email)}, page.Wrong(problems))
}

// mailAgain sends another code. Only the newest one counts.
func (f *Flow) mailAgain(w http.ResponseWriter, r *http.Request) error {
	return f.Act(w, r, Prove, Mail, func(tx *db.Tx, a *Attempt, step Step) error {
		a.Trouble = nil
		return mailCode{f}.Start(tx, a, step)
	})
}

func (f *Flow) answerMail(w http.ResponseWriter, r *http.Request) error {
	return f.Act(w, r, Prove, Mail, func(tx *db.Tx, a *Attempt, _ Step) error {
		typed, ok := code.Clean(r.PostFormValue("code"), codeDigits)
		if !ok {
			a.Fail(problem.Field("code", "signin.not-a-code"))
			return nil
		}
		_, right, err := f.Answer(tx, a, Mail, ToProve, func(c Challenge) bool { return f.Keys.CheckCode(typed, codeDigits, c.ID) })
		if right {
			a.Proved(session.Proof{Kind: string(Mail), At: tx.Now})
		}
		return err
	})
}
