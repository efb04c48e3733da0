package main

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/message/speech"
)

// around is a site that dials Britain and Ireland.
func around(t *testing.T) surroundings {
	t.Helper()
	library, err := speech.New("")
	if err != nil {
		t.Fatal(err)
	}
	return surroundings{organisation: "Sample County", country: "GB", countries: []string{"GB", "IE"}, speech: library, zone: time.UTC}
}

var site = &url.URL{Scheme: "https", Host: "signin.example.org"}

// loadRoutes reads a routes file, in a folder with the others beside it.
func loadRoutes(t *testing.T, text string, beside map[string]string, variables map[string]string) (*Phones, []Finding) {
	t.Helper()
	folder := t.TempDir()
	for name, content := range beside {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(folder, "routes.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	phones, found := readPhones(file, variables, site, around(t))
	for i := range found {
		found[i].Where = strings.TrimPrefix(found[i].Where, file)
	}
	return phones, found
}

// gatewayRoute is a route that is right, as the lines of a file.
const gatewayRoute = "[[route]]\nname = \"one\"\nchannel = \"sms\"\nprovider = \"gateway\"\nurl = \"https://sms.example.com/?to={to}&text={text}\"\nprices = { \"+44\" = \"0.04\", \"+353\" = 0.07 }\n"

func TestAMistakeInTheRoutesFileIsFoundWithItsLine(t *testing.T) {
	trunk := "[[route]]\nname = \"trunk\"\nchannel = \"voice\"\nprovider = \"sip\"\nserver = \"sip.example.com\"\nfrom = \"+442079460000\"\nprices = { \"+44\" = 0.02 }\n"
	for name, c := range map[string]struct{ file, where, wrong, do string }{
		"right":                       {gatewayRoute, "", "", ""},
		"a right trunk":               {trunk, "", "", ""},
		"broken":                      {"currency = \"GBP", ":1", "cannot be read", "[[route]]"},
		"empty":                       {"", ":1", "there is no route", "[[route]]"},
		"a table of routes":           {"[route]\nname = \"x\"", ":1", "there is no route", "[[route]]"},
		"an unknown key at the top":   {"curency = \"GBP\"\n" + gatewayRoute, ":1", "no curency in the routes file", "did you mean currency?"},
		"a currency in words":         {"currency = \"pounds\"\n" + gatewayRoute, ":1", "is no currency", "GBP"},
		"a currency that is a number": {"currency = 12\n" + gatewayRoute, ":1", "is no currency", "GBP"},
		"an unknown limit":            {gatewayRoute + "[limits]\nuser_dy = 1", ":8", "no user_dy in [limits]", "did you mean user_day?"},
		"a limit below nothing":       {gatewayRoute + "[limits]\nuser_day = -1", ":8", "not an amount", ""},
		"limits in a line":            {"limits = 3\n" + gatewayRoute, ":1", "must be a table", "[limits]"},
		"a name with a space":         {strings.Replace(gatewayRoute, "one", "The One", 1), ":2", "name of small letters", ""},
		"the second of a name":        {gatewayRoute + gatewayRoute, ":8", "two routes with the name one", "of its own"},
		"an unknown key":              {gatewayRoute + "metod = \"POST\"", ":7", "no metod in a route by gateway", "did you mean method?"},
		"a key of another provider":   {gatewayRoute + "system_id = \"x\"", ":7", "no system_id in a route by gateway", ""},
		"a channel":                   {strings.Replace(gatewayRoute, "\"sms\"", "\"text\"", 1), ":3", "is not a channel", `"sms" or "voice"`},
		"a provider of texts calling": {strings.Replace(gatewayRoute, "\"sms\"", "\"voice\"", 1), ":4", "no provider \"gateway\" for voice", "known"},
		"a number for a text":         {gatewayRoute + "method = 1", ":7", "must be a text in quotes", ""},
		"a text for a number":         {gatewayRoute + "per_day = \"10\"", ":7", "must be a whole number", ""},
		"a text for a rate":           {gatewayRoute + "per_second = \"10\"", ":7", "must be a number", ""},
		"a bound below zero":          {gatewayRoute + "per_day = -1", ":7", "below zero", ""},
		"prefixes without a plus":     {gatewayRoute + "prefixes = [\"+44\", \"353\"]", ":7", `"353" is not the beginning`, "+44"},
		"languages in words":          {gatewayRoute + "languages = [\"english\"]", ":7", "is not a language", ""},
		"a table of numbers":          {gatewayRoute + "headers = { a = 1 }", ":7", "must be a table of texts", ""},
		"prices that are not":         {strings.Replace(gatewayRoute, "0.04", "cheap", 1), ":6", "not the price of a prefix", ""},
		"prices of an unknown prefix": {strings.Replace(gatewayRoute, "+44", "44", 1), ":6", "not the price of a prefix", ""},
		"prices as a number":          {strings.Replace(gatewayRoute, "prices = {", "prices = 3 #", 1), ":6", "a file, or a table", ""},
		"prices in no file":           {strings.Replace(gatewayRoute, "prices = {", "prices = \"none.csv\" #", 1), ":6", "list of prices cannot be read", ""},
		"a strange increment":         {trunk + "increment = \"minute\"", ":8", "how calls are billed", "60/60"},
		"a time in numbers":           {trunk + "ring_time = 30", ":8", "must be a time", "30s"},
		"a secret in the file":        {gatewayRoute + "secret = \"x\"", ":7", "a secret does not stand in the settings", "secret_file, or set WOGGLE_ROUTE_ONE_SECRET"},
		"a secret in no file":         {gatewayRoute + "secret_file = \"none\"", ":7", "cannot be read", ""},
		"what the provider says":      {strings.Replace(gatewayRoute, "https://sms", "http://sms", 1), ":4", "route one: ", ""},
		"a long sender":               {gatewayRoute + "sender = \"The Scouts of Northwold\"", ":7", "cannot come from", "11 letters"},
		"a sender with other letters": {gatewayRoute + "sender = \"Sgowtiaid Môn\"", ":7", "cannot come from", ""},
		"a sender of nothing":         {gatewayRoute + "senders = { \"+44\" = \"\" }", ":7", "cannot come from", ""},
		"senders by country":          {gatewayRoute + "senders = { \"GB\" = \"Scouts\" }", ":7", `"GB" is not the beginning`, ""},
		"a call from a name":          {trunk + "sender = \"Scouts\"", ":8", "calls come from a number", ""},
		"a table of senders":          {gatewayRoute + "[route.senders]\n\"+44\" = \"The Scouts of Northwold\"", ":7", "cannot come from", ""},
		"in the second route":         {gatewayRoute + "\n# the second\n" + strings.Replace(gatewayRoute, "one", "two", 1) + "frobnicate = 1", ":15", "no frobnicate", "take the line out"},
		"behind a text of lines":      {gatewayRoute + "body = '''\nfrobnicate = 1\n'''\nfrobnicate = 1", ":10", "no frobnicate", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := loadRoutes(t, c.file, nil, nil)
			found = slices.DeleteFunc(found, func(f Finding) bool { return f.Warning })
			if c.wrong == "" {
				if len(found) > 0 {
					t.Fatal(found)
				}
				return
			}
			if len(found) != 1 {
				t.Fatalf("%d findings: %v", len(found), found)
			}
			if f := found[0]; f.Where != c.where || !strings.Contains(f.Wrong+f.Do, c.wrong) || !strings.Contains(f.Wrong+f.Do, c.do) {
				t.Errorf("got %v", f)
			}
		})
	}
}

// All that is wrong is told at once, and always in the same order.
func TestAllMistakesAreToldInOrder(t *testing.T) {
	file := "[limits]\nuser_day = \"x\"\naddress_day = \"y\"\n" + gatewayRoute + "frobnicate = 1\nmetod = 2\nsenders = { \"+44\" = \"!\", \"+1\" = \"?\" }\n"
	_, first := loadRoutes(t, file, nil, nil)
	if len(first) != 5 {
		t.Errorf("%d findings: %v", len(first), first)
	}
	for range 5 {
		if _, again := loadRoutes(t, file, nil, nil); !slices.Equal(again, first) {
			t.Fatalf("first %v\nthen %v", first, again)
		}
	}
}

func TestWhatTheRoutesFileComesTo(t *testing.T) {
	phones, found := loadRoutes(t, "currency = \"eur\"\ndear = 2\n[limits]\nall_day = 10.5\nnumber_month = \"0.5\"\n"+gatewayRoute+
		"prefixes = [\"+44\"]\nlanguages = [\"cy\"]\nsenders = { \"+44\" = \"Scouts\", \"+447\" = \"447400123456\" }\nper_second = 2\nat_once = 3\nper_day = 4\n"+
		strings.Replace(gatewayRoute, "one", "two", 1), nil, nil)
	if len(found) > 0 {
		t.Fatal(found)
	}
	if phones.Currency != "EUR" || phones.Limits.All.Day != 10_500_000 || phones.Limits.Number.Month != 500_000 || phones.Limits.User != bill.DefaultLimits().User {
		t.Errorf("%s %+v", phones.Currency, phones.Limits)
	}
	desk := func(string) message.Desk { return nil }
	routes, err := phones.Routes(site, slog.New(slog.NewTextHandler(io.Discard, nil)))(desk)
	if err != nil || len(routes) != 2 || routes[0].Name != "one" || routes[1].Name != "two" {
		t.Fatalf("%v %v", routes, err)
	}
	r := routes[0]
	if r.PerSecond != 2 || r.AtOnce != 3 || r.PerDay != 4 || r.Channel != message.SMS || !slices.Equal(r.Prefixes, []string{"+44"}) ||
		!slices.Equal(r.Languages, []string{"cy"}) || r.Provider == nil {
		t.Errorf("%+v", r)
	}
	if price, known := r.Prices.Of("+353861234567"); price != 70_000 || !known {
		t.Errorf("Ireland costs %s", price)
	}
	if price, known := r.Prices.Of("+33612345678"); price != 2*bill.Unit || known {
		t.Errorf("what has no price costs %s", price)
	}
}

// A name is refused as a sender only where its numbers are dialled, by this route, and have no other sender.
func TestNamesAsSenders(t *testing.T) {
	for name, c := range map[string]struct {
		countries []string
		lines     string
		refused   bool
		warned    bool
	}{
		"at home":                   {[]string{"GB"}, `sender = "Scouts"`, false, false},
		"to America":                {[]string{"GB", "US"}, `sender = "Scouts"`, true, false},
		"to Canada":                 {[]string{"CA"}, `senders = { "+44" = "Scouts", "+1" = "Scouts" }`, true, false},
		"to America from a number":  {[]string{"GB", "US"}, `senders = { "+44" = "Scouts", "+1" = "+12025550123" }`, false, false},
		"to New Zealand":            {[]string{"NZ"}, `sender = "Scouts"`, true, false},
		"America by another route":  {[]string{"GB", "US"}, "sender = \"Scouts\"\nprefixes = [\"+44\"]", false, false},
		"to Ireland":                {[]string{"GB", "IE"}, `sender = "Scouts"`, false, true},
		"to Ireland from a number":  {[]string{"IE"}, `sender = "+353861234567"`, false, false},
		"from whatever they choose": {[]string{"US", "IE"}, ``, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "routes.toml")
			os.WriteFile(file, []byte(gatewayRoute+c.lines), 0o600)
			where := around(t)
			where.countries = c.countries
			_, found := readPhones(file, nil, site, where)
			warned := slices.ContainsFunc(found, func(f Finding) bool { return f.Warning })
			refused := slices.ContainsFunc(found, func(f Finding) bool { return !f.Warning })
			if refused != c.refused || warned != c.warned {
				t.Errorf("refused %t, warned %t: %v", refused, warned, found)
			}
		})
	}
}

