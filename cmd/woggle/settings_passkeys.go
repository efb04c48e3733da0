// The host that passkeys are made for, where it is another than that of the address: after a move.
package main

import (
	"fmt"
	"net"
	"regexp"
	"strings"
)

var hostName = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`)

// passkeyHost stands after the address, which it is held against. What is not right is left out, so that the other rules can go on.
func (c *rules) passkeyHost() {
	name, host := strings.ToLower(c.PasskeyHost), c.site.Base.Hostname()
	const example, setting = "write the name alone, as in signin.example.org", "passkey_host"
	switch {
	case name == "":
	case net.ParseIP(strings.Trim(name, "[]")) != nil:
		c.wrong(setting, "passkeys are made for names, and this is an address in numbers", "leave it out: there are no passkeys to keep")
	case strings.Contains(name, "://"):
		c.wrong(setting, fmt.Sprintf("%q is an address, and not the name of a host", c.PasskeyHost), example)
	case strings.Contains(name, ":"):
		c.wrong(setting, "passkeys are made for a name, on whatever port", example)
	case strings.ContainsFunc(name, func(r rune) bool { return r > '~' }):
		c.wrong(setting, "the name is not written in ASCII", "write an international name in its xn-- form")
	case !hostName.MatchString(name):
		c.wrong(setting, fmt.Sprintf("%q is not the name of a host", c.PasskeyHost), example)
	case name == host:
		c.warn(setting, "this is the host of the address already", "leave it out")
	case c.site.Base.Scheme != "https" || net.ParseIP(host) != nil:
		c.wrong(setting, "browsers use another host's passkeys only at an https address with a name", "write one in address, or leave "+setting+" out")
	default:
		c.site.Former = name
	}
}

// related tells whether browsers ask the host that passkeys were made for whether they may be used at the address. Of a part of the
// address' own name they don't.
func (s Site) related() bool {
	return s.Former != "" && !strings.HasSuffix(s.Base.Hostname(), "."+s.Former)
}

// names are what certificates are got for.
func (s Site) names() []string {
	names := []string{s.Base.Hostname()}
	if s.related() {
		names = append(names, s.Former)
	}
	return names
}
