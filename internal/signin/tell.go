// Telling people: of every change, by every other way that reaches them, with a way to say that it wasn't them.
package signin

import (
	"slices"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/message"
)

// notMeLife is how long the link of a notice works.
const notMeLife = 7 * 24 * time.Hour

// Tell sends the notice of key to the user, with a link "this wasn't me": by e-mail, and through every method that can
// carry it, except those with an id in except, which have just been added or are gone. It is sent when the transaction
// is committed, and never otherwise. args are name, value pairs for the sentence.
func (f *Flow) Tell(tx *db.Tx, user directory.User, key string, except []string, args ...any) error {
	if user.ID == "" {
		return nil
	}
	token, err := f.newLink(tx, linkNotMe, user.ID, notMeLife)
	if err != nil {
		return err
	}
	notMe := message.Button{Label: f.text(user, "signin.notice.not-me"), URL: f.Base + "/not-me/" + token}
	if user.Email != "" && f.Outbox.Serves(message.Email) {
		if err := f.mail(tx, user, mail{purpose: message.Notice, key: key, args: args, button: &notMe}); err != nil {
			return err
		}
	}
	enrolled, err := Methods(tx, user.ID)
	if err != nil {
		return err
	}
	for _, e := range enrolled {
		teller, ok := f.methods[e.Kind].(Teller)
		if !ok || slices.Contains(except, e.ID) {
			continue
		}
		if err := teller.Tell(tx, e, user.Locale, key, notMe, args...); err != nil {
			return err
		}
	}
	return nil
}

type mail struct {
	purpose   message.Purpose
	challenge string // that its code answers, or empty
	key       string // key.subject and key are the locale keys
	args      []any
	button    *message.Button
	expires   time.Time
}

// mail sends an e-mail in the person's language.
func (f *Flow) mail(tx *db.Tx, user directory.User, m mail) error {
	args := append([]any{"name", user.Called(), "organisation", f.Pages.Brand().Name}, m.args...)
	_, err := f.Outbox.Enqueue(tx, message.Message{User: user.ID, Channel: message.Email, Purpose: m.purpose, Challenge: m.challenge, To: user.Email,
		Locale: user.Locale, Name: user.Called(), Subject: f.text(user, m.key+".subject", args...),
		Paragraphs: []string{f.text(user, m.key, args...)},
		Button:     m.button, ExpiresAt: m.expires})
	return err
}

func (f *Flow) text(user directory.User, key string, args ...any) string {
	return f.Pages.Locales.Text(user.Locale, key, args...)
}