func TestSecretsOfRoutes(t *testing.T) {
	smpp := "[[route]]\nname = \"big-one\"\nchannel = \"sms\"\nprovider = \"smpp\"\naddress = \"127.0.0.1:2775\"\nsystem_id = \"x\"\nprices = { \"+\" = 1 }\n"
	variables := map[string]string{"WOGGLE_ROUTE_BIG_ONE_PASSWORD": "from the environment", "WOGGLE_ROUTE_BIG_OEN_PASSWORD": "lost", "WOGGLE_LOG": "text"}
	_, found := loadRoutes(t, smpp+"password_file = \"secret\"", map[string]string{"secret": "of\nmany lines"}, variables)
	// The variable goes before the file, which is not even read; the other one is told, without its value.
	if len(found) != 1 || !found[0].Warning || found[0].Where != "WOGGLE_ROUTE_BIG_OEN_PASSWORD" || strings.Contains(found[0].String(), "lost") {
		t.Errorf("found %v", found)
	}
	_, found = loadRoutes(t, smpp+"password_file = \"secret\"", map[string]string{"secret": "of\nmany lines"}, nil)
	if len(found) != 1 || !strings.Contains(found[0].Wrong, "one line") || strings.Contains(found[0].String(), "many") {
		t.Errorf("found %v", found)
	}
}

