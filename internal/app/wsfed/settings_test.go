package wsfed

import (
	"encoding/json"
	"strings"
	"testing"

	"woggle/internal/app"
)

func registered(t *testing.T, settings string, tell ...string) *app.App {
	t.Helper()
	a := &app.App{ID: "x", Name: "X", Protocol: Name, Tell: tell, Settings: json.RawMessage(settings)}
	if err := (&Provider{}).Read(a); err != nil {
		t.Fatalf("%s: %v", settings, err)
	}
	return a
}

func TestSettings(t *testing.T) {
	a := registered(t, `{"realm": "urn:federation:MicrosoftOnline", "domains": {"northwold.example": "https://id.example/wsfed/northwold.example"}}`)
	if s := of(a); a.Audience != entra || s.reply("") != "https://login.microsoftonline.com/login.srf" || s.Token != "saml11" || s.UPN != "email" || s.ImmutableID != "id" {
		t.Errorf("%+v", s)
	}
	a = registered(t, `{"realm": "urn:sharepoint:portal", "replies": "https://portal.example/_trust/"}`)
	if s := of(a); a.Audience != "urn:sharepoint:portal" || s.reply("") != "https://portal.example/_trust/" || s.NameID != "id" || len(s.Claims) != 5 {
		t.Errorf("%+v", s)
	}
	registered(t, `{"realm": "urn:federation:MicrosoftOnline"}`) // its people are those of the tenant that is connected
	registered(t, `{"realm": "https://a.example/", "replies": ["http://localhost:8080/"], "token": "saml2", "claims": {"http://c.example/team": "groups", "http://c.example/no": "member_number"}}`, "groups", "member_number")
}

func TestWrongSettings(t *testing.T) {
	for settings, says := range map[string]string{
		`{}`: "realm is missing",
		`{"realm": "portal", "replies": ["https://a.example/"]}`: "no URI",
		`{"realm": "urn:a", "relpies": ["https://a.example/"]}`:  "relpies",
		`{"realm": "urn:a"}`: "replies is missing",
		`{"realm": "urn:a", "replies": ["http://a.example/"]}`:                                                           "must begin with https",
		`{"realm": "urn:a", "replies": ["javascript:alert(1)"]}`:                                                         "no whole address",
		`{"realm": "urn:a", "replies": ["https://user@a.example/"]}`:                                                     "no whole address",
		`{"realm": "urn:a", "replies": ["https://a.example/#x"]}`:                                                        "no whole address",
		`{"realm": "urn:a", "replies": ["//a.example/"]}`:                                                                "must begin with https",
		`{"realm": "urn:a", "replies": ["/login"]}`:                                                                      "no whole address",
		`{"realm": "urn:a", "replies": ["https://a.example\\@b.example/"]}`:                                              "no whole address",
		`{"realm": "urn:a", "replies": ["https://a.example/"], "token": "saml3"}`:                                        "saml11 or saml2",
		`{"realm": "urn:a", "replies": ["https://a.example/"], "claims": {"team": "groups"}}`:                            "no address with a name at its end",
		`{"realm": "urn:a", "replies": ["https://a.example/"], "claims": {"http://c/x": "groups"}}`:                      "add it to tell",
		`{"realm": "urn:a", "replies": ["https://a.example/"], "claims": {"https://a.example/number": "member_number"}}`: "add it to tell",
		`{"realm": "urn:a", "replies": ["https://a.example/"], "name_id": "member_number"}`:                              "whom they like",
		`{"realm": "urn:federation:MicrosoftOnline", "domains": {"a.example": "urn:a"}, "immutable_id": "number"}`:       "whom they like",
		`{"realm": "urn:federation:MicrosoftOnline", "domains": {"a.example": "urn:a"}, "upn": "number"}`:                "whom they like",
		`{"realm": "urn:a", "replies": ["https://a.example/"], "domains": {"a.example": "urn:b"}}`:                       "only",
		`{"realm": "urn:federation:MicrosoftOnline", "token": "saml2"}`:                                                  "leave out",
		`{"realm": "urn:federation:MicrosoftOnline", "domains": {"A.example": "urn:b"}}`:                                 "small letters",
		`{"realm": "urn:federation:MicrosoftOnline", "domains": {"a.example": ""}}`:                                      "no URI",
		`{"realm": "urn:federation:MicrosoftOnline", "domains": {"a.example": "urn:b", "b.example": "urn:b"}}`:           "each needs its own",
	} {
		err := (&Provider{}).Read(&app.App{Settings: json.RawMessage(settings)})
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", settings, err, says)
		}
	}
}

// W03 and T74: an address that is not registered letter for letter never gets the answer.
func TestW03AReplyIsRegisteredOrIgnored(t *testing.T) {
	s := of(registered(t, `{"realm": "urn:a", "replies": ["https://app.example/back", "https://app.example/other?x=1"]}`))
	if got := s.reply("https://app.example/other?x=1"); got != "https://app.example/other?x=1" {
		t.Errorf("the registered one is not taken, but %s", got)
	}
	for _, wanted := range []string{"", "https://app.example", "https://app.example/", "https://app.example/back/", "https://app.example/back/extra",
		"https://app.example/back?x", "https://app.example/back#x", "https://app.example.evil.example/back", "https://app.example@evil.example/back",
		"https://evil.example/https://app.example/back", "https://app.example/back\n", " https://app.example/back", "HTTPS://app.example/back",
		"https://app.example:443/back", "https://app.example/%62ack", "https://app.example/x/../back", "http://app.example/back", "javascript:alert(1)",
		"//app.example/back", "https://app.example/back\x00", "https://app.example\\@evil.example/back", "https://аpp.example/back"} {
		if got := s.reply(wanted); got != "https://app.example/back" {
			t.Errorf("%q leads to %s", wanted, got)
		}
	}
}

// T75: a domain speaks for itself and for what is below it, and for nobody else.
func TestEachDomainHasItsIssuer(t *testing.T) {
	s := of(registered(t, `{"realm": "urn:federation:MicrosoftOnline", "domains": {"northwold.example": "urn:north", "south.example": "urn:south", "own.northwold.example": "urn:own"}}`))
	for upn, want := range map[string]string{
		"aisha@northwold.example": "urn:north", "Aisha@NORTHWOLD.example": "urn:north", "a@south.example": "urn:south",
		"a@cubs.northwold.example": "urn:north", "a@x.y.northwold.example": "urn:north", "a@own.northwold.example": "urn:own", "a@x.own.northwold.example": "urn:own",
		"a@evilnorthwold.example": "", "a@northwold.example.evil.example": "", "a@example": "", "northwold.example": "", "@northwold.example": "", "": "",
		"a@evil.example@northwold.example": "", "a@northwold.example@evil.example": "", "a@northwold.example.": "",
	} {
		if got, found := s.issuer(upn); got != want || found != (want != "") {
			t.Errorf("%q speaks as %q, want %q", upn, got, want)
		}
	}
}
