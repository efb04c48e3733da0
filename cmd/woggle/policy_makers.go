// The makers of security keys in the policy: read from a file, and shown.
package main

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"woggle/internal/signin"
)

// anybody takes a demand for makers or models back.
const anybody = "any"

// maxMakers is the size of a file of certificates, in bytes.
const maxMakers = 64 << 10

// makers are what the flags make of the makers that were demanded before.
func (c *policySet) makers(before signin.Makers) (after signin.Makers, err error) {
	after = before
	if c.PasskeyMakers != nil {
		if *c.PasskeyMakers == anybody {
			after = signin.Makers{} // the models go as well: nobody vouches for them any more
		} else if after.Roots, err = readMakers(*c.PasskeyMakers); err != nil {
			return before, err
		}
	}
	if c.PasskeyModels != nil {
		after.Models = nil
		if *c.PasskeyModels != anybody {
			for _, model := range strings.Split(*c.PasskeyModels, ",") {
				after.Models = append(after.Models, strings.ToLower(strings.TrimSpace(model)))
			}
		}
	}
	return after, nil
}

// readMakers reads certificates in PEM. Words between them are remarks; anything else that is encoded there is a mistake.
func readMakers(path string) (roots [][]byte, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("the certificates of the makers cannot be read: %w", err)
	}
	defer file.Close()
	rest, err := io.ReadAll(io.LimitReader(file, maxMakers+1))
	if err != nil || len(rest) > maxMakers {
		return nil, fmt.Errorf("%s is no file of certificates", path)
	}
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("there is a %s in %s: it must hold certificates only", block.Type, path)
		}
		roots = append(roots, block.Bytes)
	}
	if len(roots) == 0 {
		return nil, fmt.Errorf("there is no certificate in %s: write those of the makers one after another, in PEM", path)
	}
	return roots, nil
}

func (p *program) showMakers(policy signin.Policy) error {
	if !policy.Makers.Demanded() {
		return nil
	}
	roots, err := policy.Makers.Certificates()
	if err != nil {
		return err
	}
	fmt.Fprintln(p.out, "New passkeys: only security keys that one of these makers vouches for. Those that are set up already stay good.")
	for _, root := range roots {
		fmt.Fprintln(p.out, "  "+makerLine(root, time.Now()))
	}
	if models := policy.Makers.Models; len(models) > 0 {
		fmt.Fprintln(p.out, "Only of the models:", strings.Join(models, ", "))
	}
	if others := []signin.Kind{signin.Passkey, signin.Recovery}; len(policy.Allowed) > 0 &&
		!slices.ContainsFunc(policy.Allowed, func(k signin.Kind) bool { return !slices.Contains(others, k) }) {
		fmt.Fprintln(p.out, "Nothing else may be set up, so who has no such key gets no further: see that everybody has one, or allow another way.")
	}
	return nil
}

func makerLine(root *x509.Certificate, now time.Time) string {
	sum := sha256.Sum256(root.Raw)
	until := "until " + root.NotAfter.Format(time.DateOnly)
	if now.After(root.NotAfter) {
		until = "over since " + root.NotAfter.Format(time.DateOnly) + ", so that nothing of it is taken"
	}
	return fmt.Sprintf("%s, %s, SHA-256 %s", root.Subject, until, hex.EncodeToString(sum[:]))
}
