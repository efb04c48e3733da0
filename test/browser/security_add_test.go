package browser_test

import (
	"net/url"
	"strings"
	"testing"

	"woggle/test/browser"
)

// everyWay tells a story with script, without, and in Welsh. Where there is script, take makes the picture of the guide.
func everyWay(t *testing.T, story func(t *testing.T, county *browser.County, w *browser.Window, take func(picture string, width int64))) {
	t.Parallel()
	for _, way := range []string{"script", "no script", "Welsh"} {
		t.Run(way, func(t *testing.T) {
			t.Parallel()
			county := suite.Demo(t)
			w := county.Window()
			take := func(picture string, width int64) { w.Width(width).Picture(picture).Width(1000) }
			switch way {
			case "no script":
				w.NoScript()
				take = func(string, int64) {}
			case "Welsh":
				w.Open("/signin").Welsh()
			}
			story(t, county, w, take)
		})
	}
}

// scanned is the secret of the page with the QR code, which must say the same in all three ways: to a camera, to
// somebody who types, and to an app on the same phone.
func scanned(t *testing.T, w *browser.Window, account string) (secret string) {
	t.Helper()
	read := w.Scan(".qr")
	uri, err := url.Parse(read)
	if err != nil {
		t.Fatal(err)
	}
	query := uri.Query()
	secret = query.Get("secret")
	query.Del("secret")
	if len(secret) != 32 || uri.Scheme+"://"+uri.Host+uri.Path != "otpauth://totp/Northwold County Scouts:"+account ||
		query.Encode() != "algorithm=SHA1&digits=6&issuer=Northwold+County+Scouts&period=30" {
		t.Errorf("a camera reads %s", read)
	}
	if link := w.Read("a[href^=otpauth]", "href"); link != read {
		t.Errorf("the link is %s, the QR code %s", link, read)
	}
	key := w.Read(".key", "")
	if strings.ReplaceAll(key, " ", "") != secret || len(strings.Fields(key)) != 8 {
		t.Errorf("the key to type is %s, the QR code %s", key, read)
	}
	w.NotSee(key).Tap("I can’t scan it").See(key, account)
	return secret
}

func TestAddTheAuthenticatorApp(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, take func(string, int64)) {
		grace := county.Person("grace.thaxter")
		enter(county, w, grace).Press("Security info").Press("Add sign-in method").Press("Authenticator app")
		w.See("Which app do you want to use?", "Woggle Authenticator", "Nothing to download: your phone’s camera opens it. When you sign in, you say yes in it.",
			"Never pay for an authenticator app. There are look-alikes in the stores that ask for money.")
		take("app-start", 440)

		w.Press("Woggle Authenticator").See("Open it with your phone’s camera").Press("I want to use another app")
		w.See("Scan this with your app", "Work or school account", "Scan a QR code", "Other account (Google, Facebook, etc.)")
		take("app-scan", 440)
		secret := scanned(t, w, grace.Username)

		w.Press("Next").See("Enter the code from your app").Fill("name", "Pixel")
		take("app-code", 440)
		w.Fill("one-time-code", "abcdef").Press("Verify").See("A code has 6 digits and nothing else. Type the digits that you got.")
		if name := w.Value("name"); name != "Pixel" {
			t.Errorf("after a wrong code the device is called %q", name)
		}
		w.Press("Show me the QR code again").See("Scan this with your app").Press("Next")
		w.Fill("name", "Pixel").Fill("one-time-code", county.AppCode(secret)).Press("Verify")
		w.See("It is added. You can sign in with it from now on.", "Pixel").Reload().See("Pixel")

		// It can be used from now on, beside the phone.
		pixel := grace
		pixel.Secret = secret
		other := county.Window()
		signIn(other, grace).Press("Try another way").See("Pixel").Press("Use my authenticator app")
		prove(county, other, pixel).See("Hello, Grace")
	})
}

func TestAddAPhone(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		mei := county.Person("mei.lin")
		enter(county, w, mei).Open("/security/add").Press("Phone").See("Add a phone", "Not now")
		w.Fill("tel", "01632 960777").Choose("sms").Press("Send me a code").
			See("That is a landline, which can’t show a text message. Choose a phone call.")
		w.Fill("tel", "07700 900777").Choose("sms").Press("Send me a code").See("Enter the code we sent", "+44 •••• •••777")
		w.Press("Change the number").See("Add a phone").Fill("tel", "07700 900778").Choose("sms").Press("Send me a code").See("+44 •••• •••778")
		w.Fill("one-time-code", county.Code("+447700900778")).Press("Verify")
		w.See("It is added. You can sign in with it from now on.", "Mobile phone +44 7700 900778 · text message").NotSee("900777")

		w.Open("/security/add").Press("Phone").Fill("tel", "+44 7700 900778").Choose("sms").Press("Send me a code").
			See("You have this number already. Type another one, or go back.")
		w.Press("Not now").See("Security info").NotSee("It is added.")
	})
}

// Somebody who can't use a mouse adds the app with Tab, Space and Enter alone.
func TestAddTheAppByKeyboard(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	raj := county.Person("raj.patel")
	w := county.Window().Open("/signin")
	w.Reach("username").Key(raj.Username).Enter()
	w.Reach("password").Key(raj.Password).Enter()
	w.Reach("code").Key(county.Code(raj.Phone)).Enter().See("Hello, Raj")
	w.Reach("Security info").Enter().See("Where you are signed in")
	w.Reach("Add sign-in method").Enter()
	w.Reach("Authenticator app").Enter().See("Which app do you want to use?")
	w.Reach("Another app").Enter().See("Scan this with your app")
	w.Reach("I can’t scan it").Key(" ").Wait("document.querySelector('.key').checkVisibility()")
	secret := strings.ReplaceAll(w.Read(".key", ""), " ", "")
	w.Reach("Next").Enter().See("Enter the code from your app")
	if at := w.Focused(); at != "code" {
		t.Errorf("the page of the code begins at %s", at)
	}
	w.Key(county.AppCode(secret)).Enter().See("It is added. You can sign in with it from now on.", "My phone")
}
