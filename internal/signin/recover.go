// A forgotten password: what is sent, and how often.
package signin

import (
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/limit"
	"woggle/internal/message"
)

// recoveryLife is how long the link of a forgotten password works.
const recoveryLife = 30 * time.Minute

// The bounds of what is mailed to a person. A browser that they have used before is counted apart from strangers, who
// would otherwise use up all that they may ask for.
var (
	recoveries    = limit.Rule{Name: "recovery", Max: 5, Window: time.Hour}
	allRecoveries = limit.Rule{Name: "recovery-all", Max: 10, Window: time.Hour}
)

// sendRecovery mails the link of a forgotten password. Names that nobody has are bounded just the same; past the
// bounds nothing is sent, and nobody is told.
func (f *Flow) sendRecovery(tx *db.Tx, a *Attempt) error {
	if wait, err := (bounds{{recoveries, f.Who(a)}, {allRecoveries, f.person(a)}}).take(tx); err != nil || wait > 0 {
		return err
	}
	user := a.User
	// The link of nobody is made too, so that it takes as long.
	token, err := f.newLink(tx, linkRecover, user.ID, recoveryLife)
	if err != nil || user.ID == "" || user.Email == "" || user.Status != directory.Active {
		return err
	}
	asked := a.Event(audit.RecoveryAsked, nil)
	asked.Actor = "unknown"
	if err := audit.Record(tx, asked); err != nil {
		return err
	}
	return f.mail(tx, user, mail{purpose: message.Link, key: "signin.mail.recover", expires: tx.Now.Add(recoveryLife),
		button: &message.Button{Label: f.text(user, "signin.mail.recover.button"), URL: f.Base + "/signin/recover/" + token}})
}
