// The ring of root keys, and what is derived from it.
package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

const rootSize = 32 // bytes; AES-256 and HMAC-SHA-256

// ErrSealed means that a sealed value cannot be opened: another key, another row, or it was altered.
var ErrSealed = errors.New("this secret was sealed with another key, for another row, or was altered")

// Ring holds the keys of one installation. It is safe for many goroutines.
type Ring struct {
	roots []root // the first one makes, all of them open
}

type root struct {
	id   string // in front of everything sealed, so that opening needs no guessing
	seal cipher.AEAD
	mac  []byte
	code []byte
}

// New makes a ring of root keys, the newest first. Each id is short, unique and without a dot.
func New(ids []string, secrets [][]byte) (*Ring, error) {
	if len(ids) == 0 || len(ids) != len(secrets) {
		return nil, errors.New("a key ring needs at least one key")
	}
	ring := &Ring{}
	for i, id := range ids {
		if id == "" || strings.Contains(id, ".") || len(secrets[i]) != rootSize {
			return nil, fmt.Errorf("key %d of the ring is not a named key of %d bytes", i+1, rootSize)
		}
		r, err := derive(id, secrets[i])
		if err != nil {
			return nil, err
		}
		ring.roots = append(ring.roots, r)
	}
	return ring, nil
}

// Random makes a ring that lives only as long as the program: for the demonstration and for tests.
func Random() *Ring {
	secret := make([]byte, rootSize)
	rand.Read(secret)
	ring, err := New([]string{"k1"}, [][]byte{secret})
	if err != nil {
		panic(err) // unreachable: the one key has the right size
	}
	return ring
}

func derive(id string, secret []byte) (root, error) {
	purpose := func(info string) []byte {
		key, err := hkdf.Key(sha256.New, secret, nil, "woggle/"+info, rootSize)
		if err != nil {
			panic(err) // unreachable: 32 bytes are within HKDF's bound
		}
		return key
	}
	block, err := aes.NewCipher(purpose("seal/v1"))
	if err != nil {
		return root{}, err
	}
	// A random nonce of 96 bits is safe for 2^32 sealings with one key (NIST SP 800-38D section 8.3).
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return root{}, err
	}
	return root{id: id, seal: aead, mac: purpose("mac/v1"), code: purpose("code/v1")}, nil
}

// Seal encrypts secret for one place: a table, a column and a row. Open gives it back only for the same place, so
// that who can write to the database cannot move one person's secret to another.
func (r *Ring) Seal(secret []byte, place ...string) []byte {
	head := []byte("v1." + r.roots[0].id + ".")
	return r.roots[0].seal.Seal(head, nil, secret, join(place...))
}

// Open decrypts what Seal made for the same place. Its error is ErrSealed.
func (r *Ring) Open(sealed []byte, place ...string) ([]byte, error) {
	version, rest, found := strings.Cut(string(sealed), ".")
	id, body, found2 := strings.Cut(rest, ".")
	if !found || !found2 || version != "v1" {
		return nil, ErrSealed
	}
	for _, k := range r.roots {
		if k.id != id {
			continue
		}
		if secret, err := k.seal.Open(nil, nil, []byte(body), join(place...)); err == nil {
			return secret, nil
		}
	}
	return nil, ErrSealed
}

// MAC is a fingerprint of parts for one purpose (HMAC-SHA-256), that nobody without the key file can make.
func (r *Ring) MAC(purpose string, parts ...string) []byte { return r.roots[0].sum(purpose, parts) }

// CheckMAC tells whether mac was made of the same parts for the same purpose with any key of the ring. It takes the
// same time for every wrong mac.
func (r *Ring) CheckMAC(mac []byte, purpose string, parts ...string) bool {
	right := 0
	for _, k := range r.roots {
		right |= subtle.ConstantTimeCompare(mac, k.sum(purpose, parts))
	}
	return right == 1
}

// Lookups are the fingerprints under which something may stand in the database: one for each key of the ring, the
// newest first, because a row may have been written before the newest key was.
func (r *Ring) Lookups(purpose string, parts ...string) [][]byte {
	all := make([][]byte, 0, len(r.roots))
	for _, k := range r.roots {
		all = append(all, k.sum(purpose, parts))
	}
	return all
}

// Code derives n decimal digits for an id that is used once: the code of a challenge. The digits are stored nowhere;
// whoever reads the database cannot compute them. Reducing 64 bits to six digits is biased by less than 1 in 10^12.
func (r *Ring) Code(n int, id string) string { return r.roots[0].digits(n, id) }

// CheckCode tells whether typed is the code of id, in the same time for every wrong code.
func (r *Ring) CheckCode(typed string, n int, id string) bool {
	right := 0
	for _, k := range r.roots {
		right |= subtle.ConstantTimeCompare([]byte(typed), []byte(k.digits(n, id)))
	}
	return right == 1
}

func (k root) sum(purpose string, parts []string) []byte {
	mac := hmac.New(sha256.New, k.mac)
	mac.Write(join(append([]string{purpose}, parts...)...))
	return mac.Sum(nil)
}

func (k root) digits(n int, id string) string {
	mac := hmac.New(sha256.New, k.code)
	mac.Write([]byte(id))
	number := binary.BigEndian.Uint64(mac.Sum(nil))
	digits := make([]byte, n)
	for i := n - 1; i >= 0; i-- {
		digits[i] = byte('0' + number%10)
		number /= 10
	}
	return string(digits)
}

// join puts the length before each part, so that ("ab","c") and ("a","bc") differ.
func join(parts ...string) []byte {
	var all []byte
	for _, p := range parts {
		all = binary.BigEndian.AppendUint32(all, uint32(len(p)))
		all = append(all, p...)
	}
	return all
}
