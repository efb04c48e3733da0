package browser_test

import (
	"fmt"
	"testing"

	"woggle/test/browser"
	"woggle/test/visitor"
)

// Somebody who can't use a mouse opens each app from his apps, with the keys alone, and signs in on the way to the first.
func TestAppsByKeyboard(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		aisha, minibus := county.Person("aisha.khan"), county.Minibus()
		w.Open(county.Apps + "/rota/").Reach("Sign in with").EnterTo(county.Base).See("Email or user name")
		w.Key(aisha.Username).Enter().Key(aisha.Password).Enter().See("Add a phone so we know it’s you")
		w.Key("07700 900101").Reach("Send me a code").Enter().See("Enter the code we sent")
		w.Key(county.Code(aisha.Phone)).Reach("Verify").Enter().See("You’re all set").Reach("Go on").EnterTo(county.Apps).See("Hello, Aisha Khan")
		for app, site := range map[string]string{"Camp rota": county.Apps, "Kit shop": county.Apps, "District files": county.Apps, "Minibus log": minibus} {
			w.Reach("My apps").EnterTo(county.Base).Reach(app).EnterTo(site).See("Hello, Aisha Khan", app)
		}
		w.Reach("My apps").EnterTo(county.Base).Reach("Camp rota").EnterTo(county.Apps).Reach("Sign out of everything").EnterTo(county.Apps).
			See("You are signed out here and everywhere else.")
	})
}

// A small dark screen, and the questions on the way: who is it, and may they.
func TestAppsQuestionsByKeyboard(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		ben := county.Person("ben.fairweather")
		enter(county, w.Dark().Width(360), ben)
		w.Open(county.Apps + "/kit/").Reach("Sign in with").EnterTo(county.Base).See("This app is not open to you")
		w.Reach("Go back to Kit shop").EnterTo(county.Apps).See("You are not signed in to the Kit shop").Reach("My apps").EnterTo(county.Base).See("Hello, Ben")
		w.Reach("Camp rota").EnterTo(county.Apps).Reach("Sign out here").Enter().See("Sign in again as ben.fairweather")
		enter(county, w.Open("/").Reach("Sign out").Enter(), county.Person("colin.mardle"))
		w.Open(county.Apps + "/rota/").Reach("Sign in again as").EnterTo(county.Base).See("Who is signing in?")
		w.Reach("Go on as Colin Mardle").EnterTo(county.Apps).See("Hello, Colin Mardle")
	})
}

// What the guide shows of apps: those of somebody who is in no group of leaders, and the page about one that is for leaders.
func TestAppsOfTheGuide(t *testing.T) {
	everyWay(t, func(t *testing.T, county *browser.County, w *browser.Window, take func(string, int64)) {
		enter(county, w, county.Person("ben.fairweather")).See("My apps", "Camp rota", "District files", "Minibus log")
		take("apps", 440)
		w.OpenTo(county.Base, county.Apps+"/kit/start").See("This app is not open to you", "Sign in as somebody else")
		take("app-closed", 440)
	})
}

// The questions that an app may lead to are asked in Welsh as well. What the sample apps say themselves is English.
func TestAppsQuestionsInWelsh(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		megan, owain := county.Person("megan.pryce"), county.Person("owain.aprhys")
		w.PrefersWelsh()
		signIn(w, owain)
		prove(county, w, owain).PressTo(county.Apps, "Camp rota").Press("Sign out here")
		w.Open(county.Apps+"/kit/").PressTo(county.Base, "Sign in with Northwold County Scouts").See("This app is not open to you").Press("Sign in as somebody else")
		signInHere(w, megan).Fill("one-time-code", county.Code(megan.Phone)).Still().Press("Verify").See("Go on").Moving()
		w.PressTo(county.Apps, "Go on").See("Hello, Megan Pryce")
		w.Open(county.Apps+"/rota/").PressTo(county.Base, "Sign in again as owain.aprhys").See("Who is signing in?", "Sign in as somebody else")
	})
}

// Two tabs ask for the same app. One gets in; the other's request is used by then, or the person is signed in by then, and
// neither is a riddle.
func TestAppsInTwoTabs(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj := county.Person("raj.patel")
		w.Open(county.Apps+"/rota/").PressTo(county.Base, "Sign in with Northwold County Scouts")
		same := w.Tab().Open(w.Address())
		other := w.Tab().Open(county.Apps+"/rota/").PressTo(county.Base, "Sign in with Northwold County Scouts")
		signInHere(w, raj).Fill("one-time-code", county.Code(raj.Phone)).PressTo(county.Apps, "Verify").See("Hello, Raj Patel")

		// The same request in another tab: to open the page for the name again leads on to it, and it says that it was used.
		same.Reload().See("You have signed in to the app from here already. If it does not show, open the app again.")
		// A request of its own needs no more than to be gone on with.
		other.OpenTo(county.Apps, county.Base+other.Address()).See("Hello, Raj Patel")
	})
}

// Somebody with many apps finds one by typing.
func TestAppsAreFoundByTyping(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		for i := range 30 {
			county.AddLink(fmt.Sprintf("link-%d", i), fmt.Sprintf("Troop page %d", i), county.Apps+"/")
		}
		enter(county, w, county.Person("raj.patel")).See("Troop page 7", "Camp rota", "Troop page 29")
		w.Reach("find").Key("CAMP ro")
		if !w.Scripted() {
			w.Enter()
		}
		w.See("Camp rota").NotSee("Troop page", "Kit shop")
		w.Reach("Camp rota").EnterTo(county.Apps).See("Hello, Raj Patel")
		w.Open("/").Fill("find", "tuba").Press("Find").See("There is no such app.", "Show all").Press("Show all").See("Kit shop")
	})
}

