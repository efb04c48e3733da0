// The public key of a passkey, and its signature: three algorithms, and no other.
package passkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"math/big"

	"github.com/fxamacker/cbor/v2"
)

// The faults of keys.
const (
	faultKey       fault = "its public key is none that we take"
	faultSignature fault = "its signature is wrong"
)

// The algorithms, of the IANA registry "COSE Algorithms". Every authenticator in use has one of these; Windows Hello on old
// machines has only the last.
const (
	es256 = -7
	edDSA = -8
	rs256 = -257
)

// algorithms are asked for in this order.
var algorithms = []int{es256, edDSA, rs256}

// Sizes of RSA keys, in bits. A larger one would only cost time at each sign-in.
const (
	leastRSA = 2048
	mostRSA  = 4096
)

// coseKey is a COSE_Key (RFC 9052 section 7, RFC 9053 section 7, RFC 8230 section 4). What -1 holds depends on the type.
type coseKey struct {
	Type      int             `cbor:"1,keyasint"`
	Algorithm int             `cbor:"3,keyasint"`
	First     cbor.RawMessage `cbor:"-1,keyasint"` // the curve, or n
	Second    []byte          `cbor:"-2,keyasint"` // x, or e
	Third     []byte          `cbor:"-3,keyasint"` // y
}

// verifier checks a signature over what was signed.
type verifier func(signed, signature []byte) bool

// readKey reads a public key, whose algorithm decides its type and curve (WebAuthn section 5.8.5).
func readKey(raw []byte) (verifier, error) {
	var key coseKey
	if err := strict.Unmarshal(raw, &key); err != nil {
		return nil, faultKey
	}
	var curve int
	const typeOKP, typeEC2, typeRSA, curveP256, curveEd25519 = 1, 2, 3, 1, 6
	switch {
	case key.Type == typeEC2 && key.Algorithm == es256 && strict.Unmarshal(key.First, &curve) == nil && curve == curveP256:
		return readP256(key.Second, key.Third)
	case key.Type == typeOKP && key.Algorithm == edDSA && strict.Unmarshal(key.First, &curve) == nil && curve == curveEd25519:
		return readEd25519(key.Second)
	case key.Type == typeRSA && key.Algorithm == rs256:
		var n []byte
		if err := strict.Unmarshal(key.First, &n); err != nil {
			return nil, faultKey
		}
		return readRSA(n, key.Second)
	}
	return nil, faultKey
}

func readP256(x, y []byte) (verifier, error) {
	if len(x) != 32 || len(y) != 32 {
		return nil, faultKey
	}
	point := append(append([]byte{4}, x...), y...)
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point) // which demands that it is on the curve
	if err != nil {
		return nil, faultKey
	}
	return func(signed, signature []byte) bool {
		sum := sha256.Sum256(signed)
		return ecdsa.VerifyASN1(public, sum[:], signature)
	}, nil
}

func readEd25519(x []byte) (verifier, error) {
	if len(x) != ed25519.PublicKeySize {
		return nil, faultKey
	}
	return func(signed, signature []byte) bool { return ed25519.Verify(ed25519.PublicKey(x), signed, signature) }, nil
}

func readRSA(n, e []byte) (verifier, error) {
	public := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}
	if bits := public.N.BitLen(); bits < leastRSA || bits > mostRSA || len(e) > 4 || public.E != 65537 {
		return nil, faultKey
	}
	return func(signed, signature []byte) bool {
		sum := sha256.Sum256(signed)
		return rsa.VerifyPKCS1v15(public, crypto.SHA256, sum[:], signature) == nil
	}, nil
}
