package signedxml_test

import (
	"strings"
	"testing"

	"github.com/beevik/etree"
	dsig "github.com/russellhaering/goxmldsig"

	"woggle/internal/signedxml"
)

// take removes the signature from root and gives it back.
func take(root *etree.Element) *etree.Element {
	signature := root.SelectElement("Signature")
	root.RemoveChild(signature)
	return signature
}

func object(children ...*etree.Element) *etree.Element {
	o := etree.NewElement("ds:Object")
	for _, child := range children {
		o.AddChild(child)
	}
	return o
}

// S25: the eight shapes of signature wrapping, where a signature is good and what is read is not what it signs. The
// signed message is a whole one (1, 2), or the assertion in a response (3 to 8). Each keeps the signature intact.
func TestEightWrappingShapes(t *testing.T) {
	forge := func(el *etree.Element) *etree.Element {
		evil := el.Copy()
		evil.CreateAttr("ID", "_evil")
		if name := evil.FindElement("//NameID"); name != nil {
			name.SetText("admin")
		}
		return evil
	}
	message := func(text string) (real, evil, signature *etree.Element) {
		real = parse(t, friend().signed(t, text, "ID", signedxml.AfterIssuer)).Copy()
		signature = take(real)
		return real, forge(real), signature
	}
	response := func(children ...*etree.Element) *etree.Element {
		r := etree.NewElement("samlp:Response")
		r.CreateAttr("xmlns:samlp", protocol)
		r.CreateAttr("xmlns:ds", "http://www.w3.org/2000/09/xmldsig#")
		r.CreateAttr("ID", "_r1")
		for _, child := range children {
			r.AddChild(child)
		}
		return r
	}
	shapes := map[string]func(text string) *etree.Element{
		"1: the real message within the signature of the forged one": func(text string) *etree.Element {
			real, evil, signature := message(text)
			signature.AddChild(real)
			evil.InsertChildAt(1, signature)
			return evil
		},
		"2: the real message before the signature": func(text string) *etree.Element {
			real, evil, signature := message(text)
			evil.AddChild(real)
			evil.AddChild(signature)
			return evil
		},
		"3: the forged one before the real": func(text string) *etree.Element {
			real, evil, signature := message(text)
			real.InsertChildAt(1, signature)
			return response(evil, real)
		},
		"4: the forged one around the real": func(text string) *etree.Element {
			real, evil, signature := message(text)
			real.InsertChildAt(1, signature)
			evil.AddChild(real)
			return response(evil)
		},
		"5: the signature in the forged one, the real at the end": func(text string) *etree.Element {
			real, evil, signature := message(text)
			evil.InsertChildAt(1, signature)
			return response(evil, real)
		},
		"6: the real one hidden in the signature": func(text string) *etree.Element {
			real, evil, signature := message(text)
			signature.AddChild(real)
			evil.InsertChildAt(1, signature)
			return response(evil)
		},
		"7: the forged one inside Extensions": func(text string) *etree.Element {
			real, evil, signature := message(text)
			real.InsertChildAt(1, signature)
			extensions := etree.NewElement("samlp:Extensions")
			extensions.AddChild(evil)
			return response(extensions, real)
		},
		"8: the real one inside an Object": func(text string) *etree.Element {
			real, evil, signature := message(text)
			signature.AddChild(object(real))
			evil.InsertChildAt(1, signature)
			return response(evil)
		},
	}
	_, cert := friend().files(t)
	for _, kind := range []struct{ name, text, node string }{
		{"an assertion", anAssertion, assertion + ":Assertion"}, {"a request", authnRequest, protocol + ":AuthnRequest"},
		{"a logout", logoutRequest, protocol + ":LogoutRequest"}, {"metadata", entity, "urn:oasis:names:tc:SAML:2.0:metadata:EntityDescriptor"},
	} {
		for name, shape := range shapes {
			t.Run(kind.name+"/"+name, func(t *testing.T) {
				text := write(t, shape(kind.text))
				// The attack is a true one where the signature is good in the eyes of somebody who only asks for that.
				if strings.Contains("3457", name[:1]) {
					if out, err := xmlsec(t, text, "--verify", "--pubkey-cert-pem", cert, "--id-attr:ID", kind.node); err != nil && name[0] != '5' {
						t.Errorf("the signature is spoilt: %v\n%s", err, out)
					}
				}
				doc, err := signedxml.Parse([]byte(text))
				if err != nil {
					return
				}
				if verified, err := signedxml.Verify(doc.Root(), "ID", friend().certs()); err == nil {
					t.Errorf("taken: %s", write(t, verified))
				}
			})
		}
	}
}

