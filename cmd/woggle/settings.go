// The settings: what can be set, and where it can be written.
//
// A setting has one name in three spellings: smtp_from in the settings file, WOGGLE_SMTP_FROM in the environment and
// --smtp-from on the command line. The command line goes before the environment, the environment before the file.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"reflect"
	"strconv"
	"strings"
)

// Place is where the data of an installation is: all that a command needs that works on it.
type Place struct {
	File     string `name:"settings" placeholder:"FILE" default:"woggle.toml" help:"The settings file (${default})."`
	Data     string `name:"data" placeholder:"FOLDER" help:"Where the database, the keys and certificates are kept (woggle-data)."`
	Database string `name:"database" placeholder:"URL" help:"sqlite:PATH or postgres://… (sqlite:FOLDER/woggle.db)."`
	Keys     string `name:"keys" placeholder:"FILE" help:"The key file; back it up apart from the database (FOLDER/woggle.keys)."`
}

// Settings are all that can be set.
type Settings struct {
	Place `embed:""`

	Address        string   `name:"address" placeholder:"URL" help:"Where people reach this server: https://signin.example.org (http://localhost:8080)."`
	PasskeyHost    string   `name:"passkey-host" placeholder:"NAME" help:"After a move: the host that people's passkeys were made for (that of the address)."`
	Listen         string   `name:"listen" placeholder:"ADDR" help:"Where to listen: :443 with TLS of our own, else 127.0.0.1:8080."`
	TLSCert        string   `name:"tls-cert" placeholder:"FILE" help:"Certificate chain, PEM."`
	TLSKey         string   `name:"tls-key" placeholder:"FILE" help:"Its private key, PEM."`
	ACME           bool     `name:"acme" help:"Get certificates from Let's Encrypt, and agree to its terms."`
	ACMEEmail      string   `name:"acme-email" placeholder:"ADDRESS" help:"Where Let's Encrypt may write to."`
	TrustedProxies []string `name:"trusted-proxies" placeholder:"ADDR" help:"Addresses or ranges of the proxies in front; TLS may end there."`

	Organisation string   `name:"organisation" placeholder:"NAME" help:"The organisation's name, as people know it (Woggle)."`
	Colour       string   `name:"colour" placeholder:"#RRGGBB" help:"Its one colour (#0b5d57)."`
	Logo         string   `name:"logo" placeholder:"FILE" help:"Its logo, SVG."`
	HelpContact  string   `name:"help-contact" placeholder:"TEXT" help:"Whom to ask for help: a name, an address, a telephone number."`
	Privacy      string   `name:"privacy" placeholder:"URL" help:"Address of the privacy notice."`
	Country      string   `name:"country" placeholder:"CODE" help:"Country of telephone numbers that are typed without one (GB)."`
	Countries    []string `name:"countries" placeholder:"CODE" help:"Further countries whose numbers are texted and called."`
	TimeZone     string   `name:"time-zone" placeholder:"NAME" help:"Whose clock people read: Europe/London (this computer's)."`

	SMTP             string `name:"smtp" placeholder:"HOST:PORT" help:"The mail server."`
	SMTPUser         string `name:"smtp-user" placeholder:"NAME" help:"Its user name, if it asks for one."`
	SMTPPasswordFile string `name:"smtp-password-file" placeholder:"FILE" help:"File with its password; or set WOGGLE_SMTP_PASSWORD."`
	SMTPFrom         string `name:"smtp-from" placeholder:"ADDRESS" help:"Address that mails come from."`
	SMTPTLS          string `name:"smtp-tls" placeholder:"HOW" help:"starttls, tls or none (starttls)."`

	Routes           string `name:"routes" placeholder:"FILE" help:"The routes file: providers of texts and calls."`
	Apps             string `name:"apps" placeholder:"FILE" help:"The apps file: what people sign in to."`
	Recordings       string `name:"recordings" placeholder:"FOLDER" help:"Recordings of your own for calls."`
	Calls            string `name:"calls" placeholder:"HOW" help:"What calls do: code reads one out, approve asks for two digits (code)."`
	MetricsTokenFile string `name:"metrics-token-file" placeholder:"FILE" help:"File with the token for /metrics; without it there are none."`

	BackupFolder     string   `name:"backup-folder" placeholder:"FOLDER" help:"Make a backup here each night; without it there are none."`
	BackupKeep       int      `name:"backup-keep" placeholder:"NUMBER" help:"How many to keep (14)."`
	BackupRecipients []string `name:"backup-recipients" placeholder:"AGE1…" help:"Public keys of who can read them; woggle backup key makes one."`

	StaySignedInDays int    `name:"stay-signed-in-days" placeholder:"DAYS" help:"For how long people may choose to stay signed in; 0 does not offer it (0)."`
	Log              string `name:"log" placeholder:"FORM" help:"text or json (text)."`
}

