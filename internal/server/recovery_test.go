package server_test

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/code"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/internal/method/recovery"
	"woggle/internal/signin"
	"woggle/test/visitor"
)

var (
	codeOnPage  = regexp.MustCompile(`(?:[2-9a-hjkmnp-z]{4}-){3}[2-9a-hjkmnp-z]{4}`)
	checkOnPage = regexp.MustCompile(`signs of code (\d+)`)
)

// codesOf gives a person a set of recovery codes.
func (s *site) codesOf(user directory.User) (set []string) {
	s.t.Helper()
	for range recovery.Count {
		set = append(set, code.Letters(16))
	}
	s.tx(func(tx *db.Tx) error {
		id := db.NewID()
		err := signin.InsertMethod(tx, signin.Enrolled{ID: id, User: user.ID, Kind: signin.Recovery, Secret: []byte{}})
		if err != nil {
			return err
		}
		return recovery.Store(tx, s.keys, id, user.ID, set)
	})
	return set
}

// atRecovery is a browser of somebody with a phone, at the page that asks for a recovery code.
func (s *site) atRecovery(username string) *browser {
	s.t.Helper()
	return s.browser().password(username, passphrase).sees("Enter the code").alsoAt("/signin/ways").press("Use a recovery code").sees("Enter a recovery code")
}

// alsoAt opens an address of the attempt that the browser is at.
func (b *browser) alsoAt(path string) *browser {
	b.s.t.Helper()
	return b.open(path + "?a=" + url.QueryEscape(b.page.URL.Query().Get("a")))
}

// checked types back what the page asks for, and gives all codes.
func (b *browser) checked() []string {
	b.s.t.Helper()
	set := codeOnPage.FindAllString(b.page.Text, -1)
	check := checkOnPage.FindStringSubmatch(b.page.Text)
	if len(set) != recovery.Count || check == nil {
		b.s.t.Fatalf("%d codes on the page: %s", len(set), b.page.Text)
	}
	n := map[string]int{"1": 0, "2": 1, "3": 2, "4": 3, "5": 4, "6": 5, "7": 6, "8": 7, "9": 8, "10": 9}[check[1]]
	b.fill("I have kept them", "code", strings.ToUpper(set[n][:4]))
	return set
}

// From making them to the day on which the phone is lost.
func TestRecoveryCodesAreMadePrintedAndUsed(t *testing.T) {
	each(t, func(s *site) {
		b, user := s.atCode("aisha")
		b.fill("Verify", "one-time-code", s.code(mobile))
		b.open("/security").sees("Only one way in")
		b.open("/security/add").press("Recovery codes").sees("Ten codes to print").press("Make my codes").sees("Keep these ten codes")
		text := b.follow("/signin/enrol/recovery/text")
		pdf := b.follow("/signin/enrol/recovery/pdf")
		if !strings.HasPrefix(pdf.Body, "%PDF-1.7") || pdf.Header.Get("Cache-Control") != "no-store" || text.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("the files are %.20q and %.20q: %v", pdf.Body, text.Body, text.Header)
		}
		if got, want := codeOnPage.FindAllString(text.Body, -1), codeOnPage.FindAllString(b.page.Text, -1); !slices.Equal(got, want) {
			t.Errorf("the file has %v, the page %v", got, want)
		}
		if got := s.methods(user); slices.Contains(got, "recovery") {
			t.Error("they count before they are proved")
		}
		b.fill("I have kept them", "code", "2222").sees("isn’t the right code")
		b.fill("I have kept them", "code", "o").sees("four letters or digits")
		at := b.page.URL.Query().Get("a")
		set := b.checked()
		b.sees("You are safe", "10 codes left")
		if p, err := b.Open("/signin/enrol/recovery/text?a=" + at); err != nil || p.Status != 410 || codeOnPage.MatchString(p.Body) {
			t.Errorf("the codes are shown again: %d %v", p.Status, err)
		}
		if mail := s.to(user.Email); len(mail) == 0 || mail[0].Subject != "A sign-in method was added" {
			t.Errorf("the person was not told: %+v", mail)
		}
		s.clock.Advance(time.Hour)

		// The phone is lost: asked first all the same, and paper is the other way.
		lost := s.atRecovery("aisha")
		lost.fill("Verify", "code", "12345").sees("16 letters and digits")
		lost.fill("Verify", "code", strings.ToUpper(strings.ReplaceAll(set[3], "-", " ")))
		if !lost.signedIn() {
			t.Fatal("not signed in")
		}
		lost.sees("9 codes left")
		if mail := s.to(user.Email); mail[0].Subject != "A recovery code was used" && mail[1].Subject != "A recovery code was used" {
			t.Errorf("the person was not told of the use: %s", mail[0].Subject)
		}
		if !slices.ContainsFunc(s.to(mobile), func(m message.Message) bool { return strings.Contains(m.Body, "A recovery code was used") }) {
			t.Error("the phone, which somebody else may have, was not told")
		}
		s.atRecovery("aisha").fill("Verify", "code", set[3]).sees("isn’t the right code")

		// A new set makes the old one worthless, in one step.
		s.clock.Advance(time.Minute)
		b = lost.open("/security/add").press("Recovery codes")
		b.sees("Your old recovery codes stop working").press("Make my codes")
		again := b.checked()
		if got := s.methods(user); !slices.Equal(got, []string{"password", "phone", "recovery"}) {
			t.Errorf("methods are %v", got)
		}
		s.atRecovery("aisha").fill("Verify", "code", set[0]).sees("isn’t the right code").fill("Verify", "code", again[0])
		s.tx(func(tx *db.Tx) error {
			events, err := audit.OfUser(tx, user.ID, "", 50)
			for _, want := range []audit.Type{audit.MethodAdded, audit.RecoveryUsed, audit.MethodUpdated} {
				if !slices.ContainsFunc(events, func(e audit.Event) bool { return e.Type == want }) {
					t.Errorf("no %s in the trail", want)
				}
			}
			return err
		})
	})
}

