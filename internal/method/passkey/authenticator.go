// What the authenticator says: its data, which it signs (WebAuthn section 6.1).
package passkey

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"

	"github.com/fxamacker/cbor/v2"
)

// The faults of authenticator data.
const (
	faultSite     fault = "it was made for another site"
	faultPresence fault = "nobody was there"
	faultVerified fault = "it did not check who holds it"
	faultBackup   fault = "what it says of its backup cannot be"
)

// The bits of the flags.
const (
	flagPresent   = 1 << 0
	flagVerified  = 1 << 2
	flagEligible  = 1 << 3
	flagBackedUp  = 1 << 4
	flagAttested  = 1 << 6
	flagExtension = 1 << 7
)

// longestID is of a credential (section 5.1, "credential ID").
const longestID = 1023

// statement is the authenticator data.
type statement struct {
	site    [sha256.Size]byte // hash of the relying party's id
	flags   byte
	counter uint32
	aaguid  [16]byte // the model, where a credential was made
	id      []byte   // of that credential
	key     []byte   // its public key, a COSE_Key
}

func (s statement) present() bool  { return s.flags&flagPresent != 0 }
func (s statement) verified() bool { return s.flags&flagVerified != 0 }
func (s statement) eligible() bool { return s.flags&flagEligible != 0 }
func (s statement) backedUp() bool { return s.flags&flagBackedUp != 0 }

// strict reads the little CBOR that there is (CTAP2 canonical form allows no more): nothing twice, nothing without a length, no tags,
// and nothing deep.
var strict = func() cbor.DecMode {
	mode, err := cbor.DecOptions{DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, TagsMd: cbor.TagsForbidden,
		MaxNestedLevels: 8, MaxArrayElements: 64, MaxMapPairs: 64}.DecMode()
	if err != nil {
		panic(err) // the options are wrong, which every test would see
	}
	return mode
}()

// readStatement reads authenticator data to its last byte.
func readStatement(raw []byte) (s statement, err error) {
	if len(raw) < 37 {
		return s, faultForm
	}
	copy(s.site[:], raw)
	s.flags, s.counter = raw[32], binary.BigEndian.Uint32(raw[33:])
	rest := raw[37:]
	if s.flags&flagAttested != 0 {
		if rest, err = s.readCredential(rest); err != nil {
			return s, err
		}
	}
	if s.flags&flagExtension != 0 {
		var ignored map[string]cbor.RawMessage
		if rest, err = strict.UnmarshalFirst(rest, &ignored); err != nil {
			return s, faultForm
		}
	}
	if len(rest) > 0 {
		return s, faultForm
	}
	return s, nil
}

// readCredential reads attested credential data (section 6.5.1).
func (s *statement) readCredential(raw []byte) (rest []byte, err error) {
	if len(raw) < 18 {
		return nil, faultForm
	}
	copy(s.aaguid[:], raw)
	length := int(binary.BigEndian.Uint16(raw[16:]))
	if raw = raw[18:]; length == 0 || length > longestID || length > len(raw) {
		return nil, faultForm
	}
	s.id, raw = raw[:length], raw[length:]
	var key cbor.RawMessage
	if rest, err = strict.UnmarshalFirst(raw, &key); err != nil {
		return nil, faultForm
	}
	s.key = key
	return rest, nil
}

// check holds the statement against the site. What is backed up without being eligible for it cannot be (section 6.1.3).
func (s statement) check(here site, verify bool) error {
	want := sha256.Sum256([]byte(here.id))
	switch {
	case subtle.ConstantTimeCompare(want[:], s.site[:]) != 1:
		return faultSite
	case !s.present():
		return faultPresence
	case verify && !s.verified():
		return faultVerified
	case s.backedUp() && !s.eligible():
		return faultBackup
	}
	return nil
}

// attested is an attestation object (section 6.5.4): what the authenticator says, and who vouches for it. The latter is read only
// where the policy demands a maker (maker.go).
type attested struct {
	statement
	data   []byte // the statement as it came: what is signed
	format string
	proof  cbor.RawMessage
}

func readAttestation(raw []byte) (attested, error) {
	var object struct {
		Data   []byte          `cbor:"authData"`
		Format string          `cbor:"fmt"`
		Proof  cbor.RawMessage `cbor:"attStmt"`
	}
	if err := strict.Unmarshal(raw, &object); err != nil || object.Format == "" {
		return attested{}, faultForm
	}
	s, err := readStatement(object.Data)
	if err == nil && s.id == nil {
		err = faultForm
	}
	return attested{s, object.Data, object.Format, object.Proof}, err
}
