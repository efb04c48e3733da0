package portal

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
)

func TestHome(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123")
	b := s.enter(beth)
	p := b.get("/")
	s.shows(p, "Hello, Beth", "Phone, +447700900123", "Add a second one")
	s.hides(p, "last signed in") // there was no time before
	for _, link := range []string{"/security", "/details", "/activity", "/help"} {
		if !slices.Contains(p.Links, link) {
			t.Error("no link to", link)
		}
	}
	s.tx(func(tx *db.Tx) error {
		return audit.Record(tx, audit.Event{Type: audit.SignedIn, Actor: beth.ID, User: beth.ID, Agent: "Safari · iPhone"})
	})
	s.clock.Advance(24 * time.Hour)
	b = s.enter(beth)
	s.tx(func(tx *db.Tx) error { // the sign-in of this very session is not the last time
		return audit.Record(tx, audit.Event{Type: audit.SignedIn, Actor: beth.ID, User: beth.ID, Agent: "Firefox · Windows"})
	})
	s.shows(b.get("/"), "You last signed in yesterday at 09:30, with Safari · iPhone.")
}

// details gives the site fields of every kind.
func details(s *site) (directory.User, *browser) {
	s.Helper()
	beth, _ := s.person("beth", "phone +447700900123")
	s.tx(func(tx *db.Tx) error {
		for _, f := range []directory.Field{
			{ID: "given_name", Kind: directory.Text, Required: true, Labels: map[string]string{"en": "Given name", "cy": "Enw cyntaf"}},
			{ID: "family_name", Kind: directory.Text, Labels: map[string]string{"en": "Family name"}},
			{ID: "second_email", Kind: directory.Email, Labels: map[string]string{"en": "Second email"}, Help: map[string]string{"en": "If the first one fails."}},
			{ID: "home_phone", Kind: directory.Phone, Labels: map[string]string{"en": "Home phone"}},
			{ID: "born", Kind: directory.Date, Labels: map[string]string{"en": "Date of birth"}},
			{ID: "section", Kind: directory.Choice, Required: true, Options: []string{"Beavers", "Cubs & Scouts"}, Labels: map[string]string{"en": "Section"}},
			{ID: "drives", Kind: directory.YesNo, Labels: map[string]string{"en": "Do you drive?"}, Help: map[string]string{"en": "A minibus, say."}},
		} {
			if err := directory.AddField(tx, beth.ID, f); err != nil {
				return err
			}
		}
		return nil
	})
	return beth, s.enter(beth)
}

