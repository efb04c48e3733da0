// Whom texts and calls come from, and what countries say to that.
package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"woggle/internal/message"
	"woggle/internal/method/phone"
)

var (
	numeric      = regexp.MustCompile(`^\+?[0-9]{3,15}$`)         // E.164, or a short code
	alphanumeric = regexp.MustCompile(`^[A-Za-z0-9 .&_-]{1,11}$`) // 11 characters: 3GPP TS 23.040 section 9.1.2.5
	letter       = regexp.MustCompile(`[A-Za-z]`)
)

// nameRule is what a country does with texts that come from a name.
type nameRule struct {
	refused bool // they do not arrive, or come from somebody else
	why     string
}

// nameRules are those that we know of, as the regulators and the providers told in 2026; it is no list of all. Sources:
// FCC and CRTC (numbers only), the networks' short codes (NZ, BE), ComReg's Sender ID Registry (IE), SGNIC's SSIR (SG),
// ACMA's SMS Sender ID Register (AU), TRAI's DLT (IN).
var nameRules = map[string]nameRule{
	"US": {true, "the United States take no texts from a name"},
	"CA": {true, "Canada takes no texts from a name"},
	"NZ": {true, "New Zealand takes texts from short codes only, and none from a name"},
	"BE": {false, "networks in Belgium put a number in the place of a name"},
	"IE": {false, "Ireland delivers texts from a name only if it was registered there"},
	"SG": {false, "Singapore delivers texts from a name only if it was registered there"},
	"AU": {false, "Australia delivers texts from a name only if it was registered there"},
	"IN": {false, "India delivers texts from a name only if it was registered there"},
}

// readSenders reads whom messages come from. countries are those whose numbers are dialled.
func (t *table) readSenders(r *message.Route, sender string, countries []string) {
	key := "senders"
	if r.Senders == nil {
		r.Senders, key = map[string]string{}, "sender"
	}
	if sender != "" {
		r.Senders[""] = sender
	}
	for _, from := range slices.Sorted(maps.Keys(r.Senders)) {
		one := r.Senders[from]
		switch {
		case from != "" && !prefix.MatchString(from):
			t.say("senders", fmt.Sprintf("%q is not the beginning of an international number", from), `write senders = { "+44" = "Scouts" }`)
		case r.Channel == message.Voice && !numeric.MatchString(one):
			t.say(key, fmt.Sprintf("calls come from a number, not from %q", one), "write a number that is yours, as in +442079460000")
		case !isName(one) && !numeric.MatchString(one):
			t.say(key, fmt.Sprintf("texts cannot come from %q", one), "write a number, or a name of at most 11 letters, digits and spaces with a letter in it")
		}
	}
	for _, country := range countries {
		rule, known := nameRules[country]
		number, _, err := phone.Examples(country) // a name is the sender of texts
		if !known || err != nil || !r.Reaches(number) || !isName(senderFor(r.Senders, number)) {
			continue
		}
		if do := fmt.Sprintf("name a number for %s in senders, or leave %s out of prefixes", country, country); rule.refused {
			t.say(key, rule.why, do)
		} else {
			t.warn(key, rule.why, "have it registered by the provider, or "+do)
		}
	}
}

func isName(sender string) bool {
	return alphanumeric.MatchString(sender) && letter.MatchString(sender)
}

// senderFor is whom a message to the number comes from: the longest prefix decides.
func senderFor(senders map[string]string, number string) (sender string) {
	longest := -1
	for from, one := range senders {
		if len(from) > longest && strings.HasPrefix(number, from) {
			longest, sender = len(from), one
		}
	}
	return sender
}
