// The makers of security keys whose keys alone may be set up as passkeys, where the organisation hands keys out.
package signin

import (
	"crypto/x509"
	"errors"
	"fmt"
	"regexp"
)

// Makers are whose keys alone may be set up as passkeys. The zero value takes anybody's, and asks nobody.
type Makers struct {
	Roots  [][]byte `json:"roots,omitempty"`  // their root certificates, DER
	Models []string `json:"models,omitempty"` // AAGUIDs of the only models that are taken; empty: all of these makers
}

// Bounds of what every step of a sign-in reads again.
const (
	mostRoots  = 20
	mostModels = 100
)

var aaguid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// Demanded tells whether a maker has to vouch for a new passkey.
func (m Makers) Demanded() bool { return len(m.Roots) > 0 }

// Certificates are the roots, parsed.
func (m Makers) Certificates() (all []*x509.Certificate, err error) {
	for i, der := range m.Roots {
		root, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, fmt.Errorf("certificate %d of the makers cannot be read: %w", i+1, err)
		}
		all = append(all, root)
	}
	return all, nil
}

func (m Makers) check() error {
	if len(m.Models) > 0 && !m.Demanded() {
		return errors.New("nobody vouches for a model without its maker: name the makers as well")
	}
	if len(m.Roots) > mostRoots || len(m.Models) > mostModels {
		return fmt.Errorf("there can be %d certificates of makers and %d models at most", mostRoots, mostModels)
	}
	for _, model := range m.Models {
		if !aaguid.MatchString(model) {
			return fmt.Errorf("%q is no model: write its AAGUID, as in 2fc0579f-8113-47ea-b116-bb5a8db9202a", model)
		}
	}
	_, err := m.Certificates()
	return err
}
