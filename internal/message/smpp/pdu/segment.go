// How a text is cut into the short messages that carry it (3GPP TS 23.040 section 9.2.3.24.1).

package pdu

// How many octets of text a short message carries: 140 octets hold 160 septets, or 70 units of UCS-2. The header of a
// part takes 6 octets of them, which is 7 septets.
const (
	gsmWhole, gsmPart   = 160, 153
	ucs2Whole, ucs2Part = 140, 134
)

// Coding is the data_coding that the text needs.
func Coding(text string) byte {
	for _, r := range text {
		if _, ok := septets[r]; !ok && extended[r] == 0 {
			return CodingUCS2
		}
	}
	return CodingDefault
}

// Encode writes the whole text, however long, in the coding that it needs.
func Encode(text string) (coding byte, octets []byte) {
	coding = Coding(text)
	write := writer(coding)
	for _, r := range text {
		octets, _ = write(octets, r)
	}
	return coding, octets
}

func writer(coding byte) func([]byte, rune) ([]byte, bool) {
	if coding == CodingUCS2 {
		return ucs2
	}
	return gsm
}

// Split writes the text into as many short messages as it needs. If they are several, each begins with the user data
// header that joins them again under the 8-bit reference, and ESMHeader has to be set. No character is cut in two: neither
// an escape from its code, nor half of a surrogate pair from the other. A text of more than 255 parts has none.
func Split(text string, reference byte) (coding byte, parts [][]byte) {
	coding, octets := Encode(text)
	whole, part := gsmWhole, gsmPart
	if coding == CodingUCS2 {
		whole, part = ucs2Whole, ucs2Part
	}
	if len(octets) <= whole {
		return coding, [][]byte{octets}
	}
	for len(octets) > 0 {
		n := min(part, len(octets))
		if n < len(octets) {
			n -= overhang(coding, octets, n)
		}
		// Information element 0 is concatenation: its 3 octets are the reference, how many, and which.
		parts = append(parts, append([]byte{5, 0, 3, reference, 0, byte(len(parts) + 1)}, octets[:n]...))
		octets = octets[n:]
	}
	if len(parts) > 255 {
		return coding, nil
	}
	for _, part := range parts {
		part[4] = byte(len(parts))
	}
	return coding, parts
}

// overhang is how many octets before n belong to a character that goes on after it.
func overhang(coding byte, octets []byte, n int) int {
	switch {
	case coding == CodingUCS2 && octets[n]&0xFC == 0xDC: // the second half of a surrogate pair
		return 2
	case coding == CodingDefault && octets[n-1] == escape:
		return 1
	}
	return 0
}
