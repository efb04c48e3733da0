// What woggle check says about texts and calls.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"sync"

	"woggle/internal/message"
	"woggle/internal/method/phone"
)

// probePhones tells what members will miss, what will cost more than it has to, and which provider cannot be reached. It
// sends nothing.
func probePhones(ctx context.Context, site Site) (found []Finding) {
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
	found = append(found, site.Phones.gaps(site.Countries)...)
	if call && !site.Speech.Names(site.Brand.Name) {
		warn("recordings", "calls say \"your organisation\", because its name is not recorded", "record it as en/organisation.wav in the folder that recordings names")
	}
	return append(found, probeProviders(ctx, site)...)
}

// gaps tells for which countries there is no route, or no price. Texts are for mobiles; calls are for landlines above all,
// and cost something else to mobiles, where they go there.
func (p *Phones) gaps(countries []string) (found []Finding) {
	warn := func(do, wrong string, args ...any) {
		found = append(found, Finding{Where: "routes", Wrong: fmt.Sprintf(wrong, args...), Do: do, Warning: true})
	}
	for _, country := range countries {
		mobile, landline, err := phone.Examples(country)
		if err != nil {
			continue
		}
		for _, r := range p.routes {
			unknown := func(number string) bool {
				_, known := r.route.Prices.Of(number)
				return !known && len(r.route.Prices.Prefixes) > 0 && r.route.Reaches(number)
			}
			if unknown(mobile) || r.route.Channel == message.Voice && unknown(landline) {
				warn("add the prefix to its prices", "route %s has no price for numbers of %s: each message is counted as if it were very dear", r.route.Name, country)
			}
		}
		for _, channel := range []message.Channel{message.SMS, message.Voice} {
			number, kind := mobile, "mobiles"
			if channel == message.Voice {
				number, kind = landline, "landlines"
			}
			reached := func(r routeSetting) bool { return r.route.Channel == channel && r.route.Reaches(number) }
			if p.serves(channel) && !slices.ContainsFunc(p.routes, reached) {
				warn("add their prefix to a route, or take the country out of the settings", "no route for %s serves %s of %s", channel, kind, country)
			}
		}
	}
	return found
}

// prober is a provider that can be tried without sending.
type prober interface {
	Probe(ctx context.Context) error
}

// probeProviders goes as far with each provider as one can without sending, with all of them at once. One that cannot be
// reached is no error: the server starts, and other routes take its place.
func probeProviders(ctx context.Context, site Site) (found []Finding) {
	silent := slog.New(slog.NewTextHandler(io.Discard, nil))
	routes, err := site.Phones.Routes(site.Base, silent)(func(string) message.Desk { return nil })
	if err != nil {
		return []Finding{{Where: "routes", Wrong: err.Error()}}
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	failures := make([]error, len(routes))
	var all sync.WaitGroup
	for i, r := range routes {
		if p, ok := r.Provider.(prober); ok {
			all.Go(func() { failures[i] = p.Probe(ctx) })
		}
	}
	all.Wait()
	for i, err := range failures {
		if err != nil {
			found = append(found, Finding{Where: "routes", Wrong: fmt.Sprintf("route %s cannot be used now: %v", routes[i].Name, err),
				Do: "look at its settings, and at the firewall; nothing was sent", Warning: true})
		}
	}
	return found
}
