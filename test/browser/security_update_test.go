package browser_test

import (
	"testing"
	"time"

	"woggle/test/browser"
)

// stale is longer ago than a proof may be when something is changed.
const stale = 11 * time.Minute

// Changing a number asks for a recent proof, and then goes as adding one. Until the new number is proved the old one works.
func TestUpdateAPhoneNumber(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, take func(string, int64)) {
		raj := county.Person("raj.patel")
		const old, fresh = "+44 7700 900202", "+44 7700 900888"
		enter(county, w, raj).Press("Security info").PressBeside(old, "Update").See("Your new number")
		take("update-number", 440)
		w.Press("Not now").See("Security info", old).NotSee("It is updated. The old number does not work any more.")

		county.Later(stale)
		prove(county, w.PressBeside(old, "Update").See("Enter the code we sent", "•••202"), raj).See("Your new number")
		w.Fill("tel", "07700 900888").Choose("sms").Press("Send me a code").See("•••888")
		other := county.Window()
		enter(county, other, raj).Open("/security").See(old).NotSee(fresh)

		w.Fill("one-time-code", county.Code("+447700900888")).Press("Verify")
		w.See("It is updated. The old number does not work any more.", fresh).NotSee(old)
		county.Text(raj.Phone, "This was changed in your account: Phone.")
		county.Letter(email(raj), "A sign-in method was changed")

		// Whoever had signed in with the old number is signed out, and a new sign-in asks the new one.
		other.Press("Security info").See("Email or user name")
		signIn(other, raj).See("•••888").NotSee("•••202")
	})
}
