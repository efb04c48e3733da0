// What the operator says of the message centre.

package smpp

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"strings"
	"unicode"
)

// Config is the account at a message centre.
type Config struct {
	Address    string  // host:port
	TLS        bool    // from the first octet; the certificate has to be good for the host
	CA         string  // PEM certificates to believe instead of the system's
	SystemID   string  // the account's name
	Password   string  //
	SystemType string  // only if the provider gave one
	Window     int     // messages on their way at once; 0 is 32
	PerSecond  float64 // messages a second at most; 0 is no bound
	Payload    bool    // long texts go whole, in a message_payload (section 5.3.2.32), and the message centre cuts them
}

const (
	usualWindow = 32
	mostWindow  = 1000
)

// check tells what is wrong with the settings, and fills in the defaults.
func (c *Config) check() error {
	host, port, err := net.SplitHostPort(c.Address)
	if err != nil || host == "" || port == "" {
		return fmt.Errorf("the message centre's address %q is not a host and a port, as in smpp.example.org:2775", c.Address)
	}
	if c.SystemID == "" {
		return errors.New("the system id is missing: it is the name of your account at the message centre")
	}
	// The specification has a password of 8 characters (section 5.2.2). Some providers give longer ones, and take them.
	for _, field := range []struct {
		name, value string
		most        int
	}{{"system id", c.SystemID, 15}, {"password", c.Password, 64}, {"system type", c.SystemType, 12}} {
		if len(field.value) > field.most || strings.ContainsFunc(field.value, unicode.IsControl) {
			return fmt.Errorf("the %s is longer than %d characters, or has a line break or the like in it", field.name, field.most)
		}
	}
	if c.Window == 0 {
		c.Window = usualWindow
	}
	if c.Window < 1 || c.Window > mostWindow {
		return fmt.Errorf("the window is %d; it can be from 1 to %d", c.Window, mostWindow)
	}
	if !(c.PerSecond >= 0 && c.PerSecond <= 1e6) { // nor NaN
		return fmt.Errorf("%v messages a second is not a rate; leave it out for no bound", c.PerSecond)
	}
	if c.CA != "" && !c.TLS {
		return errors.New("there is a certificate authority, but TLS is off: switch it on, or take the authority away")
	}
	return nil
}

// dialer makes connections to the message centre.
func (c *Config) dialer() (func(context.Context) (net.Conn, error), error) {
	dial := (&net.Dialer{}).DialContext
	if c.TLS {
		config := &tls.Config{MinVersion: tls.VersionTLS12}
		if c.CA != "" {
			config.RootCAs = x509.NewCertPool()
			if !config.RootCAs.AppendCertsFromPEM([]byte(c.CA)) {
				return nil, errors.New("there is no certificate in the certificate authority's file: it has to be PEM")
			}
		}
		dial = (&tls.Dialer{Config: config}).DialContext
	}
	return func(ctx context.Context) (net.Conn, error) { return dial(ctx, "tcp", c.Address) }, nil
}
