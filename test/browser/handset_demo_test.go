package browser_test

import (
	"testing"

	"woggle/test/browser"
)

// Nobody takes the demonstration for the real thing: each page says what it is, and where its phones and letters are.
func TestEveryPageOfTheDemonstrationSaysSo(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	w := county.Window()
	pages := func(addresses ...string) {
		t.Helper()
		for _, address := range addresses {
			w.Open(address).See("This is a demonstration. Nobody here is real, and no text or call leaves this computer.", "See the phones", "See the letters")
		}
	}
	outside := []string{"/signin", "/signin/forgot", "/help", "/help/stay-safe", "/handset", "/handset?to=%2B447700900202", "/handset/letters", "/no-such-page"}
	pages(outside...)
	w.Open("/handset").Welsh()
	pages(outside...)
	enter(county, w, county.Person("theodora.featherstonehaugh")) // whose name fits no small phone
	pages("/", "/security", "/security/add", "/security/password", "/security/not-me", "/details", "/activity", "/help", "/no-such-page")
	w.Open("/security/add").Press("Phone")
	pages(w.Address())
}

// An address that leads nowhere says so, with one button on, whoever asks.
func TestNoSuchPage(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		w.Open("/securty").See("Something is in the way", "There is no page at this address. It may be mistyped, or it may have moved.", "Ruth Calloway").
			Welsh().See("There is no page at this address. It may be mistyped, or it may have moved.").Press("Go on").See("Sign in")
		for _, address := range []string{"/help/nothing", "/handset/nothing", "/signin/nothing"} {
			w.Open(address).See("There is no page at this address. It may be mistyped, or it may have moved.")
		}
		enter(county, w, county.Person("owain.aprhys")).Open("/security/methods/nothing/rename").See("Something is in the way")
		w.Open("/nothing").Press("Go on").See("Home")
	})
}
