// The key, and the two ceremonies.
package softkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/big"

	"github.com/fxamacker/cbor/v2"
)

// The algorithms (IANA, "COSE Algorithms").
const (
	ES256 = -7
	EdDSA = -8
	RS256 = -257
)

// The flags (section 6.1).
const (
	Present   = 1 << 0
	Verified  = 1 << 2
	Eligible  = 1 << 3
	BackedUp  = 1 << 4
	Attested  = 1 << 6
	Extension = 1 << 7
)

// Key is a passkey with the authenticator that keeps it.
type Key struct {
	ID         []byte
	Handle     []byte // the user handle, once it is made
	Model      [16]byte
	Flags      byte   // of each answer
	Counter    uint32 // of the last answer; zero stays zero
	Attachment string
	Transports []string

	algorithm int
	private   crypto.Signer
}

// New makes a key of the algorithm that a phone would keep and sync, and that checks its holder.
func New(algorithm int) (*Key, error) {
	k := &Key{ID: make([]byte, 32), Flags: Present | Verified | Eligible | BackedUp, Attachment: "platform",
		Transports: []string{"internal", "hybrid"}, algorithm: algorithm}
	rand.Read(k.ID)
	var err error
	switch algorithm {
	case ES256:
		k.private, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case EdDSA:
		_, k.private, err = ed25519.GenerateKey(rand.Reader)
	case RS256:
		k.private, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = fmt.Errorf("no algorithm %d", algorithm)
	}
	return k, err
}

// Answer is what the browser and the authenticator are about to say. A test may change any of it before it is signed.
type Answer struct {
	Client  map[string]any // client data
	Site    string         // relying party id
	Flags   byte
	Counter uint32
	Public  map[int]any // the COSE key, at creation
	Tail    []byte      // after all else
	ID      []byte
	Handle  []byte
	Type    string
	Forge   func(signature []byte) []byte // after it is signed
}

// options are the parts of either options that we read.
type options struct {
	Challenge string `json:"challenge"`
	RPID      string `json:"rpId"`
	RP        struct {
		ID string `json:"id"`
	} `json:"rp"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	Parameters []struct {
		Algorithm int `json:"alg"`
	} `json:"pubKeyCredParams"`
}

// Create makes the passkey that creation options, as JSON, ask for at the origin, and gives the form's JSON.
func (k *Key) Create(asked, origin string, change ...func(*Answer)) (string, error) {
	var o options
	if err := json.Unmarshal([]byte(asked), &o); err != nil {
		return "", fmt.Errorf("%w: %.200s", err, asked)
	}
	handle, err := base64.RawURLEncoding.DecodeString(o.User.ID)
	if err != nil {
		return "", err
	}
	k.Handle = handle
	a := Answer{Client: client("webauthn.create", o.Challenge, origin), Site: o.RP.ID, Flags: k.Flags | Attested, Counter: k.Counter,
		Public: k.public(), ID: k.ID, Type: "public-key"}
	for _, c := range change {
		c(&a)
	}
	data := a.head()
	data = append(data, k.Model[:]...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(k.ID)))
	data = append(data, k.ID...)
	public, err := cbor.Marshal(a.Public)
	if err != nil {
		return "", err
	}
	data = append(append(data, public...), a.Tail...)
	object, err := cbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": data})
	if err != nil {
		return "", err
	}
	seen, err := json.Marshal(a.Client)
	if err != nil {
		return "", err
	}
	return a.write(k, map[string]any{"clientDataJSON": encode(seen), "attestationObject": encode(object), "transports": k.Transports})
}

// Get signs what request options, as JSON, ask for at the origin, and gives the form's JSON.
func (k *Key) Get(asked, origin string, change ...func(*Answer)) (string, error) {
	var o options
	if err := json.Unmarshal([]byte(asked), &o); err != nil {
		return "", fmt.Errorf("%w: %.200s", err, asked)
	}
	if k.Counter > 0 {
		k.Counter++
	}
	a := Answer{Client: client("webauthn.get", o.Challenge, origin), Site: o.RPID, Flags: k.Flags, Counter: k.Counter, ID: k.ID,
		Handle: k.Handle, Type: "public-key"}
	for _, c := range change {
		c(&a)
	}
	data := append(a.head(), a.Tail...)
	seen, err := json.Marshal(a.Client)
	if err != nil {
		return "", err
	}
	signature, err := k.sign(data, seen)
	if err != nil {
		return "", err
	}
	if a.Forge != nil {
		signature = a.Forge(signature)
	}
	response := map[string]any{"clientDataJSON": encode(seen), "authenticatorData": encode(data), "signature": encode(signature)}
	if a.Handle != nil {
		response["userHandle"] = encode(a.Handle)
	}
	return a.write(k, response)
}

func client(kind, challenge, origin string) map[string]any {
	return map[string]any{"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}
}

// head is the start of authenticator data, which all has.
func (a *Answer) head() []byte {
	hash := sha256.Sum256([]byte(a.Site))
	return binary.BigEndian.AppendUint32(append(hash[:], a.Flags), a.Counter)
}

func (a *Answer) write(k *Key, response map[string]any) (string, error) {
	text, err := json.Marshal(map[string]any{"id": encode(a.ID), "rawId": encode(a.ID), "type": a.Type, "authenticatorAttachment": k.Attachment,
		"response": response})
	return string(text), err
}

func (k *Key) sign(data, seen []byte) ([]byte, error) {
	hash := sha256.Sum256(seen)
	signed := append(append([]byte{}, data...), hash[:]...)
	if k.algorithm == EdDSA {
		return k.private.Sign(rand.Reader, signed, crypto.Hash(0))
	}
	sum := sha256.Sum256(signed)
	return k.private.Sign(rand.Reader, sum[:], crypto.SHA256)
}

// public is the COSE key (RFC 9053 section 7).
func (k *Key) public() map[int]any {
	switch key := k.private.Public().(type) {
	case *ecdsa.PublicKey:
		point, err := key.Bytes()
		if err != nil {
			panic(err) // a key that was just made is on its curve
		}
		return map[int]any{1: 2, 3: ES256, -1: 1, -2: point[1:33], -3: point[33:]}
	case ed25519.PublicKey:
		return map[int]any{1: 1, 3: EdDSA, -1: 6, -2: []byte(key)}
	case *rsa.PublicKey:
		return map[int]any{1: 3, 3: RS256, -1: key.N.Bytes(), -2: big.NewInt(int64(key.E)).Bytes()}
	}
	return nil
}

func encode(raw []byte) string { return base64.RawURLEncoding.EncodeToString(raw) }
