// The one client, and the bounded answer.
package outgoing

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"
)

const (
	patience   = 5 * time.Second // for a whole exchange
	mostAnswer = 1 << 20         // bytes
)

// ErrRefused says that the address is none that is called.
var ErrRefused = errors.New("this address is not called from here")

// ErrTooLarge says that an answer was longer than any that is waited for.
var ErrTooLarge = errors.New("the answer is too large")

// New makes a client. One that is local also calls this computer, and without TLS: for a Woggle that itself is reached only
// here, such as the demonstration.
func New(local bool) *http.Client {
	return client(local, func(ip netip.Addr) bool { return allowed(ip, local) })
}

// Public is New for addresses that any visitor may give, such as those of push services: it does not call the
// organisation's own network either.
func Public(local bool) *http.Client {
	return client(local, func(ip netip.Addr) bool { return public(ip, local) })
}

func client(local bool, allowed func(netip.Addr) bool) *http.Client {
	dialer := &net.Dialer{Timeout: patience, ControlContext: func(_ context.Context, _, address string, _ syscall.RawConn) error {
		return judge(address, allowed)
	}}
	return &http.Client{
		Timeout: patience,
		Transport: tlsOnly{local: local, next: &http.Transport{
			DialContext:            dialer.DialContext, // no proxy of the environment: it would connect in our place
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
			ForceAttemptHTTP2:      true,
			MaxIdleConnsPerHost:    8,
			IdleConnTimeout:        30 * time.Second,
			MaxResponseHeaderBytes: 32 << 10,
		}},
		// A redirect would carry what we send to wherever the answer says.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

type tlsOnly struct {
	local bool
	next  http.RoundTripper
}

// RoundTrip refuses what would go over the wire for all to read.
func (t tlsOnly) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" && (!t.local || r.URL.Scheme != "http") || r.URL.User != nil {
		return nil, fmt.Errorf("%w: it does not begin with https://, or has a password in it", ErrRefused)
	}
	return t.next.RoundTrip(r)
}

// judge judges an address as it is about to be connected to: after the name was looked up, however it was written.
func judge(address string, allowed func(netip.Addr) bool) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if ip := to.Addr().Unmap(); !allowed(ip) {
		return fmt.Errorf("%w: %s", ErrRefused, ip)
	}
	return nil
}

func allowed(ip netip.Addr, local bool) bool {
	switch {
	case ip.IsLoopback():
		return local
	case ip.IsUnspecified(), ip.IsMulticast(), ip.IsLinkLocalUnicast(), !ip.IsValid(), !ip.IsGlobalUnicast(), reserved(ip):
		return false
	}
	return true
}

func public(ip netip.Addr, local bool) bool { return allowed(ip, local) && !ip.IsPrivate() }

// reserved are ranges that no app stands in: "this network", the shared space of providers, in which clouds keep their
// metadata too, and IPv6 ranges that carry an IPv4 address inside, past these rules.
var reservedRanges = [...]netip.Prefix{netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"),
	netip.MustParsePrefix("192.0.0.0/24"), netip.MustParsePrefix("240.0.0.0/4"), netip.MustParsePrefix("64:ff9b::/96"),
	netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("2001::/32"),
	netip.MustParsePrefix("fd00:ec2::254/128")}

func reserved(ip netip.Addr) bool {
	for _, r := range reservedRanges {
		if r.Contains(ip) {
			return true
		}
	}
	return false
}

// Read reads an answer whole, and closes it. Its error is ErrTooLarge, or the network's.
func Read(r *http.Response) ([]byte, error) {
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, mostAnswer+1))
	if err == nil && len(body) > mostAnswer {
		err = ErrTooLarge
	}
	return body, err
}