// secretOf is something that can stand in a file of secrets with that name.
func secretOf(t *testing.T, name string) string {
	t.Helper()
	switch {
	case name == "sim-pin":
		return "1234\n"
	case !strings.HasSuffix(name, ".pem"):
		return "0123456789abcdef0123456789abcdef\n"
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// What operators copy from the document works.
func TestTheExamplesOfTheDocumentAreRight(t *testing.T) {
	page, err := os.ReadFile("../../docs/operator/phones.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{}
	for _, match := range regexp.MustCompile("(?ms)^```toml\n(.*?)^```").FindAllSubmatch(page, -1) {
		text := string(match[1])
		if !strings.Contains(text, "[[route]]") {
			continue
		}
		beside := map[string]string{}
		for _, file := range regexp.MustCompile(`_file = "([^"]+)"`).FindAllStringSubmatch(text, -1) {
			beside[file[1]] = secretOf(t, file[1])
		}
		for _, file := range regexp.MustCompile(`prices = "([^"]+)"`).FindAllStringSubmatch(text, -1) {
			beside[file[1]] = "prefix,price\n+44,0.04\n+353,0.07\n"
		}
		phones, found := loadRoutes(t, text, beside, nil)
		for _, f := range found {
			if f.Warning && strings.Contains(f.Wrong, "registered") {
				continue // that is for the operator to know
			}
			t.Errorf("%v\nin\n%s", f, text)
		}
		if phones != nil {
			for _, r := range phones.routes {
				shown[r.provider+" "+string(r.route.Channel)] = true
			}
		}
	}
	for _, provider := range slices.Sorted(maps.Keys(readers)) {
		if !shown[provider] {
			t.Errorf("the document has no example of %s", provider)
		}
	}
}

// Every key that can be written is described, and what is a secret is read from a file.
func TestEveryKeyOfARouteIsDescribed(t *testing.T) {
	page, err := os.ReadFile("../../docs/operator/phones.md")
	if err != nil {
		t.Fatal(err)
	}
	f := &tablesFile{variables: map[string]string{}}
	for name, read := range readers {
		table := f.table("", "x", map[string]any{})
		read(table, around(t))
		for _, key := range slices.Sorted(maps.Keys(table.known)) {
			if secret := regexp.MustCompile(`password$|secret$|token$|pin$|_key$`); secret.MatchString(key) && key != "api_key" {
				t.Errorf("%s: %s would stand in the file", name, key)
			}
			if !bytes.Contains(page, []byte("`"+key+"`")) && !regexp.MustCompile(`(?m)^`+key+` = `).Match(page) {
				t.Errorf("docs/operator/phones.md does not describe %s of %s", key, name)
			}
		}
	}
	for key := range limitKeys(new(bill.Limits)) {
		if !regexp.MustCompile(`(?m)^` + key + ` = `).Match(page) {
			t.Errorf("docs/operator/phones.md does not describe the limit %s", key)
		}
	}
}

// The sentences that operators read about are those that are recorded.
func TestEveryRecordingIsDescribed(t *testing.T) {
	page, err := os.ReadFile("../../docs/operator/phones.md")
	if err != nil {
		t.Fatal(err)
	}
	phrases, err := os.ReadFile("../../internal/message/speech/phrases.txt")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(phrases)) {
		if parts := strings.Split(strings.TrimSpace(line), "|"); len(parts) == 3 && !strings.HasPrefix(line, "#") {
			if row := "| `" + parts[0] + ".wav` | " + parts[1] + " | " + parts[2] + " |"; !bytes.Contains(page, []byte(row)) {
				t.Errorf("docs/operator/phones.md does not have the line %s", row)
			}
		}
	}
}

func TestKeysAreNamedAsTheirFields(t *testing.T) {
	for field, want := range map[string]string{"SystemID": "system_id", "URL": "url", "AccountSID": "account_sid", "APIKey": "api_key", "RTPPorts": "rtp_ports",
		"PerSecond": "per_second", "TLS": "tls", "IDField": "id_field", "AccessKeyID": "access_key_id", "PIN": "pin"} {
		if got := keyOf(field); got != want {
			t.Errorf("%s is %s", field, got)
		}
	}
}

// FuzzRoutes: whatever stands in the file, reading it ends, with findings that have a place.
func FuzzRoutes(f *testing.F) {
	for _, text := range []string{"", gatewayRoute, "[[route]]\n[[route]]", "[route.x]\ny = 1", "route = [1, 2]", "route = [{name = \"x\"}]", "[[route.senders]]\nx = 1",
		"a.b.c = 1", "limits.all_day = 1", "[limits]\nall_day = nan", "dear = 1979-05-27", "\"[[route]]\" = 1", "x = '''\n[[route]]\n'''", "a=\xff", "[[route]]\nprices = { \"+\" = [] }"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "file") || strings.Contains(text, "csv") {
			return // no others are read here
		}
		file := filepath.Join(t.TempDir(), "routes.toml")
		os.WriteFile(file, []byte(text), 0o600)
		phones, found := readPhones(file, nil, site, surroundings{country: "GB", countries: []string{"GB", "US"}, zone: time.UTC})
		for _, f := range found {
			if f.Where == "" || f.Wrong == "" {
				t.Errorf("finding %v", f)
			}
		}
		wrong := slices.ContainsFunc(found, func(f Finding) bool { return !f.Warning })
		if !wrong && (phones == nil || len(phones.routes) == 0) {
			t.Errorf("%q is right, and has no route", text)
		}
	})
}
