// The set-up of a tenant: scripts that do it there, and what can be checked from here.
package externalmfa

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"text/template"
	"unicode"
)

//go:embed scripts/*.ps1
var scripts embed.FS

// Steps are the scripts, in the order in which they are used.
var Steps = [...]string{"register", "add", "people", "remove"}

// Script is what a script for Microsoft Graph PowerShell is made of.
type Script struct {
	Cloud        Cloud
	Tenant       string
	ClientID     string // empty for the first one, which makes it
	Organisation string
	Name         string // of the method, as people read it at Microsoft; it can never be changed
	Group        string // id of the group that may use it; empty: everybody
	Base         string
}

// Authorize is the reply URL of the app registration.
func (s Script) Authorize() string { return s.Base + AuthorizePath }

// Discovery is the discovery URL of the method.
func (s Script) Discovery() string { return s.Base + DiscoveryPath }

// Target is the id of who may use the method.
func (s Script) Target() string {
	if s.Group == "" {
		return "all_users"
	}
	return s.Group
}

// Check tells what of a script's values cannot be. Its errors are for whoever typed them.
func (s Script) Check() error {
	switch {
	case !isGUID(s.Tenant):
		return fmt.Errorf("%q is no id of a tenant: copy it from the Entra portal, Overview, and name it with --tenant", s.Tenant)
	case s.Group != "" && !isGUID(s.Group):
		return fmt.Errorf("%q is no id of a group: copy it from the Entra portal", s.Group)
	case strings.ContainsFunc(s.Name, unicode.IsControl) || len([]rune(s.Name)) > 100:
		return errors.New("the name of the method has to be one line of up to 100 characters")
	}
	return nil
}

// Write makes the script of a step.
func (s Script) Write(step string) (string, error) {
	t, err := template.New(step+".ps1").Funcs(template.FuncMap{"q": quote}).ParseFS(scripts, "scripts/*.ps1")
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = t.Execute(&text, s)
	return text.String(), err
}

// quote writes a value as a verbatim string of PowerShell, in which nothing is expanded and only a quote ends it. PowerShell
// takes four more characters for one, and a doubled one for itself.
func quote(value string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range value {
		if r == '\'' || r >= '\u2018' && r <= '\u201B' {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String()
}

// CheckConnection tells what of a connection cannot be. Its errors are for whoever typed it.
func CheckConnection(c Connection, clouds []Cloud) (Cloud, error) {
	if !isGUID(c.Tenant) {
		return Cloud{}, fmt.Errorf("%q is no id of a tenant: copy it from the Entra portal, Overview", c.Tenant)
	}
	if !isGUID(c.ClientID) {
		return Cloud{}, fmt.Errorf("%q is no id of an app registration: the script \"register\" prints it", c.ClientID)
	}
	return FindCloud(clouds, c.Cloud)
}

// FindCloud is the cloud with the name.
func FindCloud(clouds []Cloud, name string) (Cloud, error) {
	for _, cloud := range clouds {
		if cloud.Name == name {
			return cloud, nil
		}
	}
	return Cloud{}, fmt.Errorf("there is no cloud %q", name)
}

// CheckBase tells why Entra would not take the address of this server: it compares the issuer with what it was told, character
// for character.
func CheckBase(base *url.URL) error {
	switch {
	case base.Scheme != "https":
		return fmt.Errorf("Microsoft reads %s only over https", base)
	case base.Port() == "443":
		return fmt.Errorf("leave :443 out of the base address %s: Microsoft's comparison would fail", base)
	}
	return nil
}

// CheckTenant tells whether Entra publishes keys for the tenant, and whether they can be had from here.
func CheckTenant(ctx context.Context, client *http.Client, cloud Cloud, tenant string) error {
	_, err := (&entra{client: client}).fetch(ctx, cloud, tenant)
	return err
}

// CheckPublic reads our own document as Entra will, at the public address.
func CheckPublic(ctx context.Context, client *http.Client, base string) error {
	var m metadata
	if err := (&entra{client: client}).read(ctx, base+DiscoveryPath, &m); err != nil {
		return err
	}
	if m.Issuer != base+issuerPath {
		return fmt.Errorf("the document at %s is of the issuer %q", base+DiscoveryPath, m.Issuer)
	}
	var set struct{ Keys []jwk }
	return (&entra{client: client}).read(ctx, base+KeysPath, &set)
}
