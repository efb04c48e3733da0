// The commands for Microsoft Graph PowerShell, for administrators who would rather do it themselves.
package microsoft365

import (
	"context"
	"embed"
	"encoding/base64"
	"fmt"
	"net/url"
	"strings"
	"text/template"
	"time"

	"woggle/internal/app/microsoft365/graph"
)

//go:embed scripts/*.ps1
var scriptFiles embed.FS

// Scripts are the names of the scripts.
var Scripts = [...]string{"check", "rollback", "federate", "rollover"}

var scripts = template.Must(template.New("").Funcs(template.FuncMap{"q": quote, "comment": comment}).ParseFS(scriptFiles, "scripts/*.ps1"))

// environments are the clouds as Connect-MgGraph calls them.
var environments = map[graph.Cloud]string{graph.Global: "Global", graph.US: "USGov", graph.China: "China"}

// Script is what a script is written from. It holds no secret: certificates are public.
type Script struct {
	Tenant       Tenant
	Domain       Domain
	Organisation string
	Base         *url.URL
	Certificates Certificates
	At           time.Time
}

// Write writes the script with the name.
func (s Script) Write(name string) (string, error) {
	login, known := s.Tenant.Cloud.Endpoints()
	if !known {
		return "", fmt.Errorf("%q is none of Microsoft's clouds", s.Tenant.Cloud)
	}
	f := Wanted(s.Base, s.Organisation, s.Domain, s.Certificates)
	next := ""
	if f.Next != nil {
		next = *f.Next
	}
	var b strings.Builder
	err := scripts.ExecuteTemplate(&b, name+".ps1", map[string]any{"F": f, "Next": next, "Domain": s.Domain.Name, "Tenant": s.Tenant.ID,
		"Environment": environments[s.Tenant.Cloud], "Login": login.Login, "At": s.At.Format("2006-01-02 15:04 MST"), "Role": globalAdministrator,
		"Current": base64.StdEncoding.EncodeToString(s.Certificates.Current)})
	return b.String(), err
}

// Script writes a script for the domain.
func (m *Manager) Script(ctx context.Context, name, domain string) (string, error) {
	c, d, err := m.Domain(ctx, domain)
	if err != nil {
		return "", err
	}
	if name == "federate" || name == "rollover" { // the way back is written whatever has become of our own address
		if err := checkBase(m.Base); err != nil {
			return "", err
		}
	}
	certificates, err := m.certificates(ctx)
	if err != nil {
		return "", err
	}
	return Script{c.Tenant, d, m.Organisation, m.Base, certificates, m.DB.Now()}.Write(name)
}

// quote writes a value as a verbatim string of PowerShell ("about_Quoting_Rules"): nothing in it is expanded, and only a quote
// ends it. PowerShell takes four more characters for a single quote than other languages do, and a doubled one of any of
// them for itself.
func quote(value string) string {
	var b strings.Builder
	b.WriteByte('\'')
	for _, r := range value {
		if isQuote(r) {
			b.WriteRune(r)
		}
		b.WriteRune(r)
	}
	b.WriteByte('\'')
	return b.String()
}

func isQuote(r rune) bool { return r == '\'' || r >= '\u2018' && r <= '\u201B' }

// comment makes a value fit for the rest of a line after #, where a line break would begin a command.
func comment(value string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == '\u0085' || r == '\u2028' || r == '\u2029' {
			return ' '
		}
		return r
	}, value)
}
