package accesspass_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"woggle/internal/directory"
	"woggle/internal/method/accesspass"
	"woggle/internal/page"
	"woggle/internal/signin"
)

// Each sign that a pass can have is one word, in every language, that begins with it or names it.
func TestEverySignCanBeSaid(t *testing.T) {
	locales, err := page.LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	const signs = "23456789abcdefghjkmnpqrstuvwxyz2345a"
	for _, l := range locales.All() {
		seen := map[string]bool{}
		for i := 0; i+12 <= len(signs); i += 12 {
			said := accesspass.Spell(l, strings.ToUpper(signs[i:i+4])+"-"+signs[i+4:i+8]+" "+signs[i+8:i+12])
			if len(said) != 3 {
				t.Fatalf("%s: %q", l.Code, said)
			}
			for j, word := range strings.Fields(strings.Join(said, " ")) {
				sign := signs[i+j]
				if sign > '9' && word[0] != sign {
					t.Errorf("%s says %q for %c", l.Code, word, sign)
				}
				if i+j < 31 && seen[word] {
					t.Errorf("%s says %q twice", l.Code, word)
				}
				seen[word] = true
			}
			if n := len(strings.Fields(strings.Join(said, " "))); n != 12 {
				t.Errorf("%s says %d words for 12 signs: %q", l.Code, n, said)
			}
		}
	}
}

// The letter is a document in the person's language, and its QR code does not hold the pass.
func TestALetter(t *testing.T) {
	pages, err := page.New(page.Config{Brand: page.Brand{Name: "Northwold County", Colour: "#0b5d57", Help: "the county office"}})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 11, 28, 10, 0, 0, 0, time.UTC)
	user := directory.User{ID: "u", Username: "aisha & co", GivenName: "Aisha", FamilyName: "Khan", Locale: "cy"}
	pass := signin.Enrolled{Kind: signin.AccessPass, StartsAt: now.Add(time.Hour), ExpiresAt: now.Add(48 * time.Hour),
		Data: signin.PassData(signin.PassTerms{Several: true})}
	for _, locale := range []string{"", "cy", "xx"} {
		user.Locale = locale
		letter, err := accesspass.Letter(pages, "https://id.northwold.example", user, "abcd-efgh-jkmn", pass, now)
		if err != nil || !bytes.HasPrefix(letter, []byte("%PDF-")) {
			t.Fatalf("%q: %v", locale, err)
		}
	}
}
