// The proof that a request comes from an app: DPoP, RFC 9449. The app signs each request with a key that never leaves its browser;
// the key's thumbprint is the app's name here. No cookie and no token goes with it, so there is nothing to steal on the way.
package authenticator

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/db"
)

const (
	proofType  = "dpop+jwt"
	mostProof  = 2 << 10         // bytes
	proofDrift = 2 * time.Minute // that an app's clock may be off either way; it can set it by the Date of our answers
	leastID    = 16              // characters of a jti: 96 bits
	mostID     = 64
)

// statement is what an app signs (RFC 9449 section 4.2), with what it says to a request, if that is what it sends.
type statement struct {
	ID       string `json:"jti"`
	Method   string `json:"htm"`
	Address  string `json:"htu"`
	IssuedAt int64  `json:"iat"` // seconds

	Answer answer `json:"answer,omitempty"`
	Number string `json:"number,omitempty"` // the two digits that the person typed

	device string // thumbprint of the key that signed it
}

// shown reads the proof of a request and checks all that can be checked without the database (RFC 9449 section 4.3). Its
// errors are refusals.
func (m *Method) shown(r *http.Request) (s statement, err error) {
	headers := r.Header.Values("DPoP")
	if len(headers) != 1 || len(headers[0]) > mostProof {
		return s, errProof
	}
	signed, err := jose.ParseSignedCompact(headers[0], []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		return s, errProof
	}
	head := signed.Signatures[0].Protected
	if kind, _ := head.ExtraHeaders[jose.HeaderType].(string); kind != proofType || head.JSONWebKey == nil {
		return s, errProof
	}
	public, ok := head.JSONWebKey.Key.(*ecdsa.PublicKey) // never a private key, nor one of another kind
	if !ok || public.Curve != elliptic.P256() {
		return s, errProof
	}
	body, err := signed.Verify(public)
	if err != nil || json.Unmarshal(body, &s) != nil {
		return s, errProof
	}
	thumbprint, err := head.JSONWebKey.Thumbprint(crypto.SHA256)
	if err != nil {
		return s, errProof
	}
	s.device = base64.RawURLEncoding.EncodeToString(thumbprint)
	switch drift := m.DB.Now().Sub(time.Unix(s.IssuedAt, 0)); {
	// Without the query, as the standard has it: it only says how long an app would wait.
	case s.Method != r.Method, s.Address != m.Base+r.URL.EscapedPath(), len(s.ID) < leastID, len(s.ID) > mostID:
		return s, errProof
	case drift > proofDrift, drift < -proofDrift:
		return s, errClock
	}
	return s, nil
}

// admit uses the proof up: whoever reads it on the way can show it to nobody.
func (m *Method) admit(tx *db.Tx, s statement) error {
	fresh, err := spendProof(tx, m.Keys.MAC("dpop", s.device, s.ID), time.Unix(s.IssuedAt, 0).Add(2*proofDrift))
	if err == nil && !fresh {
		err = errProof
	}
	return err
}

// refusal is an answer to an app that is no: a status, and a word that the app knows.
type refusal struct {
	status int
	word   string
}

func (r *refusal) Error() string { return "an app was refused: " + r.word }

// The refusals. None tells a stranger whether an app, a person or a request exists.
var (
	errProof   = &refusal{http.StatusUnauthorized, "proof"}   // wrong, for another address, or shown before
	errClock   = &refusal{http.StatusUnauthorized, "clock"}   // the app's clock is wrong
	errUnknown = &refusal{http.StatusUnauthorized, "unknown"} // no such app, or not any more
	errStopped = &refusal{http.StatusForbidden, "stopped"}    // until a code of the app proves something again
	errUnready = &refusal{http.StatusForbidden, "unready"}    // its authenticator is not set up yet
	errToken   = &refusal{http.StatusForbidden, "token"}      // no such pairing
	errLate    = &refusal{http.StatusGone, "late"}            // that pairing is over
	errTwice   = &refusal{http.StatusConflict, "twice"}       // another app was paired with it
	errBody    = &refusal{http.StatusBadRequest, "body"}
	errPush    = &refusal{http.StatusBadRequest, "push"}
	errLarge   = &refusal{http.StatusRequestEntityTooLarge, "large"}
	errForeign = &refusal{http.StatusForbidden, "foreign"} // asked by another site
	errMissing = &refusal{http.StatusNotFound, "missing"}
)

func refused(err error) *refusal {
	var r *refusal
	errors.As(err, &r)
	return r
}
