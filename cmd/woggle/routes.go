// The routes file: by which providers texts and calls go, what they cost, and how much may be spent.
package main

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/message/speech"
	"woggle/internal/server"
)

// Phones are what the routes file says.
type Phones struct {
	Currency string // ISO 4217, as in GBP
	Limits   bill.Limits
	routes   []routeSetting
}

// routeSetting is a route without its provider, and what makes that.
type routeSetting struct {
	route    message.Route
	provider string
	make     maker
}

// maker makes a provider. The error tells what is wrong with the settings.
type maker func(desk message.Desk, callback string, log *slog.Logger) (message.Provider, error)

// Routes makes the routes for the site with that address. Providers that keep a line tell the log of its troubles.
func (p *Phones) Routes(base *url.URL, log *slog.Logger) server.Routes {
	if p == nil {
		return nil
	}
	return func(desk func(string) message.Desk) (routes []message.Route, err error) {
		for _, setting := range p.routes {
			one := setting.route
			if one.Provider, err = setting.make(desk(one.Name), callbackOf(base, one.Name), log.With("route", one.Name)); err != nil {
				return nil, fmt.Errorf("route %s: %w", one.Name, err)
			}
			routes = append(routes, one)
		}
		return routes, nil
	}
}

// limits are those of the file; without one nothing is sent that costs anything.
func (p *Phones) limits() bill.Limits {
	if p == nil {
		return bill.Limits{}
	}
	return p.Limits
}

func callbackOf(base *url.URL, route string) string { return base.String() + "/callback/" + route }

// serves tells whether there is a route for the channel.
func (p *Phones) serves(channel message.Channel) bool {
	return p != nil && slices.ContainsFunc(p.routes, func(r routeSetting) bool { return r.route.Channel == channel })
}

// limitKeys are the keys of [limits], each with the amounts that it sets.
func limitKeys(l *bill.Limits) map[string]*bill.Money {
	return map[string]*bill.Money{"all_day": &l.All.Day, "all_month": &l.All.Month, "user_day": &l.User.Day, "user_month": &l.User.Month,
		"number_day": &l.Number.Day, "number_month": &l.Number.Month, "prefix_day": &l.Range.Day, "prefix_month": &l.Range.Month,
		"address_day": &l.Address.Day, "address_month": &l.Address.Month}
}

// readPhones reads the routes file. What is wrong with it is among the findings.
func readPhones(file string, variables map[string]string, base *url.URL, surroundings surroundings) (*Phones, []Finding) {
	f, top := readRoutes(file, variables)
	if top == nil {
		return nil, f.found
	}
	phones := &Phones{Currency: "GBP", Limits: bill.DefaultLimits()}
	phones.Limits.Zone = surroundings.zone
	dear := bill.Dear
	top.known["currency"], top.known["dear"], top.known["limits"], top.known["route"] = true, true, true, true
	if named, set := top.values["currency"]; set {
		phones.Currency = strings.ToUpper(fmt.Sprint(named))
	}
	if !currency.MatchString(phones.Currency) {
		top.say("currency", fmt.Sprintf("%q is no currency", phones.Currency), `write its three letters of ISO 4217: "GBP", "EUR"`)
	}
	surroundings.currency = phones.Currency
	top.amount("dear", top.values["dear"], &dear)
	f.readLimits(top, &phones.Limits)
	list, _ := top.values["route"].([]map[string]any)
	if len(list) == 0 {
		top.say("route", "there is no route in the file", "write [[route]], and below it name, channel and provider")
	}
	names := map[string]bool{}
	for i, values := range list {
		name, _ := values["name"].(string)
		t := f.table(fmt.Sprintf("route.%d.", i), name, values)
		setting, ok := t.readRoute(base, dear, surroundings)
		if names[name] {
			t.say("name", fmt.Sprintf("there are two routes with the name %s", name), "give each a name of its own")
		}
		names[name] = true
		if ok {
			phones.routes = append(phones.routes, setting)
		}
	}
	top.strangers("the routes file")
	for variable := range f.variables {
		if strings.HasPrefix(variable, "WOGGLE_ROUTE_") {
			f.found = append(f.found, Finding{Where: variable, Wrong: "no route has such a secret", Do: "see how the route is named", Warning: true})
		}
	}
	return phones, f.found
}

var (
	currency  = regexp.MustCompile(`^[A-Z]{3}$`)
	routeName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	prefix    = regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
	language  = regexp.MustCompile(`^[a-z]{2,3}$`)
)

func (f *tablesFile) readLimits(top *table, limits *bill.Limits) {
	values, is := top.values["limits"].(map[string]any)
	if !is && top.values["limits"] != nil {
		top.say("limits", "limits must be a table", "write [limits], and below it all_day = 25")
	}
	t := f.table("limits.", "", values)
	targets := limitKeys(limits)
	for _, key := range slices.Sorted(maps.Keys(targets)) {
		t.known[key] = true
		t.amount(key, t.values[key], targets[key])
	}
	t.strangers("[limits]")
}

// amount reads money: 25, 0.04 or "0.0405".
func (t *table) amount(key string, value any, target *bill.Money) {
	if value == nil {
		return
	}
	amount, err := moneyOf(value)
	if err != nil {
		t.say(key, key+": "+err.Error(), "")
		return
	}
	*target = amount
}

