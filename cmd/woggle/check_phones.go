// What woggle check says about texts and calls.
package main

import (
	"fmt"

	"woggle/internal/message"
	"woggle/internal/method/phone"
)

// probePhones tells what members will miss, and what will cost more than it has to. It sends nothing.
func probePhones(site Site) (found []Finding) {
	warn := func(where, wrong, do string) {
		found = append(found, Finding{Where: where, Wrong: wrong, Do: do, Warning: true})
	}
	text, call := site.Phones.serves(message.SMS), site.Phones.serves(message.Voice)
	switch {
	case !text && !call:
		warn("routes", "no text or call can be sent: members can set up an authenticator app only", `name a routes file: routes = "routes.toml"`)
		return found
	case !text:
		warn("routes", "no text can be sent: members get calls only", "add a route with channel = \"sms\"")
	case !call:
		warn("routes", "no call can be made: members with a landline only cannot set up a phone", "add a route with channel = \"voice\"")
	}
	for _, country := range site.Countries {
		number, err := phone.Example(country)
		if err != nil {
			continue
		}
		for _, r := range site.Phones.routes {
			if _, known := r.route.Prices.Of(number); !known && len(r.route.Prices.Prefixes) > 0 && r.route.Reaches(number) {
				warn("routes", fmt.Sprintf("route %s has no price for numbers of %s: each message is counted as if it were very dear", r.route.Name, country), "add the prefix to its prices")
			}
		}
		for _, channel := range []message.Channel{message.SMS, message.Voice} {
			reached := !site.Phones.serves(channel)
			for _, r := range site.Phones.routes {
				reached = reached || r.route.Channel == channel && r.route.Reaches(number)
			}
			if !reached {
				warn("routes", fmt.Sprintf("no route for %s serves numbers of %s", channel, country), "add its prefix to a route, or take the country out of the settings")
			}
		}
	}
	if call && !site.Speech.Names(site.Brand.Name) {
		warn("recordings", "calls say \"your organisation\", because its name is not recorded", "record it as en/organisation.wav in the folder that recordings names")
	}
	return found
}
