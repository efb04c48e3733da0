package main

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// load is what a settings file and an environment come to.
func load(t *testing.T, file string, given []string, environ ...string) (Settings, Origins, []Finding) {
	t.Helper()
	s := Settings{Place: Place{File: filepath.Join(t.TempDir(), "woggle.toml")}}
	if err := os.WriteFile(s.File, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	origins, found := s.Load(given, environ)
	return s, origins, found
}

func TestTheCommandLineGoesBeforeTheEnvironmentAndThatBeforeTheFile(t *testing.T) {
	s := Settings{Place: Place{File: filepath.Join(t.TempDir(), "woggle.toml")}, Organisation: "from the flag"}
	os.WriteFile(s.File, []byte("organisation = \"from the file\"\ncolour = \"#111111\"\nlisten = \"127.0.0.1:1\"\n"), 0o600)
	origins, found := s.Load([]string{"organisation"}, []string{"WOGGLE_ORGANISATION=from the environment", "WOGGLE_COLOUR=#222222"})
	if len(found) > 0 {
		t.Fatal(found)
	}
	if s.Organisation != "from the flag" || s.Colour != "#222222" || s.Listen != "127.0.0.1:1" {
		t.Errorf("got %q, %q, %q", s.Organisation, s.Colour, s.Listen)
	}
	want := Origins{"organisation": "--organisation", "colour": "WOGGLE_COLOUR", "listen": s.File + ":3"}
	if !reflect.DeepEqual(origins, want) {
		t.Errorf("origins %v", origins)
	}
}

func TestEverySettingHasOneNameInThreeSpellings(t *testing.T) {
	for _, field := range new(Settings).settings() {
		if field.name == "settings" {
			continue
		}
		if field.name == "" || field.name == "help" {
			t.Errorf("a setting cannot be called %q", field.name)
		}
		text, variable := `"x"`, "x"
		switch field.value.Kind() {
		case reflect.Bool:
			text, variable = "true", "true"
		case reflect.Int:
			text, variable = "7", "7"
		case reflect.Slice:
			text, variable = `["x"]`, "x"
		}
		byFile, _, found := load(t, field.name+" = "+text+"\n", nil)
		byEnvironment, _, found2 := load(t, "", nil, "WOGGLE_"+strings.ToUpper(field.name)+"="+variable)
		if len(found)+len(found2) > 0 {
			t.Errorf("%s: %v %v", field.name, found, found2)
		}
		byFile.File, byEnvironment.File = "", ""
		if !reflect.DeepEqual(byFile, byEnvironment) || reflect.DeepEqual(byFile, Settings{}) {
			t.Errorf("%s: the file sets %+v, the environment %+v", field.name, byFile, byEnvironment)
		}
	}
}

func TestAMistakeInTheFileIsFoundWithItsLine(t *testing.T) {
	for name, c := range map[string]struct{ file, where, wrong, do string }{
		"unknown":            {"\n# a note\nadress = \"https://x.example\"", ":3", "no setting adress", "did you mean address?"},
		"unknown, far away":  {"colour = \"#000000\"\nfrobnicate = 1", ":2", "no setting frobnicate", "take the line out"},
		"a section":          {"[smtp]\nfrom = \"a@b.example\"", ":1", "no setting smtp", ""},
		"an unknown section": {"colour = \"#000000\"\n[mail]\nfrom = \"a@b.example\"", ":2", "no setting mail", "no sections"},
		"a password":         {"smtp_password = \"x\"", ":1", "no setting smtp_password", "WOGGLE_SMTP_PASSWORD"},
		"another file":       {"settings = \"x\"", ":1", "no setting settings", ""},
		"a number in quotes": {"stay_signed_in_days = \"30\"", ":1", "must be a whole number", ""},
		"a number for text":  {"colour = 12", ":1", "must be a text in quotes", ""},
		"text for a list":    {"countries = \"GB\"", ":1", "must be a list of texts", ""},
		"a mixed list":       {"countries = [\"GB\", 1]", ":1", "must be a list of texts", ""},
		"broken":             {"colour = \"#000000\"\nlogo = \"x", ":2", "cannot be read", "one setting on each line"},
		"set twice":          {"colour = \"#000000\"\ncolour = \"#111111\"", ":2", "cannot be read", ""},
	} {
		t.Run(name, func(t *testing.T) {
			s, _, found := load(t, c.file, nil)
			if len(found) != 1 {
				t.Fatalf("%d findings: %v", len(found), found)
			}
			f := found[0]
			if name == "a section" { // the name of a setting, but as a section
				c.wrong, c.do = "smtp must be a text", ""
			}
			if f.Where != s.File+c.where || !strings.Contains(f.Wrong, c.wrong) || !strings.Contains(f.Do, c.do) || f.Warning {
				t.Errorf("got %v", f)
			}
		})
	}
}

func TestAMistakeInTheEnvironmentIsFound(t *testing.T) {
	_, _, found := load(t, "", nil, "WOGGLE_ACME=perhaps", "WOGGLE_STAY_SIGNED_IN_DAYS=x", "WOGGLE_SMPT=x", "WOGGLE_TEST_ALL=1",
		"WOGGLE_SMTP_PASSWORD=secret", "HOME=/x")
	var errors, warnings []string
	for _, f := range found {
		if f.Warning {
			warnings = append(warnings, f.Where+" "+f.Do)
		} else {
			errors = append(errors, f.Where)
		}
	}
	slices.Sort(errors)
	if !slices.Equal(errors, []string{"WOGGLE_ACME", "WOGGLE_STAY_SIGNED_IN_DAYS"}) {
		t.Errorf("errors at %v", errors)
	}
	if !slices.Equal(warnings, []string{"WOGGLE_SMPT did you mean WOGGLE_SMTP?"}) {
		t.Errorf("warnings %v", warnings)
	}
}

func TestAFileThatWasNamedMustBeThere(t *testing.T) {
	missing := Settings{Place: Place{File: filepath.Join(t.TempDir(), "none.toml")}}
	if _, found := missing.Load(nil, nil); len(found) > 0 {
		t.Errorf("nobody named it: %v", found)
	}
	if _, found := missing.Load([]string{"settings"}, nil); len(found) != 1 || found[0].Where != "--settings" {
		t.Errorf("got %v", found)
	}
}

// resolve is what a settings file comes to, by the rules.
func resolve(t *testing.T, file string) (Site, []Finding) {
	t.Helper()
	s, origins, found := load(t, file, nil)
	if len(found) > 0 {
		t.Fatal(found)
	}
	return s.Resolve(origins, "", nil)
}

func TestTheDefaultsAreSafe(t *testing.T) {
	site, found := resolve(t, "")
	for _, f := range found {
		if !f.Warning {
			t.Errorf("the defaults do not start: %v", f)
		}
	}
	if site.Base.String() != "http://localhost:8080" || site.Listen != "127.0.0.1:8080" || site.Stay != 0 || site.Country != "GB" {
		t.Errorf("got %+v", site)
	}
}

func TestRules(t *testing.T) {
	const base = "address = \"https://signin.example.org\"\n"
	for name, c := range map[string]struct{ file, where, wrong string }{
		"TLS by files":                   {base + "tls_cert = \"c\"\ntls_key = \"k\"", "", ""},
		"TLS by acme":                    {base + "acme = true", "", ""},
		"TLS at a proxy":                 {base + "trusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\", \"fd00::/8\"]\nlisten = \"0.0.0.0:8080\"", "", ""},
		"another local port":             {"listen = \"127.0.0.1:9999\"", "", ""},
		"a port in the address":          {"address = \"http://localhost:9999\"", "", ""},
		"no TLS":                         {base, ":1", "nobody does TLS"},
		"http to the world":              {"address = \"http://signin.example.org\"", ":1", "in the open"},
		"http behind a proxy":            {"address = \"http://signin.example.org\"\ntrusted_proxies = [\"127.0.0.1\"]", ":1", "must be https"},
		"http with TLS":                  {"address = \"http://signin.example.org\"\nacme = true", ":1", "there is TLS"},
		"no TLS on every interface":      {"listen = \":8080\"", ":1", "only this computer"},
		"the ports differ":               {"address = \"http://localhost:8080\"\nlisten = \"127.0.0.1:9999\"", ":2", "another port"},
		"both kinds of certificate":      {base + "acme = true\ntls_cert = \"c\"\ntls_key = \"k\"", ":2", "certificate files as well"},
		"a certificate without its key":  {base + "tls_cert = \"c\"", "tls_key", "without a key"},
		"a key without its certificate":  {base + "tls_key = \"k\"", "tls_cert", "without a certificate"},
		"acme for an address":            {"address = \"https://192.0.2.1\"\nacme = true", ":2", "public names"},
		"acme for a port":                {"address = \"https://a.example:8443\"\nacme = true", ":2", "usual port"},
		"no address":                     {"address = \"signin.example.org\"", ":1", "not the address of a site"},
		"an address with a path":         {"address = \"https://example.org/signin\"\nacme = true", ":1", "more than a host"},
		"an address with a user":         {"address = \"https://me@example.org\"\nacme = true", ":1", "more than a host"},
		"an address with other letters":  {"address = \"https://sïgnin.example\"\nacme = true", ":1", "ASCII"},
		"everybody is a proxy":           {base + "trusted_proxies = [\"0.0.0.0/0\"]\nacme = true", ":2", "everybody is trusted"},
		"no proxy":                       {base + "trusted_proxies = [\"proxy\"]\nacme = true", ":2", "not an address"},
		"a listener without a port":      {"listen = \"127.0.0.1\"", ":1", "with a port"},
		"a strange database":             {"database = \"mysql://x\"", ":1", "no database"},
		"a forgetful database":           {"database = \"sqlite::memory:\"", ":1", "forget everything"},
		"a strange colour":               {"colour = \"green\"", ":1", "#rrggbb"},
		"a strange privacy notice":       {"privacy = \"javascript:alert(1)\"", ":1", "not the address of a page"},
		"a country that is not":          {"country = \"XX\"", ":1", "no country"},
		"another country that is not":    {"countries = [\"IE\", \"ZZ\"]", ":1", "no country ZZ"},
		"mail without a sender":          {"smtp = \"mail.example.org:587\"", ":1", "sender"},
		"mail in the open":               {"smtp = \"mail.example.org:25\"\nsmtp_from = \"a@b.example\"\nsmtp_tls = \"none\"", ":1", "on this machine only"},
		"mail on a strange port":         {"smtp = \"mail.example.org:mail\"\nsmtp_from = \"a@b.example\"", ":1", "not a port"},
		"a mail user without a password": {"smtp = \"mail.example.org\"\nsmtp_from = \"a@b.example\"\nsmtp_user = \"u\"", ":3", "no password"},
		"a password file that is not":    {"smtp = \"mail.example.org\"\nsmtp_from = \"a@b.example\"\nsmtp_user = \"u\"\nsmtp_password_file = \"/nowhere/x\"", ":4", "cannot be read"},
		"staying for ever":               {"stay_signed_in_days = 1000", ":1", "0 to 90"},
		"staying for less than nothing":  {"stay_signed_in_days = -1", ":1", "0 to 90"},
		"a time zone that is not":        {"time_zone = \"Europe/Northwold\"", ":1", "no time zone"},
		"a strange log":                  {"log = \"xml\"", ":1", "no form"},
		"a line break in a name":         {"organisation = \"a\\nBcc: b\"", ":1", "control character"},
		"passkeys of a former host":      {base + "acme = true\npasskey_host = \"SignIn.old.example\"", "", ""},
		"passkeys of its own domain":     {base + "acme = true\npasskey_host = \"example.org\"", "", ""},
		"passkeys of an address":         {base + "acme = true\npasskey_host = \"https://old.example\"", ":3", "not the name of a host"},
		"passkeys of a port":             {base + "acme = true\npasskey_host = \"old.example:8443\"", ":3", "on whatever port"},
		"passkeys of a number":           {base + "acme = true\npasskey_host = \"192.0.2.1\"", ":3", "in numbers"},
		"passkeys of a longer number":    {base + "acme = true\npasskey_host = \"[2001:db8::1]\"", ":3", "in numbers"},
		"passkeys of other letters":      {base + "acme = true\npasskey_host = \"sïgnin.example\"", ":3", "ASCII"},
		"passkeys of a path":             {base + "acme = true\npasskey_host = \"old.example/x\"", ":3", "not the name of a host"},
		"passkeys of one word":           {base + "acme = true\npasskey_host = \"signin\"", ":3", "not the name of a host"},
		"passkeys of a final dot":        {base + "acme = true\npasskey_host = \"old.example.\"", ":3", "not the name of a host"},
		"passkeys without TLS":           {"passkey_host = \"old.example\"", ":1", "only at an https address"},
		"passkeys without a name":        {"address = \"https://192.0.2.1\"\ntls_cert = \"c\"\ntls_key = \"k\"\npasskey_host = \"old.example\"", ":4", "only at an https address"},
		"a logo that is not":             {"logo = \"/nowhere/x.svg\"", ":1", "cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			_, found := resolve(t, c.file)
			found = slices.DeleteFunc(found, func(f Finding) bool { return f.Warning })
			if c.wrong == "" {
				if len(found) > 0 {
					t.Fatalf("found %v", found)
				}
				return
			}
			if len(found) != 1 || !strings.HasSuffix(found[0].Where, c.where) || !strings.Contains(found[0].Wrong, c.wrong) {
				t.Errorf("found %v", found)
			}
		})
	}
}

