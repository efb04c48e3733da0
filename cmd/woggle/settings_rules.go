// What the settings amount to, and the rules that they must keep.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/mail"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a small system has no time zones of its own
	"unicode"

	"woggle/internal/app/forwardauth"
	"woggle/internal/message"
	"woggle/internal/message/speech"
	"woggle/internal/method/phone"
	"woggle/internal/page"
)

// Site is what the settings amount to, with every default in its place.
type Site struct {
	Base      *url.URL // scheme and host only
	Former    string   // the host that passkeys were made for; empty: that of Base
	Listen    string
	TLS       tlsMode
	TLSCert   string
	TLSKey    string
	ACMEEmail string
	Proxies   []netip.Prefix
	Brand     page.Brand
	Country   string
	Countries []string // with Country
	Zone      *time.Location
	SMTP      *message.SMTP
	Stay      time.Duration
	Phones    *Phones    // nil: there are no routes
	Apps      []appEntry // of the apps file; nil: none is named
	Speech    *speech.Library
	Approve   bool   // calls ask for two digits
	Metrics   string // the token for them, or empty
	Data      string
	Database  string
	Keys      string
	JSON      bool // of the log
	Backups   Backups
}

// tlsMode is where TLS ends.
type tlsMode int

const (
	undecided tlsMode = iota // the settings contradict each other
	plain                    // nowhere: this computer talks to itself
	proxied                  // at a trusted proxy
	files                    // here, with a certificate from files
	automatic                // here, with certificates from Let's Encrypt
)

// rules judges settings; each rule adds what it finds.
type rules struct {
	*Settings
	origins Origins
	site    Site
	found   []Finding
}

func (c *rules) wrong(name, wrong, do string) {
	c.found = append(c.found, Finding{Where: c.origins.of(name), Wrong: wrong, Do: do})
}

func (c *rules) warn(name, wrong, do string) {
	c.found = append(c.found, Finding{Where: c.origins.of(name), Wrong: wrong, Do: do, Warning: true})
}

// Resolve makes the site of loaded settings. It is not to be used if there is an error among the findings.
func (s *Settings) Resolve(origins Origins, password string, variables map[string]string) (Site, []Finding) {
	c := &rules{Settings: s, origins: origins}
	c.singleLines()
	c.place()
	c.address()
	c.passkeyHost()
	c.proxies()
	c.tls()
	c.listen()
	c.brand()
	c.countries()
	c.mail(password)
	c.rest()
	c.phones(variables)
	c.backups()
	if c.Apps != "" {
		var found []Finding
		c.site.Apps, found = readApps(c.Apps)
		c.found = append(c.found, found...)
		c.askingProxies()
	}
	return c.site, c.found
}

// askingProxies looks whether anybody may ask about the sites that stand behind a proxy.
func (c *rules) askingProxies() {
	for _, entry := range c.site.Apps {
		if entry.Protocol == forwardauth.Name && len(c.TrustedProxies) == 0 {
			c.warn("trusted_proxies", "nobody gets to "+entry.Name+": its proxy is not trusted, and told 401", `name the proxy's address: trusted_proxies = ["127.0.0.1"]`)
		}
	}
}

// singleLines refuses control characters everywhere: settings end up in mails, pages and headers (threat T87).
func (c *rules) singleLines() {
	for _, field := range c.settings() {
		if strings.ContainsFunc(fmt.Sprint(field.value.Interface()), unicode.IsControl) {
			c.wrong(field.name, "there is a line break or another control character in it", "write it on one line")
		}
	}
}

// locate fills in where things are.
func (p Place) locate() Place {
	p.Data = cmp.Or(p.Data, "woggle-data")
	p.Database = cmp.Or(p.Database, "sqlite:"+filepath.Join(p.Data, "woggle.db"))
	p.Keys = cmp.Or(p.Keys, filepath.Join(p.Data, "woggle.keys"))
	return p
}

