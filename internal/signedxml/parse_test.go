package signedxml_test

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"fmt"
	"net/url"
	"runtime"
	"strings"
	"testing"
	"time"

	"woggle/internal/signedxml"
)

// T69 and T70: what two parsers could see differently, and what only costs, is no message.
func TestWhatIsNotRead(t *testing.T) {
	in := func(inner string) string { return `<a xmlns="urn:a" xmlns:p="urn:p" ID="x">` + inner + `</a>` }
	many := func(format string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, format, i)
		}
		return b.String()
	}
	for name, text := range map[string]string{
		"nothing":                  "",
		"no element":               "hello",
		"an element not closed":    "<a>",
		"closed by another":        "<a></b>",
		"two roots":                "<a></a><b></b>",
		"text behind":              "<a></a>b",
		"text before":              "b<a></a>",
		"a comment in a name":      in("user@corp.example<!---->.evil.example"),
		"a comment behind":         in("") + "<!-- -->",
		"CDATA":                    in("<![CDATA[user]]>"),
		"a processing instruction": in("<?php ?>"),
		"a second declaration":     in(`<?xml version="1.0"?>`),
		"a document type":          `<!DOCTYPE a>` + in(""),
		"an external entity":       `<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>` + in("&x;"),
		"a billion laughs":         `<!DOCTYPE a [<!ENTITY x "ha"><!ENTITY y "&x;&x;">]>` + in("&y;"),
		"an unknown entity":        in("&nbsp;"),
		"another encoding":         `<?xml version="1.0" encoding="UTF-16"?>` + in(""),
		"no UTF-8":                 in("\xff\xfe"),
		"a NUL":                    in("\x00"),
		"a number of a NUL":        in("&#0;"),
		"ids twice":                in(`<b ID="y"/><c ID="y"/>`),
		"ids in other letters":     in(`<b Id="x"/>`),
		"an id of SAML 1.1":        in(`<b AssertionID="x"/>`),
		"an xml:id":                in(`<b xml:id="x"/>`),
		"an attribute twice":       in(`<b k="1" k="2"/>`),
		"twice by prefixes":        in(`<b xmlns:q="urn:p" p:k="1" q:k="2"/>`),
		"a namespace twice":        in(`<b xmlns="urn:1" xmlns="urn:2"/>`),
		"an unknown prefix":        in(`<q:b/>`),
		"an unknown prefix of one": in(`<b q:k="1"/>`),
		"a name with two colons":   in(`<p:b:c/>`),
		"an attribute so":          in(`<b p:k:l="1"/>`),
		"a colon in front":         in(`<:b/>`),
		"a prefix taken back":      in(`<b xmlns:p=""/>`),
		"xml declared":             in(`<b xmlns:xml="urn:x"/>`),
		"xmlns declared":           in(`<b xmlns:xmlns="urn:x"/>`),
		"a bare attribute":         in(`<b k/>`),
		"no quotes":                in(`<b k=1/>`),
		"less than in a value":     in(`<b k="<!-- -->"/>`),
		"33 deep":                  strings.Repeat("<a>", 33) + strings.Repeat("</a>", 33),
		"100,000 deep":             strings.Repeat("<a>", 35000),
		"3,000 elements":           in(strings.Repeat("<b/>", 3000)),
		"3,000 attributes":         "<a " + many(`k%d="" `, 3000) + "/>",
		"too long":                 in(strings.Repeat(" ", signedxml.MaxXML)),
		"a byte order mark":        "\ufeff" + in(""),
	} {
		began := time.Now()
		if doc, err := signedxml.Parse([]byte(text)); err == nil || doc != nil && name != "" && err == nil {
			t.Errorf("%s: read", name)
		}
		if time.Since(began) > time.Second {
			t.Errorf("%s: took %s", name, time.Since(began))
		}
	}
	for name, text := range map[string]string{
		"a declaration":           `<?xml version="1.0" encoding="UTF-8"?>` + "\n" + in("") + "\n",
		"no declaration":          in(""),
		"letters by numbers":      in("&#65;&amp;&#x1F600;"),
		"32 deep":                 strings.Repeat("<a>", 32) + strings.Repeat("</a>", 32),
		"a language":              in(`<b xml:lang="cy"/>`),
		"a default namespace off": in(`<b xmlns=""/>`),
	} {
		if _, err := signedxml.Parse([]byte(text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// T70: 10 MB of nothing in 10 KiB, and base64 of every wrong kind, cost next to nothing.
func TestBombsAndBrokenMessages(t *testing.T) {
	var bomb bytes.Buffer
	w, err := flate.NewWriter(&bomb, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(bytes.Repeat([]byte{' '}, 10<<20))
	w.Close()
	good := signedxml.Deflate([]byte(authnRequest))
	if raw, err := signedxml.Inflate(good); err != nil || string(raw) != authnRequest {
		t.Fatalf("an honest one: %v", err)
	}
	if raw, err := signedxml.Inflate(good[:40] + "\r\n" + good[40:]); err != nil || string(raw) != authnRequest {
		t.Fatalf("one with a line break: %v", err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for name, value := range map[string]string{
		"a bomb":           base64.StdEncoding.EncodeToString(bomb.Bytes()),
		"cut":              good[:len(good)/2],
		"bad padding":      strings.TrimRight(good, "=") + "===",
		"no base64":        "<xml>",
		"not deflated":     base64.StdEncoding.EncodeToString([]byte(authnRequest)),
		"nothing deflated": "=",
		"too long":         strings.Repeat("A", signedxml.MaxMessage+4),
	} {
		if _, err := signedxml.Inflate(value); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 16<<20 {
		t.Errorf("%d bytes were used", used)
	}
}

// The query's signature is over the octets that came, in the standard's order.
func TestSignedQueries(t *testing.T) {
	good, err := signedxml.SignedQuery(signedxml.Request, []byte(authnRequest), "a b+c", friend().key)
	if err != nil {
		t.Fatal(err)
	}
	part := func(name string) string {
		_, rest, _ := strings.Cut("&"+good, "&"+name+"=")
		value, _, _ := strings.Cut(rest, "&")
		return name + "=" + value
	}
	request, relay, method, signature := part("SAMLRequest"), part("RelayState"), part("SigAlg"), part("Signature")
	for name, c := range map[string]struct {
		query string
		taken bool
	}{
		"as it was made":             {good, true},
		"parameters of others":       {"username=a%40b&" + good + "&x=1", true},
		"in another order":           {strings.Join([]string{signature, method, relay, request}, "&"), true}, // signed in the standard's
		"no signature":               {request + "&" + relay, false},
		"an algorithm only":          {request + "&" + relay + "&" + method, false},
		"a value only":               {request + "&" + relay + "&" + signature, false},
		"an empty value":             {request + "&" + relay + "&" + method + "&Signature=", false},
		"another relay state":        {strings.Replace(good, "a+b%2Bc", "a+b%2Bd", 1), false},
		"the relay state left out":   {request + "&" + method + "&" + signature, false},
		"encoded in another way":     {strings.Replace(good, "a+b%2Bc", "a%20b%2Bc", 1), false},
		"encoded twice":              {strings.ReplaceAll(good, "%", "%25"), false},
		"as a response":              {strings.Replace(good, "SAMLRequest", "SAMLResponse", 1), false},
		"a request twice":            {good + "&" + request, false},
		"a request under two names":  {good + "&SAML%52equest=x", false},
		"a request and a response":   {good + "&SAMLResponse=x", false},
		"the relay state twice":      {good + "&RelayState=x", false},
		"SHA-1":                      {strings.Replace(good, url.QueryEscape("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"), url.QueryEscape("http://www.w3.org/2000/09/xmldsig#rsa-sha1"), 1), false},
		"an HMAC":                    {strings.Replace(good, "rsa-sha256", "hmac-sha256", 1), false},
		"another encoding":           {good + "&SAMLEncoding=none", false},
		"no message":                 {relay, false},
		"an escape that is none":     {"SAMLRequest=%zz", false},
		"a signature that is no b64": {request + "&" + method + "&Signature=%3C", false},
	} {
		q, err := signedxml.ReadQuery(c.query)
		if err == nil {
			err = q.Verify(append(attacker().certs(), friend().cert))
		}
		if (err == nil) != c.taken {
			t.Errorf("%s: %v", name, err)
		}
		if c.taken && q.Relay != "a b+c" {
			t.Errorf("%s: the relay state is %q", name, q.Relay)
		}
	}
	// Signed over the parameters in another order: another signature.
	swapped := relay + "&" + request + "&" + method
	q, err := signedxml.ReadQuery(good)
	if err != nil || q.Verify(attacker().certs()) == nil {
		t.Errorf("a stranger's key is taken: %v", err)
	}
	if q, err := signedxml.ReadQuery(swapped + "&" + signOctets(t, swapped)); err != nil || q.Verify(friend().certs()) == nil {
		t.Errorf("a swapped order is taken: %v", err)
	}
}

// FuzzParse keeps the promise that nothing panics, and that what is read can be written and read again.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{authnRequest, logoutRequest, entity, anAssertion, oldAssertion, `<a b:c="d"/>`, "<a>&#x0;</a>", "\x00", "<", "<?xml"} {
		f.Add([]byte(seed))
	}
	signed := friend().signed(f, logoutRequest, "ID", signedxml.AfterIssuer)
	f.Add([]byte(signed))
	certs := friend().certs()
	f.Fuzz(func(t *testing.T, raw []byte) {
		doc, err := signedxml.Parse(raw)
		if err != nil {
			return
		}
		again, err := signedxml.Bytes(doc.Root())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := signedxml.Parse(again); err != nil {
			t.Errorf("%v\n%q\n%q", err, raw, again)
		}
		if verified, err := signedxml.Verify(doc.Root(), "ID", certs); err == nil && verified.SelectElement("NameID").Text() != "aisha" {
			t.Errorf("taken: %q", raw)
		}
	})
}

// FuzzReadQuery: no query makes it panic.
func FuzzReadQuery(f *testing.F) {
	f.Add("SAMLRequest=a&RelayState=b&SigAlg=c&Signature=d")
	f.Add("SAMLResponse=%zz&&=&SAMLEncoding")
	certs := friend().certs()
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := signedxml.ReadQuery(raw)
		if err != nil {
			return
		}
		if q.Verify(certs) == nil {
			t.Errorf("taken: %q", raw)
		}
		if xml, err := signedxml.Inflate(q.Message); err == nil {
			signedxml.Parse(xml)
		}
	})
}
