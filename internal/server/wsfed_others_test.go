package server_test

import (
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/keys/signing"
	"woggle/internal/message"
	"woggle/internal/method/phone"
	"woggle/test/judge"
	"woggle/test/wsfed"
)

// A party that is not Microsoft's gets the name and the claims that its settings say, in the token that it wants, and nothing else.
func TestAnotherPartyGetsWhatItsSettingsSay(t *testing.T) {
	const role, team, name = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "https://claims.northwold.example/team", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
	for token, settings := range map[string]map[string]any{
		"saml11": {"realm": "urn:sharepoint:portal", "name_id": "email", "claims": map[string]string{role: "groups", name: "name", team: "team"}},
		"saml2":  {"realm": "https://portal.northwold.example/", "name_id": "username", "token": "saml2", "claims": map[string]string{role: "groups", name: "name", team: "team"}},
	} {
		t.Run(token, func(t *testing.T) {
			only(t, func(s *site) {
				user := s.member("aisha", func(_ *db.Tx, u *directory.User) { u.FamilyName = `O'Brien & <Söhne>` })
				s.phoneOf(user, mobile, phone.Mobile, message.SMS)
				s.tx(func(tx *db.Tx) error {
					for _, id := range []string{"team", "secret"} {
						if err := directory.AddField(tx, "system", directory.Field{ID: id, Kind: directory.Text, Labels: map[string]string{"en": id}}); err != nil {
							return err
						}
					}
					for _, group := range []string{"Leaders", "Cubs & Scouts"} {
						g, err := directory.AddGroup(tx, group, "")
						if err != nil {
							return err
						}
						if err := directory.Join(tx, "system", g.ID, user.ID); err != nil {
							return err
						}
					}
					return directory.SetValues(tx, "system", user, map[string]string{"team": "Otters", "secret": "nobody is told"})
				})
				subject := map[string]string{"saml11": "aisha@northwold.example", "saml2": "aisha"}[token]
				p := s.party(wsfed.Expected{"realm": settings["realm"], "issuer": s.nodes[0].web.URL + "/wsfed", "name": subject, "token": token,
					"claims": map[string][]string{role: {"Cubs & Scouts", "Leaders"}, name: {`Aisha O'Brien & <Söhne>`}, team: {"Otters"}}})
				settings["replies"] = p.Base + "/login.srf"
				s.register("portal", settings, func(a *app.App) { a.Name, a.Tell = "The portal", []string{"groups", "team"} })
				b := s.browser().start(p).fill("Next", "username", "aisha").fill("Next", "current-password", passphrase).code().sees("The portal")
				if strings.Contains(b.page.Body, "nobody is told") {
					t.Error("it is told what it is not to be told")
				}
				if j := b.hand(p).accepted(); j.Method != multi {
					t.Errorf("%+v", j)
				}
			})
		})
	}
}

// Where a tenant is connected, its accounts say who somebody is; who has two is named as the one that Microsoft asked for.
func TestAConnectedTenantNamesThePerson(t *testing.T) {
	only(t, func(s *site) {
		user := s.member("aisha")
		s.phoneOf(user, mobile, phone.Mobile, message.SMS)
		s.tx(func(tx *db.Tx) error {
			for _, domain := range []string{"northwold.example", "fenwick.example"} {
				if _, err := tx.Exec(`INSERT INTO microsoft365_domains (name, tenant_id, issuer, protocol, configuration, current_cert, next_cert, read_at, created_at)
					VALUES ($1, $1, $2, 'wsfed', '', '', '', 0, 0)`, domain, "urn:woggle:"+domain); err != nil {
					return err
				}
				if _, err := tx.Exec(`INSERT INTO microsoft365_accounts (tenant_id, user_id, object_id, upn, immutable_id, matched_by, matched_at, disabled_at)
					VALUES ($1, $2, 'object', $3, $4, '', 0, 0)`, domain, user.ID, "a.khan@"+domain, "id of "+domain); err != nil {
					return err
				}
			}
			return nil
		})
		for _, domain := range []string{"northwold.example", "fenwick.example"} {
			p := s.party(wsfed.Expected{"realm": entraRealm, "issuer": "urn:woggle:" + domain, "upn": "a.khan@" + domain, "id": "id of " + domain})
			s.register("m365", map[string]any{"realm": entraRealm, "replies": p.Base + "/login.srf"})
			b := s.browser().password("aisha", passphrase).code()
			b.start(p, "username", "a.khan@"+domain).hand(p).accepted()
			b.start(p, "whr", domain).hand(p).accepted()
			s.clock.Advance(time.Minute)
		}
		s.tx(func(tx *db.Tx) error {
			_, err := tx.Exec("DELETE FROM microsoft365_accounts")
			return err
		})
		s.browser().password("aisha", passphrase).code().ask("wa", "wsignin1.0", "wtrealm", entraRealm).unanswered(403).sees("no account for you yet")
	})
}