func moneyOf(value any) (bill.Money, error) {
	switch value.(type) {
	case int64, float64, string:
		return bill.ParseMoney(fmt.Sprint(value))
	}
	return 0, errors.New("this is not an amount")
}

// surroundings are the other settings that routes work with.
type surroundings struct {
	organisation string
	currency     string   // of prices
	country      string   // of numbers that are national
	countries    []string // whose numbers are dialled
	speech       *speech.Library
	zone         *time.Location
}

// readRoute reads one [[route]]. ok is false if there is something wrong with it.
func (t *table) readRoute(base *url.URL, dear bill.Money, around surroundings) (setting routeSetting, ok bool) {
	before := len(t.found)
	var keys struct {
		Name, Channel, Provider string
		Prefixes, Languages     []string
		Sender                  string
		Senders                 map[string]string
		Prices                  any
		Increment               string
		PerSecond               float64
		AtOnce                  int
		PerDay                  int64
	}
	t.fill(&keys)
	if !routeName.MatchString(keys.Name) {
		t.say("name", "a route needs a name of small letters, digits and hyphens", `write it as in name = "twilio-texts"`)
	}
	r := message.Route{Name: keys.Name, Channel: message.Channel(keys.Channel), Prefixes: keys.Prefixes, Languages: keys.Languages, Senders: keys.Senders,
		PerSecond: keys.PerSecond, AtOnce: keys.AtOnce, PerDay: keys.PerDay}
	if r.Channel != message.SMS && r.Channel != message.Voice {
		t.say("channel", fmt.Sprintf("%q is not a channel", keys.Channel), `write "sms" or "voice"`)
	}
	for i, bound := range []float64{keys.PerSecond, float64(keys.AtOnce), float64(keys.PerDay)} {
		if key := []string{"per_second", "at_once", "per_day"}[i]; !(bound >= 0) { // nor NaN
			t.say(key, key+" is below zero", "leave it out for no bound")
		}
	}
	for _, one := range keys.Prefixes {
		if !prefix.MatchString(one) {
			t.say("prefixes", fmt.Sprintf("%q is not the beginning of an international number", one), `write it as in "+44"`)
		}
	}
	for _, one := range keys.Languages {
		if !language.MatchString(one) {
			t.say("languages", fmt.Sprintf("%q is not a language", one), `write "en" or "cy"`)
		}
	}
	t.readSenders(&r, keys.Sender, around.countries)
	t.readPrices(&r, keys.Prices, keys.Increment, dear)
	setting = routeSetting{route: r, provider: keys.Provider}
	reader, known := readers[keys.Provider+" "+keys.Channel]
	if !known && (r.Channel == message.SMS || r.Channel == message.Voice) {
		t.say("provider", fmt.Sprintf("there is no provider %q for %s", keys.Provider, cmp.Or(keys.Channel, "this channel")), "these are known: "+strings.Join(slices.Sorted(maps.Keys(readers)), ", "))
	}
	if !known {
		return setting, false
	}
	setting.make = reader(t, around)
	t.strangers("a route by " + keys.Provider)
	if errorsIn(t.found[before:]) > 0 {
		return setting, false
	}
	if _, err := setting.make(nil, callbackOf(base, r.Name), nil); err != nil {
		for line := range strings.Lines(err.Error()) {
			t.find(t.where("provider"), "route "+r.Name+": "+strings.TrimSpace(line), "")
		}
		return setting, false
	}
	return setting, true
}

// readPrices reads prices from a table of the file, or from a file of their own.
func (t *table) readPrices(r *message.Route, value any, increment string, dear bill.Money) {
	r.Prices.Dear = dear
	switch typed := value.(type) {
	case nil:
		t.warn("prices", "route "+r.Name+" has no prices: every message is counted as "+dear.String(), `write prices = "prices.csv", or prices = { "+44" = "0.04" }`)
	case string:
		list, err := os.Open(t.beside(typed))
		if err != nil {
			t.say("prices", "the list of prices cannot be read: "+err.Error(), "")
			return
		}
		defer list.Close()
		if r.Prices.Prefixes, err = bill.ReadPrices(list); err != nil {
			for line := range strings.Lines(err.Error()) {
				t.find(typed, strings.TrimSpace(line), "")
			}
		}
	case map[string]any:
		r.Prices.Prefixes = map[string]bill.Money{}
		for from, amount := range typed {
			price, err := moneyOf(amount)
			if err != nil || !prefix.MatchString(from) && from != "+" {
				t.say("prices", fmt.Sprintf("%s = %v is not the price of a prefix", from, amount), `write it as in { "+44" = "0.04" }`)
				continue
			}
			r.Prices.Prefixes[from] = price
		}
	default:
		t.say("prices", "prices must be the name of a file, or a table", `write prices = "prices.csv", or prices = { "+44" = "0.04" }`)
	}
	if increment == "" {
		return
	}
	first, then, both := strings.Cut(increment, "/")
	one, err1 := time.ParseDuration(first + "s")
	two, err2 := time.ParseDuration(then + "s")
	if !both || err1 != nil || err2 != nil || one < time.Second || two < time.Second {
		t.say("increment", fmt.Sprintf("%q does not say how calls are billed", increment), `write the first and the next seconds: "60/60", "30/6", "1/1"`)
		return
	}
	r.Prices.Increment = bill.Increment{First: one, Then: two}
}
