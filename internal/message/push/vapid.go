// Saying who sends: VAPID, RFC 8292.
package push

import (
	"crypto/ecdsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/keys/signing"
)

// tokenLife is how long a token works; a day is the most (RFC 8292 section 2).
const tokenLife = 12 * time.Hour

// publicKey is the sender's key as browsers take it (applicationServerKey): the point, not compressed.
func publicKey(key signing.Key) ([]byte, error) {
	public, ok := key.Private.Public().(*ecdsa.PublicKey)
	if !ok {
		return nil, errors.New("the key for push services is not of ES256")
	}
	return public.Bytes()
}

// vapid is the Authorization of a push to the endpoint.
func vapid(key signing.Key, endpoint *url.URL, subject string, now time.Time) (string, error) {
	public, err := publicKey(key)
	if err != nil {
		return "", err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: key.Private}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	// The audience is the service's origin, so that one service cannot show our token to another.
	claims, err := json.Marshal(map[string]any{"aud": endpoint.Scheme + "://" + endpoint.Host, "exp": now.Add(tokenLife).Unix(), "sub": subject})
	if err != nil {
		return "", err
	}
	signed, err := signer.Sign(claims)
	if err != nil {
		return "", err
	}
	token, err := signed.CompactSerialize()
	return "vapid t=" + token + ", k=" + base64.RawURLEncoding.EncodeToString(public), err
}
