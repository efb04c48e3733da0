// Putting the sample county into a database.
package main

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/directory/sample"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/message/handset"
	"woggle/internal/method/authenticator"
	"woggle/internal/method/password"
	"woggle/internal/method/phone"
	"woggle/internal/signin"
)

// demoPassword is everybody's.
const demoPassword = "campfire-kettle-42"

// firstUse is how long the password of somebody new adds the first method.
const firstUse = 14 * 24 * time.Hour

// account is a sample person as people.json shows them.
type account struct {
	Username string       `json:"username"`
	Password string       `json:"password"`
	Name     string       `json:"name"`
	Phone    string       `json:"phone"`
	State    sample.State `json:"state"`
	Secret   string       `json:"secret,omitempty"` // of the authenticator app, base32
}

// seed fills an empty database, in one transaction.
func seed(ctx context.Context, d *db.DB, ring *keys.Ring) (accounts []account, err error) {
	hash := quickHash(demoPassword)
	err = d.Tx(ctx, func(tx *db.Tx) error {
		accounts = nil
		groups, err := seedFrame(tx)
		if err != nil {
			return err
		}
		for _, person := range sample.People() {
			one, err := seedPerson(tx, ring, person, groups, hash)
			if err != nil {
				return fmt.Errorf("%s: %w", person.Username, err)
			}
			accounts = append(accounts, one)
		}
		return nil
	})
	return accounts, err
}

// seedFrame makes the details that are asked for and the groups, by their names.
func seedFrame(tx *db.Tx) (groups map[string]string, err error) {
	for _, field := range sample.Fields() {
		if err := directory.AddField(tx, audit.System, field); err != nil {
			return nil, err
		}
	}
	groups = map[string]string{}
	for _, name := range sample.Groups() {
		group, err := directory.AddGroup(tx, name, "")
		if err != nil {
			return nil, err
		}
		groups[name] = group.ID
	}
	return groups, nil
}

func seedPerson(tx *db.Tx, ring *keys.Ring, p sample.Person, groups map[string]string, hash string) (account, error) {
	one := account{Username: p.Username, Password: demoPassword, Phone: p.Phone, State: p.State}
	user := directory.User{Username: p.Username, Email: p.Email, GivenName: p.GivenName, FamilyName: p.FamilyName,
		Locale: p.Locale, Role: p.Role, CreatedAt: tx.Now.Add(-40 * 24 * time.Hour), SignedInAt: tx.Now.Add(-3 * 24 * time.Hour)}
	switch p.State {
	case sample.New:
		user.SignedInAt, user.FirstUseUntil = time.Time{}, tx.Now.Add(firstUse)
	case sample.Locked:
		user.Status = directory.Locked
	case sample.Disabled:
		user.Status = directory.Disabled
	}
	user, err := directory.Add(tx, user)
	if err != nil {
		return one, err
	}
	one.Name = user.Name()
	if err := directory.Join(tx, audit.System, groups[p.Group], user.ID); err != nil {
		return one, err
	}
	if p.Leader {
		if err := directory.Join(tx, audit.System, groups[sample.Leaders], user.ID); err != nil {
			return one, err
		}
	}
	for _, group := range p.Helps {
		if err := directory.AddHelper(tx, audit.System, groups[group], user.ID); err != nil {
			return one, err
		}
	}
	if err := signin.InsertMethod(tx, password.Row(ring, user.ID, hash)); err != nil || p.State == sample.New {
		return one, err
	}
	if p.State == sample.App {
		secret := authenticator.NewSecret()
		one.Secret = base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
		return one, insertPreferred(tx, authenticator.Row(ring, user.ID, "", secret, 0))
	}
	row, err := phoneRow(ring, user.ID, p)
	if err != nil {
		return one, err
	}
	return one, insertPreferred(tx, row)
}

func phoneRow(ring *keys.Ring, user string, p sample.Person) (signin.Enrolled, error) {
	number, err := demoPlan.Parse(p.Phone, "", "")
	if err != nil {
		return signin.Enrolled{}, err
	}
	channel := message.Voice
	if number.CanText() {
		channel = message.SMS
	}
	return phone.Row(ring, user, number, channel)
}

func insertPreferred(tx *db.Tx, row signin.Enrolled) error {
	row.Preferred = true
	return signin.InsertMethod(tx, row)
}

// quickHash is a hash that costs next to nothing, so that the demonstration starts at once: its password is known to
// everybody. The first sign-in replaces it.
func quickHash(password string) string {
	salt := make([]byte, 16)
	rand.Read(salt)
	tag := argon2.IDKey([]byte(password), salt, 1, 8, 1, 32)
	encode := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=8,t=1,p=1$%s$%s", argon2.Version, encode(salt), encode(tag))
}

// lines are the phones of the accounts.
func lines(accounts []account) (all []handset.Line) {
	for _, a := range accounts {
		all = append(all, handset.Line{Number: a.Phone, Name: a.Name})
	}
	return all
}
