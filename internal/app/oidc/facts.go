// What has to be typed into an app.
package oidc

import (
	"strings"

	"github.com/zitadel/oidc/v3/pkg/oidc"

	"woggle/internal/app"
)

// Facts are what the app wants to know of us. Most apps find the rest by the issuer.
func Facts(base string, a *app.App) []app.Fact {
	facts := []app.Fact{{Name: "issuer", Value: base}, {Name: "discovery", Value: base + oidc.DiscoveryEndpoint}, {Name: "client_id", Value: a.ID}}
	if client, err := readClient(a.Settings); err == nil {
		facts = append(facts, app.Fact{Name: "scopes", Value: strings.Join(client.Scopes, " ")})
		if client.TokenAuth != authNone && client.TokenAuth != authKey {
			facts = append(facts, app.Fact{Name: "client_secret", Value: "woggle app secret " + a.ID + " makes one"})
		}
	}
	return facts
}