// follow opens a link of the page.
func (b *browser) follow(path string) *visitor.Page {
	b.s.t.Helper()
	p, err := b.Open(path + "?a=" + url.QueryEscape(b.page.URL.Query().Get("a")))
	if err != nil || p.Status != 200 {
		b.s.t.Fatalf("%s: %v", path, err)
	}
	return p
}

// T44: of fifty uses of one code at once, one signs in; and of eight browsers on two nodes, one.
func TestARecoveryCodeIsGoodOnceUnderRaces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		set := s.codesOf(user)
		b := s.atRecovery("aisha")
		form, err := b.page.Form("code")
		if err != nil {
			t.Fatal(err)
		}
		form.Set("code", set[0])
		if got := s.parallel(b, 50, form.Action, form.Values); got != 1 {
			t.Errorf("%d sessions came of one code", got)
		}
		clock.Advance(time.Hour)
		var browsers []*browser
		for i := range 6 {
			b := s.browserAt(i%2).password("aisha", passphrase).alsoAt("/signin/ways").press("Use a recovery code")
			browsers = append(browsers, b)
		}
		var wait sync.WaitGroup
		for _, b := range browsers {
			form, err := b.page.Form("code")
			if err != nil {
				t.Fatal(err)
			}
			form.Set("code", set[1])
			wait.Go(func() { b.Send(form, nil) })
		}
		wait.Wait()
		in := 0
		for _, b := range browsers {
			if b.signedIn() {
				in++
			}
		}
		if in != 1 {
			t.Errorf("%d browsers are signed in with one code", in)
		}
		left := 0
		s.tx(func(tx *db.Tx) error { return tx.Row("SELECT count(*) FROM recovery_codes", nil, &left) })
		if left != 8 {
			t.Errorf("%d codes are left", left)
		}
	})
}

// The one-time-thing matrix: a code of somebody else, of an older set, of a removed one, for another purpose, or of a disabled person is worth nothing.
func TestARecoveryCodeIsForItsPersonAndPurposeOnly(t *testing.T) {
	each(t, func(s *site) {
		aisha, bryn := s.member("aisha"), s.member("bryn")
		s.phoneOf(aisha, mobile, phone.Mobile, message.SMS)
		s.phoneOf(bryn, "+447700900456", phone.Mobile, message.SMS)
		mine, theirs := s.codesOf(aisha), s.codesOf(bryn)
		b := s.atRecovery("aisha")
		for _, typed := range []string{theirs[0], strings.Map(func(r rune) rune { return map[bool]rune{true: '3', false: '2'}[r == '2'] }, mine[0]), strings.Repeat("2", 16)} {
			b.fill("Verify", "code", typed).sees("isn’t the right code")
		}
		for _, odd := range []string{"", "null", "0000000000000000", mine[0][:15], mine[0] + "2", strings.Repeat("a", 5000), "%00", mine[0] + "\x00"} {
			form, err := b.page.Form("code")
			if err != nil {
				t.Fatal(err)
			}
			form.Set("code", odd)
			if b.page, err = b.Send(form, nil); err != nil || b.page.Status != 422 {
				t.Errorf("%.20q: status %d, %v", odd, b.page.Status, err)
			}
		}
		// It is no password, and does not answer the question for a text.
		s.browser().password("aisha", mine[0]).sees("isn’t right")
		s.clock.Advance(time.Minute)
		atPhone := s.browser().password("aisha", passphrase)
		form, err := atPhone.page.Form("one-time-code")
		if err != nil {
			t.Fatal(err)
		}
		form.Action = "/signin/recovery" // the form of another step has no effect
		form.Values.Set("code", mine[0])
		if p, err := atPhone.Send(form, nil); err != nil || strings.Contains(p.Text, "Security info") {
			t.Errorf("%v: %s", err, p.Text)
		}
		if atPhone.signedIn() {
			t.Error("the form of another step signs in")
		}
		b.fill("Verify", "code", mine[0])
		if !b.signedIn() {
			t.Error("the right code does not sign in after all that")
		}

		s.clock.Advance(time.Hour)
		half := s.atRecovery("aisha")
		s.tx(func(tx *db.Tx) error { return signin.DeleteMethods(tx, aisha.ID, signin.Recovery) })
		half.fill("Verify", "code", mine[1])
		if half.signedIn() {
			t.Error("a code of a set that was removed signs in")
		}
		s.tx(func(tx *db.Tx) error {
			var left int
			err := tx.Row("SELECT count(*) FROM recovery_codes", nil, &left)
			if left != recovery.Count {
				t.Errorf("%d fingerprints are left of a set that is gone and one that is not", left)
			}
			return err
		})
	})
}

