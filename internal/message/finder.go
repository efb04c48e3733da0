// Finding messages by what may not be read: keyed fingerprints of numbers, ranges and addresses.

package message

import (
	"encoding/hex"
	"net/netip"
	"strconv"

	"github.com/nyaruka/phonenumbers"

	"woggle/internal/keys"
)

// finder is what a message can be found and counted by. Only the country can be read: a range and the digits of the
// hint together would be nearly the number.
type finder struct {
	country string // calling code, as in +44
	number  string
	reach   string // the ten thousand numbers around it
	block   string // the million numbers around it
	address string // of the browser that asks
}

func newFinder(ring *keys.Ring, m Message) (f finder) {
	if m.Channel == Email {
		return f
	}
	f = finder{country: countryOf(m.To), number: Fingerprint(ring, "number", m.To), reach: Fingerprint(ring, "range", shortened(m.To, 4)),
		block: Fingerprint(ring, "block", shortened(m.To, 6))}
	if m.Origin.IsValid() && !m.Origin.IsLoopback() { // this computer's own address says nothing of who asks
		f.address = Fingerprint(ring, "address", network(m.Origin).String())
	}
	return f
}

// Fingerprint is a keyed fingerprint of what may not be read in the table, such as a number. The purpose keeps
// fingerprints of different things apart.
func Fingerprint(ring *keys.Ring, purpose, what string) string {
	return hex.EncodeToString(ring.MAC("message-"+purpose, what)[:16])
}

// shortened is the number without its last digits.
func shortened(number string, digits int) string { return number[:max(0, len(number)-digits)] }

// network is what one customer has at least: an address of IPv4, 64 bits of IPv6.
func network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	prefix, _ := a.Prefix(bits)
	return prefix
}

func countryOf(number string) string {
	parsed, err := phonenumbers.Parse(number, phonenumbers.UNKNOWN_REGION)
	if err != nil {
		return ""
	}
	return "+" + strconv.Itoa(int(parsed.GetCountryCode()))
}
