package browser_test

import (
	"testing"
	"time"

	"woggle/test/browser"
)

// The button for the page before, and the one to load again, lead to the step that the sign-in is at, never to a page of
// long ago; and nothing is sent twice.
func TestBackAndReload(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		aisha := county.Person("aisha.khan")
		signIn(w, aisha).See("Add a phone so we know it’s you").Back().See("Add a phone so we know it’s you")
		w.Reload().Fill("tel", aisha.Phone).Choose("sms").Press("Send me a code").See("Enter the code we sent")
		w.Reload().See("Enter the code we sent").Back().See("Enter the code we sent")
		code := county.Code(aisha.Phone)
		w.Back().See("Sign in", "Email or user name")
		if got := len(county.Messages(aisha.Phone)); got != 1 {
			t.Errorf("%d texts came", got)
		}
		w.Forward().See("Enter the code we sent").Fill("one-time-code", code).Press("Verify").See("You’re all set").Reload().See("You’re all set", "+44 7700 900101")
		w.Back().See("This sign-in is finished", "It was finished already, perhaps in another window.").Press("Go on").See("Hello, Aisha")
	})
}

// Two tabs of one browser are at one sign-in. What one has done the other need not do, and can't undo.
func TestASecondTab(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		w.Open("/signin").Fill("username", raj.Username).Press("Next").See("Enter your password")
		tab := w.Tab().Open(w.Address()).See("Enter your password").Fill("current-password", "not the password at all")
		w.Fill("current-password", raj.Password).Press("Next").See("Enter the code we sent")
		tab.Press("Next").See("Enter the code we sent", "•••202") // although what stood there was wrong
		code := county.Code(raj.Phone)
		if got := len(county.Messages(raj.Phone)); got != 1 {
			t.Errorf("%d texts came, for two tabs", got)
		}
		w.Fill("one-time-code", code).Press("Verify").See("Hello, Raj")
		tab.Fill("one-time-code", code).Press("Verify").See("This sign-in is finished").Press("Go on").See("Hello, Raj")

		// Who is signed in is not asked who they are; signed out in one tab is signed out in all.
		tab.Open("/signin?to=/details").See("Details", "First name").Press("Sign out").See("Sign in")
		w.Press("Activity").See("Email or user name")
	})
}

// The number that is set up is the one that the code was sent to, whatever another tab has typed since.
func TestTwoNumbersInTwoTabs(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		jakub := county.Person("jakub.novotny")
		signIn(w, jakub).See("Add a phone so we know it’s you")
		tab := w.Tab().Open(w.Address()).Fill("tel", "07700 900666").Choose("sms")
		w.Fill("tel", jakub.Phone).Choose("sms").Press("Send me a code").See("•••107")
		first := county.Code(jakub.Phone)
		tab.Press("Send me a code").See("•••666")
		w.Fill("one-time-code", first).Press("Verify").See("•••666", wrongCode)
		tab.Fill("one-time-code", county.Code("+447700900666")).Press("Verify").See("You’re all set", "+44 7700 900666").NotSee("900107")
	})
}

// At a computer that people share the last one who signs in is signed in, and nobody else.
func TestTwoPeopleInOneBrowser(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj, grace := county.Person("raj.patel"), county.Person("grace.thaxter")
		signIn(w, raj).See("•••202")
		tab := w.Tab()
		signIn(tab, grace).See("•••207")
		prove(county, tab, grace).See("Hello, Grace")
		prove(county, w, raj).See("Hello, Raj")
		tab.Reload().See("Hello, Raj").NotSee("Grace")
	})
}

// A phone closes its browser while somebody reads the text with the code; then the sign-in goes on. Another browser can't
// go on with it, though it knows the address.
func TestAClosedBrowser(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		kasia := county.Person("kasia.nowak")
		signIn(w, kasia).See("Enter the code we sent")
		at := w.Address()
		stranger := county.Window().Open(at).See("This sign-in is not open here", "It was started in another browser, or it was a long time ago.").NotSee("•••205")
		stranger.Press("Start again").See("Email or user name")
		prove(county, w.Reopen().Open(at).See("•••205"), kasia).See("Hello, Katarzyna")
	})
}

// A quarter of an hour without a step ends a sign-in, on whatever page; and the next one leads to where the person was going.
func TestASignInThatRestedTooLong(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		colin := county.Person("colin.mardle")
		w.Open("/activity").Fill("username", colin.Username).Press("Next").Fill("current-password", colin.Password)
		county.Later(16 * time.Minute)
		w.Press("Next").See("That took a little long", "Nothing is lost.").Press("Start again")
		signInHere(w, colin).See("Enter the code we sent")
		county.Later(14 * time.Minute)
		w.Reload().See("Enter the code we sent")
		county.Later(2 * time.Minute)
		w.Reload().See("That took a little long").Press("Start again")
		signInHere(w, colin)
		prove(county, w, colin).See("Activity", "What has happened in your account")
	})
}

// A code lives for five minutes; then the page says so, and sends a new one.
func TestACodeThatIsTooOld(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		grace := county.Person("grace.thaxter")
		signIn(w, grace)
		old := county.Code(grace.Phone)
		county.Later(5*time.Minute + time.Second)
		w.Fill("one-time-code", old).Press("Verify").See("Enter the code we sent", "That code is too old, or it was used already. Ask for a new one.")
		w.Press("Send it again").See("Enter the code we sent").NotSee("That code is too old")
		fresh := county.Code(grace.Phone)
		w.Fill("one-time-code", old).Press("Verify").See(wrongCode).Fill("one-time-code", fresh).Press("Verify").See("Hello, Grace")
	})
}

// A sign-in leads to where the person was going, on this site only; and a page that is opened in a wrong way says so.
func TestWhereASignInLeads(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		for _, to := range []string{"https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"} {
			w.Open("/signin?to=" + to)
			signInHere(w, raj)
			prove(county, w, raj).See("Sign out")
			w.Press("Sign out")
		}
		for _, address := range []string{"/signin/phone", "/signin/password", "/signin/enrol/phone/code", "/signout"} {
			w.Open(address).See("This page can’t be used like that. Go back and use the buttons on the page.").Press("Go on").See("Email or user name")
		}
		for _, address := range []string{"/signin?a=nothing", "/signin/ways"} {
			w.Open(address).See("This sign-in is not open here").Press("Start again").See("Email or user name")
		}
	})
}
