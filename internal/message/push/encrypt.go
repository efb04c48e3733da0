// Encrypting for one browser: RFC 8291, in the content coding aes128gcm of RFC 8188.
package push

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

const (
	recordSize = 4096 // the most that a service has to take (RFC 8030 section 7.2)
	saltSize   = 16
	keySize    = 65 // a point of P-256, not compressed
	overhead   = saltSize + 4 + 1 + keySize + 1 + 16
	// MostPayload is how many bytes fit into one push.
	MostPayload = recordSize - overhead
)

// encrypt makes the body of a push: a header with our key of this one message, and a single record.
func encrypt(payload []byte, to *ecdh.PublicKey, auth []byte) ([]byte, error) {
	sender, err := ecdh.P256().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	salt := make([]byte, saltSize)
	rand.Read(salt)
	return encryptWith(payload, to, auth, sender, salt)
}

func encryptWith(payload []byte, to *ecdh.PublicKey, auth []byte, sender *ecdh.PrivateKey, salt []byte) ([]byte, error) {
	if len(payload) > MostPayload {
		return nil, fmt.Errorf("a push of %d bytes: %d are the most", len(payload), MostPayload)
	}
	shared, err := sender.ECDH(to)
	if err != nil {
		return nil, err
	}
	ours := sender.PublicKey().Bytes()
	// RFC 8291 section 3.4: both public keys are bound into the key.
	ikm, err := hkdf.Key(sha256.New, shared, auth, "WebPush: info\x00"+string(to.Bytes())+string(ours), 32)
	if err != nil {
		return nil, err
	}
	// RFC 8188 section 2.2 and 2.3. There is one record, so its nonce is the first one.
	key, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: aes128gcm\x00", 16)
	if err != nil {
		return nil, err
	}
	nonce, err := hkdf.Key(sha256.New, ikm, salt, "Content-Encoding: nonce\x00", 12)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	seal, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	body := binary.BigEndian.AppendUint32(append([]byte{}, salt...), recordSize)
	body = append(append(body, keySize), ours...)
	record := append(append([]byte{}, payload...), 2) // 2 ends the last record
	return seal.Seal(body, nonce, record, nil), nil
}
