// What goes to the browser and comes from it, as JSON (WebAuthn sections 5.1.8 to 5.1.10).
package passkey

import (
	"encoding/base64"
	"encoding/json"
	"strings"

	"woggle/internal/directory"
	"woggle/internal/signin"
)

// raw is written as browsers want it: base64url without padding.
type raw []byte

func (r raw) MarshalText() ([]byte, error) {
	return []byte(base64.RawURLEncoding.EncodeToString(r)), nil
}

func (r *raw) UnmarshalText(text []byte) (err error) {
	*r, err = base64.RawURLEncoding.DecodeString(strings.TrimRight(string(text), "="))
	return err
}

// descriptor names a credential.
type descriptor struct {
	Type       string   `json:"type"`
	ID         raw      `json:"id"`
	Transports []string `json:"transports,omitempty"`
}

const publicKey = "public-key"

// requestOptions is what the browser is asked for at sign-in (section 5.5).
type requestOptions struct {
	Challenge        raw          `json:"challenge"`
	Site             string       `json:"rpId"`
	Allow            []descriptor `json:"allowCredentials,omitempty"`
	UserVerification string       `json:"userVerification"`
	Timeout          int64        `json:"timeout"` // milliseconds
}

// creationOptions is what the browser is asked for at enrolment (section 5.4).
type creationOptions struct {
	Challenge   raw            `json:"challenge"`
	Site        entity         `json:"rp"`
	User        account        `json:"user"`
	Parameters  []parameter    `json:"pubKeyCredParams"`
	Exclude     []descriptor   `json:"excludeCredentials,omitempty"`
	Selection   selection      `json:"authenticatorSelection"`
	Attestation string         `json:"attestation"`
	Hints       []string       `json:"hints,omitempty"`
	Timeout     int64          `json:"timeout"`
	Extensions  map[string]any `json:"extensions,omitempty"`
}

type entity struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

type account struct {
	ID          raw    `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type parameter struct {
	Type      string `json:"type"`
	Algorithm int    `json:"alg"`
}

type selection struct {
	Attachment       string `json:"authenticatorAttachment,omitempty"`
	ResidentKey      string `json:"residentKey"`
	UserVerification string `json:"userVerification"`
}

// Requirements (sections 5.4.6 and 5.8.6).
const (
	required  = "required"
	preferred = "preferred"
)

// request asks for a passkey: any of the site's, which must then say whose it is and check who holds it; or one of those allowed,
// whose owner has been found out already.
func (m *Method) request(challenge []byte, allowed []signin.Enrolled) (o requestOptions, err error) {
	o = requestOptions{Challenge: challenge, Site: m.here.id, UserVerification: required, Timeout: life.Milliseconds()}
	if len(allowed) > 0 {
		o.UserVerification = preferred
	}
	o.Allow, err = descriptors(allowed)
	return o, err
}

// creation asks for a new passkey of the person. It is to be found without a user name and to check its holder, where it can; a key
// that can't is still a second step.
func (m *Method) creation(challenge, handle []byte, person directory.User, enrolled []signin.Enrolled, makers signin.Makers) (
	o creationOptions, err error) {
	o = creationOptions{Challenge: challenge, Site: entity{m.here.id, m.Pages.Brand().Name},
		User:      account{handle, person.Username, person.Name()},
		Selection: selection{"", preferred, preferred}, Attestation: "none", Timeout: life.Milliseconds()}
	if makers.Demanded() { // the browser is to ask for a security key, and that for its maker's word
		o.Attestation, o.Selection.Attachment, o.Hints = "direct", crossPlatform, []string{"security-key"}
	}
	for _, algorithm := range algorithms {
		o.Parameters = append(o.Parameters, parameter{publicKey, algorithm})
	}
	o.Exclude, err = descriptors(enrolled)
	return o, err
}

// descriptors names the passkeys among methods.
func descriptors(methods []signin.Enrolled) (all []descriptor, err error) {
	for _, e := range methods {
		if e.Kind != signin.Passkey {
			continue
		}
		c, err := read(e)
		if err != nil {
			return nil, err
		}
		all = append(all, descriptor{publicKey, c.ID, c.Transports})
	}
	return all, nil
}

// answer is what both ceremonies send. longest bounds it: a credential with its longest id is a third of that.
type answer struct {
	ID         raw    `json:"rawId"`
	Type       string `json:"type"`
	Attachment string `json:"authenticatorAttachment"`
	Response   struct {
		Client     raw      `json:"clientDataJSON"`
		Object     raw      `json:"attestationObject"`
		Transports []string `json:"transports"`
		Statement  raw      `json:"authenticatorData"`
		Signature  raw      `json:"signature"`
		Handle     *raw     `json:"userHandle"`
	} `json:"response"`
}

const longest = 16 << 10

// assertion is an answer at sign-in.
type assertion struct{ id, client, statement, signature, handle []byte }

// attestation is an answer at enrolment.
type attestation struct {
	id, client, object []byte
	attachment         string
	transports         []string
}

func readAnswer(text string) (a answer, err error) {
	if len(text) > longest || json.Unmarshal([]byte(text), &a) != nil || a.Type != publicKey || len(a.ID) == 0 || len(a.ID) > longestID {
		return a, faultForm
	}
	return a, nil
}

func readAssertion(text string) (assertion, error) {
	a, err := readAnswer(text)
	given := assertion{id: a.ID, client: a.Response.Client, statement: a.Response.Statement, signature: a.Response.Signature}
	if handle := a.Response.Handle; handle != nil && len(*handle) > 0 {
		given.handle = *handle
	}
	return given, err
}

func readAttestationForm(text string) (attestation, error) {
	a, err := readAnswer(text)
	given := attestation{id: a.ID, client: a.Response.Client, object: a.Response.Object, transports: a.Response.Transports}
	if a.Attachment == platform || a.Attachment == crossPlatform {
		given.attachment = a.Attachment
	}
	return given, err
}

// signals is what the browser is told of the person's passkeys, so that it offers none that was removed and shows the name that they
// have now (section 5.1.10).
type signals struct {
	Site        string `json:"rpId"`
	User        raw    `json:"userId"`
	Accepted    []raw  `json:"allAcceptedCredentialIds"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}