// Finding is one thing that is wrong with the settings, or not good.
type Finding struct {
	Where   string `json:"where"`             // "woggle.toml:3", "WOGGLE_SMTP", "--smtp", or the name of a setting that stands nowhere
	Wrong   string `json:"wrong"`             // what is wrong
	Do      string `json:"do,omitempty"`      // what to write or do
	Warning bool   `json:"warning,omitempty"` // the server starts all the same
}

// String is the finding as one line, with what to do on the next.
func (f Finding) String() string {
	word := "error"
	if f.Warning {
		word = "warning"
	}
	text := fmt.Sprintf("%s: %s: %s", f.Where, word, f.Wrong)
	if f.Do != "" {
		text += "\n    " + f.Do
	}
	return text
}

// Origins tells where each setting was written, by its name in the file.
type Origins map[string]string

// of names the place of a setting, for people.
func (o Origins) of(name string) string { return cmp.Or(o[name], name) }

// setting is one field of Settings.
type setting struct {
	name  string // as in the file: smtp_from
	value reflect.Value
}

// settings are the fields in their order.
func (s *Settings) settings() []setting {
	return fieldsOf(reflect.ValueOf(s).Elem())
}

func fieldsOf(v reflect.Value) (all []setting) {
	for i := range v.NumField() {
		if field := v.Type().Field(i); field.Anonymous {
			all = append(all, fieldsOf(v.Field(i))...)
		} else {
			all = append(all, setting{strings.ReplaceAll(field.Tag.Get("name"), "-", "_"), v.Field(i)})
		}
	}
	return all
}

// Load completes the settings of the command line, which are those in given (names of flags), from the environment
// and the file. It finds all that is wrong, not only the first.
func (s *Settings) Load(given []string, environ []string) (Origins, []Finding) {
	origins, found := Origins{}, []Finding(nil)
	for _, flag := range given {
		origins[strings.ReplaceAll(flag, "-", "_")] = "--" + flag
	}
	variables := map[string]string{}
	for _, entry := range environ {
		if name, value, _ := strings.Cut(entry, "="); strings.HasPrefix(name, "WOGGLE_") {
			variables[name] = value
		}
	}
	for _, field := range s.settings() {
		variable := "WOGGLE_" + strings.ToUpper(field.name)
		text, set := variables[variable]
		if delete(variables, variable); !set || origins[field.name] != "" {
			continue
		}
		origins[field.name] = variable
		if err := assignText(field.value, text); err != nil {
			found = append(found, Finding{Where: variable, Wrong: err.Error()})
		}
	}
	found = append(found, s.strangeVariables(variables)...)
	return origins, append(found, s.loadFile(origins)...)
}

// strangeVariables warns of variables that look like settings. They are no errors, because other programs may have
// their own.
func (s *Settings) strangeVariables(variables map[string]string) (found []Finding) {
	for name := range variables {
		setting := strings.ToLower(strings.TrimPrefix(name, "WOGGLE_"))
		if near := s.nearest(setting); near != "" && name != passwordVariable {
			found = append(found, Finding{Where: name, Wrong: "there is no such setting", Warning: true,
				Do: "did you mean WOGGLE_" + strings.ToUpper(near) + "?"})
		}
	}
	return found
}

// passwordVariable is the one secret among the settings. It has no flag, because a command line can be read by others.
const passwordVariable = "WOGGLE_SMTP_PASSWORD"

// maxFile bounds the settings file, in bytes.
const maxFile = 1 << 20

func (s *Settings) loadFile(origins Origins) []Finding {
	file, err := os.Open(s.File)
	if errors.Is(err, fs.ErrNotExist) && origins["settings"] == "" {
		return nil // nobody named it
	}
	if err != nil {
		return []Finding{{Where: origins.of("settings"), Wrong: "the settings file cannot be read: " + err.Error()}}
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, maxFile+1))
	if err != nil || len(text) > maxFile {
		return []Finding{{Where: s.File, Wrong: "this is not a settings file"}}
	}
	return s.parse(s.File, string(text), origins)
}

// assignText sets a field from the environment. A list has commas or spaces between its parts.
func assignText(field reflect.Value, text string) (err error) {
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Slice:
		field.Set(reflect.ValueOf(strings.FieldsFunc(text, func(r rune) bool { return r == ',' || r == ' ' })))
	case reflect.Bool:
		var on bool
		if on, err = strconv.ParseBool(text); err != nil {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		field.SetBool(on)
	case reflect.Int:
		var n int
		if n, err = strconv.Atoi(text); err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		field.SetInt(int64(n))
	}
	return nil
}
