package signedxml_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/beevik/etree"

	"woggle/internal/db/dbtest"
	"woggle/internal/signedxml"
)

// sender is somebody with a key.
type sender struct {
	key  *rsa.PrivateKey
	cert *x509.Certificate
}

var (
	friend   = sync.OnceValue(func() sender { return newSender(2048) })
	attacker = sync.OnceValue(func() sender { return newSender(2048) })
)

func newSender(bits int) sender {
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		panic(err)
	}
	// Long over, as many a certificate in metadata is.
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "sp.example"},
		NotBefore: time.Unix(1_500_000_000, 0), NotAfter: time.Unix(1_600_000_000, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return sender{key, cert}
}

func (s sender) certs() []*x509.Certificate { return []*x509.Certificate{s.cert} }

// files writes the key and the certificate for xmlsec1.
func (s sender) files(t *testing.T) (key, cert string) {
	t.Helper()
	key, cert = filepath.Join(t.TempDir(), "key.pem"), filepath.Join(t.TempDir(), "cert.pem")
	der, err := x509.MarshalPKCS8PrivateKey(s.key)
	if err == nil {
		err = errors.Join(os.WriteFile(key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), 0o600),
			os.WriteFile(cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.cert.Raw}), 0o600))
	}
	if err != nil {
		t.Fatal(err)
	}
	return key, cert
}

const (
	protocol  = "urn:oasis:names:tc:SAML:2.0:protocol"
	assertion = "urn:oasis:names:tc:SAML:2.0:assertion"
)

// Unsigned messages of each kind that we read or write.
const (
	authnRequest = `<samlp:AuthnRequest xmlns:samlp="` + protocol + `" xmlns:saml="` + assertion + `" ID="_req1" Version="2.0" IssueInstant="2027-02-01T09:30:00Z">` +
		`<saml:Issuer>https://sp.example/</saml:Issuer><samlp:NameIDPolicy Format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"/></samlp:AuthnRequest>`
	logoutRequest = `<samlp:LogoutRequest xmlns:samlp="` + protocol + `" xmlns:saml="` + assertion + `" ID="_out1" Version="2.0" IssueInstant="2027-02-01T09:30:00Z">` +
		`<saml:Issuer>https://sp.example/</saml:Issuer><saml:NameID>aisha</saml:NameID><samlp:SessionIndex>s1</samlp:SessionIndex></samlp:LogoutRequest>`
	entity = `<md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" ID="_md1" entityID="https://sp.example/">` +
		`<md:SPSSODescriptor protocolSupportEnumeration="` + protocol + `"><md:AssertionConsumerService index="0" Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" Location="https://sp.example/acs"/></md:SPSSODescriptor></md:EntityDescriptor>`
	anAssertion = `<saml:Assertion xmlns:saml="` + assertion + `" ID="_a1" Version="2.0" IssueInstant="2027-02-01T09:30:00Z">` +
		`<saml:Issuer>https://id.example/</saml:Issuer><saml:Subject><saml:NameID>aisha</saml:NameID></saml:Subject></saml:Assertion>`
	oldAssertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:1.0:assertion" AssertionID="_b1" MajorVersion="1" MinorVersion="1" Issuer="https://id.example/" IssueInstant="2027-02-01T09:30:00Z">` +
		`<saml:AuthenticationStatement AuthenticationMethod="urn:oasis:names:tc:SAML:1.0:am:password" AuthenticationInstant="2027-02-01T09:30:00Z"><saml:Subject><saml:NameIdentifier>aisha</saml:NameIdentifier></saml:Subject></saml:AuthenticationStatement></saml:Assertion>`
)

func parse(t testing.TB, text string) *etree.Element {
	t.Helper()
	doc, err := signedxml.Parse([]byte(text))
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	return doc.Root()
}

// signed is the text of a message with a signature of the sender.
func (s sender) signed(t testing.TB, text, id string, place signedxml.Place) string {
	t.Helper()
	root := parse(t, text)
	if err := signedxml.Sign(root, id, place, s.key, s.cert); err != nil {
		t.Fatal(err)
	}
	return write(t, root)
}

func write(t testing.TB, root *etree.Element) string {
	t.Helper()
	raw, err := signedxml.Bytes(root)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// xmlsec runs Debian's xmlsec1, which has no line of ours in it.
func xmlsec(t *testing.T, text string, args ...string) (string, error) {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		dbtest.Need(t, err)
	}
	file := filepath.Join(t.TempDir(), "message.xml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("xmlsec1", append(args, file)...).CombinedOutput()
	return string(out), err
}

// signOctets is the Signature parameter of octets.
func signOctets(t *testing.T, octets string) string {
	t.Helper()
	digest := sha256.Sum256([]byte(octets))
	value, err := friend().key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	return "Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(value))
}

func TestMain(m *testing.M) {
	// RSA keys of 1024 bits can still be made for these tests only, to be refused by the code under test.
	os.Setenv("GODEBUG", "rsa1024min=0")
	os.Exit(m.Run())
}
