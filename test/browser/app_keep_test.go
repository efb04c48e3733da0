package browser_test

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"net/url"
	"os"
	"path/filepath"
	"testing"

	"rsc.io/qr"
)

// A backup is a file and a password on paper, and brings the accounts to another device.
func TestABackupGoesToAnotherDevice(t *testing.T) {
	t.Parallel()
	site, folder := suite.Site(t), t.TempDir()
	old := withAccount(site, t).Add(otherLink).Saves(folder)
	old.Tap("Settings").Tap("Backup").Tap("Make a backup").See("Is it you?").Open("999999").See("That is not your PIN").Open(pin).See("Write this password down")
	password := old.Read(".phrase", "")
	old.Tap("Save the file").See("Write the password down first, then tick the box.").Tick("I have written it down").Tap("Save the file").See("The backup was made.")
	file := old.Saved(folder)

	fresh := suite.Phone(t, site.Base).Start("").PIN(pin).Tap("Get accounts from a backup").See("Choose the file")
	fresh.File(write(t, "not.json", []byte("{}"))).See("This file is not a backup of this app. Choose another one.")
	fresh.File(file).Fill("The password of the backup", "wrong-wrong-wrong").Tap("Open the backup").See("That is not the password of this backup")
	fresh.Fill("The password of the backup", password).Tap("Open the backup").See("Add these accounts?", "Fenland", "Riverside Library").Tap("Add")
	fresh.See("Accounts added or replaced: 2.").ShowsCodeOf(secret)
	fresh.ShowsCodeOf(otherSecret)
}

// Two phones held against each other: the new one shows a code, the old one answers with a row of pictures.
func TestAccountsMoveToANewPhone(t *testing.T) {
	t.Parallel()
	site := suite.Site(t)
	old := withAccount(site, t).Add(otherLink)
	fresh := suite.Phone(t, site.Base).Start("").PIN(pin).Tap("Move accounts from another phone").See("Show this to the old phone")
	invitation := fresh.Screenshot(".qr")
	old.Tap("Settings").Tap("Move to another phone").Tap("This is the old phone").Fill("PIN", pin).Scan("Unlock", "Hold the phones together", invitation)
	frames := old.Sequence()
	if len(frames) < 2 {
		t.Errorf("two accounts fit into %d pictures", len(frames))
	}
	fresh.Scan("Next", "Add these accounts?", frames...).See("Fenland", "Riverside Library").Tap("Add").See("Accounts added or replaced: 2.").ShowsCodeOf(secret)
	fresh.ShowsCodeOf(otherSecret)
	old.Tap("Done").ShowsCodeOf(secret) // and the old one keeps them
}

// Somebody who says no to the camera chooses pictures: a set that Google's app exports comes in two of them.
func TestPicturesInPlaceOfTheCamera(t *testing.T) {
	t.Parallel()
	phone := suite.Phone(t, suite.Site(t).Base).NoCamera().Start("").PIN(pin)
	phone.Tap("Add an account").Tap("Other account").Tap("Scan a QR code").See("The camera is not allowed", "Allow it in the settings of the browser or phone, then try again.", "From a picture", "Enter the key")
	phone.File(write(t, "empty.png", drawn(t, "hello"))).See("This is not a code for an authenticator.")
	phone.File(write(t, "not.png", []byte("GIF"))).See("This file is not a picture that we can open.")
	phone.File(write(t, "two.png", drawn(t, migration(t, 1, "Riverside Library", "mei", otherSecret)))).See("Parts read: 1 of 2.", "Still missing: 1")
	phone.File(write(t, "one.png", drawn(t, migration(t, 0, "Fenland", "mei.lin", secret)))).See("Add these accounts?", "Fenland", "Riverside Library").Tap("Add")
	phone.ShowsCodeOf(secret)
	phone.ShowsCodeOf(otherSecret)
}

// migration is one of two parts of a set as Google Authenticator exports it: a message of protocol buffers with one account.
func migration(t *testing.T, part byte, issuer, name, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	field := func(number byte, value []byte) []byte {
		return append([]byte{number<<3 | 2, byte(len(value))}, value...)
	}
	account := bytes.Join([][]byte{field(1, key), field(2, []byte(name)), field(3, []byte(issuer)), {4 << 3, 1, 5 << 3, 1, 6 << 3, 2}}, nil) // SHA-1, six digits, by time
	set := append(field(1, account), 2<<3, 1, 3<<3, 2, 4<<3, part, 5<<3, 77)                                                                 // version, parts, which, of which set
	return "otpauth-migration://offline?data=" + url.QueryEscape(base64.StdEncoding.EncodeToString(set))
}

func drawn(t *testing.T, text string) []byte {
	t.Helper()
	code, err := qr.Encode(text, qr.M)
	if err != nil {
		t.Fatal(err)
	}
	return code.PNG()
}

func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
