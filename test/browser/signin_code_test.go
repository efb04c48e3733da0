package browser_test

import (
	"strings"
	"testing"
	"time"

	"woggle/test/browser"
)

// The words for a code that is not right.
const (
	wrongCode = "That isn’t the right code. Check the digits, and that it is the newest code you got."
	notACode  = "A code has 6 digits and nothing else. Type the digits that you got."
)

// once tells a story of which scripts are no part.
func once(t *testing.T, story func(t *testing.T, county *browser.County, w *browser.Window)) {
	t.Helper()
	t.Parallel()
	county := suite.Demo(t)
	story(t, county, county.Window())
}

// other is a code that is not this one.
func other(code string) string { return string('0'+(code[0]-'0'+1)%10) + code[1:] }

// A slip of the finger is no harm: the page says what is wrong, and the same code still works.
func TestWrongCodes(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		signIn(w, raj)
		code := county.Code(raj.Phone)
		for _, slip := range []string{"abcdef", "12345", code + "7", "code " + code, "０", "🔑🔑🔑🔑🔑🔑"} {
			w.Fill("one-time-code", slip).Press("Verify").See("Enter the code we sent", notACode)
		}
		if at := w.Focused(); at != "code" {
			t.Errorf("after a mistake the keyboard is at %s", at)
		}
		w.Fill("one-time-code", other(code)).Press("Verify").See("Enter the code we sent", wrongCode)
		if got := len(county.Messages(raj.Phone)); got != 1 {
			t.Errorf("%d texts came, for one code", got)
		}
		w.Fill("one-time-code", code).Press("Verify").See("Hello, Raj")
	})
}

// A code is a code however it is typed.
func TestCodesAsPeopleTypeThem(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		for person, spell := range map[string]func(string) string{
			"raj.patel":    func(code string) string { return " " + code[:3] + " " + code[3:] + " " },
			"colin.mardle": func(code string) string { return strings.Join(strings.Split(code, ""), " ") },
			"kasia.nowak":  func(code string) string { return code[:3] + "-" + code[3:] },
			"grace.thaxter": func(code string) string { // full-width
				return strings.Map(func(r rune) rune { return r - '0' + '０' }, code)
			},
			"layla.haddad": func(code string) string { // Arabic
				return strings.Map(func(r rune) rune { return r - '0' + '٠' }, code)
			},
		} {
			p := county.Person(person)
			signIn(w, p).Fill("one-time-code", spell(county.Code(p.Phone))).Press("Verify").See("Hello, ").Press("Sign out")
		}
	})
}

// After five wrong tries the sign-in ends, whoever's phone it is is told after the third, and the person begins again.
func TestTooManyWrongCodes(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		ben := county.Person("ben.fairweather")
		w.Open("/signin?to=/activity")
		signInHere(w, ben)
		code := county.Code(ben.Phone)
		for range 4 {
			w.Fill("one-time-code", other(code)).Press("Verify").See(wrongCode)
		}
		county.Letter(email(ben), "Somebody typed wrong codes")
		w.Fill("one-time-code", other(code)).Press("Verify").See("Too many wrong tries", "There were five wrong tries, so this sign-in has ended.")
		w.Reload().See("Too many wrong tries").Press("Start again").See("Sign in", "Email or user name")

		signInHere(w, ben)
		w.Fill("one-time-code", code).Press("Verify").See(wrongCode) // that of before
		prove(county, w, ben).See("Activity")
		if path := w.Path(); path != "/activity" {
			t.Errorf("he wanted to go to /activity and is at %s", path)
		}
	})
}

// Wrong codes are bounded over all sign-ins: then there is a wait, even for the right one, and it ends.
func TestWrongCodesInManySignIns(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		ben := county.Person("ben.fairweather")
		for range 2 {
			signIn(w, ben)
			code := county.Code(ben.Phone)
			for range 5 {
				w.Fill("one-time-code", other(code)).Press("Verify")
			}
			w.See("Too many wrong tries")
		}
		signIn(w, ben)
		prove(county, w, ben).See("There were too many wrong codes. Wait ", " minutes, then try again.")
		county.Later(16 * time.Minute)
		signIn(w, ben)
		prove(county, w, ben).See("Hello, Ben")
	})
}

// A code that does not come is asked for again, after a wait that is shown, or by a call. It is the same code each time, so
// that the first one is right although it was late.
func TestAskForTheCodeAgain(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		yusuf := county.Person("yusuf.demir")
		signIn(w, yusuf).Fill("tel", "+44 7700 900104").Choose("sms").Press("Send me a code").See("•••104", "No code? You can ask again in")
		code := county.Code(yusuf.Phone)

		county.Later(31 * time.Second)
		w.Reload().See("•••104").NotSee("You can ask again in").Press("Send it again").See("You can ask again in")
		if again := county.Code(yusuf.Phone); again != code {
			t.Errorf("the first text has %s, the second %s: one of them is refused", code, again)
		}
		county.Later(31 * time.Second)
		w.Reload().See("You can ask again in") // longer each time
		county.Later(30 * time.Second)
		w.Reload().Press("Call me instead").See("We are calling you", "•••104")
		if called := pickUp(t, w, yusuf); called != code {
			t.Errorf("the text has %s, the call says %s", code, called)
		}
		county.Later(121 * time.Second)
		w.Reload().Press("Send me a text instead").See("We have sent as many codes as we may for now. Wait ", ", or use another way.")
		w.Fill("one-time-code", code).Press("Verify").See("You’re all set", "+44 7700 900104", "phone call")
	})
}

// A number that was typed wrong is changed. The code that went there is worth nothing then.
func TestChangeTheNumber(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		daniel := county.Person("daniel.achebe")
		signIn(w, daniel).Fill("tel", "07700 900999").Choose("sms").Press("Send me a code").See("•••999")
		late := county.Code("+447700900999")
		w.Press("Change the number").See("Add a phone so we know it’s you").NotSee("999")
		w.Fill("tel", "07700 900106").Choose("sms").Press("Send me a code").See("•••106").NotSee("•••999")
		w.Fill("one-time-code", late).Press("Verify").See(wrongCode)
		w.Fill("one-time-code", county.Code(daniel.Phone)).Press("Verify").See("You’re all set", "+44 7700 900106").NotSee("900999")
	})
}

// Until another code may be asked for, the buttons can't be pressed, and then they can.
func TestTheButtonsForAnotherCodeWait(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		harriet := county.Person("harriet.pye")
		signIn(w, harriet).See("You can ask again in").Wait("[...document.querySelectorAll('#again button')].every((one) => one.disabled)")
		county.Later(28 * time.Second)
		w.Reload().See("You can ask again in 0:0").Wait("[...document.querySelectorAll('#again button')].every((one) => !one.disabled)").
			NotSee("You can ask again in").Press("Send it again").See("Enter the code we sent")
		prove(county, w, harriet).See("Hello, Harriet")
	})
}

// Without script they can always be pressed, and the page says how long to wait.
func TestAnotherCodeTooSoon(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		harriet := county.Person("harriet.pye")
		signIn(w.NoScript(), harriet)
		for _, button := range []string{"Send it again", "Call me instead"} {
			w.Press(button).See("A code is on its way. You can ask for another one in")
		}
		prove(county, w, harriet).See("Hello, Harriet")
		if got := county.Messages(harriet.Phone); got[len(got)-1].Channel != "sms" || len(got) > 2 {
			t.Errorf("more than the code and the notice came: %+v", got)
		}
	})
}
