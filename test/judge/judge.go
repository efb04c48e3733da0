// Running the judges.
package judge

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"woggle/internal/db/dbtest"
)

// Run gives text to a program, in a file that is its last argument.
func Run(t testing.TB, text, program string, args ...string) (out string, err error) {
	t.Helper()
	if _, err := exec.LookPath(program); err != nil {
		dbtest.Need(t, err)
	}
	cmd := exec.Command(program, append(args, File(t, "message.xml", text))...)
	cmd.Env = append(os.Environ(), "XML_CATALOG_FILES="+File(t, "catalog.xml", catalog))
	raw, err := cmd.Output()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		err = errors.New(program + ": " + strings.TrimSpace(string(exit.Stderr)))
	}
	return string(raw), err
}

// File writes text to a file of the test's own.
func File(t testing.TB, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

const schemas = "/usr/share/xml/opensaml/"

// The schemas name those of W3C by addresses, which no test may open.
const catalog = `<?xml version="1.0"?><catalog xmlns="urn:oasis:names:tc:entity:xmlns:xml:catalog">
<system systemId="http://www.w3.org/TR/2002/REC-xmldsig-core-20020212/xmldsig-core-schema.xsd" uri="file:///usr/share/xml/xmltooling/xmldsig-core-schema.xsd"/>
<system systemId="http://www.w3.org/TR/2002/REC-xmlenc-core-20021210/xenc-schema.xsd" uri="file:///usr/share/xml/xmltooling/xenc-schema.xsd"/>
<system systemId="http://www.w3.org/2001/xml.xsd" uri="file:///usr/share/xml/xmltooling/xml.xsd"/>
<system systemId="http://www.w3.org/XML/1998/namespace" uri="file:///usr/share/xml/xmltooling/xml.xsd"/>
<system systemId="http://www.w3.org/2000/09/xmldsig#" uri="file:///usr/share/xml/xmltooling/xmldsig-core-schema.xsd"/>
<system systemId="http://www.w3.org/2001/04/xmlenc#" uri="file:///usr/share/xml/xmltooling/xenc-schema.xsd"/>
<system systemId="urn:oasis:names:tc:SAML:2.0:assertion" uri="file:///usr/share/xml/opensaml/saml-schema-assertion-2.0.xsd"/>
</catalog>`

// The schemas.
const (
	ProtocolSchema = "saml-schema-protocol-2.0.xsd"
	MetadataSchema = "saml-schema-metadata-2.0.xsd"
)

// Schema demands that the text fits OASIS's schema.
func Schema(t testing.TB, text, schema string) {
	t.Helper()
	if _, err := os.Stat(schemas + schema); err != nil {
		dbtest.Need(t, err)
	}
	if _, err := Run(t, text, "xmllint", "--nonet", "--noout", "--schema", schemas+schema); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
}

// Signature asks xmlsec1 about the one signature at the XPath, with the certificate (PEM). The elements that may be signed
// are named by namespace and name; their ids are in the attribute id.
func Signature(t testing.TB, text, cert, xpath, id string, elements ...string) error {
	t.Helper()
	args := []string{"--verify", "--pubkey-cert-pem", File(t, "cert.pem", cert), "--node-xpath", xpath}
	for _, name := range elements {
		args = append(args, "--id-attr:"+id, name)
	}
	_, err := Run(t, text, "xmlsec1", args...)
	return err
}
