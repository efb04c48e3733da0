// Reading stored hashes: ours, and those of the programs that people come from.
package password

import (
	"bytes"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/scrypt"

	"woggle/internal/problem"
)

// What an imported hash may cost at most: about half a second of one core, which is twenty times what ours costs. Each
// try of a stranger costs as much, so a register must bring no more than the common programs write (Django's Argon2 takes
// 100 MiB, OWASP's scrypt 128 MiB, Django's PBKDF2 up to 1,500,000 rounds, most programs' bcrypt 10 to 12).
const (
	mostMemoryKiB    = 128 * 1024
	mostArgon2Work   = 512 * 1024 // KiB of memory, times passes
	mostLanes        = 16
	mostScryptWork   = 1024 * 1024 // N·r·p
	mostPBKDF2Rounds = 1_500_000
	mostBcryptCost   = 13
)

// Below these a hash is quicker to check than one of ours.
const (
	lightPBKDF2Rounds = 150_000
	lightBcryptCost   = 10
	lightScryptWork   = 128 * 1024
	lightArgon2Work   = memoryKiB * passes
)

// bcryptBytes is all of a password that bcrypt ever looks at.
const bcryptBytes = 72

// stored is a stored hash that was read and found affordable.
type stored struct {
	scheme    string // as Recognise tells it
	memoryKiB uint64 // of working memory
	light     bool   // quicker to check than one of ours
	stale     bool   // not what Hash makes today
	matches   func(password []byte) bool
}

// Recognise tells the scheme of a stored hash, for those who import people: argon2id, argon2i, bcrypt,
// pbkdf2-sha1, pbkdf2-sha256, pbkdf2-sha512, scrypt, ssha, ssha256 or ssha512. The error is a problem of kind
// Invalid: the scheme is unknown, the hash is damaged, or it costs more than an import may cost. It never repeats
// the hash.
//
// The spellings are those of crypt ($2a$, $2b$, $2y$), passlib ($pbkdf2…$, $scrypt$), Django (pbkdf2_…$), LDAP
// (RFC 2307: {SSHA}…) and the PHC string format ($argon2…$).
func Recognise(text string) (scheme string, err error) {
	s, err := read(text)
	return s.scheme, err
}

func read(text string) (stored, error) {
	switch {
	case len(text) > 512: // the longest honest one has some 200 characters
		return stored{}, unreadable("password.import.unknown", fmt.Errorf("%d bytes long", len(text)))
	case strings.HasPrefix(text, "$argon2"):
		return readArgon2(text)
	case strings.HasPrefix(text, "$scrypt$"):
		return readScrypt(text)
	case strings.HasPrefix(text, "$2"):
		return readBcrypt(text)
	case strings.HasPrefix(text, "$pbkdf2"):
		return readPasslib(text)
	case strings.HasPrefix(text, "pbkdf2_"):
		return readDjango(text)
	case strings.HasPrefix(text, "{"):
		return readLDAP(text)
	}
	return stored{}, unreadable("password.import.unknown", nil)
}

// unreadable makes the problem that an importer shows beside the row.
func unreadable(key string, cause error) error {
	return problem.New(problem.Invalid, key).Because(cause)
}

func damaged(scheme string) (stored, error) {
	return stored{}, unreadable("password.import.damaged", fmt.Errorf("%s: malformed", scheme))
}

func costly(scheme string) (stored, error) {
	return stored{}, unreadable("password.import.costly", fmt.Errorf("%s: parameters out of bounds", scheme))
}

// readArgon2 reads Argon2id, ours included, and Argon2i, of version 1.3 (RFC 9106). Argon2d and version 1.0 are
// unknown: no library here computes them.
func readArgon2(text string) (stored, error) {
	p, err := parsePHC(text)
	if err != nil {
		return damaged("argon2")
	}
	key := argon2.IDKey
	if p.id == "argon2i" {
		key = argon2.Key
	} else if p.id != "argon2id" {
		return stored{}, unreadable("password.import.unknown", nil)
	}
	v, ok := p.values("m", "t", "p")
	if !ok || p.version != argon2.Version || !saneSizes(p.salt, p.tag) || v[2] == 0 || v[0] < 8*v[2] || v[1] == 0 {
		return damaged(p.id)
	}
	memory, time, threads := v[0], v[1], v[2]
	if memory > mostMemoryKiB || time > mostArgon2Work || memory*time > mostArgon2Work || threads > mostLanes {
		return costly(p.id)
	}
	current := p.id == "argon2id" && memory == memoryKiB && time == passes && threads == lanes &&
		len(p.salt) == saltBytes && len(p.tag) == tagBytes
	return stored{scheme: p.id, memoryKiB: memory, light: memory*time < lightArgon2Work, stale: !current,
		matches: func(password []byte) bool {
			got := key(password, p.salt, uint32(time), uint32(memory), uint8(threads), uint32(len(p.tag)))
			return subtle.ConstantTimeCompare(got, p.tag) == 1
		}}, nil
}

// readScrypt reads scrypt (RFC 7914) as passlib writes it: $scrypt$ln=16,r=8,p=1$salt$tag, ln being log2 N.
func readScrypt(text string) (stored, error) {
	p, err := parsePHC(text)
	if err != nil {
		return damaged("scrypt")
	}
	v, ok := p.values("ln", "r", "p")
	if !ok || p.version != 0 || !saneSizes(p.salt, p.tag) || v[0] == 0 || v[1] == 0 || v[2] == 0 {
		return damaged("scrypt")
	}
	logN, r, lanes := v[0], v[1], v[2]
	if logN > 20 || r > 64 || lanes > mostLanes || (r<<logN)*lanes > mostScryptWork || (r<<logN)/8 > mostMemoryKiB {
		return costly("scrypt")
	}
	return stored{scheme: "scrypt", memoryKiB: (r << logN) / 8, light: (r<<logN)*lanes < lightScryptWork, stale: true,
		matches: func(password []byte) bool {
			got, err := scrypt.Key(password, p.salt, 1<<logN, int(r), int(lanes), len(p.tag))
			return err == nil && subtle.ConstantTimeCompare(got, p.tag) == 1
		}}, nil
}

