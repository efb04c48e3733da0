package browser_test

import (
	"regexp"
	"testing"

	"woggle/test/browser"
	"woggle/test/wsfed"
)

// Microsoft 365 sends a browser to a real server, which was set up with commands only. The person signs in for the first time, sets up
// an app on the way, and arrives. Chromium holds every address that comes after a form against the page of the form, so it has the
// last word on the way back.
func TestSigningInToMicrosoft365(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]bool{"script": true, "no script": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const issuer = "https://id.northwold.example/wsfed/northwold.example"
			county, setup := suite.Serve(t)
			p := wsfed.Start(t, "../wsfed", county.Base, wsfed.Expected{"realm": "urn:federation:MicrosoftOnline", "issuer": issuer,
				"upn": "ruth@northwold.example", "id": "ruth"})
			browser.Find(t, county.Command("app", "add", "m365", "wsfed", "--name", "Microsoft 365", "--set", "realm=urn:federation:MicrosoftOnline",
				"--set", "replies="+p.Base+"/login.srf", "--set", `domains={ "northwold.example" = "`+issuer+`" }`, "--set", "immutable_id=username"),
				regexp.MustCompile(`(issuerUri of northwold.example +`+issuer+`)`))
			w := county.Window().Beyond(p.Base)
			if !script {
				w.NoScript()
			}
			w.Open(setup).Fill("username", "ruth").Fill("given-name", "Ruth").Fill("family-name", "Calloway").Fill("email", "ruth@northwold.example").Press("Next")
			secret := setUpTheApp(county, w)
			w.See("Choose a password").Fill("new-password", "acorn lantern puddle").Press("Save password").Press("Go on").See("Hello, Ruth").Press("Sign out")

			// onward goes from the page that posts itself to the party, where there is no script by its button.
			onward := func() {
				if !script {
					w.See("You are on your way to Microsoft 365").Press("Go on")
				}
				w.See("accepted", `"rounds":0`)
			}
			w.Open(p.Start("username", "ruth@northwold.example"))
			w.Fill("username", "ruth").Press("Next").Fill("current-password", "acorn lantern puddle").Press("Next")
			w.Fill("one-time-code", county.AppCode(secret)).Press("Verify")
			onward()
			w.Open(p.Start()) // a second app of Microsoft's asks nothing more
			onward()
			w.Open(p.Start("wfresh", "0")).See("password").Fill("current-password", "acorn lantern puddle").Press("Next")
			w.Fill("one-time-code", county.AppCode(secret)).Press("Verify")
			onward()

			w.Open("/wsfed?wa=wsignin1.0&wtrealm=urn:federation:MicrosoftOnline&wct=2026-01-01T09:00:00Z").See("This link is too old", "My apps")
			w.Open(p.Start("wauth", "urn:federation:authentication:windows")).See("You did not go on to Microsoft 365")
			w.Open("/wsfed?wa=wsignout1.0").See("You are signed out")
			w.Wait(`[...document.images].every((image) => image.complete)`)
			if cleaned := p.Get("/cleaned"); cleaned != "1" {
				t.Errorf("Microsoft 365 cleaned up %s times", cleaned)
			}
			w.Open("/security").See("Sign in")
		})
	}
}
