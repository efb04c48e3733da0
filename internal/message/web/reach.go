// Looking whether a provider can be reached, without asking it for anything.

package web

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
)

// Reach goes as far to the provider as one can without asking it for anything: a connection, and its certificate. Where
// requests go by a proxy, nothing is tried. The error is for the administrator.
func Reach(ctx context.Context, address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return errors.New("the address of the provider is not one")
	}
	if proxy, err := http.ProxyFromEnvironment(&http.Request{URL: u}); proxy != nil || err != nil {
		return err
	}
	port, dial := u.Port(), (&net.Dialer{}).DialContext
	if u.Scheme == "https" {
		dial, port = (&tls.Dialer{Config: &tls.Config{MinVersion: tls.VersionTLS12}}).DialContext, cmp.Or(port, "443")
	}
	conn, err := dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), cmp.Or(port, "80")))
	if err != nil {
		return fmt.Errorf("%s cannot be reached: %w", u.Host, err)
	}
	return conn.Close()
}
