package browser_test

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"woggle/test/browser"
)

var recoveryCode = regexp.MustCompile(`\b[2-9a-hjkmnp-z]{4}(?:-[2-9a-hjkmnp-z]{4}){3}\b`)

// recoveryCodes are those in a text, which must be a set of ten.
func recoveryCodes(t *testing.T, text string) []string {
	t.Helper()
	codes := recoveryCode.FindAllString(text, -1)
	if different := slices.Compact(slices.Sorted(slices.Values(codes))); len(codes) != 10 || len(different) != 10 {
		t.Fatalf("there are %d codes in: %s", len(codes), text)
	}
	return codes
}

// piece is what the page wants to be typed back of the codes.
func piece(t *testing.T, w *browser.Window, codes []string) string {
	t.Helper()
	label := w.Read("label[for=code]", "")
	number, err := strconv.Atoi(regexp.MustCompile(`\d+`).FindString(label))
	if err != nil || number < 1 || number > len(codes) {
		t.Fatalf("the page asks: %s", label)
	}
	return codes[number-1][:4]
}

// makeCodes goes from Security info to where the codes are kept, and gives them.
func makeCodes(t *testing.T, w *browser.Window) []string {
	t.Helper()
	w.Open("/security").Press("Add sign-in method").Press("Recovery codes").Press("Make my codes").See("Keep these ten codes")
	codes := recoveryCodes(t, w.Text())
	w.Fill("code", piece(t, w, codes)).Press("I have kept them").See("It is added. You can sign in with it from now on.")
	return codes
}

// onPaper goes, in a sign-in that asks for something else first, to where the paper's own words lead.
func onPaper(w *browser.Window) *browser.Window {
	return w.Press("Try another way").See("How do you want to prove it’s you?").Press("Use a recovery code").See("Enter a recovery code")
}

// Grace makes codes, prints them, and never sees them again on a screen. Later, without her phone, one of them signs her in in
// another browser, once. New codes make the others worthless.
func TestRecoveryCodes(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, _ func(string, int64)) {
		grace := county.Person("grace.thaxter")
		enter(county, w, grace).Press("Security info").Press("Add sign-in method").Press("Recovery codes")
		w.See("Ten codes to print and keep. If your phone is lost or broken one day, each of them gets you in once.").
			NotSee("Your old recovery codes stop working when you finish.").Press("Make my codes").See("Keep these ten codes")
		codes := recoveryCodes(t, w.Text())
		for what, text := range map[string]string{"page": w.Print(), "PDF": w.OnPaper(w.Save("A page to print", "woggle-codes.pdf")),
			"text file": string(w.Save("A text file", "woggle-codes.txt"))} {
			if found := recoveryCodes(t, text); !slices.Equal(found, codes) {
				t.Errorf("the window shows %v, the %s has %v", codes, what, found)
			}
		}
		shown := w.Address()
		w.Fill("code", "oil!").Press("I have kept them").See("Type four letters or digits, as they stand on your paper.")
		w.Fill("code", "2222").Press("I have kept them").See(wrongCode)
		w.Fill("code", strings.ToUpper(piece(t, w, codes))).Press("I have kept them")
		w.See("It is added. You can sign in with it from now on.", "Recovery codes").NotSee(codes...)
		county.Letter(email(grace), "A sign-in method was added")
		w.Open(shown).See("This sign-in is finished").NotSee(codes...)

		other := w.Another().Width(360)
		onPaper(signIn(other, grace).See("Enter the code we sent")).Fill("code", codes[6][:14]).Press("Verify").
			See("A recovery code has 16 letters and digits. Type all of one, as it stands on your paper.")
		other.Fill("code", asTyped(codes[6])).Fits("code").Press("Verify").See("Sign out").Press("Sign out")
		county.Letter(email(grace), "A recovery code was used")
		onPaper(signIn(other, grace)).Fill("code", codes[6]).Press("Verify").See("Enter a recovery code", wrongCode)

		w.Open("/security/add").Press("Recovery codes").See("Your old recovery codes stop working when you finish.")
		fresh := makeCodes(t, w)
		w.Back().NotSee(fresh...).Forward().NotSee(fresh...)
		onPaper(signIn(other, grace)).Fill("code", codes[0]).Press("Verify").See(wrongCode).Fill("code", fresh[0]).Press("Verify").See("Sign out")
	})
}

// asTyped is a code as somebody types it who reads it off paper.
func asTyped(code string) string { return " " + strings.ToUpper(strings.ReplaceAll(code, "-", " ")) }

// When two are left, Mei is told, and her codes are counted on no more. The last one goes with its set. She reads large letters.
func TestTheLastRecoveryCodes(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		mei := county.Person("mei.lin")
		enter(county, w.Large(), mei)
		codes := makeCodes(t, w)
		w.See("10 codes left", "You are safe")
		const reminder = "Make new recovery codes"
		for i, code := range codes {
			county.Later(2 * time.Hour) // she is signed in no more, and ten codes in a minute would be many
			onPaper(signIn(w, mei)).Fill("code", code).Press("Verify").See("Hello, Mei").Press("Security info")
			switch left := len(codes) - i - 1; left {
			case 3:
				w.See("3 codes left", "You are safe").NotSee("make new ones soon")
			case 2:
				w.See("2 codes left – make new ones soon", "Only one way in")
				letter := county.Letter(email(mei), reminder)
				if text := strings.Join(letter.Paragraphs, " "); !strings.Contains(text, "Codes left: 2. Make new ones on the page Security info.") {
					t.Errorf("the letter says: %s", text)
				}
			case 0:
				w.NotSee("codes left", "Recovery codes")
			}
		}
		county.Later(2 * time.Hour)
		signIn(w, mei).Press("I can’t do this").NotSee("Use a recovery code")
	})
}
