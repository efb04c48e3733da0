// What the operator says of the trunk.

package sip

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"woggle/internal/message/sip/rtp"
	"woggle/internal/message/speech"
)

// Config is the account at a trunk.
type Config struct {
	Server    string // host:port, or a domain whose DNS says where its servers are (RFC 3263)
	Transport string // udp, tcp or tls; empty is udp
	CA        string // PEM certificates to believe instead of the system's; only with tls

	Register bool          // sign in to the trunk; else it knows us by our address
	User     string        // the account's name, as in sip:User@Domain
	Password string        //
	AuthUser string        // the name that goes with the password; empty is User
	Domain   string        // of addresses; empty is the server's
	Expires  time.Duration // of a registration, as we ask for it; 0 is 10 minutes

	From         string // the number that calls come from if the message has none; empty is User
	NumberFormat string // how the trunk wants numbers: e164 (+44...), plain (44...), 00 (0044...) or national; empty is e164
	Country      string // where numbers are national: two letters, such as GB

	Listen        string // local address, with or without a port; empty is the address that faces the trunk, and any port
	RTPPorts      string // where sound comes in; empty is 10000-10999
	PublicAddress string // how the trunk sees us, where that is not the local address
	AtOnce        int    // calls at once; 0 is 10

	RingTime     time.Duration // until nobody is at home; 0 is 45 s
	Organisation string        // as the greeting says it
	Speech       *speech.Library
	Log          *slog.Logger // where what is wrong with the trunk is told, once; nil is nowhere
}

const (
	usualAtOnce   = 10
	mostAtOnce    = 1000
	usualRing     = 45 * time.Second
	usualExpires  = 10 * time.Minute
	usualRTPPorts = "10000-10999"
)

// settings is a Config that was checked, with its defaults.
type settings struct {
	Config
	ports  rtp.Ports
	local  netip.Addr // that Listen names; invalid if it names none
	port   uint16     // that Listen names, or 0
	public netip.Addr // PublicAddress, or invalid
	format numberFormat
	tls    *tls.Config
	waits  waits
}

// waits is how long is waited for what. Tests have less time.
type waits struct {
	answer     time.Duration // to a request that is no INVITE; transactions wait 32 s, which nobody has
	connecting time.Duration // until it rings, where the trunk says that it is trying
	lingering  time.Duration // for what becomes of a call that was cancelled: 64*T1 (RFC 3261 section 9.1)
	unheard    time.Duration // with no sound from the other end, until it is asked whether it is there
	keepAlive  time.Duration // between two questions whether the trunk is there; they keep a NAT's door open too
	pause      time.Duration // until the trunk is tried again, the first time
	rebuke     time.Duration // the same where it refused our password: trunks lock out who insists
}

var usualWaits = waits{answer: 5 * time.Second, connecting: 20 * time.Second, lingering: 32 * time.Second,
	unheard: 10 * time.Second, keepAlive: 25 * time.Second, pause: time.Second, rebuke: time.Minute}

const (
	longestPause  = time.Minute
	longestRebuke = 15 * time.Minute
)

// check tells what is wrong with the settings.
func (c Config) check() (*settings, error) {
	s := &settings{Config: c, waits: usualWaits}
	for _, part := range []func(*settings) error{(*settings).checkServer, (*settings).checkAccount, (*settings).checkNumbers,
		(*settings).checkAddresses, (*settings).checkCalls} {
		if err := part(s); err != nil {
			return nil, err
		}
	}
	if s.Log == nil {
		s.Log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

func (s *settings) checkServer() error {
	host := s.host()
	if host == "" || strings.ContainsAny(host, " @;<>/") || strings.HasPrefix(s.Server, "sip") && strings.Contains(s.Server, "sip:") {
		return fmt.Errorf("the trunk's server %q is not a domain or host:port, as in sip.example.org or 192.0.2.1:5060", s.Server)
	}
	if _, port, err := net.SplitHostPort(s.Server); err == nil {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return fmt.Errorf("the port of the trunk's server %q is not a number from 1 to 65535", s.Server)
		}
	}
	s.Transport = strings.ToLower(s.Transport)
	switch s.Transport {
	case "":
		s.Transport = "udp"
	case "udp", "tcp", "tls":
	default:
		return fmt.Errorf("the transport %q is none of udp, tcp and tls", s.Transport)
	}
	if s.CA != "" && s.Transport != "tls" {
		return errors.New("there is a certificate authority, but the transport is not tls: change the one, or take the other away")
	}
	s.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: host}
	if s.CA != "" {
		s.tls.RootCAs = x509.NewCertPool()
		if !s.tls.RootCAs.AppendCertsFromPEM([]byte(s.CA)) {
			return errors.New("there is no certificate in the certificate authority's file: it has to be PEM")
		}
	}
	return nil
}

