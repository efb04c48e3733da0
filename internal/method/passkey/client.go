// What the browser saw: the client data.
package passkey

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
)

// fault is why an answer was refused. People are told less; the log has this.
type fault string

func (f fault) Error() string { return "passkey: " + string(f) }

// The faults of client data.
const (
	faultForm        fault = "what was sent is no credential"
	faultType        fault = "the answer is to another ceremony"
	faultOrigin      fault = "it was made at another origin"
	faultCrossOrigin fault = "it was made in a frame of another site"
)

// ceremony is what the browser was asked to do (WebAuthn section 5.8.1).
type ceremony string

const (
	creating ceremony = "webauthn.create"
	getting  ceremony = "webauthn.get"
)

// site is what a passkey is bound to.
type site struct {
	id     string // of the relying party: the host, or that of a former address
	origin string // scheme, host and port, as browsers write it
}

// client is what of the client data is still to be checked.
type client struct {
	challenge []byte
	hash      [sha256.Size]byte // of all of it: what is signed
}

// client reads what the browser saw (WebAuthn sections 7.1 and 7.2, steps on C). The origin has to be exactly ours: what only
// ends like it is somebody else's (threat T42). We are in nobody's frame, so no top origin is right.
func (s site) client(raw []byte, want ceremony) (client, error) {
	var seen struct {
		Type        ceremony
		Challenge   string
		Origin      string
		CrossOrigin bool
		TopOrigin   *string
	}
	if err := json.Unmarshal(raw, &seen); err != nil {
		return client{}, faultForm
	}
	challenge, err := base64.RawURLEncoding.DecodeString(seen.Challenge)
	switch {
	case err != nil:
		return client{}, faultChallenge
	case seen.Type != want:
		return client{}, faultType
	case seen.Origin != s.origin:
		return client{}, faultOrigin
	case seen.CrossOrigin, seen.TopOrigin != nil:
		return client{}, faultCrossOrigin
	}
	return client{challenge: challenge, hash: sha256.Sum256(raw)}, nil
}