// The next key is published before it signs; then it signs, and whoever read the metadata in time takes what it signed (threat T75).
func TestAKeyIsChangedWithoutALoss(t *testing.T) {
	only(t, func(s *site) {
		b, p := s.signedInToEntra()
		b.start(p).hand(p).accepted()
		store := signing.New(s.db, s.keys, "Northwold County")
		if err := store.Rotate(t.Context(), "system", signing.Federation, signing.RS256, s.clock.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		s.clock.Advance(10 * time.Second)
		before := s.metadata()
		if n := strings.Count(before, `<KeyDescriptor use="signing">`); n != 2 {
			t.Errorf("%d keys are published, want 2", n)
		}
		first := b.certificate(p)
		s.clock.Advance(time.Hour)
		b = s.browser().password("aisha", passphrase).code()
		second := b.certificate(p)
		if first == second || !strings.Contains(before, second) || !strings.Contains(s.metadata(), first) {
			t.Error("the key was not changed, or changed without a warning, or forgotten too soon")
		}
	})
}

// certificate is that beside the signature of a token, which the party takes.
func (b *browser) certificate(p *party) string {
	b.s.t.Helper()
	form, err := b.start(p).page.Form("wresult")
	if err != nil {
		b.s.t.Fatal(err)
	}
	_, rest, _ := strings.Cut(form.Values.Get("wresult"), "<ds:X509Certificate>")
	certificate, _, _ := strings.Cut(rest, "<")
	b.hand(p).accepted()
	return certificate
}

func (s *site) metadata() string {
	s.t.Helper()
	response, err := http.Get(s.nodes[0].web.URL + "/FederationMetadata/2007-06/FederationMetadata.xml")
	if err != nil {
		s.t.Fatal(err)
	}
	return bodyOf(s.t, response)
}

// The metadata fits the schemas of OASIS, and tells where to go.
func TestTheMetadataIsWhatOthersRead(t *testing.T) {
	only(t, func(s *site) {
		text := s.metadata()
		if _, err := judge.Run(t, text, "xmllint", "--noout", "--nonet", "--schema", "../app/wsfed/testdata/metadata.xsd"); err != nil {
			t.Errorf("%v\n%s", err, text)
		}
		for _, want := range []string{`entityID="` + s.nodes[0].web.URL + `/wsfed"`, `<fed:TokenType Uri="urn:oasis:names:tc:SAML:1.0:assertion">`, s.nodes[0].web.URL + "/wsfed/active<"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %s in %s", want, text)
			}
		}
		if again := s.metadata(); again != text {
			t.Error("it is another one each time")
		}
	})
}

// What Microsoft's libraries look for in the metadata of WS-Trust, and the refusal that they get.
func TestTheMetadataExchange(t *testing.T) {
	only(t, func(s *site) {
		response, err := http.Get(s.nodes[0].web.URL + "/wsfed/mex")
		if err != nil {
			t.Fatal(err)
		}
		text := bodyOf(t, response)
		var wsdl struct {
			Policies []struct {
				ID    string    `xml:"http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd Id,attr"`
				Token *struct{} `xml:"ExactlyOne>All>SignedEncryptedSupportingTokens>Policy>UsernameToken"`
			} `xml:"http://schemas.xmlsoap.org/ws/2004/09/policy Policy"`
			Binding struct {
				Name      string `xml:"name,attr"`
				Reference struct {
					URI string `xml:"URI,attr"`
				} `xml:"http://schemas.xmlsoap.org/ws/2004/09/policy PolicyReference"`
				Operation struct {
					SOAP struct {
						Action string `xml:"soapAction,attr"`
					} `xml:"http://schemas.xmlsoap.org/wsdl/soap12/ operation"`
				} `xml:"operation"`
			} `xml:"binding"`
			Port struct {
				Binding string `xml:"binding,attr"`
				Address string `xml:"EndpointReference>Address"`
			} `xml:"service>port"`
		}
		if err := xml.NewDecoder(strings.NewReader(text)).Decode(&wsdl); err != nil && err != io.EOF {
			t.Fatal(err)
		}
		b := wsdl.Binding
		if len(wsdl.Policies) != 1 || wsdl.Policies[0].Token == nil || b.Reference.URI != "#"+wsdl.Policies[0].ID || b.Operation.SOAP.Action != "http://schemas.xmlsoap.org/ws/2005/02/trust/RST/Issue" ||
			wsdl.Port.Binding != "tns:"+b.Name || wsdl.Port.Address != s.nodes[0].web.URL+"/wsfed/active" {
			t.Errorf("%+v\n%s", wsdl, text)
		}
		if _, err := judge.Run(t, text, "xmllint", "--noout", "--nonet"); err != nil {
			t.Error(err)
		}
	})
}