// A browser without script, which follows no page that goes on by itself, signs in to every app by its buttons.
func TestAppsForAVisitorWithoutScript(t *testing.T) {
	t.Parallel()
	county := suite.Demo(t)
	for _, app := range []struct{ username, path, first, hello string }{
		{"aisha.khan", county.Apps + "/rota/start", "/rota/", "Hello, Aisha Khan"},
		{"siobhan.oleary", county.Apps + "/kit/start", "/kit/", "Hello, Siobhán O’Leary"},
		{"tom.underhay", county.Apps + "/files/start", "/files/", "Hello, Tom Underhay"},
		{"daniel.achebe", county.Minibus() + "/", "/", "Hello, Daniel Achebe"},
	} {
		p := county.Person(app.username)
		v := &walk{T: t, Visitor: visitor.New(county.Base)}
		v.Header.Set("Accept", "text/html") // by which a proxy tells people from programs
		v.open(app.path)
		v.send("username", p.Username, "Next")
		v.send("current-password", p.Password, "Next")
		v.send("tel", p.Phone, "Send me a code")
		v.send("one-time-code", county.Code(p.Phone), "Verify")
		v.onward()
		v.onward()
		if v.page.URL.Path != app.first || !v.sees(app.hello) {
			t.Errorf("%s is at %s, where stands: %s", p.Username, v.page.URL, v.page.Text)
		}
	}
}

// Whoever signs out, here or of everything at an app, is out of all apps of all kinds.
func TestAppsSignOutOfAll(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		raj, minibus := county.Person("raj.patel"), county.Minibus()
		for _, begin := range []struct{ site, page, button, end string }{
			{county.Base, "/", "Sign out", "Kit shop: signed out"},
			{county.Apps, "/rota/", "Sign out of everything", "You are signed out here and everywhere else."},
			{county.Apps, "/kit/", "Sign out of everything", "You are signed out here and everywhere else."},
			{county.Apps, "/files/", "Sign out of everything", "Kit shop: signed out"},
		} {
			enter(county, w, raj).PressTo(county.Apps, "Camp rota").See("Hello, Raj Patel").PressTo(county.Base, "My apps")
			arriveByForm(w, county, "Kit shop").See("Hello, Raj Patel").PressTo(county.Base, "My apps")
			arriveByForm(w, county, "District files").See("Hello, Raj Patel").PressTo(county.Base, "My apps")
			w.PressTo(minibus, "Minibus log").See("Hello, Raj Patel")
			w.Open(begin.site+begin.page).PressUntil(begin.button, begin.end)
			w.Open("/").See("Email or user name")
			w.Open(county.Apps + "/kit/").See("You are not signed in here.")
			w.Open(county.Apps + "/files/").See("You are not signed in here.")
			w.OpenTo(county.Base, minibus+"/").See("Email or user name")
			w.Until(county.Apps+"/rota/", "You are not signed in here.") // it is told behind the browser's back
		}
	})
}

// fewSee are addresses that an app, a bookmark or a mistake leads to, and what is said there.
var fewSee = [][2]string{
	{"/wsfed?wa=wsignin1.0&wtrealm=urn%3Aexample%3Adistrict-files&wct=2020-01-01T00:00:00Z", "Open District files the usual way"},
	{"/forward/again?app=minibus", "You are almost in Minibus log."},
	{"/oidc/authorize?client_id=nobody", "The site that sent you here is not known to us"},
	{"/oidc/authorize?client_id=rota&redirect_uri=https%3A%2F%2Fother.example", "Camp rota asked us to send you to an address that is not registered"},
	{"/app/continue/aaaaaaaaaaaaaaaaaaaaaaaaaa", "This sign-in is too old, or was begun in another browser. Open the app again."},
	{"/device", "Let a device in"},
	{"/oidc/logout", "Do you want to sign out?"},
}

// Pages that few people see on the way to an app are held to the rules as well.
func TestAppsPagesThatFewSee(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		enter(county, w, county.Person("raj.patel"))
		for _, page := range fewSee {
			w.Open(page[0]).See(page[1])
		}
		w.Open("/device").Fill("code", "BCDFGHJK").Press("Next").See("No device waits with this code. Check each letter, or ask the device for a new code.")
		w.Open("/wsfed?wa=wsignin1.0&wtrealm=urn%3Aexample%3Adistrict-files&username=ben.fairweather").See("Who is signing in?")
		w.Press("Go back to District files").See("You did not go on to District files", "You turned back. You can still open District files later.")
		w.Open("/oidc/logout").Press("No, stay signed in").See("Hello, Raj").Open("/oidc/logout").Press("Sign out").See("You are signed out")
	})
}

// So they are in Welsh.
func TestAppsPagesThatFewSeeInWelsh(t *testing.T) {
	once(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		w.PrefersWelsh()
		signIn(w, county.Person("owain.aprhys"))
		prove(county, w, county.Person("owain.aprhys"))
		for _, page := range fewSee {
			w.Open(page[0])
		}
		w.Press("Sign out").See("You are signed out")
	})
}