func (c *rules) place() {
	p := c.Place.locate()
	c.site.Data, c.site.Database, c.site.Keys = p.Data, p.Database, p.Keys
	path, lite := strings.CutPrefix(p.Database, "sqlite:")
	switch postgres := strings.HasPrefix(p.Database, "postgres://") || strings.HasPrefix(p.Database, "postgresql://"); {
	case !lite && !postgres:
		c.wrong("database", "this is no database that Woggle knows", "write sqlite:PATH or postgres://USER@HOST/NAME")
	case lite && (path == "" || path == ":memory:"):
		c.wrong("database", "this database would forget everything", "write the path of a file: sqlite:/var/lib/woggle/woggle.db")
	}
}

func (c *rules) address() {
	text := cmp.Or(c.Address, "http://localhost:"+c.port())
	base, err := url.Parse(strings.TrimSuffix(text, "/"))
	const example = "write it as in https://signin.example.org"
	switch {
	case err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https":
		c.wrong("address", fmt.Sprintf("%q is not the address of a site", text), example)
		c.site.Base = &url.URL{Scheme: "http", Host: "localhost:" + c.port()} // so that the other rules can go on
		return
	case base.User != nil || base.Path != "" || base.RawQuery != "" || base.Fragment != "" || base.ForceQuery:
		c.wrong("address", "the address has more than a host: Woggle needs a host of its own", example)
	case strings.ContainsFunc(base.Host, func(r rune) bool { return r > '~' || r <= ' ' }):
		c.wrong("address", "the host is not written in ASCII", "write an international name in its xn-- form")
	}
	base.Host = strings.ToLower(base.Host)
	if (base.Scheme == "https" && base.Port() == "443") || (base.Scheme == "http" && base.Port() == "80") {
		base.Host = strings.TrimSuffix(base.Host, ":"+base.Port())
	}
	c.site.Base = base
}

// port is the one to listen on where nobody does TLS.
func (c *rules) port() string {
	_, port, _ := net.SplitHostPort(c.Listen)
	return cmp.Or(port, "8080")
}

func (c *rules) proxies() {
	for _, text := range c.TrustedProxies {
		prefix, err := netip.ParsePrefix(text)
		if address, parsed := netip.ParseAddr(text); err != nil && parsed == nil {
			prefix, err = netip.PrefixFrom(address, address.BitLen()), nil
		}
		switch {
		case err != nil:
			c.wrong("trusted_proxies", fmt.Sprintf("%q is not an address or a range", text), `write it as in ["127.0.0.1", "10.0.0.0/8"]`)
		case prefix.Bits() == 0:
			c.wrong("trusted_proxies", "everybody is trusted, so that anybody can pretend to be anybody's address", "name your proxies only")
		default:
			c.site.Proxies = append(c.site.Proxies, prefix.Masked())
		}
	}
}

// tls decides where TLS ends. There is no way to serve people from afar without it.
func (c *rules) tls() {
	c.site.TLSCert, c.site.TLSKey, c.site.ACMEEmail = c.TLSCert, c.TLSKey, c.ACMEEmail
	base, own := c.site.Base, c.TLSCert != "" || c.TLSKey != ""
	local := isLoopback(base.Hostname())
	switch {
	case own && c.ACME:
		c.wrong("acme", "there are certificate files as well", "keep either tls_cert and tls_key, or acme")
	case own && c.TLSCert == "":
		c.wrong("tls_cert", "there is a key without a certificate", "name the certificate file")
	case own && c.TLSKey == "":
		c.wrong("tls_key", "there is a certificate without a key", "name the key file")
	case (own || c.ACME) && base.Scheme != "https":
		c.wrong("address", "the address says http, but there is TLS", "write https://"+base.Host)
	case own:
		c.site.TLS = files
	case c.ACME && (local || net.ParseIP(base.Hostname()) != nil || base.Port() != ""):
		c.wrong("acme", "Let's Encrypt gives certificates to public names on the usual port only", "write a name in address, without a port")
	case c.ACME:
		c.site.TLS = automatic
	case base.Scheme == "https" && len(c.site.Proxies) > 0:
		c.site.TLS = proxied
	case base.Scheme == "https":
		c.wrong("address", "the address says https, but nobody does TLS",
			"set tls_cert and tls_key, or acme = true, or name the proxy in front in trusted_proxies")
	case len(c.site.Proxies) > 0:
		c.wrong("address", "behind a proxy, people's way to it must be https", "write https://"+base.Host)
	case !local:
		c.wrong("address", "passwords and codes would cross the network in the open", "write https://"+base.Host+" and set tls_cert and tls_key, or acme = true")
	default:
		c.site.TLS = plain
	}
	if c.ACMEEmail != "" {
		if _, err := mail.ParseAddress(c.ACMEEmail); err != nil {
			c.wrong("acme_email", "this is not an e-mail address", "")
		}
	}
}

