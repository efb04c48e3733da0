// What a sign-in says of how somebody signed in, in plain words.
package sampleapps

import "slices"

// hows are the values of amr (RFC 8176 section 2), and the names that SAML and Microsoft have for the same.
var hows = map[string]string{
	"pwd":  "a password",
	"sms":  "a code by text",
	"tel":  "a call",
	"otp":  "a code from an app, or an access pass",
	"hwk":  "a passkey",
	"swk":  "a passkey",
	"user": "a touch",
	"http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password": "a password",
	"urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport":              "a password",
	"urn:oasis:names:tc:SAML:1.0:am:password":                                        "a password",
	"https://refeds.org/profile/mfa":                                                 twoSteps,
	"http://schemas.microsoft.com/claims/multipleauthn":                              twoSteps,
	"mfa":                            twoSteps,
	"https://refeds.org/profile/sfa": oneStep,
}

const (
	twoSteps = "two steps"
	oneStep  = "one step"
)

// inWords sorts what was said into ways and a level. What is not known stays as it came.
func inWords(said []string) (how []string, level string) {
	for _, one := range said {
		words, known := hows[one]
		switch {
		case words == twoSteps:
			level = twoSteps
		case words == oneStep:
			if level == "" {
				level = oneStep
			}
		case !known:
			how = append(how, one)
		case !slices.Contains(how, words):
			how = append(how, words)
		}
	}
	return how, level
}
