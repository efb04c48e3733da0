// Encrypting an assertion for one reader (XML Encryption 1.1): AES-256-GCM, its key by RSA-OAEP.
package samltoken

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/base64"
	"errors"

	"github.com/beevik/etree"

	"woggle/internal/signedxml"
)

const (
	gcm  = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	oaep = encryptionSpace + "rsa-oaep-mgf1p" // SHA-1 in it is no signature: OAEP needs no hash that resists collisions
)

// CanRead tells whether assertions can be encrypted for the holder of the certificate.
func CanRead(cert *x509.Certificate) error {
	if key, is := cert.PublicKey.(*rsa.PublicKey); !is || key.N.BitLen() < signedxml.MinBits {
		return errors.New("assertions are encrypted for RSA keys of 2048 bits or more only")
	}
	return nil
}

// encrypted puts the element into an EncryptedAssertion (Core section 2.3.4).
func encrypted(assertion *etree.Element, reader *x509.Certificate) (*etree.Element, error) {
	if err := CanRead(reader); err != nil {
		return nil, err
	}
	plain, err := signedxml.Bytes(assertion)
	if err != nil {
		return nil, err
	}
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	sealer, err := cipher.NewGCMWithRandomNonce(block) // 96 bits in front, 128 bits of tag behind, as section 5.2.4 wants
	if err != nil {
		return nil, err
	}
	wrapped, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, reader.PublicKey.(*rsa.PublicKey), key, nil)
	if err != nil {
		return nil, err
	}
	root := etree.NewElement("saml:EncryptedAssertion")
	root.CreateAttr("xmlns:saml", AssertionSpace)
	data := root.CreateElement("xenc:EncryptedData")
	set(data, "xmlns:xenc", encryptionSpace, "Type", encryptionSpace+"Element")
	set(data.CreateElement("xenc:EncryptionMethod"), "Algorithm", gcm)
	info := data.CreateElement("ds:KeyInfo")
	set(info, "xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
	encryptedKey := info.CreateElement("xenc:EncryptedKey")
	method := encryptedKey.CreateElement("xenc:EncryptionMethod")
	set(method, "Algorithm", oaep)
	set(method.CreateElement("ds:DigestMethod"), "Algorithm", "http://www.w3.org/2000/09/xmldsig#sha1")
	cipherValue(encryptedKey, wrapped)
	cipherValue(data, sealer.Seal(nil, nil, plain, nil))
	return root, nil
}

func cipherValue(parent *etree.Element, value []byte) {
	parent.CreateElement("xenc:CipherData").CreateElement("xenc:CipherValue").SetText(base64.StdEncoding.EncodeToString(value))
}
