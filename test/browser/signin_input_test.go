package browser_test

import (
	"strings"
	"testing"
	"time"

	"woggle/test/browser"
)

// Whatever stands where a number should: the page says what is wrong with it, and it can be mended.
func TestNumbersThatAreNone(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		signIn(w, county.Person("aisha.khan"))
		for typed, why := range map[string]string{
			"ring me at home":             "That doesn’t look like a phone number. Type digits only, no letters.",
			"☎️ 🦊":                        "That doesn’t look like a phone number. Type digits only, no letters.",
			"<script>alert(1)</script>":   "That doesn’t look like a phone number. Type digits only, no letters.",
			"٠٧٧":                         "That number is too short. Check that no digit is missing, and start with the area code if it is a landline.",
			"07700":                       "That number is too short. Check that no digit is missing, and start with the area code if it is a landline.",
			strings.Repeat("07700", 12):   "That number is too long. Type one number, and check that no digit is there twice.",
			"07700 900101 / 07700 900102": "Those look like two numbers. Type one now; you can add the other one later.",
			"999":                         "That is a short number, like the ones for emergencies and services. Type the number of your own phone.",
			"0909 879 0123":               "Calls to that number cost extra, so we can’t use it. Type the number of a mobile or a landline.",
			"+881 6 1234 5678":            "That is a satellite phone. Calls to it cost too much, so we can’t use it. Type the number of a mobile or a landline.",
			"070 1234 5678":               "That number sends calls on to another phone, and calls to it cost extra. Type the number of the phone itself.",
			"+33 6 39 98 12 34":           "We can’t text or call numbers in this country: France. Type another number, or ask your organisation.",
			"+1 212 555 0123":             "We can’t text or call numbers in this country: ",
			"07700 111111111":             "That number is too long. Type one number, and check that no digit is there twice.",
		} {
			w.Fill("tel", typed).Press("Send me a code").See("Add a phone so we know it’s you", why)
			if kept := w.Value("tel"); kept != typed {
				t.Errorf("%q was typed, and %q is there to be mended", typed, kept)
			}
		}
	})
}

// The same number in every spelling that people use.
func TestNumbersAsPeopleTypeThem(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		signIn(w, county.Person("aisha.khan"))
		for i, typed := range []string{"07700900101", "+44 7700 900101", "0044 7700 900 101", "(07700) 900-101", "+44 (0)7700 900101", "٠٧٧٠٠ ٩٠٠١٠١", "０７７００ ９００１０１", "7700 900101"} {
			if i%3 == 2 {
				county.Later(10 * time.Minute) // three codes may be sent in that time
			}
			w.Fill("tel", typed).Choose("sms").Press("Send me a code").See("Enter the code we sent", "+44 •••• •••101").Press("Change the number")
		}
	})
}

// A landline behind a switchboard: the extension is called, and no text can be sent there.
func TestAnExtension(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		winifred := county.Person("winifred.tuck")
		signIn(w, winifred).Fill("tel", winifred.Phone).Choose("voice").Tap("The phone has an extension").Fill("tel-extension", "twelve").Press("Send me a code")
		w.See("An extension has 1 to 7 digits. Check it, or leave it empty if you have your own line.")
		w.Fill("tel-extension", "12").Press("Send me a code").See("We are calling you")
		w.Fill("one-time-code", county.Code(winifred.Phone)).Press("Verify").See("You’re all set", "+44 1632 960102 x12")
	})
}

// Far more than a form holds is refused with a page, and the sign-in goes on.
func TestAHundredThousandDigits(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		aisha := county.Person("aisha.khan")
		signIn(w, aisha)
		at := w.Address()
		w.Unbounded("tel").Fill("tel", strings.Repeat("7", 50_000)).Press("Send me a code").
			See("That number is too long. Type one number, and check that no digit is there twice.")
		w.Unbounded("tel").Fill("tel", strings.Repeat("7", 100_000)).Press("Send me a code").
			See("That was far more than this form can hold. Please go back and write less.")
		w.Open(at).Fill("tel", aisha.Phone).Choose("sms").Press("Send me a code").Unbounded("one-time-code")
		w.Fill("one-time-code", strings.Repeat("7", 50_000)).Press("Verify").See(notACode)
		w.Fill("one-time-code", county.Code(aisha.Phone)).Press("Verify").See("You’re all set")
	})
}

// A name is a name in any writing, and nothing but a name: what looks like markup is shown as it was typed.
func TestNamesOfEveryKind(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		for _, name := range []string{"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "🦊🏕️", "ليلى حداد", "' OR 1=1 --", strings.Repeat("long", 80)} {
			w.Open("/signin").Fill("username", name).Press("Next").See("Enter your password", name)
			w.Fill("current-password", name+name).Press("Next").See(wrongPassword, name)
		}
		w.Open("/signin").Fill("username", "   ").Press("Next").See("Type your email address or your user name.")
		for _, name := range []string{" Raj.Patel ", "RAJ.PATEL", "raj.patel@northwold.example", "ｒａｊ．ｐａｔｅｌ"} {
			raj := county.Person("raj.patel")
			raj.Username = name
			signIn(w, raj).See("Enter the code we sent", "•••202")
			if name == "RAJ.PATEL" {
				county.Later(time.Hour)
			}
		}

		// Somebody whose name is written from right to left.
		layla := county.Person("layla.haddad")
		enter(county, w, layla).See("Hello, ليلى")
	})
}