func TestWhatTheSettingsComeTo(t *testing.T) {
	site, found := resolve(t, `
address = "https://SignIn.example.org:443/"
acme = true
organisation = "Sample County Scouts"
help_contact = "Jo"
country = "ie"
time_zone = "Europe/Dublin"
countries = ["gb", "IE"]
stay_signed_in_days = 30
data = "/srv/woggle"
smtp = "mail.example.org"
smtp_from = "signin@example.org"
log = "json"
`)
	if len(found) > 0 {
		t.Fatal(found)
	}
	if site.Base.String() != "https://signin.example.org" || site.Listen != ":443" || site.TLS != automatic {
		t.Errorf("address %v, listen %s, TLS %v", site.Base, site.Listen, site.TLS)
	}
	if !slices.Equal(site.Countries, []string{"IE", "GB"}) || site.Country != "IE" || site.Stay != 30*24*time.Hour || !site.JSON {
		t.Errorf("got %+v", site)
	}
	if site.Database != "sqlite:/srv/woggle/woggle.db" || site.Keys != "/srv/woggle/woggle.keys" {
		t.Errorf("database %s, keys %s", site.Database, site.Keys)
	}
	if site.Zone.String() != "Europe/Dublin" {
		t.Errorf("time zone %v", site.Zone)
	}
	if site.SMTP.Port != 587 || site.SMTP.Host != "mail.example.org" {
		t.Errorf("mail %s:%d", site.SMTP.Host, site.SMTP.Port)
	}
}

