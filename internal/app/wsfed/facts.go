// What has to be typed into an app, or into Microsoft's directory.
package wsfed

import (
	"maps"
	"slices"

	"woggle/internal/app"
)

// Facts are that. The base is our own address.
func Facts(base string, a *app.App) (facts []app.Fact) {
	s, err := parse(a.Settings)
	if err != nil {
		return nil // the app is closed, and whoever wrote the settings was told why
	}
	if s.Realm != entra {
		return []app.Fact{{Name: "Metadata", Value: base + metadataPath}, {Name: "Sign-in address", Value: base + passivePath},
			{Name: "Issuer", Value: issuerOf(base)}, {Name: "Realm", Value: s.Realm}}
	}
	for _, domain := range slices.Sorted(maps.Keys(s.Domains)) {
		facts = append(facts, app.Fact{Name: "issuerUri of " + domain, Value: s.Domains[domain]})
	}
	return append(facts, app.Fact{Name: "passiveSignInUri", Value: base + passivePath}, app.Fact{Name: "signOutUri", Value: base + passivePath},
		app.Fact{Name: "activeSignInUri", Value: base + activePath}, app.Fact{Name: "metadataExchangeUri", Value: base + exchangePath},
		app.Fact{Name: "preferredAuthenticationProtocol", Value: "wsFed"},
		app.Fact{Name: "federatedIdpMfaBehavior", Value: "enforceMfaByFederatedIdp"})
}
