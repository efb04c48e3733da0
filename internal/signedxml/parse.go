// Reading XML of strangers.
package signedxml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/beevik/etree"
	validator "github.com/mattermost/xml-roundtrip-validator"
)

// How much may be sent to us. Honest requests have 1 to 8 KiB, metadata up to 100.
const (
	MaxMessage = 64 << 10  // bytes of a message as it is sent, compressed or not
	MaxXML     = 256 << 10 // bytes of XML: what a message may inflate to, and a file of metadata
	maxDepth   = 32
	maxElement = 2000
	maxAttrs   = 64 // of one element: the checks below look at pairs of them
)

// Parse reads a document that holds one element and nothing that two parsers could see differently. It never panics.
func Parse(raw []byte) (doc *etree.Document, err error) {
	if len(raw) > MaxXML {
		return nil, fmt.Errorf("the XML has more than %d bytes", MaxXML)
	}
	// The parsers below are not ours, and the input is a stranger's (threat T70).
	defer func() {
		if r := recover(); r != nil {
			doc, err = nil, fmt.Errorf("the XML parser gave up: %v", r)
		}
	}()
	if err := plain(raw); err != nil {
		return nil, err
	}
	if err := validator.Validate(bytes.NewReader(raw)); err != nil {
		return nil, err
	}
	doc = etree.NewDocument()
	doc.ReadSettings = etree.ReadSettings{PreserveDuplicateAttrs: true, MaxDepth: maxDepth}
	if err := doc.ReadFromBytes(raw); err != nil {
		return nil, err
	}
	if doc.Root() == nil {
		return nil, errors.New("the XML has no root element")
	}
	return doc, consistent(doc.Root(), map[string]bool{})
}

// plain goes through the document as a stream, before any tree is built, so that a bomb costs nothing.
func plain(raw []byte) error {
	body := raw
	if bytes.HasPrefix(raw, []byte("<?xml ")) { // the XML declaration
		_, body, _ = bytes.Cut(raw, []byte("?>"))
	}
	// In what is well-formed, "<" starts markup wherever it stands, so these are a DOCTYPE, a comment, a CDATA section
	// or a processing instruction. Each has been used to make two parsers read two things (threat T69).
	if bytes.Contains(body, []byte("<!")) || bytes.Contains(body, []byte("<?")) {
		return errors.New("the XML has a DOCTYPE, a comment, a CDATA section or a processing instruction")
	}
	decoder := xml.NewDecoder(bytes.NewReader(raw)) // which refuses encodings other than UTF-8, and unknown entities
	depth, elements := 0, 0
	for {
		token, err := decoder.Token()
		if err == io.EOF && elements > 0 {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			if depth == 0 && elements > 0 {
				return errors.New("the XML has two root elements")
			}
			depth, elements = depth+1, elements+1
			if depth > maxDepth || elements > maxElement || len(t.Attr) > maxAttrs {
				return errors.New("the XML is too deep or has too many elements or attributes")
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			if depth == 0 && len(bytes.TrimSpace(t)) > 0 {
				return errors.New("the XML has text outside its element")
			}
		}
	}
}

// ids are the names of attributes that XML Signature, SAML 1.1 and SAML 2.0 refer to, in any case of letters.
var ids = map[string]bool{"id": true, "assertionid": true, "requestid": true, "responseid": true}

// consistent checks names: each prefix is declared, no attribute stands twice, and no two elements have one id.
func consistent(el *etree.Element, seen map[string]bool) error {
	if strings.Contains(el.Tag, ":") || el.Space != "" && el.NamespaceURI() == "" || el.Space == "xmlns" {
		return fmt.Errorf("the element name %q is none", el.FullTag())
	}
	names := map[string]bool{}
	for _, a := range el.Attr {
		name := a.Key
		switch {
		case strings.Contains(a.Key, ":"):
			return fmt.Errorf("the attribute name %q is none", a.FullKey())
		case a.Space == "xmlns" && (a.Value == "" || a.Key == "xml" || a.Key == "xmlns"):
			return errors.New("a reserved prefix is declared, or one is taken back")
		case a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns":
			name = a.FullKey()
		case a.Space == "xml":
			name = "xml " + a.Key
		case a.Space != "":
			space := a.NamespaceURI()
			if space == "" {
				return fmt.Errorf("the prefix of %q is not declared", a.FullKey())
			}
			name = space + " " + a.Key
		}
		if names[name] {
			return fmt.Errorf("the attribute %q stands twice", a.FullKey())
		}
		names[name] = true
		if ids[strings.ToLower(a.Key)] && a.Space != "xmlns" {
			if seen[a.Value] {
				return errors.New("two elements have the same id")
			}
			seen[a.Value] = true
		}
	}
	for _, child := range el.ChildElements() {
		if err := consistent(child, seen); err != nil {
			return err
		}
	}
	return nil
}

// Decode reads the value of a form field (SAML Bindings section 3.5.4): base64, with the line breaks that some put in.
func Decode(value string) ([]byte, error) {
	if len(value) > MaxMessage {
		return nil, fmt.Errorf("the message has more than %d bytes", MaxMessage)
	}
	return base64.StdEncoding.DecodeString(strings.NewReplacer("\r", "", "\n", "", " ", "").Replace(value))
}

// Inflate reads the value of a query parameter (SAML Bindings section 3.4.4.1): base64 of raw DEFLATE. It stops at
// MaxXML bytes, however many are promised (threat T70).
func Inflate(value string) ([]byte, error) {
	packed, err := Decode(value)
	if err != nil {
		return nil, err
	}
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(packed)), MaxXML+1))
	if err == nil && len(raw) > MaxXML {
		err = fmt.Errorf("the message inflates to more than %d bytes", MaxXML)
	}
	return raw, err
}

// Deflate is the opposite of Inflate.
func Deflate(raw []byte) string {
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err == nil {
		w.Write(raw) // into memory: it cannot fail
		err = w.Close()
	}
	if err != nil {
		panic(err) // unreachable: the level is a valid one
	}
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}

// Bytes writes an element so that who parses it reads what was signed: tabs and line ends in values are escaped.
func Bytes(root *etree.Element) ([]byte, error) {
	doc := etree.NewDocument()
	doc.SetRoot(root.Copy())
	doc.WriteSettings = etree.WriteSettings{CanonicalAttrVal: true, CanonicalEndTags: true, CanonicalText: true}
	return doc.WriteToBytes()
}
