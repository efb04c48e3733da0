// Which UDP ports the sound of calls uses.

package rtp

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"strings"
)

// Ports is the range that the ports of calls are taken from, as a firewall has to let them in. A call uses two.
type Ports struct{ First, Last uint16 }

// ParsePorts reads a range such as 10000-10999.
func ParsePorts(text string) (Ports, error) {
	first, last, _ := strings.Cut(text, "-")
	from, err1 := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	to, err2 := strconv.ParseUint(strings.TrimSpace(last), 10, 16)
	if err := errors.Join(err1, err2); err != nil || from < 1024 || to < from+1 {
		return Ports{}, fmt.Errorf("the ports %q are not a range above 1023 such as 10000-10999", text)
	}
	return Ports{uint16(from), uint16(to)}, nil
}

// Calls is how many calls at once the range is good for.
func (p Ports) Calls() int { return (int(p.Last) + 1 - p.even()) / 2 }

// even is the first even port of the range.
func (p Ports) even() int { return int(p.First) + int(p.First)%2 }

var errNoPorts = errors.New("all the ports for calls are in use: give a wider range")

// open takes an even port for RTP and the next one for RTCP (RFC 3550 section 11). It begins at a random place, because
// a stranger who can guess the port is one step closer to being heard.
func (p Ports) open(ip netip.Addr) (media, control *net.UDPConn, err error) {
	pairs := p.Calls()
	begin := rand.IntN(max(pairs, 1))
	for i := range pairs {
		port := uint16(p.even() + 2*((begin+i)%pairs))
		media, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port)))
		if err != nil {
			continue
		}
		control, err = net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, port+1)))
		if err == nil {
			return media, control, nil
		}
		media.Close()
	}
	return nil, nil, fmt.Errorf("%w (%w)", errNoPorts, err)
}
