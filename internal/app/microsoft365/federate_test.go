package microsoft365_test

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"woggle/internal/app/microsoft365"
)

func b64(text string) string { return base64.StdEncoding.EncodeToString([]byte(text)) }

// However Microsoft has the domain, the requests bring it to where it is to be, and never leave the certificate out that signs.
func TestFederateBringsTheDomainWhereItIsToBe(t *testing.T) {
	base, err := url.Parse("https://signin.northwold.example")
	if err != nil {
		t.Fatal(err)
	}
	d := northwold[0]
	d.Protocol = microsoft365.WSFed
	wanted := func(current, next string) microsoft365.Federation {
		c := microsoft365.Certificates{Current: []byte(current)}
		if next != "" {
			c.Next = []byte(next)
		}
		return microsoft365.Wanted(base, "Northwold Scouts", d, c)
	}
	have := func(current, next string, change func(*microsoft365.Federation)) *microsoft365.Place {
		f := wanted(current, next)
		f.ID = "f1"
		if change != nil {
			change(&f)
		}
		return &microsoft365.Place{Name: d.Name, Kind: "Federated", Federation: &f}
	}
	always := `"federatedIdpMfaBehavior":"enforceMfaByFederatedIdp",`
	for _, test := range []struct {
		name   string
		place  *microsoft365.Place
		wanted microsoft365.Federation
		want   string // the request
	}{
		{"nothing to do", have("A", "", nil), wanted("A", ""), ""},
		{"a next one is told", have("A", "", nil), wanted("A", "B"), `PATCH {` + always + `"nextSigningCertificate":"` + b64("B") + `","preferredAuthenticationProtocol":"wsFed","promptLoginBehavior":"nativeSupport"}`},
		{"the next one signs now: the old one goes, by null", have("A", "B", nil), wanted("B", ""), `PATCH {` + always + `"nextSigningCertificate":null,"preferredAuthenticationProtocol":"wsFed","promptLoginBehavior":"nativeSupport","signingCertificate":"` + b64("B") + `"}`},
		{"both are strange to them", have("X", "Y", nil), wanted("A", "B"), `PATCH {` + always + `"nextSigningCertificate":"` + b64("B") + `","preferredAuthenticationProtocol":"wsFed","promptLoginBehavior":"nativeSupport","signingCertificate":"` + b64("A") + `"}`},
		{"somebody took the second step away", have("A", "", func(f *microsoft365.Federation) { f.MFA = "acceptIfMfaDoneByFederatedIdp" }), wanted("A", ""), `PATCH {` + always + `"preferredAuthenticationProtocol":"wsFed","promptLoginBehavior":"nativeSupport"}`},
		{"the site has moved", have("A", "", func(f *microsoft365.Federation) { f.Passive = "https://old.example/wsfed" }), wanted("A", ""), `PATCH {` + always + `"passiveSignInUri":"https://signin.northwold.example/wsfed","preferredAuthenticationProtocol":"wsFed","promptLoginBehavior":"nativeSupport"}`},
		{"another sign-in", have("A", "", func(f *microsoft365.Federation) { f.Issuer = "http://adfs.example" }), wanted("A", ""), "refused"},
		{"through the domain above", &microsoft365.Place{Name: d.Name, Kind: "Federated"}, wanted("A", ""), "refused"},
	} {
		t.Run(test.name, func(t *testing.T) {
			requests, err := microsoft365.Federate(d, test.place, test.wanted)
			got := ""
			switch {
			case err != nil:
				got = "refused"
			case len(requests) == 1:
				body, err := json.Marshal(requests[0].Body)
				if err != nil {
					t.Fatal(err)
				}
				got = requests[0].Method + " " + string(body)
				if requests[0].Path != "/v1.0/domains/northwold.example/federationConfiguration/f1" {
					t.Error(requests[0].Path)
				}
			case len(requests) > 1:
				t.Fatal(requests)
			}
			if got != test.want {
				t.Errorf("%s\nwant %s", got, test.want)
			}
		})
	}
}

// The first request says everything, and has null for nothing.
func TestTheFirstFederationIsWhole(t *testing.T) {
	base, _ := url.Parse("https://signin.northwold.example/sub")
	for protocol, paths := range map[microsoft365.Protocol][2]string{microsoft365.WSFed: {"wsfed", "wsfed"}, microsoft365.SAML: {"saml/sso", "saml/slo"}} {
		d := northwold[0]
		d.Protocol = protocol
		requests, err := microsoft365.Federate(d, &microsoft365.Place{Name: d.Name, Kind: "Managed"}, microsoft365.Wanted(base, "Northwold Scouts", d, microsoft365.Certificates{Current: []byte("A")}))
		if err != nil || len(requests) != 1 {
			t.Fatal(requests, err)
		}
		text := requests[0].String()
		for _, part := range []string{"POST /v1.0/domains/northwold.example/federationConfiguration\n", `"issuerUri": "` + d.Issuer + `"`, `"passiveSignInUri": "https://signin.northwold.example/sub/` + paths[0] + `"`,
			`"signOutUri": "https://signin.northwold.example/sub/` + paths[1] + `"`, `"preferredAuthenticationProtocol": "` + strings.Replace(string(protocol), "wsfed", "wsFed", 1) + `"`} {
			if !strings.Contains(text, part) {
				t.Errorf("%s is not in\n%s", part, text)
			}
		}
		if strings.Contains(text, "null") {
			t.Errorf("there is a null in\n%s", text)
		}
	}
}
