package server_test

import (
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/method/phone"
)

// spoken are the three words that a stuck person is shown.
func (b *browser) spoken() string {
	b.s.t.Helper()
	b.open(linkTo(b.s.t, b, "/signin/helper")).press("Show me three words").sees("Read these three words")
	_, after, _ := strings.Cut(b.page.Text, "to your helper: ")
	words, _, found := strings.Cut(after, " They work until")
	if !found || len(strings.Fields(words)) != 3 {
		b.s.t.Fatalf("no three words: %s", b.page.Text)
	}
	return words
}

// A stuck person and a helper, side by side: the helper sees each step as it comes, what went wrong, and nothing that lets in.
func TestAStuckPersonAndAHelper(t *testing.T) {
	each(t, func(s *site) {
		v := s.village()
		s.phoneOf(v.people["mary"], mobile, phone.Mobile, message.SMS)
		helper := v.enter("hugh")
		mary := s.browser().password("mary", wrong)
		words := mary.spoken()
		helper.open("/helping").fill("See where they are", "words", strings.ToUpper(words)).sees("Where Mary Test is", "asks for their password",
			"That password isn’t right for this user name", "look at Caps Lock", "The words don’t prove it")
		look := helper.page.URL.Path
		if helper.page.Header.Get("Refresh") != "5" {
			t.Error("the page does not look again")
		}
		if helper.open(look + "?still"); helper.page.Header.Get("Refresh") != "" {
			t.Error("the page does not stand still")
		}
		mary.open(linkTo(t, mary, "/signin?a=")).fill("Next", "current-password", passphrase).sees("from your app")
		helper.open(look).sees("code from their authenticator app").notSees("isn’t right")
		mary.fill("Verify", "one-time-code", "000000")
		helper.open(look).sees("That isn’t the right code")
		mary.open(linkTo(t, mary, "/signin/ways")).press("Send a text").sees("Enter the code we sent")
		helper.open(look).sees("code that we sent to their phone", "•••123")
		code := s.code(mobile)
		for _, secret := range []string{code, "7700900123", "7700 900123", mary.page.URL.Query().Get("a"), words} {
			if strings.Contains(helper.page.Body, secret) {
				t.Errorf("%q is shown to the helper", secret)
			}
		}
		mary.fill("Verify", "one-time-code", code)
		helper.open(look).sees("finished in another window")
		if mary.open("/activity").sees("A helper saw which page you were at", "Hugh Test"); helper.page.Status != 200 {
			t.Error(helper.page.Status)
		}
		s.clock.Advance(15 * time.Minute)
		if helper.open(look).sees("These words are over"); helper.page.Status != 410 {
			t.Errorf("status %d", helper.page.Status)
		}
	})
}

// The words of somebody who is not theirs, of nobody, and words that are over say the same: nothing.
func TestWordsOfSomebodyElse(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		const nothing = "These words belong to nobody whom you help"
		helper, other := v.enter("hugh"), v.enter("wendy")
		words := map[string]string{}
		for _, name := range []string{"mary", "walt", "ruth", "hugh", "nobody"} {
			words[name] = s.browser().name(name).spoken()
		}
		for _, name := range []string{"walt", "ruth", "hugh", "nobody"} {
			helper.open("/helping").fill("See where they are", "words", words[name]).sees(nothing)
		}
		helper.open("/helping").fill("See where they are", "words", "acorn acorn").sees("Type three words")
		helper.open("/helping").fill("See where they are", "words", "acorn qwertz badger").sees("“qwertz” is none of our words")
		helper.open("/helping").fill("See where they are", "words", words["mary"]).sees("Where Mary Test is")
		// The page is the helper's who typed them.
		look := helper.page.URL.Path
		for _, b := range []*browser{other, v.enter("hetty"), v.enter("ruth")} {
			if b.open(look).sees("These words are over"); b.page.Status != 410 {
				t.Errorf("status %d", b.page.Status)
			}
		}
		s.browser().open(look).sees("Sign in")
		v.enter("mary").open(look).sees("This page is for helpers")
		s.clock.Advance(15 * time.Minute)
		helper.open("/helping").fill("See where they are", "words", words["mary"]).sees(nothing)
	})
}

// A script in a helper's browser does not try all words.
func TestWordsAreBounded(t *testing.T) {
	one(t, func(s *site) {
		v := s.village()
		helper, words := v.enter("hugh"), s.browser().name("mary").spoken()
		for range 20 { // right ones cost nothing
			helper.open("/helping").fill("See where they are", "words", words).sees("Where Mary Test is")
		}
		for range 10 {
			helper.open("/helping").fill("See where they are", "words", "acorn acorn acorn").sees("belong to nobody")
		}
		helper.open("/helping").fill("See where they are", "words", words).sees("too many words")
		v.enter("hetty").open("/helping").fill("See where they are", "words", words).sees("Where Mary Test is")
	})
}

// Words are of one browser's sign-in, stay the same while they work, and can be had without having got anywhere.
func TestWordsAreOfOneSignIn(t *testing.T) {
	each(t, func(s *site) {
		s.member("mary")
		first := s.browser().name("mary")
		words := first.spoken()
		if again := first.open("/signin/helper?a=" + first.page.URL.Query().Get("a")); !strings.Contains(again.page.Text, words) {
			t.Errorf("other words: %s", again.page.Text)
		}
		address := first.page.URL.String()
		s.browser().open(address).notSees(words)
		b := s.browser().open("/signin/helper").fill("Show me three words", "username", "").sees("Type your email address")
		b.fill("Show me three words", "username", "mary").sees("Read these three words").notSees(words)
		s.browser().open("/signin/helper").fill("Show me three words", "username", "nobody").sees("Read these three words")
		s.clock.Advance(14 * time.Minute)
		if first.open(address); !strings.Contains(first.page.Text, words) {
			t.Error("they are over too soon")
		}
		s.clock.Advance(time.Minute)
		first.open(address).notSees(words).sees("Show me three words")
	})
}
