package server_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/audit"
	"woggle/internal/copies"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// sealedList is what our app leaves: a JWE under a passphrase.
func sealedList(t *testing.T, of string) string {
	t.Helper()
	to := jose.Recipient{Algorithm: jose.PBES2_HS512_A256KW, Key: []byte("correct horse battery staple"), PBES2Count: 1000, PBES2Salt: []byte("a salt of sixteen")}
	sealer, err := jose.NewEncrypter(jose.A256GCM, to, new(jose.EncrypterOptions).WithType("woggle-authenticator-backup"))
	if err != nil {
		t.Fatal(err)
	}
	box, err := sealer.Encrypt([]byte(of))
	if err != nil {
		t.Fatal(err)
	}
	text, err := box.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (h *handheld) copyAddress() string { return devices + "/" + h.id + "/copy" }

func (h *handheld) leaves(text string, renew bool) told {
	h.s.t.Helper()
	return h.send(h.prove("PUT", h.copyAddress(), nil), "PUT", h.copyAddress(), "", map[string]any{"copy": text, "renew": renew})
}

// redeems is what an app asks that has nothing yet: no proof goes with it.
func (h *handheld) redeems(link string) (copy string, answer told) {
	h.s.t.Helper()
	_, token, _ := strings.Cut(link, "copy=")
	answer = h.send("", "POST", "/authenticator/api/copies", "", map[string]string{"token": token})
	var given struct {
		Copy string `json:"copy"`
	}
	if err := json.Unmarshal([]byte(answer.body), &given); err != nil {
		h.s.t.Fatal(err)
	}
	return given.Copy, answer
}

// copyOf is the id of the only copy of the user.
func (s *site) copyOf(user string) (id string) {
	s.t.Helper()
	s.tx(func(tx *db.Tx) error {
		all, err := copies.List(tx, user)
		if err != nil || len(all) != 1 {
			s.t.Fatalf("the copies are %+v (%v)", all, err)
		}
		id = all[0].ID
		return nil
	})
	return id
}

// takes presses a button of the copy's page and gives where it leads, and what comes.
func (b *browser) takes(id, button string) (link, body string) {
	b.s.t.Helper()
	b.open("/security/copies/" + id).press(button)
	if disposition := b.page.Header.Get("Content-Disposition"); (b.page.URL.Fragment == "") != strings.HasPrefix(disposition, "attachment; filename=") {
		b.s.t.Errorf("%q leads to %s with %q", button, b.page.URL, disposition)
	}
	return b.page.URL.Fragment, b.page.Body
}

const toApp, toFile = "Open it in the app on this phone", "Save it as a file"

// A lost phone does not take its accounts along: the app leaves a copy that nobody here can read, and a new app gets it.
func TestACopyOutlivesItsPhone(t *testing.T) {
	each(t, func(s *site) {
		user, h, secret := s.paired("aisha")
		first, second := sealedList(t, "one account"), sealedList(t, "two accounts")
		if got := h.leaves(first, true); got.Status != 404 || got.Error != "missing" {
			t.Errorf("renewing what is not there gives %+v", got)
		}
		if got := h.leaves(first, false); got.Status != 200 {
			t.Fatalf("the first copy gives %+v", got)
		}
		if got := h.leaves(second, true); got.Status != 200 {
			t.Fatalf("a newer copy gives %+v", got)
		}
		if s.count("SELECT count(*) FROM authenticator_copies WHERE user_id = $1", user.ID) != 1 || len(s.events(audit.CopyKept)) != 1 {
			t.Error("a copy that is renewed is one more, or is told of each time")
		}
		if told := s.to("aisha@northwold.example")[0]; told.Subject != "Your authenticator app keeps a copy here" {
			t.Errorf("the person is told %q", told.Subject)
		}
		var row []byte
		s.tx(func(tx *db.Tx) error { return tx.Row("SELECT sealed FROM authenticator_copies", nil, &row) })
		if strings.Contains(string(row), second[len(second)-40:]) {
			t.Error("the database gives somebody something to try passphrases on")
		}

		// The phone is lost. Its owner signs in, which was an hour ago when they ask for the copy.
		b := s.browser().password("aisha", passphrase).press("Type a code instead").fill("Verify", "one-time-code", appCode(s, secret))
		s.clock.Advance(time.Hour)
		id := s.copyOf(user.ID)
		b.open("/security").sees("Copies of your authenticator app", "Last brought up to date").open("/security/copies/" + id).sees("First, prove it’s you").notSees("Save it")
		b.press("Go on").press("Type a code instead").fill("Verify", "one-time-code", appCode(s, secret)).sees("Open it in the app on this phone")
		if _, file := b.takes(id, toFile); file != second {
			t.Errorf("the file is %.80q", file)
		}
		if told := s.to("aisha@northwold.example")[0]; told.Subject != "A copy of your authenticator app was taken" || len(s.events(audit.CopyTaken)) != 1 {
			t.Errorf("the person is told %q", told.Subject)
		}
		old, _ := b.takes(id, toApp)
		link, _ := b.takes(id, toApp)
		fresh := s.handheld()
		if _, got := fresh.redeems(old); got.Status != 404 {
			t.Errorf("a link gives %+v when a later one was made", got)
		}
		if text, got := fresh.redeems(link); text != second || got.Status != 200 {
			t.Errorf("the link gives %+v", got)
		}
		if _, got := fresh.redeems(link); got.Status != 404 || got.Error != "missing" {
			t.Errorf("the link gives once more: %+v", got)
		}
		link, _ = b.takes(id, toApp)
		s.clock.Advance(30 * time.Minute)
		if _, got := fresh.redeems(link); got.Status != 404 {
			t.Errorf("after half an hour the link gives %+v", got)
		}
	})
}

// What its owner has removed, an old phone does not bring back.
func TestARemovedCopyStaysAway(t *testing.T) {
	each(t, func(s *site) {
		user, h, secret := s.paired("aisha")
		h.leaves(sealedList(t, "accounts"), false)
		b := s.browser().password("aisha", passphrase).press("Type a code instead").fill("Verify", "one-time-code", appCode(s, secret))
		b.open("/security/copies/" + s.copyOf(user.ID)).press("Remove").sees("The copy is removed").notSees("Copies of your authenticator app")
		if got := h.leaves(sealedList(t, "accounts"), true); got.Status != 404 || got.Error != "missing" {
			t.Errorf("renewing it gives %+v", got)
		}
		if got := h.leaves(sealedList(t, "accounts"), false); got.Status != 200 {
			t.Errorf("beginning anew gives %+v", got)
		}
		if got := h.send(h.prove("DELETE", h.copyAddress(), nil), "DELETE", h.copyAddress(), "", nil); got.Status != 200 || s.count("SELECT count(*) FROM authenticator_copies") != 0 {
			t.Errorf("the app takes its copy back: %+v", got)
		}
		if got := s.count("SELECT count(*) FROM authenticator_copies"); got != 0 || len(s.events(audit.CopyRemoved)) != 2 {
			t.Errorf("%d copies are left, %d were recorded as removed", got, len(s.events(audit.CopyRemoved)))
		}
	})
}

// Only its owner gets a copy, and it is no store for anything else.
func TestCopiesOfOthersAndOtherThings(t *testing.T) {
	each(t, func(s *site) {
		user, h, _ := s.paired("aisha")
		if got := h.leaves(sealedList(t, "accounts"), false); got.Status != 200 {
			t.Fatalf("%+v", got)
		}
		id := s.copyOf(user.ID)
		other := s.member("gwilym", firstUse)
		otherSecret := s.appOf(other)
		b := s.browser().password("gwilym", passphrase).fill("Verify", "one-time-code", appCode(s, otherSecret))
		b.open("/security").notSees("Copies of your authenticator app").open("/security/copies/" + id).sees("not here any more")
		token := b.open("/security").page.Forms[0].Values.Get("t")
		for path, form := range map[string]url.Values{"": {"as": {"file"}}, "/remove": {}} {
			form.Set("t", token)
			if answer, err := b.Post("/security/copies/"+id+path, form); err != nil || answer.Status != 404 {
				t.Errorf("somebody else's copy%s: %v %v", path, answer, err)
			}
		}
		if len(s.events(audit.CopyTaken))+len(s.events(audit.CopyRemoved)) != 0 {
			t.Error("somebody else has taken or removed it")
		}
		// Whoever is not signed in comes to sign-in.
		s.browser().open("/security/copies/" + id).sees("Sign in")

		good := sealedList(t, "accounts")
		plain := strings.Split(good, ".")
		for name, text := range map[string]string{
			"nothing":                "",
			"accounts in the clear":  `{"version":1,"accounts":[{"uri":"otpauth://totp/x?secret=JBSWY3DPEHPK3PXP"}]}`,
			"a part too few":         strings.Join(plain[:4], "."),
			"another algorithm":      strings.Replace(good, plain[0], "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0", 1),
			"more than there may be": good + strings.Repeat("A", copies.MostBytes),
		} {
			if got := h.leaves(text, false); got.Status != 400 && got.Status != 413 {
				t.Errorf("%s gives %+v", name, got)
			}
		}
		for _, link := range []string{"", "copy=", "copy=x", "copy=" + strings.Repeat("a", 52)} {
			if text, got := h.redeems(link); got.Status != 404 || text != "" {
				t.Errorf("the link %q gives %+v", link, got)
			}
		}
		// One for each app, and no more than a person can have phones.
		s.tx(func(tx *db.Tx) error {
			for _, phone := range []string{"a", "b", "c", "d"} {
				if err := copies.Keep(tx, s.keys, user.ID, phone, good); err != nil {
					return err
				}
			}
			if err := copies.Keep(tx, s.keys, user.ID, "e", good); err != copies.ErrMany {
				t.Errorf("one more gives %v", err)
			}
			return copies.Keep(tx, s.keys, user.ID, "d", good) // in place of its own
		})
		for range 99 { // of 100 in a day; one was the first
			h.leaves(good, true)
		}
		if got := h.leaves(good, true); got.Status != 429 || got.Error != "often" {
			t.Errorf("all day long gives %+v", got)
		}
	})
}

// A link opens its copy once, whoever shows it at the same time, on whichever node.
func TestALinkOfACopyUnderRaces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		user, h, secret := s.paired("aisha")
		h.leaves(sealedList(t, "accounts"), false)
		b := s.browser().password("aisha", passphrase).press("Type a code instead").fill("Verify", "one-time-code", appCode(s, secret))
		link, _ := b.takes(s.copyOf(user.ID), toApp)
		var wait sync.WaitGroup
		var mu sync.Mutex
		given := 0
		for i := range 12 {
			app := *h
			app.node = i % 2
			wait.Go(func() {
				text, _ := app.redeems(link)
				mu.Lock()
				defer mu.Unlock()
				if text != "" {
					given++
				}
			})
		}
		wait.Wait()
		if given != 1 {
			t.Errorf("the copy was given %d times", given)
		}
	})
}