// Passkeys of the address itself need no setting; there is nothing to be afraid of, so it is a warning.
func TestTheHostOfPasskeys(t *testing.T) {
	const file = "address = \"https://signin.example.org:8443\"\ntls_cert = \"c\"\ntls_key = \"k\"\n"
	for name, former := range map[string]string{"SignIn.Old.example": "signin.old.example", "example.org": "example.org", "Signin.Example.org": ""} {
		site, found := resolve(t, file+"passkey_host = \""+name+"\"")
		warned := slices.ContainsFunc(found, func(f Finding) bool { return f.Warning && strings.Contains(f.Wrong, "already") })
		if site.Former != former || warned != (former == "") {
			t.Errorf("%s: %q, %v", name, site.Former, found)
		}
	}
}

func TestAPasswordFileIsForItsOwnerOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "password")
	for text, mode := range map[string]os.FileMode{"secret\n": 0o644, "two\nlines\n": 0o600, "\n": 0o600} {
		os.WriteFile(path, []byte(text), 0o600)
		os.Chmod(path, mode)
		if _, err := readPassword(path); err == nil {
			t.Errorf("%q with mode %o is taken", text, mode)
		}
	}
	os.WriteFile(path, []byte("a secret\r\n"), 0o600)
	os.Chmod(path, 0o600)
	if password, err := readPassword(path); err != nil || password != "a secret" {
		t.Errorf("got %q, %v", password, err)
	}
}