func (c *rules) listen() {
	usual := "127.0.0.1:" + cmp.Or(c.site.Base.Port(), "8080")
	if c.site.TLS == proxied {
		usual = "127.0.0.1:8080"
	}
	if c.site.TLS >= files {
		usual = ":443"
	}
	c.site.Listen = cmp.Or(c.Listen, usual)
	host, port, err := net.SplitHostPort(c.site.Listen)
	number, numeric := strconv.ParseUint(port, 10, 16)
	switch {
	case err != nil || numeric != nil || number == 0:
		c.wrong("listen", fmt.Sprintf("%q is not an address with a port", c.site.Listen), "write it as in 127.0.0.1:8080 or :443")
	case c.site.TLS == plain && !isLoopback(host):
		c.wrong("listen", "without TLS, only this computer may come in", "listen on 127.0.0.1:"+port)
	case c.site.TLS == plain && port != cmp.Or(c.site.Base.Port(), "80"):
		c.wrong("listen", "the address says another port", "write "+net.JoinHostPort(host, cmp.Or(c.site.Base.Port(), "80")))
	case c.site.TLS == automatic && number != 443:
		c.warn("listen", "Let's Encrypt asks on port 443", "see that port 443 leads here")
	}
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func (c *rules) brand() {
	c.site.Brand = page.Brand{Name: cmp.Or(strings.TrimSpace(c.Organisation), "Woggle"), Colour: cmp.Or(c.Colour, "#0b5d57"),
		Help: c.HelpContact, Privacy: c.Privacy}
	if c.Organisation == "" {
		c.warn("organisation", "pages and messages say Woggle, which people do not know", `set organisation = "…"`)
	}
	if c.HelpContact == "" {
		c.warn("help_contact", "who is stuck is not told whom to ask", `set help_contact = "…"`)
	}
	if err := c.site.Brand.Check(); err != nil {
		c.wrong("colour", err.Error(), `write it as in "#0b5d57"`)
	}
	if link, err := url.Parse(c.Privacy); err != nil || c.Privacy != "" && (link.Scheme != "https" && link.Scheme != "http" || link.Host == "") {
		c.wrong("privacy", "this is not the address of a page", "write it as in https://example.org/privacy")
	}
	if c.Logo != "" {
		logo, err := readLogo(c.Logo)
		if err != nil {
			c.wrong("logo", err.Error(), "use a plain SVG: shapes and paths only")
		}
		c.site.Brand.Logo = logo
	}
}

func (c *rules) countries() {
	c.site.Country = strings.ToUpper(cmp.Or(c.Country, "GB"))
	c.site.Countries = []string{c.site.Country}
	if !phone.KnownRegion(c.site.Country) {
		c.wrong("country", fmt.Sprintf("there is no country %s", c.Country), "write its two letters of ISO 3166: GB, IE, FR")
	}
	for _, text := range c.Countries {
		code := strings.ToUpper(text)
		if !phone.KnownRegion(code) {
			c.wrong("countries", fmt.Sprintf("there is no country %s", text), "write two letters of ISO 3166 for each: GB, IE, FR")
		} else if !slices.Contains(c.site.Countries, code) {
			c.site.Countries = append(c.site.Countries, code)
		}
	}
}

func (c *rules) mail(password string) {
	if c.SMTP == "" {
		c.warn("smtp", "no mail can be sent: a forgotten password cannot be set anew, and nobody is told of changes by mail", `set smtp = "mail.example.org:587" and smtp_from`)
		return
	}
	host, port, err := net.SplitHostPort(c.SMTP)
	if err != nil {
		host, port = c.SMTP, "0" // the usual one
	}
	number, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		c.wrong("smtp", fmt.Sprintf("%q is not a port", port), `write it as in "mail.example.org:587"`)
		return
	}
	if c.SMTPUser != "" && password == "" && c.SMTPPasswordFile == "" {
		c.wrong("smtp_user", "there is no password for it", "name a file in smtp_password_file, or set "+passwordVariable)
	}
	if c.SMTPPasswordFile != "" && password == "" {
		if password, err = readPassword(c.SMTPPasswordFile); err != nil {
			c.wrong("smtp_password_file", err.Error(), "")
		}
	}
	c.site.SMTP = &message.SMTP{Host: host, Port: int(number), User: c.SMTPUser, Password: password, From: c.SMTPFrom,
		TLS: message.TLSPolicy(c.SMTPTLS), Organisation: c.site.Brand.Name}
	if err := c.site.SMTP.Check(); err != nil {
		c.wrong("smtp", err.Error(), "look at smtp, smtp_from and smtp_tls")
	}
}

