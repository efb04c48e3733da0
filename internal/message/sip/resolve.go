// Where the trunk's servers are (RFC 3263).

package sip

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
)

// mostServers bounds what a DNS answer makes us try.
const mostServers = 8

// resolve returns the addresses of the trunk's servers, in the order in which they are to be tried.
func (s *settings) resolve(ctx context.Context) (servers []netip.AddrPort, err error) {
	defaultPort := uint16(5060)
	if s.Transport == "tls" {
		defaultPort = 5061
	}
	host, port, err := net.SplitHostPort(s.Server)
	if err == nil {
		n, _ := strconv.ParseUint(port, 10, 16) // it was checked
		return lookUp(ctx, host, uint16(n))
	}
	host = s.host()
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.AddrPort{netip.AddrPortFrom(addr.Unmap(), defaultPort)}, nil
	}
	service := map[string][2]string{"udp": {"sip", "udp"}, "tcp": {"sip", "tcp"}, "tls": {"sips", "tcp"}}[s.Transport]
	_, records, err := net.DefaultResolver.LookupSRV(ctx, service[0], service[1], host)
	if err != nil || len(records) == 0 {
		return lookUp(ctx, host, defaultPort)
	}
	for _, record := range records {
		found, lookErr := lookUp(ctx, record.Target, record.Port)
		if lookErr != nil {
			err = lookErr
		}
		servers = append(servers, found...)
	}
	if len(servers) == 0 {
		return nil, err
	}
	return servers[:min(len(servers), mostServers)], nil
}

func lookUp(ctx context.Context, host string, port uint16) (servers []netip.AddrPort, err error) {
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, fmt.Errorf("sip: the trunk's server cannot be found: %w", err)
	}
	for _, addr := range addrs[:min(len(addrs), mostServers)] {
		servers = append(servers, netip.AddrPortFrom(addr.Unmap(), port))
	}
	return servers, nil
}

// facing is the local address that packets to the server leave from.
func facing(server netip.AddrPort) (netip.Addr, error) {
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server)) // sends nothing
	if err != nil {
		return netip.Addr{}, fmt.Errorf("sip: no way leads to the trunk: %w", err)
	}
	defer conn.Close()
	return conn.LocalAddr().(*net.UDPAddr).AddrPort().Addr().Unmap(), nil
}