// readBcrypt reads bcrypt: $2a$, $2b$ and $2y$ are one computation. $2$ and $2x$ are old mistakes and are unknown.
func readBcrypt(text string) (stored, error) {
	const alphabet = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	if len(text) < 4 || !strings.Contains("aby", text[2:3]) || text[3] != '$' {
		return stored{}, unreadable("password.import.unknown", nil)
	}
	cost, err := bcrypt.Cost([]byte(text))
	if len(text) != 60 || err != nil || text[6] != '$' || strings.Trim(text[7:], alphabet) != "" {
		return damaged("bcrypt")
	}
	if cost > mostBcryptCost {
		return costly("bcrypt")
	}
	return stored{scheme: "bcrypt", light: cost < lightBcryptCost, stale: true,
		matches: func(password []byte) bool {
			// What comes after 72 bytes was never part of the hash. To accept the beginning would let in whoever
			// knows only that, and would then store their ending as the true one. The work is done all the same, so
			// that the time does not tell.
			known := password[:min(len(password), bcryptBytes)]
			return bcrypt.CompareHashAndPassword([]byte(text), known) == nil && len(password) <= bcryptBytes
		}}, nil
}

// readPasslib reads $pbkdf2-sha256$rounds$salt$tag; $pbkdf2$ alone is SHA-1. Its Base64 has a dot for the plus.
func readPasslib(text string) (stored, error) {
	parts := strings.Split(text, "$")
	digest := strings.TrimPrefix(strings.TrimPrefix(parts[1], "pbkdf2"), "-")
	if parts[1] == "pbkdf2" {
		digest = "sha1"
	}
	if len(parts) != 5 {
		return damaged("pbkdf2")
	}
	salt, saltErr := decode(unpadded, strings.ReplaceAll(parts[3], ".", "+"))
	tag, tagErr := decode(unpadded, strings.ReplaceAll(parts[4], ".", "+"))
	if saltErr != nil || tagErr != nil {
		return damaged("pbkdf2")
	}
	return readPBKDF2(digest, parts[2], salt, tag)
}

// readDjango reads pbkdf2_sha256$rounds$salt$tag. Its salt is text, its Base64 is padded.
func readDjango(text string) (stored, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 4 {
		return damaged("pbkdf2")
	}
	tag, err := decode(padded, parts[3])
	if err != nil {
		return damaged("pbkdf2")
	}
	return readPBKDF2(strings.TrimPrefix(parts[0], "pbkdf2_"), parts[1], []byte(parts[2]), tag)
}

// readPBKDF2 is the part that all spellings of PBKDF2 (RFC 8018 section 5.2) share.
func readPBKDF2(digest, rounds string, salt, tag []byte) (stored, error) {
	digests := map[string]func() hash.Hash{"sha1": sha1.New, "sha256": sha256.New, "sha512": sha512.New}
	newDigest, known := digests[digest]
	if !known {
		return stored{}, unreadable("password.import.unknown", nil)
	}
	scheme := "pbkdf2-" + digest
	n, err := strconv.ParseUint(rounds, 10, 64)
	if err != nil || n == 0 || len(salt) == 0 || len(tag) != newDigest().Size() {
		return damaged(scheme)
	}
	if n > mostPBKDF2Rounds {
		return costly(scheme)
	}
	return stored{scheme: scheme, light: n < lightPBKDF2Rounds, stale: true,
		matches: func(password []byte) bool {
			got, err := pbkdf2.Key(newDigest, string(password), salt, int(n), len(tag))
			return err == nil && subtle.ConstantTimeCompare(got, tag) == 1
		}}, nil
}

// readLDAP reads {SSHA}, {SSHA256} and {SSHA512}: Base64 of the digest of password and salt, then the salt. Scheme
// names have no case (RFC 2307 section 5.3). Digests without salt are not read: they are all but plain text.
func readLDAP(text string) (stored, error) {
	name, encoded, _ := strings.Cut(text[1:], "}")
	digests := map[string]func() hash.Hash{"ssha": sha1.New, "ssha256": sha256.New, "ssha512": sha512.New}
	scheme := strings.ToLower(name)
	newDigest, known := digests[scheme]
	if !known {
		return stored{}, unreadable("password.import.unknown", nil)
	}
	raw, err := decode(padded, encoded)
	size := newDigest().Size()
	if err != nil || len(raw) < size+4 || len(raw) > size+64 {
		return damaged(scheme)
	}
	tag, salt := raw[:size], raw[size:]
	return stored{scheme: scheme, light: true, stale: true,
		matches: func(password []byte) bool {
			digest := newDigest()
			digest.Write(bytes.Join([][]byte{password, salt}, nil))
			return subtle.ConstantTimeCompare(digest.Sum(nil), tag) == 1
		}}, nil
}

// saneSizes bounds what a PHC string may bring: a tag of less than 128 bits could be met by chance.
func saneSizes(salt, tag []byte) bool {
	return len(salt) >= 8 && len(salt) <= 64 && len(tag) >= 16 && len(tag) <= 64
}
