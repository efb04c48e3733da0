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

var recoveries = limit.Rule{Name: "recovery", Max: 5, Window: time.Hour}

func (f *Flow) sendRecovery(tx *db.Tx, user directory.User) error {
	// The link of nobody is made too, so that it takes as long.
	token, err := f.newLink(tx, linkRecover, user.ID, recoveryLife)
	if err != nil || user.ID == "" || user.Email == "" || user.Status != directory.Active {
		return err
	}
	if err := audit.Record(tx, audit.Event{Type: audit.RecoveryAsked, Actor: "unknown", User: user.ID}); err != nil {
		return err
	}
	return f.mail(tx, user, mail{purpose: message.Link, key: "signin.mail.recover", expires: tx.Now.Add(recoveryLife),
		button: &message.Button{Label: f.text(user, "signin.mail.recover.button"), URL: f.Base + "/signin/recover/" + token}})
}
