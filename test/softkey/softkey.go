// The key, and the two ceremonies.
package softkey

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
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
	Batch      *Batch // by which its maker vouches for it, where that is asked; or nil

	private crypto.Signer
}

// New makes a key of the algorithm that a phone would keep and sync, and that checks its holder.
func New(algorithm int) (*Key, error) {
	k := &Key{ID: make([]byte, 32), Flags: Present | Verified | Eligible | BackedUp, Attachment: "platform",
		Transports: []string{"internal", "hybrid"}}
	rand.Read(k.ID)
	var err error
	k.private, err = generate(algorithm)
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
	Batch   *Batch                        // at creation
	Vouch   func(*Statement)              // after the maker's statement is made
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
	Attestation string `json:"attestation"`
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
	if o.Attestation == "direct" {
		a.Batch = k.Batch
	}
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
	seen, err := json.Marshal(a.Client)
	if err != nil {
		return "", err
	}
	statement, err := a.Batch.vouch(data, seen)
	if err != nil {
		return "", err
	}
	if a.Vouch != nil {
		a.Vouch(&statement)
	}
	object, err := cbor.Marshal(map[string]any{"fmt": statement.Format, "attStmt": statement.Parts, "authData": data})
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
	signature, err := sign(k.private, data, seen)
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
