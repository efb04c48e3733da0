// The Redirect binding (SAML Bindings section 3.4): a message in a query, its signature beside it.
package signedxml

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"net/url"
	"strings"

	dsig "github.com/russellhaering/goxmldsig"
)

// The two kinds of message.
const (
	Request  = "SAMLRequest"
	Response = "SAMLResponse"
)

// Query is what a query says, read once: what is verified and what is obeyed are the same octets.
type Query struct {
	Kind    string // Request or Response
	Message string // base64 of DEFLATE: give it to Inflate
	Relay   string
	Signed  bool

	method    string
	signature []byte
	octets    string // that were signed
}

// ReadQuery reads the raw query of a URL. A parameter that stands twice is refused, and so is a name that is written in
// another way: others might read another one of them.
func ReadQuery(raw string) (*Query, error) {
	values := map[string]string{}
	for part := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(part, "=")
		plain, err := url.QueryUnescape(name)
		if err != nil {
			return nil, err
		}
		switch plain {
		case Request, Response, "RelayState", "SigAlg", "Signature", "SAMLEncoding":
		default:
			continue // Entra adds username, proxies add what they like
		}
		if _, twice := values[plain]; twice || plain != name {
			return nil, errors.New("a parameter stands twice, or its name is disguised")
		}
		values[name] = value
	}
	q := &Query{Kind: Request}
	if _, is := values[Response]; is {
		q.Kind = Response
	}
	if values[Request] != "" && values[Response] != "" {
		return nil, errors.New("there is a request and a response at once")
	}
	var fail error
	plain := func(name string) string {
		value, err := url.QueryUnescape(values[name])
		fail = errors.Join(fail, err)
		return value
	}
	q.Message, q.Relay, q.method = plain(q.Kind), plain("RelayState"), plain("SigAlg")
	encoded := plain("Signature")
	if encoding := plain("SAMLEncoding"); encoding != "" && encoding != "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE" {
		return nil, errors.New("the message has an unknown encoding")
	}
	if fail != nil || q.Message == "" {
		return nil, errors.Join(errors.New("the query has no message that can be read"), fail)
	}
	_, hasMethod := values["SigAlg"]
	_, hasValue := values["Signature"]
	if q.Signed = hasMethod || hasValue; !q.Signed {
		return q, nil
	}
	var err error
	if q.signature, err = base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "").Replace(encoded)); err != nil {
		return nil, err
	}
	// The order is the standard's, whatever the query's; the octets are those that came (section 3.4.4.1).
	q.octets = q.Kind + "=" + values[q.Kind]
	if relay, has := values["RelayState"]; has {
		q.octets += "&RelayState=" + relay
	}
	q.octets += "&SigAlg=" + values["SigAlg"]
	return q, nil
}

var queryMethods = map[string]x509.SignatureAlgorithm{dsig.RSASHA256SignatureMethod: x509.SHA256WithRSA,
	dsig.RSASHA384SignatureMethod: x509.SHA384WithRSA, dsig.RSASHA512SignatureMethod: x509.SHA512WithRSA}

// Verify tells whether one of the certificates made the signature. Any error means no.
func (q *Query) Verify(certs []*x509.Certificate) error {
	if !q.Signed {
		return ErrNotSigned
	}
	method, known := queryMethods[q.method]
	if !known {
		return errors.New("the query's signature is made in a way that is not taken")
	}
	for _, cert := range certs {
		key, is := cert.PublicKey.(*rsa.PublicKey)
		if is && key.N.BitLen() >= MinBits && cert.CheckSignature(method, []byte(q.octets), q.signature) == nil {
			return nil
		}
	}
	return errNoneSuit
}

// SignedQuery writes the query of a message with its signature (RSA with SHA-256). Relay may be empty.
func SignedQuery(kind string, message []byte, relay string, key crypto.Signer) (string, error) {
	if _, is := key.Public().(*rsa.PublicKey); !is {
		return "", errors.New("a query is signed with an RSA key")
	}
	octets := kind + "=" + url.QueryEscape(Deflate(message))
	if relay != "" {
		octets += "&RelayState=" + url.QueryEscape(relay)
	}
	octets += "&SigAlg=" + url.QueryEscape(dsig.RSASHA256SignatureMethod)
	digest := sha256.Sum256([]byte(octets))
	signature, err := key.Sign(rand.Reader, digest[:], crypto.SHA256)
	if err != nil {
		return "", err
	}
	return octets + "&Signature=" + url.QueryEscape(base64.StdEncoding.EncodeToString(signature)), nil
}
