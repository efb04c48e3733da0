package browser_test

import (
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"

	"woggle/test/browser"
)

// A reader follows every link of the guide, from the page of contents on, and sees each of its pictures on the way. In
// both languages they are all there, have words for those who don't see them, and are as large as the pages they show.
func TestTheGuideAndItsPictures(t *testing.T) {
	list, err := os.ReadFile("../../docs/user/pictures/README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z-]+)` \\|").FindAllStringSubmatch(string(list), -1) {
		listed = append(listed, match[1])
	}
	slices.Sort(listed)
	for _, language := range []string{"en", "cy"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			w := suite.Demo(t).Window().Open("/help").See("Help with signing in")
			if language == "cy" {
				w.Welsh()
			}
			read := map[string][]browser.Shown{}
			for todo := []string{"/help"}; len(todo) > 0; todo = todo[1:] {
				if address := todo[0]; read[address] == nil && strings.HasPrefix(address, "/help") {
					read[address] = w.Open(address).NotSee("{organisation}", "{help}").Pictures()
					todo = append(todo, w.Links()...)
				}
			}
			if len(read) != 10 {
				t.Errorf("%d pages were found", len(read))
			}
			var seen []string
			for address, pictures := range read {
				for _, p := range pictures {
					seen = append(seen, strings.TrimSuffix(path.Base(p.Address), "."+language+".png"))
					if len(p.Words) < 15 || p.Pixels < 800 || p.Width < 400 {
						t.Errorf("%s shows %+v", address, p)
					}
				}
			}
			slices.Sort(seen)
			if seen = slices.Compact(seen); !slices.Equal(seen, listed) {
				t.Errorf("the guide shows %v, and not %v", seen, listed)
			}
		})
	}
}

// The guide is there for whoever can't sign in, leads back to where they were, and knows who is signed in.
func TestTheGuideHelpsWhoCannotSignIn(t *testing.T) {
	each(t, func(t *testing.T, county *browser.County, w *browser.Window) {
		w.Open("/signin").Press("Get help").See("Help with signing in", "Ruth Calloway, ruth.calloway@northwold.example")
		w.Press("Set up a phone").See("A landline: a call.").Press("I can’t sign in").See("I lost my phone")
		w.Welsh().See("Alla i ddim mewngofnodi").Press("All help pages").Press("Sign in").See("Email or user name")
		enter(county, w, county.Person("mei.lin")).Press("Get help").See("Home").NotSee("{").Press("Home")
		w.Press("Activity").Press("Get help").See("All help pages", "Northwold County Scouts")
	})
}
