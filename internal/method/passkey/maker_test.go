package passkey

import (
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"testing"
	"time"

	"woggle/internal/signin"
	"woggle/test/softkey"
)

var (
	today   = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	model   = [16]byte{0xfa, 0x2b, 0x99, 0xdc, 0x9e, 0x39, 0x42, 0x57, 0x8f, 0x92, 0x4a, 0x30, 0xd2, 0x3c, 0x41, 0x18}
	another = [16]byte{0x2f, 0xc0, 0x57, 0x9f}
)

// factory is a maker with a factory below it.
type factory struct {
	t          *testing.T
	maker, sub *softkey.Maker
}

func newFactory(t *testing.T) factory {
	maker := must(softkey.NewMaker("Acme Root"))(t)
	return factory{t, maker, must(maker.Factory("Acme Factory"))(t)}
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// made is an attestation object of a new key of the batch, and the hash of what the browser saw.
func (f factory) made(batch *softkey.Batch, change ...func(*softkey.Answer)) (attested, [sha256.Size]byte) {
	f.t.Helper()
	key := must(softkey.New(softkey.ES256))(f.t)
	key.Model, key.Batch = model, batch
	const asked = `{"challenge":"AAAA","rp":{"id":"localhost"},"user":{"id":"AAAA"},"attestation":"direct"}`
	text := must(key.Create(asked, "http://localhost", change...))(f.t)
	given := must(readAttestationForm(text))(f.t)
	return must(readAttestation(given.object))(f.t), sha256.Sum256(given.client)
}

func (f factory) batch(change ...func(*x509.Certificate)) *softkey.Batch {
	f.t.Helper()
	return must(f.maker.Batch(softkey.ES256, model, change...))(f.t)
}

// What is as it should be is taken: by each algorithm, with a factory in between, and from a maker whose certificate is itself in the policy.
func TestAMakerVouches(t *testing.T) {
	f := newFactory(t)
	other := must(softkey.NewMaker("Another Root"))(t)
	makers := signin.Makers{Roots: [][]byte{other.Root.Raw, f.maker.Root.Raw}, Models: []string{modelOf(another), modelOf(model)}}
	for name, batch := range map[string]*softkey.Batch{
		"ES256":                      f.batch(),
		"EdDSA":                      must(f.maker.Batch(softkey.EdDSA, model))(t),
		"RS256":                      must(f.maker.Batch(softkey.RS256, model))(t),
		"a factory in between":       must(f.sub.Batch(softkey.ES256, model))(t),
		"another maker of those two": must(other.Batch(softkey.ES256, model))(t),
	} {
		made, seen := f.made(batch)
		if err := made.vouched(makers, seen, today); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	batch := f.batch()
	made, seen := f.made(batch)
	if err := made.vouched(signin.Makers{Roots: batch.Chain}, seen, today); err != nil {
		t.Errorf("the certificate itself: %v", err)
	}
}

// Each part wrong in turn.
func TestEachPartOfAMakersStatementWrong(t *testing.T) {
	f := newFactory(t)
	stranger := must(softkey.NewMaker("Acme Root"))(t) // the same name, and another key
	vouch := func(change func(*softkey.Statement)) func(*softkey.Answer) {
		return func(a *softkey.Answer) { a.Vouch = change }
	}
	part := func(name string, value any) func(*softkey.Answer) {
		return vouch(func(s *softkey.Statement) { s.Parts[name] = value })
	}
	format := func(name string) func(*softkey.Answer) { return vouch(func(s *softkey.Statement) { s.Format = name }) }
	subject := func(change func(*pkix.Name)) *softkey.Batch {
		return f.batch(func(c *x509.Certificate) { change(&c.Subject) })
	}
	extension := func(change func(*pkix.Extension)) *softkey.Batch {
		return f.batch(func(c *x509.Certificate) { change(&c.ExtraExtensions[0]) })
	}
	right := f.batch()
	for name, c := range map[string]struct {
		batch  *softkey.Batch
		change func(*softkey.Answer)
		fault  fault
	}{
		"no statement":             {nil, nil, faultUnvouched},
		"a format of none":         {right, format("none"), faultUnvouched},
		"a format of computers":    {right, format("tpm"), faultUnvouched},
		"a format of phones":       {right, format("android-key"), faultUnvouched},
		"a format of older keys":   {right, format("fido-u2f"), faultUnvouched},
		"a format with capitals":   {right, format("Packed"), faultUnvouched},
		"no certificate":           {right, vouch(func(s *softkey.Statement) { delete(s.Parts, "x5c") }), faultUnvouched},
		"an empty chain":           {right, part("x5c", [][]byte{}), faultUnvouched},
		"a chain that is none":     {right, part("x5c", "x"), faultUnvouched},
		"another algorithm":        {right, part("alg", softkey.RS256), faultVouch},
		"an unknown algorithm":     {right, part("alg", -35), faultVouch},
		"no algorithm":             {right, vouch(func(s *softkey.Statement) { delete(s.Parts, "alg") }), faultVouch},
		"no signature":             {right, part("sig", []byte{}), faultVouch},
		"a signature of another":   {right, vouch(func(s *softkey.Statement) { s.Parts["sig"].([]byte)[9] ^= 1 }), faultVouch},
		"another's certificate":    {right, part("x5c", f.batch().Chain), faultVouch},
		"a certificate of nothing": {right, part("x5c", [][]byte{{0x30, 0}}), faultVoucher},
		"a chain without end": {right, vouch(func(s *softkey.Statement) {
			s.Parts["x5c"] = [][]byte{right.Chain[0], right.Chain[0], right.Chain[0], right.Chain[0], right.Chain[0], right.Chain[0]}
		}), faultVoucher},
		"no country":               {subject(func(n *pkix.Name) { n.Country = nil }), nil, faultVoucher},
		"a country that is none":   {subject(func(n *pkix.Name) { n.Country = []string{"Great Britain"} }), nil, faultVoucher},
		"no organisation":          {subject(func(n *pkix.Name) { n.Organization = nil }), nil, faultVoucher},
		"no unit":                  {subject(func(n *pkix.Name) { n.OrganizationalUnit = nil }), nil, faultVoucher},
		"another unit":             {subject(func(n *pkix.Name) { n.OrganizationalUnit = []string{"Web Servers"} }), nil, faultVoucher},
		"one unit more":            {subject(func(n *pkix.Name) { n.OrganizationalUnit = append(n.OrganizationalUnit, "x") }), nil, faultVoucher},
		"no name":                  {subject(func(n *pkix.Name) { n.CommonName = "" }), nil, faultVoucher},
		"an authority":             {f.batch(func(c *x509.Certificate) { c.IsCA = true }), nil, faultVoucher},
		"no basic constraints":     {f.batch(func(c *x509.Certificate) { c.BasicConstraintsValid = false }), nil, faultVoucher},
		"no model":                 {f.batch(func(c *x509.Certificate) { c.ExtraExtensions = nil }), nil, faultNoModel},
		"another model":            {extension(func(e *pkix.Extension) { *e = softkey.ModelExtension(another) }), nil, faultNoModel},
		"a critical model":         {extension(func(e *pkix.Extension) { e.Critical = true }), nil, faultNoModel},
		"a model without its wrap": {extension(func(e *pkix.Extension) { e.Value = e.Value[2:] }), nil, faultNoModel},
		"a longer model":           {extension(func(e *pkix.Extension) { e.Value = append(e.Value, 0) }), nil, faultNoModel},
		"a maker of the same name": {must(stranger.Batch(softkey.ES256, model))(t), nil, faultMaker},
		"not yet": {f.batch(func(c *x509.Certificate) {
			c.NotBefore = today.Add(time.Second)
		}), nil, faultMaker},
		"out of date": {f.batch(func(c *x509.Certificate) {
			c.NotAfter = today.Add(-time.Second)
		}), nil, faultMaker},
		"a link that is missing": {must(f.sub.Batch(softkey.ES256, model))(t), vouch(func(s *softkey.Statement) {
			s.Parts["x5c"] = s.Parts["x5c"].([][]byte)[:1]
		}), faultMaker},
	} {
		var changes []func(*softkey.Answer)
		if c.change != nil {
			changes = append(changes, c.change)
		}
		made, seen := f.made(c.batch, changes...)
		if err := made.vouched(signin.Makers{Roots: [][]byte{f.maker.Root.Raw}}, seen, today); !errors.Is(err, c.fault) {
			t.Errorf("%s: %v", name, err)
		}
	}

	made, seen := f.made(right)
	makers := signin.Makers{Roots: [][]byte{f.maker.Root.Raw}, Models: []string{modelOf(another)}}
	if err := made.vouched(makers, seen, today); !errors.Is(err, faultModel) {
		t.Errorf("a model that is not in the policy: %v", err)
	}
	if err := made.vouched(signin.Makers{Roots: makers.Roots}, sha256.Sum256(nil), today); !errors.Is(err, faultVouch) {
		t.Errorf("signed for another question: %v", err)
	}
	if err := made.vouched(signin.Makers{Roots: makers.Roots}, seen, f.maker.Root.NotAfter.Add(time.Hour)); !errors.Is(err, faultMaker) {
		t.Errorf("a root that is out of date: %v", err)
	}
	old := *must(x509.ParseCertificate(right.Chain[0]))(t)
	if old.Version = 1; attests(&old) {
		t.Error("a certificate of version 1")
	}
}

// In the standard's own vectors the makers' signatures and certificates are right; what they lack is the model, because they are all
// of one root.
func TestTheMakersInTheVectorsOfTheStandard(t *testing.T) {
	packed := 0
	for _, v := range vectors(t) {
		made, err := readAttestation(unhex(t, v.Object))
		if err != nil {
			t.Fatal(err)
		}
		seen := sha256.Sum256(unhex(t, v.Created))
		want := faultUnvouched
		if made.format == "packed" && v.Name != "16.3 self, ES256" {
			want = faultNoModel
			packed++
			if err := made.vouched(signin.Makers{}, sha256.Sum256(nil), today); !errors.Is(err, faultVouch) {
				t.Errorf("%s, signed for another question: %v", v.Name, err)
			}
		}
		if err := made.vouched(signin.Makers{}, seen, today); !errors.Is(err, want) {
			t.Errorf("%s: %v", v.Name, err)
		}
	}
	if packed != 5 {
		t.Errorf("%d of the vectors are of makers", packed)
	}
}

func unhex(t *testing.T, text string) []byte {
	t.Helper()
	return must(hex.DecodeString(text))(t)
}