// Relatives of wrapping (T68), and everything else that must not count as a signature (T73).
func TestWhatIsNoSignature(t *testing.T) {
	const sha1 = "http://www.w3.org/2000/09/xmldsig#"
	text := friend().signed(t, logoutRequest, "ID", signedxml.AfterIssuer)
	within := func(path, key, value string) func(*etree.Element) {
		return func(root *etree.Element) { root.FindElement("//"+path).CreateAttr(key, value) }
	}
	add := func(path, name string, times int) func(*etree.Element) {
		return func(root *etree.Element) {
			for range times {
				root.FindElement("//" + path).CreateElement(name)
			}
		}
	}
	drop := func(path string) func(*etree.Element) {
		return func(root *etree.Element) {
			el := root.FindElement("//" + path)
			el.Parent().RemoveChild(el)
		}
	}
	empty := func(path string) func(*etree.Element) {
		return func(root *etree.Element) { root.FindElement("//" + path).SetText("") }
	}
	for name, change := range map[string]func(root *etree.Element){
		"another id of the root":        func(root *etree.Element) { root.CreateAttr("ID", "_out2") },
		"no id of the root":             func(root *etree.Element) { root.RemoveAttr("ID") },
		"an empty reference":            within("Reference", "URI", ""),
		"a reference to something else": within("Reference", "URI", "#_other"),
		"a reference by XPointer":       within("Reference", "URI", "#xpointer(/)"),
		"two signatures":                func(root *etree.Element) { root.AddChild(root.SelectElement("Signature").Copy()) },
		"two references": func(root *etree.Element) {
			root.FindElement("//SignedInfo").AddChild(root.FindElement("//Reference").Copy())
		},
		"two SignedInfo": func(root *etree.Element) {
			take := root.FindElement("//SignedInfo")
			take.Parent().AddChild(take.Copy())
		},
		"two SignatureValue":    add("Signature", "ds:SignatureValue", 1),
		"an Object":             add("Signature", "ds:Object", 1),
		"a Manifest":            add("SignedInfo", "ds:Manifest", 1),
		"a third transform":     add("Transforms", "ds:Transform", 1),
		"an XPath in transform": add("Transform", "ds:XPath", 1),
		"another transform":     within("Transform", "Algorithm", "http://www.w3.org/TR/1999/REC-xslt-19991116"),
		"no transforms":         drop("Transforms"),
		"canonical comments":    within("CanonicalizationMethod", "Algorithm", "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
		"no canonical form":     within("CanonicalizationMethod", "Algorithm", ""),
		"an unknown algorithm":  within("SignatureMethod", "Algorithm", "urn:none"),
		"SHA-1":                 within("SignatureMethod", "Algorithm", sha1+"rsa-sha1"),
		"SHA-1 of the digest":   within("DigestMethod", "Algorithm", sha1+"sha1"),
		"an HMAC":               within("SignatureMethod", "Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"),
		"a cut HMAC":            add("SignatureMethod", "ds:HMACOutputLength", 1),
		"no SignatureValue":     drop("SignatureValue"),
		"an empty one":          empty("SignatureValue"),
		"no DigestValue":        drop("DigestValue"),
		"an empty digest":       empty("DigestValue"),
		"no SignedInfo":         drop("SignedInfo"),
		"an empty signature":    func(root *etree.Element) { root.SelectElement("Signature").Child = nil },
		"another namespace":     within("Signature", "xmlns:ds", "urn:none"),
		"a signature further in": func(root *etree.Element) {
			signature := take(root)
			root.SelectElement("NameID").AddChild(signature)
		},
		"a changed name":          func(root *etree.Element) { root.SelectElement("NameID").SetText("admin") },
		"an element more":         func(root *etree.Element) { root.CreateElement("saml:NameID").SetText("admin") },
		"an element in signature": func(root *etree.Element) { root.FindElement("//KeyInfo").CreateElement("Signature") },
	} {
		root := parse(t, text).Copy()
		change(root)
		if verified, err := signedxml.Verify(root, "ID", friend().certs()); err == nil || verified != nil {
			t.Errorf("%s: taken", name)
		}
		if doc, err := signedxml.Parse([]byte(write(t, root))); err == nil {
			if _, err := signedxml.Verify(doc.Root(), "ID", friend().certs()); err == nil {
				t.Errorf("%s: taken when it came by wire", name)
			}
		}
	}
	forged := parse(t, attacker().signed(t, logoutRequest, "ID", signedxml.AfterIssuer))
	for name, certs := range map[string]sender{"the certificate in KeyInfo": friend(), "short keys": newSender(1024)} {
		if _, err := signedxml.Verify(forged, "ID", certs.certs()); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := signedxml.Verify(forged, "ID", nil); err == nil {
		t.Error("taken without any certificate")
	}
	if _, err := signedxml.Verify(parse(t, logoutRequest), "ID", friend().certs()); err != signedxml.ErrNotSigned {
		t.Errorf("unsigned: %v", err)
	}
}

// KeyInfo is the sender's: with none, with a stranger's certificate or with rubbish the same key decides.
func TestKeyInfoIsIgnored(t *testing.T) {
	text := friend().signed(t, logoutRequest, "ID", signedxml.AfterIssuer)
	for name, change := range map[string]func(info *etree.Element){
		"none":    func(info *etree.Element) { info.Parent().RemoveChild(info) },
		"rubbish": func(info *etree.Element) { info.FindElement("//X509Certificate").SetText("MIIrubbish") },
		"other":   func(info *etree.Element) { info.Child = nil; info.CreateElement("ds:KeyName").SetText("x") },
	} {
		root := parse(t, text).Copy()
		change(root.FindElement("//KeyInfo"))
		if _, err := signedxml.Verify(root, "ID", append(attacker().certs(), friend().cert)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Signatures that are good, by the friend's own key, in forms that are not taken: the library alone would take each.
func TestGoodSignaturesInOtherForms(t *testing.T) {
	for name, change := range map[string]func(c *dsig.SigningContext) error{
		"as it should be":       func(*dsig.SigningContext) error { return nil },
		"of the whole document": func(c *dsig.SigningContext) error { c.IdAttribute = "none"; return nil },
		"with SHA-1":            func(c *dsig.SigningContext) error { return c.SetSignatureMethod(dsig.RSASHA1SignatureMethod) },
		"in the inclusive form": func(c *dsig.SigningContext) error { c.Canonicalizer = dsig.MakeC14N11Canonicalizer(); return nil },
		"in the form of 2001":   func(c *dsig.SigningContext) error { c.Canonicalizer = dsig.MakeC14N10RecCanonicalizer(); return nil },
		"in the form of comments": func(c *dsig.SigningContext) error {
			c.Canonicalizer = dsig.MakeC14N10ExclusiveWithCommentsCanonicalizerWithPrefixList("")
			return nil
		},
	} {
		signer, err := dsig.NewSigningContext(friend().key, [][]byte{friend().cert.Raw})
		if err != nil {
			t.Fatal(err)
		}
		signer.Canonicalizer = dsig.MakeC14N10ExclusiveCanonicalizerWithPrefixList("")
		if err := change(signer); err != nil {
			t.Fatal(err)
		}
		root := parse(t, logoutRequest)
		signature, err := signer.ConstructSignature(root.Copy(), true)
		if err != nil {
			t.Fatal(err)
		}
		root.InsertChildAt(1, signature)
		root = parse(t, write(t, root))
		library := dsig.ValidationContext{IdAttribute: "ID", Clock: dsig.NewFakeClockAt(friend().cert.NotBefore),
			CertificateStore: &dsig.MemoryX509CertificateStore{Roots: friend().certs()}}
		if _, err := library.Validate(root); err != nil && name != "with SHA-1" { // which Go itself refuses
			t.Errorf("%s: it is not good: %v", name, err)
		}
		if _, err := signedxml.Verify(root, "ID", friend().certs()); (err == nil) != (name == "as it should be") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