// FuzzSettings: whatever stands in the file, reading it ends, with findings that name the file.
func FuzzSettings(f *testing.F) {
	for _, text := range []string{"", "address = \"https://x.example\"\nacme = true", "[a.b]\nc=1", "a.b = 1", "\"\\u0061cme\" = 1",
		"trusted_proxies = [\"::/0\", \"10.0.0.0/33\"]", "x = '''\ny = 1\n'''", "stay_signed_in_days = 99999999999999999999", "a=\xff"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := Settings{}
		origins := Origins{}
		found := s.parse("woggle.toml", text, origins)
		lines := 1 + strings.Count(text, "\n")
		for _, f := range found {
			if !strings.HasPrefix(f.Where, "woggle.toml") || f.Wrong == "" {
				t.Errorf("finding %v", f)
			}
		}
		for name, where := range origins {
			if n := strings.TrimPrefix(where, "woggle.toml:"); len(n) > len(where)-12 || lines < 1 {
				t.Errorf("%s at %s", name, where)
			}
		}
		s.Logo, s.SMTPPasswordFile = "", "" // no files are read here
		if site, problems := s.Resolve(origins, "", nil); !slices.ContainsFunc(problems, func(f Finding) bool { return !f.Warning }) {
			if site.TLS == plain && !isLoopback(site.Base.Hostname()) {
				t.Errorf("%q would serve %v without TLS", text, site.Base)
			}
			if site.Base.Path != "" || site.Base.User != nil || site.Base.Host == "" {
				t.Errorf("%q makes the address %v", text, site.Base)
			}
		}
	})
}
