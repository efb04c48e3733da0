package browser_test

import (
	"regexp"
	"testing"
	"time"

	"woggle/test/browser"
)

// The words that a stranger and a member read alike.
const linkSent = "If there is an account with this name and an email address, we have sent a link to it. It works for 30 minutes. Look in your junk folder too."

const wrongPassword = "That password isn’t right for this user name. Check both, and look at Caps Lock. If you were given an access pass, you can type it here too."

// A forgotten password is set anew by the link of a letter and the second step, never by the link alone. The link works
// once, and every other browser is signed out.
func TestAForgottenPassword(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		sam := county.Person("sam.oduya")
		old := county.Window()
		enter(county, old, sam)
		w.Open("/signin").Press("I can’t sign in").See("I can’t sign in", "What do you still have?").Press("My authenticator app")
		w.See("With your authenticator app", "It works at once.", "Ruth Calloway")
		w.Fill("username", sam.Username).Press("Send me a link").See("Check your email", linkSent)
		letter := county.Letter(email(sam), "Choose a new password for Northwold County Scouts")

		w.Open(letter.Link).See("Choose a new password", "First we ask for your second step, then you choose a new password.").Press("Next")
		w.See("Enter the code from your app").NotSee("Choose a password")
		prove(county, w, sam).See("Choose a password", "At least 10 characters.")
		for weak, why := range map[string]string{
			"kettle":             "This password is too short.",
			"password123":        "Very many people use this password, so strangers try it first.",
			"I am Sam Oduya1234": "This password has your own name, or the name of your organisation, in it.",
			"abcdefgh1234":       "This password is easy to guess.",
		} {
			w.Fill("new-password", weak).Press("Save password").See("Choose a password", why)
		}
		w.Fill("new-password", "acorn lantern puddle").Press("Save password").See("You’re all set", "Password").Press("Go on").See("Hello, Sam")
		county.Letter(email(sam), "Your password was changed")
		old.Reload().See("Email or user name")

		w.Open("/security").Press("Sign out").Open(letter.Link).See("This link doesn’t work any more", "Each link works once. Ask for a new one.").Press("Start again")
		signInHere(w, sam).See(wrongPassword)
		sam.Password = "acorn lantern puddle"
		enter(county, w, sam)
	})
}

// Who asks for a link learns nothing about who has an account; and a link that was not used in time works no more.
func TestForgottenPasswordsOfStrangers(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		for _, name := range []string{"nobody.here", "victor.snell", "leonard.gedge", "<b>nobody</b>", "😀", raj.Username} {
			w.Open("/signin/forgot").Fill("username", name).Press("Send me a link").See("Check your email", linkSent)
		}
		letter := county.Letter(email(raj), "Choose a new password for Northwold County Scouts") // that of the others would have come before
		for _, stranger := range []string{"victor.snell", "leonard.gedge"} {
			if county.HasLetters(stranger + "@northwold.example") {
				t.Errorf("%s, who may not sign in, got a letter", stranger)
			}
		}
		w.Open(letter.Link)
		county.Later(31 * time.Minute)
		w.Press("Next").See("This link doesn’t work any more")
	})
}

// The first administrator of a new server comes with the link that it printed, and sets up an app and a password.
func TestTheFirstAdministrator(t *testing.T) {
	t.Parallel()
	for _, way := range []string{"script", "no script"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			county, setup := suite.Serve(t)
			w := county.Window()
			if way == "no script" {
				w.NoScript()
			}
			w.Open(setup).See("Welcome to Woggle", "You are the first administrator of Woggle.").NotSee("This is a demonstration")
			w.Fill("username", "ruth").Fill("given-name", "Ruth").Fill("family-name", "Calloway").Fill("email", "ruth@nowhere").Press("Next")
			w.See("This is not a whole e-mail address.")
			if name := w.Value("username"); name != "ruth" {
				t.Errorf("the user name is %q now", name)
			}
			w.Fill("email", "ruth@northwold.example").Press("Next")
			setUpTheApp(county, w)
			w.See("Choose a password").Fill("new-password", "acorn lantern puddle").Press("Save password")
			w.See("You’re all set", "Authenticator app").Press("Go on").See("Hello, Ruth")
			county.Window().Open(setup).See("This link doesn’t work any more")
		})
	}
}

// setUpTheApp goes from the page about apps to where the first code leads, and gives the app's secret.
func setUpTheApp(county *browser.County, w *browser.Window) (secret string) {
	w.See("Which app do you want to use?").Press("Another app")
	secret = w.Read("[data-copy]", "data-copy")
	w.Press("Next").Fill("one-time-code", county.AppCode(secret)).Press("Verify")
	return secret
}

// An access pass lets somebody in the first time, and again when the phone is lost. It works once.
func TestAnAccessPass(t *testing.T) {
	t.Parallel()
	county, _ := suite.Serve(t)
	pass := func() string {
		return browser.Find(t, county.Command("user", "pass", "jo.smith"), regexp.MustCompile(`^([2-9a-z]{4}-[2-9a-z]{4}-[2-9a-z]{4})$`))
	}
	browser.Find(t, county.Command("user", "add", "jo.smith", "--given", "Jo", "--family", "Smith"), regexp.MustCompile(`(Jo Smith was added)`))
	jo := browser.Person{Username: "jo.smith", Password: pass()}
	w := county.Window()
	signIn(w, jo)
	lost := setUpTheApp(county, w)
	w.See("Choose a password").Fill("new-password", "acorn lantern puddle").Press("Save password").See("You’re all set").Press("Go on").See("Hello, Jo")
	signIn(w.Press("Sign out"), jo).See(wrongPassword)

	// The phone with the app is lost.
	jo.Password = pass()
	signIn(w, jo).See("Enter the code from your app").Press("I can’t do this").Press("I don’t have any of these any more")
	jo.Secret = setUpTheApp(county, w)
	w.See("You’re all set", "You said that you don’t have these any more").Press("Remove the ones I don’t have")
	w.See("You’re all set").NotSee("You said that you don’t have these any more").Press("Go on").See("Hello, Jo").Press("Sign out")
	jo.Password = "acorn lantern puddle"
	signIn(w, jo).Fill("one-time-code", county.AppCode(lost)).Press("Verify").See(wrongCode)
	prove(county, w, jo).See("Hello, Jo")
}