// Guesses are counted with all other codes of the person, and a fingerprint in the database is not the code.
func TestGuessingRecoveryCodesIsBounded(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		set := s.codesOf(user)
		evaluated := 0
		for range 4 {
			b := s.atRecovery("aisha")
			for range 5 {
				if _, err := b.page.Form("code"); err != nil {
					break
				}
				b.fill("Verify", "code", code.Letters(16))
				if strings.Contains(b.page.Text, "isn’t the right code") || strings.Contains(b.page.Text, "too often") {
					evaluated++
				}
			}
		}
		b := s.atRecovery("aisha").fill("Verify", "code", set[0])
		if evaluated > 10 || b.signedIn() {
			t.Errorf("%d guesses were evaluated, and the next right one is taken", evaluated)
		}
		s.tx(func(tx *db.Tx) error {
			return tx.Each("SELECT fingerprint FROM recovery_codes", nil, func(scan func(...any) error) error {
				var stored []byte
				err := scan(&stored)
				for _, one := range set {
					if strings.Contains(string(stored), one) || string(keys.Random().MAC("recovery", user.ID, one)) == string(stored) {
						t.Error("a code can be told from the database")
					}
				}
				return err
			})
		})
	})
}

// Two are left: told, and shown. None is left: the set is no way in any more, and the person has another.
func TestTheLastCodesAreTold(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		set := s.codesOf(user)
		for i, one := range set {
			b := s.atRecovery("aisha").fill("Verify", "code", one)
			if !b.signedIn() {
				t.Fatalf("code %d does not sign in", i+1)
			}
			switch i {
			case 6:
				b.sees("3 codes left").notSees("make new ones", "but all in one place", "Only one way in").sees("You are safe")
			case 7:
				b.sees("2 codes left – make new ones soon", "Only one way in")
			case 9:
				b.notSees("Recovery codes", "codes left")
			}
			told := false
			for _, mail := range s.to(user.Email) {
				told = told || mail.Subject == "Make new recovery codes"
			}
			if told != (i >= 7) {
				t.Errorf("after %d codes the reminder was sent: %v", i+1, told)
			}
			s.clock.Advance(time.Hour)
		}
		s.browser().password("aisha", passphrase).alsoAt("/signin/ways").notSees("Use a recovery code")
	})
}

// Codes that were made and not proved are seen by nobody else, and die after ten minutes.
func TestUnprovedCodesAreForTheirBrowserAndTheirTime(t *testing.T) {
	each(t, func(s *site) {
		b, _ := s.atCode("aisha")
		b.fill("Verify", "one-time-code", s.code(mobile))
		b.open("/security/add").press("Recovery codes").press("Make my codes").sees("Keep these ten codes")
		at := "?a=" + b.page.URL.Query().Get("a")
		for _, path := range []string{"/signin/enrol/recovery/text", "/signin/enrol/recovery/pdf"} {
			for _, other := range []*browser{s.browser(), s.browser().password("aisha", passphrase)} {
				if p, err := other.Open(path + at); err != nil || p.Status != 410 || codeOnPage.MatchString(p.Body) {
					t.Errorf("%s in another browser: %d, %v", path, p.Status, err)
				}
			}
		}
		if b.page.Header.Get("Cache-Control") != "no-store" {
			t.Error("the page may be kept in a cache")
		}
		s.clock.Advance(10*time.Minute + time.Second)
		if p, err := b.Open("/signin/enrol/recovery/text" + at); err != nil || p.Status != 410 {
			t.Errorf("after ten minutes: %d, %v", p.Status, err)
		}
		b.open("/signin" + at).notSees("Keep these ten codes")
	})
}