// host is the server's name or address.
func (s *settings) host() string {
	if host, _, err := net.SplitHostPort(s.Server); err == nil {
		return host
	}
	return strings.Trim(s.Server, "[]")
}

func (s *settings) checkAccount() error {
	if s.Domain == "" {
		s.Domain = s.host()
	}
	for _, field := range []struct{ name, value string }{{"user", s.User}, {"user of the password", s.AuthUser}, {"domain", s.Domain}} {
		if strings.ContainsFunc(field.value, notInAddress) {
			return fmt.Errorf("the %s %q has a character in it that an address cannot have", field.name, field.value)
		}
	}
	if s.Register && s.User == "" {
		return errors.New("the user is missing: a registration needs the account's name")
	}
	if s.AuthUser == "" {
		s.AuthUser = s.User
	}
	if s.Expires == 0 {
		s.Expires = usualExpires
	}
	if s.Expires < time.Minute || s.Expires > 24*time.Hour {
		return fmt.Errorf("a registration for %s is too short or too long: say from 1 minute to 24 hours", s.Expires)
	}
	return nil
}

// notInAddress tells a character that would end the user or the host of a SIP address, or begin something else in it.
func notInAddress(r rune) bool {
	return r <= ' ' || r >= 0x7f || strings.ContainsRune(`<>"@;?/\,&=[]{}^%`+"`|", r)
}

func (s *settings) checkNumbers() (err error) {
	if s.format, err = newNumberFormat(s.NumberFormat, s.Country); err != nil {
		return err
	}
	if s.From == "" {
		s.From = s.User
	}
	if s.From == "" {
		return errors.New("calls come from nobody: say the number that they come from, or the user")
	}
	if strings.ContainsFunc(s.From, notInAddress) {
		return fmt.Errorf("calls cannot come from %q: that is no number, nor the name of an account", s.From)
	}
	return nil
}

func (s *settings) checkAddresses() (err error) {
	if s.RTPPorts == "" {
		s.RTPPorts = usualRTPPorts
	}
	if s.ports, err = rtp.ParsePorts(s.RTPPorts); err != nil {
		return err
	}
	if s.PublicAddress != "" {
		if s.public, err = netip.ParseAddr(s.PublicAddress); err != nil {
			return fmt.Errorf("the public address %q is not an IP address", s.PublicAddress)
		}
	}
	if s.Listen == "" {
		return nil
	}
	if addr, err := netip.ParseAddrPort(s.Listen); err == nil {
		s.local, s.port = addr.Addr().Unmap(), addr.Port()
	} else if s.local, err = netip.ParseAddr(s.Listen); err != nil {
		return fmt.Errorf("the local address %q is not an IP address, with or without a port", s.Listen)
	}
	if s.local.IsUnspecified() { // then the trunk has to be told which
		s.local = netip.Addr{}
	}
	return nil
}

func (s *settings) checkCalls() error {
	if s.AtOnce == 0 {
		s.AtOnce = min(usualAtOnce, s.ports.Calls())
	}
	if s.AtOnce < 1 || s.AtOnce > mostAtOnce {
		return fmt.Errorf("%d calls at once is not from 1 to %d", s.AtOnce, mostAtOnce)
	}
	if s.ports.Calls() < s.AtOnce {
		return fmt.Errorf("the ports %s are enough for %d calls, and %d are allowed at once: a call needs two ports", s.RTPPorts, s.ports.Calls(), s.AtOnce)
	}
	if s.RingTime == 0 {
		s.RingTime = usualRing
	}
	if s.RingTime < 5*time.Second || s.RingTime > 3*time.Minute {
		return fmt.Errorf("letting a telephone ring for %s is too short or too long: say from 5 seconds to 3 minutes", s.RingTime)
	}
	if s.Speech == nil {
		return errors.New("there is nothing to say: the recordings are missing")
	}
	return nil
}