func TestDetailsAreKeptRight(t *testing.T) {
	s := open(t)
	_, b := details(s)
	p := b.get("/details")
	s.shows(p, "Given name (we need this)", "Family name", "If the first one fails.", "You sign in as: beth", "We write to you at: beth@northwold.example")
	form, err := p.Form("given-name")
	s.must(err)
	tokens := map[string]string{}
	for _, field := range form.Fields {
		tokens[field.Name] = field.Type + "/" + field.Autocomplete
	}
	for name, want := range map[string]string{"field-given_name": "/given-name", "field-family_name": "/family-name", "field-second_email": "email/email",
		"field-home_phone": "tel/tel", "field-born": "date/", "field-section": "/", "field-drives": "radio/"} {
		if tokens[name] != want {
			t.Errorf("%s is %q, want %q", name, tokens[name], want)
		}
	}
	b.Client.CheckRedirect = nil
	p, err = b.Send(form.Set("family-name", "Hughes").Set("field-section", "Cubs & Scouts").Set("field-drives", "no").Set("field-born", "1950-06-07"), nil)
	s.must(err)
	b.sound(p)
	s.shows(p, "Your details are saved.", "You changed: Family name, Date of birth, Section, Do you drive?.")
	form, err = p.Form("given-name")
	s.must(err)
	for name, want := range map[string]string{"field-given_name": "Beth", "field-family_name": "Hughes", "field-section": "Cubs & Scouts", "field-drives": "no", "field-born": "1950-06-07"} {
		if got := form.Values.Get(name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	p, err = b.Send(form, nil)
	s.must(err)
	s.shows(p, "Nothing was different")
	s.shows(b.get("/activity"), "Details were changed: Family name, Date of birth, Section, Do you drive?")
	p = b.get("/details?done=details&changed=email,<b>x</b>,epoch")
	if strings.Contains(p.Text, "epoch") || strings.Contains(p.Text, "You changed") {
		t.Error("the page repeats what an address says:", p.Text)
	}
}

func TestWhatWasTypedIsKept(t *testing.T) {
	s := open(t)
	_, b := details(s)
	before := s.kept()
	p := b.send("/details", "field-given_name", "", "field-family_name", "Hughes", "field-second_email", "beth at home", "field-home_phone", "01632 960456",
		"field-born", "soon", "field-section", "Explorers", "field-drives", "yes")
	s.status(p, http.StatusUnprocessableEntity)
	s.shows(p, "Problem:", "We need this. Please fill it in.", "This is not a whole e-mail address.", "This is not a date.", "Please choose one of the answers.")
	form, err := p.Form("given-name")
	s.must(err)
	for name, want := range map[string]string{"field-given_name": "", "field-family_name": "Hughes", "field-second_email": "beth at home",
		"field-home_phone": "01632 960456", "field-born": "soon", "field-drives": "yes"} {
		if got := form.Values.Get(name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	if s.kept() != before {
		t.Error("half of the form was stored")
	}
	if !strings.Contains(p.Body, `aria-invalid="true" aria-describedby="field-second_email-help field-second_email-wrong"`) {
		t.Error("a screen reader is not told what is wrong with the second email")
	}
}

// Nobody changes their name for signing in, or where mail goes, with a field that the form never had.
func TestOnlyFieldsAreSaved(t *testing.T) {
	s := open(t)
	beth, b := details(s)
	b.went(b.send("/details", "field-given_name", "Beth", "field-section", "Beavers", "field-email", "thief@evil.example", "email", "thief@evil.example",
		"field-role", "administrator", "role", "administrator", "username", "root"))
	var now directory.User
	s.tx(func(tx *db.Tx) (err error) {
		now, err = directory.ByID(tx, beth.ID)
		return err
	})
	if now.Email != beth.Email || now.Role != beth.Role || now.Username != beth.Username {
		t.Errorf("changed to %+v", now)
	}
}

func TestActivityIsPagedByKey(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123")
	harold, _ := s.person("harold")
	const all = 2*eventsAPage + 3
	for i := range all {
		s.tx(func(tx *db.Tx) error {
			if err := audit.Record(tx, audit.Event{Type: audit.MethodRenamed, Actor: harold.ID, User: harold.ID, Detail: audit.Detail{"name": "His"}}); err != nil {
				return err
			}
			return audit.Record(tx, audit.Event{Type: audit.MethodRenamed, Actor: beth.ID, User: beth.ID, Agent: "Safari · iPad",
				Detail: audit.Detail{"name": fmt.Sprintf("No %d.", i)}})
		})
		s.clock.Advance(time.Minute)
	}
	b := s.enter(beth)
	next, seen := "/activity", 0
	for pages := 1; next != ""; pages++ {
		p := b.get(next)
		s.hides(p, "His")
		s.shows(p, "Safari · iPad", "Wasn’t you?")
		for i := range all {
			if strings.Contains(p.Text, fmt.Sprintf("No %d. ", i)) {
				seen++
			}
		}
		next = ""
		for _, link := range p.Links {
			if strings.HasPrefix(link, "/activity?before=") {
				next = link
			}
		}
		if pages > 3 {
			t.Fatal("there is no end")
		}
	}
	if seen != all {
		t.Errorf("%d of %d events were shown", seen, all)
	}
	// Another person's event is a place in nobody else's list, and nonsense is none.
	for _, before := range []string{"~", "%00", "%ff", strings.Repeat("9", 1000), "%27+OR+1=1+--"} {
		s.shows(b.get("/activity?before="+before), fmt.Sprintf("No %d.", all-1))
	}
}

func TestEveryEventHasASentence(t *testing.T) {
	locales, err := page.LoadLocales(nil)
	if err != nil {
		t.Fatal(err)
	}
	fields := []directory.Field{{ID: "born", Labels: map[string]string{"en": "Date of birth"}}}
	for _, l := range locales.All() {
		sentences := map[string]audit.Type{}
		for _, kind := range audit.Types {
			if !l.Has("activity." + string(kind)) {
				t.Errorf("%s has no sentence for %s", l.Code, kind)
				continue
			}
			for _, detail := range []audit.Detail{nil, {"method": "phone", "hint": "•••123", "name": "Kitchen", "reason": "idle", "fields": "born"},
				{"method": "unheard-of", "reason": "unheard-of", "fields": "gone"}} {
				got := sentence(audit.Event{Type: kind, Detail: detail}, fields, l)
				if got == "" || strings.ContainsAny(got, "{}") || strings.HasSuffix(got, ":") || strings.Contains(got, "unheard-of") || strings.Contains(got, "activity.") {
					t.Errorf("%s, %s %v: %q", l.Code, kind, detail, got)
				}
				if other, same := sentences[got]; same && other != kind {
					t.Errorf("%s: %s and %s say the same: %q", l.Code, kind, other, got)
				}
				sentences[got] = kind
			}
		}
	}
	en := locales.Find("en")
	for want, e := range map[string]audit.Event{
		"A sign-in method was added: Phone •••123":            {Type: audit.MethodAdded, Detail: audit.Detail{"method": "phone", "hint": "•••123"}},
		"A sign-in was turned away: That took a little long":  {Type: audit.Refused, Detail: audit.Detail{"reason": "idle"}},
		"Details were changed: Date of birth":                 {Type: audit.DetailsChanged, Detail: audit.Detail{"fields": "born"}},
		"A sign-in method got a new name: {name} <b>Kitchen}": {Type: audit.MethodRenamed, Detail: audit.Detail{"name": "{name} <b>Kitchen}"}},
	} {
		if got := sentence(e, fields, en); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestEverythingInWelsh(t *testing.T) {
	s := open(t)
	_, b := details(s)
	b.Header.Set("Accept-Language", "cy")
	ids := s.methodIDs(b)
	for path, want := range map[string]string{"/": "Helo, Beth", "/security": "Gwybodaeth ddiogelwch", "/security/add": "Ychwanegu dull mewngofnodi",
		"/security/default": "Am beth", "/security/password": "Newid cyfrinair", "/details": "Enw cyntaf (mae angen hwn)", "/activity": "Gweithgarwch",
		"/security/not-me": "Nid chi", "/security/methods/" + ids[0] + "/rename": "Rhowch enw iddo", "/security/methods/" + ids[0] + "/remove": "Tynnu hwn?"} {
		p := b.get(path)
		s.status(p, 200)
		s.shows(p, want)
		if got := p.Header.Get("Content-Language"); got != "cy" {
			t.Error(path, got)
		}
	}
	s.clock.Advance(stale)
	s.shows(b.get("/security/password"), "Yn gyntaf, profwch mai chi sydd yno")
}

func (s *site) methodIDs(b *browser) (ids []string) {
	s.Helper()
	err := s.db.View(context.Background(), func(tx *db.Tx) error {
		return tx.Each("SELECT methods.id FROM methods JOIN sessions ON sessions.user_id = methods.user_id WHERE sessions.id = $1 AND kind <> 'password'",
			[]any{b.session}, func(scan func(...any) error) error {
				var id string
				err := scan(&id)
				ids = append(ids, id)
				return err
			})
	})
	s.must(err)
	return ids
}

// Both files have the same keys, with the same placeholders.
func TestTheLanguagesMatch(t *testing.T) {
	texts := map[string]map[string]string{}
	for _, lang := range []string{"en", "cy"} {
		raw, err := os.ReadFile("../page/locales/" + lang + "/portal.json")
		if err != nil {
			t.Fatal(err)
		}
		part := map[string]string{}
		if err := json.Unmarshal(raw, &part); err != nil {
			t.Fatal(err)
		}
		texts[lang] = part
	}
	if en, cy := slices.Sorted(maps.Keys(texts["en"])), slices.Sorted(maps.Keys(texts["cy"])); !slices.Equal(en, cy) {
		t.Errorf("keys differ")
	}
	for key, en := range texts["en"] {
		for part := range strings.SplitSeq(en, "{") {
			if name, _, ok := strings.Cut(part, "}"); ok && !strings.Contains(texts["cy"][key], "{"+name+"}") {
				t.Errorf("%s: Welsh lacks {%s}", key, name)
			}
		}
	}
}

// The apps stand first, and are found by typing, without script as well.
func TestMyApps(t *testing.T) {
	s := open(t)
	beth, _ := s.person("beth", "phone +447700900123")
	b := s.enter(beth)
	s.hides(b.get("/"), "My apps")
	for _, name := range []string{"Camp rota", "Kit shop", "Outlook", "Teams", "Word", "Minibus", "First aid <log>"} {
		s.tiles = append(s.tiles, app.Tile{Name: name, To: "https://" + strings.ToLower(name[:3]) + ".example/"})
	}
	s.shows(b.get("/"), "My apps", "Camp rota", "First aid <log>")
	p := b.get("/?find=AID+first")
	s.shows(p, "First aid <log>")
	s.hides(p, "Camp rota")
	s.shows(b.get("/?find=nothing"), "There is no such app.", "Show all")
	if !slices.Contains(b.get("/").Links, "https://cam.example/") {
		t.Error("a tile leads nowhere")
	}
}
