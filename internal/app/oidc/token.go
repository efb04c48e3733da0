// Tokens: what one says, and how we know that we made it.
package oidc

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"woggle/internal/keys"
)

// What a token is good for stands in it, so that none is ever taken for another.
type tokenKind byte

const (
	codeToken    tokenKind = 'c'
	accessToken  tokenKind = 'a'
	refreshToken tokenKind = 'r'
	deviceToken  tokenKind = 'd'
)

// token names a grant and what of it it is good for. Whether it still is, the grant's row tells.
type token struct {
	kind   tokenKind
	grant  string    // id; of a deviceToken, the device's
	madeAt time.Time // to the millisecond
	number uint32    // accessToken: seconds that it lives; refreshToken: its generation
	scopes uint32    // a bit for each scope of the grant that it is good for
}

// A token is these bytes, and a fingerprint of them (HMAC-SHA-256) that cannot be made without the key file: whoever
// reads the database, where the ids stand, can make none; and what was made up or altered costs no question to it.
// 63 bytes fill 84 characters to the last bit, so that no two texts are one token.
const (
	bodyBytes   = 1 + 16 + 6 + 4 + 4
	tokenBytes  = bodyBytes + 32
	tokenLength = tokenBytes / 3 * 4
)

var text = base64.RawURLEncoding.Strict()

const tokenPurpose = "oidc-token"

// sign makes the text of a token. The same token has the same text.
func (t token) sign(ring *keys.Ring) (string, error) {
	id, err := uuid.Parse(t.grant)
	if err != nil {
		return "", err
	}
	body := make([]byte, 0, tokenBytes)
	body = append(body, byte(t.kind))
	body = append(body, id[:]...)
	millis := uint64(t.madeAt.UnixMilli())
	body = append(body, byte(millis>>40), byte(millis>>32), byte(millis>>24), byte(millis>>16), byte(millis>>8), byte(millis))
	body = binary.BigEndian.AppendUint32(body, t.number)
	body = binary.BigEndian.AppendUint32(body, t.scopes)
	return text.EncodeToString(append(body, ring.MAC(tokenPurpose, string(body))...)), nil
}

// readToken tells what a token says, if we made it, and for this purpose.
func readToken(ring *keys.Ring, kind tokenKind, value string) (token, bool) {
	if len(value) != tokenLength {
		return token{}, false
	}
	all, err := text.DecodeString(value)
	if err != nil || tokenKind(all[0]) != kind || !ring.CheckMAC(all[bodyBytes:], tokenPurpose, string(all[:bodyBytes])) {
		return token{}, false
	}
	m := all[17:23]
	millis := int64(m[0])<<40 | int64(m[1])<<32 | int64(m[2])<<24 | int64(m[3])<<16 | int64(m[4])<<8 | int64(m[5])
	return token{kind: kind, grant: uuid.UUID(all[1:17]).String(), madeAt: time.UnixMilli(millis).UTC(),
		number: binary.BigEndian.Uint32(all[23:]), scopes: binary.BigEndian.Uint32(all[27:])}, true
}

// expiresAt is when an access token ends.
func (t token) expiresAt() time.Time { return t.madeAt.Add(time.Duration(t.number) * time.Second) }
