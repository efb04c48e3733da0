package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// The phones are open in one window while people sign in: a text comes by itself, a call rings, is answered, speaks, and
// takes keys.
func TestThePhonesShowWhatComes(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	raj, dorothy := county.Person("raj.patel"), county.Person("dorothy.cobbold")
	phones := county.Window().Open("/handset").See("The phones", "No phone has got anything yet.", "Raj Patel")
	signIn(county.Window(), raj).See("Enter the code we sent")
	phones.Wait("document.querySelector('.text')").
		See("Raj Patel +44 7700 900202", county.Code(raj.Phone)+" is your Northwold County Scouts sign-in code. Do not give it to anyone. @localhost #")

	w := county.Window()
	signIn(w, dorothy).See("We are calling you", "Answer, press 1, and write down the code.")
	phones.Wait("document.querySelector('.call.ringing')").See("A call is coming in", "Dorothy Cobbold")
	phones.Press("Answer").See("On a call", "We have a code for Dorothy. Press one to hear your code.")
	code := county.Code(dorothy.Phone)
	greeting := spoken(t, phones.NotSee(code))
	phones.Press("5").NotSee(code).Press("1").See("On a call: your code", "Your code is "+code)
	if reading := spoken(t, phones); reading == greeting {
		t.Error("the same is heard before and after key 1")
	}
	w.Fill("one-time-code", code).Press("Verify").See("Hello, Dorothy")
	phones.Press("Hang up").See("Call ended").Press("All phones").See("Call ended", "Raj Patel")
}

// spoken demands that the audio of a call plays, and that it is a voice and no silence.
func spoken(t *testing.T, phones *browser.Window) browser.Sound {
	t.Helper()
	phones.Wait("document.querySelector('audio')?.currentTime > 0")
	sound := phones.Hear()
	if sound.Seconds < 2 || sound.Peak < 0.1 {
		t.Errorf("the call says nothing: %+v", sound)
	}
	return sound
}

// Without script one looks again. Whoever did not ask for a call presses 9, which stops everything.
func TestACallThatNobodyAskedFor(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	pearl, ernest := county.Person("pearl.adeyemi"), county.Person("ernest.wix")
	phones := county.Window().NoScript().Open("/handset")
	signIn(county.Window(), pearl).See("We are calling you")
	county.Code(pearl.Phone) // the call has come
	phones.Press("Look again").See("A call is coming in", "Pearl Adeyemi").Press("Answer").See("Press nine if you did not ask for it.")
	phones.Press("9").See("You said that you did not ask for this")
	county.Letter("admin@northwold.example", "Somebody said: this wasn’t me")

	signIn(county.Window(), ernest).See("We are calling you")
	county.Code(ernest.Phone)
	phones.Press("All phones").See("A call is coming in", "Ernest Wix").Welsh().Press("Decline").See("Missed call")
	phones.Press("Look again").See("Missed call")
}