func readPassword(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("the password file cannot be read: %w", err)
	}
	if info.Mode().Perm()&0o007 != 0 {
		return "", fmt.Errorf("everybody on this computer can read the password; run: chmod 600 %s", path)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("the password file cannot be read: %w", err)
	}
	password := strings.TrimRight(string(text), "\r\n")
	key := strings.HasPrefix(password, "-----BEGIN ") // in PEM, which has many lines
	if password != "" && (key || !strings.ContainsFunc(password, unicode.IsControl)) {
		return password, nil
	}
	return "", errors.New("the password file must hold one line, the password, or a private key in PEM")
}

// phones reads the routes and the recordings. Variables are those of the environment with WOGGLE_ in front.
func (c *rules) phones(variables map[string]string) {
	library, err := speech.New(c.Recordings)
	if err != nil {
		for line := range strings.Lines(err.Error()) {
			c.wrong("recordings", strings.TrimSpace(line), "")
		}
		return
	}
	c.site.Speech = library
	if c.site.Approve = c.Calls == "approve"; c.Calls != "" && c.Calls != "approve" && c.Calls != "code" {
		c.wrong("calls", fmt.Sprintf("calls cannot %q", c.Calls), `write "code" or "approve"`)
	}
	if c.MetricsTokenFile != "" {
		if c.site.Metrics, err = readPassword(c.MetricsTokenFile); err != nil {
			c.wrong("metrics_token_file", err.Error(), "")
		}
	}
	if c.Routes == "" {
		return
	}
	var found []Finding
	c.site.Phones, found = readPhones(c.Routes, variables, c.site.Base, surroundings{organisation: c.site.Brand.Name, country: c.site.Country,
		countries: c.site.Countries, speech: library, zone: c.site.Zone})
	c.found = append(c.found, found...)
}

// maxStay bounds what a stolen browser is worth.
const maxStay = 90

func (c *rules) rest() {
	c.site.Zone = time.Local
	if c.TimeZone != "" {
		zone, err := time.LoadLocation(c.TimeZone)
		if err != nil {
			c.wrong("time_zone", fmt.Sprintf("there is no time zone %q", c.TimeZone), "write it as in Europe/London")
		}
		c.site.Zone = zone
	}
	if c.StaySignedInDays < 0 || c.StaySignedInDays > maxStay {
		c.wrong("stay_signed_in_days", "people may stay signed in for 0 to 90 days", "")
	}
	c.site.Stay = time.Duration(c.StaySignedInDays) * 24 * time.Hour
	if c.site.JSON = c.Log == "json"; c.Log != "" && c.Log != "json" && c.Log != "text" {
		c.wrong("log", fmt.Sprintf("there is no form %q", c.Log), `write "text" or "json"`)
	}
}
