// The settings of a site: its hosts, and what its parts take.
package forwardauth

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"woggle/internal/app"
	"woggle/internal/signin"
)

// Name is the protocol, in the apps file and in the database.
const Name = "forwardauth"

// Settings are what stands in [app.forwardauth].
type Settings struct {
	Hosts Hosts  `json:"hosts"`
	Paths []Path `json:"paths,omitempty"`
}

// Hosts are names as people type them, with a port that is not the scheme's own. One may stand without a list around it.
type Hosts []string

// UnmarshalJSON reads a list or one name.
func (h *Hosts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*h = Hosts{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(h))
}

// Path is a part of a site that takes less or more than the rest.
type Path struct {
	Prefix  string   `json:"prefix"`
	Open    bool     `json:"open,omitempty"`    // for everybody, signed in or not
	Fresh   string   `json:"fresh,omitempty"`   // how old the proof of possession may be: "10m"
	Groups  []string `json:"groups,omitempty"`  // names; who is in one of them, or in a group within one, may enter
	Methods []string `json:"methods,omitempty"` // only these prove possession
}

// site is an app as this package works with it.
type site struct {
	app   *app.App
	hosts []string
	rules []rule // the longest first
	whole rule
}

// rule is what one part of a site takes. The rule of the site as a whole takes what the app does, and no more.
type rule struct {
	prefix string
	broad  string // see broad; without a slash at the end
	open   bool
	groups []string
	demand app.Demand
}

// Facts are what has to be typed into the proxy. The base is our own address.
func Facts(base string, _ *app.App) []app.Fact {
	return []app.Fact{{Name: "What the proxy asks (nginx, caddy, traefik, haproxy, envoy)", Value: base + checkPath + "nginx"},
		{Name: "Where the site's sign-out leads", Value: signOutPath}, {Name: "Keys of Woggle-Assertion", Value: base + "/forward/keys"}}
}

// Name is the protocol's name.
func (f *Forward) Name() string { return Name }

// Read makes a site of the app's settings.
func (f *Forward) Read(a *app.App) error {
	var s Settings
	if err := app.ReadSettings(a.Settings, &s); err != nil {
		return fmt.Errorf("%w; there are hosts and paths", err)
	}
	one, err := read(a, s)
	if err != nil {
		return err
	}
	a.Audience, a.Parsed = one.hosts[0], one
	return nil
}

func read(a *app.App, s Settings) (*site, error) {
	one := &site{app: a, whole: rule{prefix: "/"}}
	if len(s.Hosts) == 0 {
		return nil, errors.New(`hosts is missing: hosts = ["wiki.example.org"]`)
	}
	for _, host := range s.Hosts {
		if err := checkHost(host); err != nil {
			return nil, err
		}
		one.hosts = append(one.hosts, strings.ToLower(host))
	}
	for _, p := range s.Paths {
		r, err := p.rule()
		if err != nil {
			return nil, fmt.Errorf("path %q: %w", p.Prefix, err)
		}
		if slices.ContainsFunc(one.rules, func(other rule) bool { return other.broad == r.broad }) {
			return nil, fmt.Errorf("path %q stands there twice", p.Prefix)
		}
		one.rules = append(one.rules, r)
	}
	slices.SortStableFunc(one.rules, func(a, b rule) int { return len(b.prefix) - len(a.prefix) })
	return one, nil
}

// checkHost knows a host as a browser sends it. Browsers send names of other alphabets in ASCII (RFC 5891 section 4.4).
func checkHost(host string) error {
	parsed, err := url.Parse("https://" + host)
	if err != nil || parsed.Host != host || parsed.Hostname() == "" || strings.HasSuffix(host, ":") {
		return fmt.Errorf(`host %q: write the name as people type it, and the port if it has one: "wiki.example.org", "wiki.example.org:8443"`, host)
	}
	name := parsed.Hostname()
	for _, c := range name {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && !strings.ContainsRune("-.:", c) {
			return fmt.Errorf("host %q: a name has letters, digits, dots and dashes; write others in their ASCII form, xn--…", host)
		}
	}
	if strings.Contains(name, ":") && net.ParseIP(name) == nil {
		return fmt.Errorf("host %q is no address", host)
	}
	if port := parsed.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 || n == 443 || n == 80 {
			return fmt.Errorf("host %q: leave out the ports 443 and 80; others go up to 65535", host)
		}
	}
	return nil
}

func (p *Path) rule() (rule, error) {
	clean, ok := readPath((&url.URL{Path: p.Prefix}).EscapedPath())
	if !ok || !strings.HasPrefix(p.Prefix, "/") || clean != p.Prefix || !isPlain(p.Prefix) {
		return rule{}, errors.New(`a prefix begins with a slash, and has no dots between slashes, no ; ? # % and no empty parts: "/admin"`)
	}
	r := rule{prefix: p.Prefix, broad: strings.TrimSuffix(broad(p.Prefix), "/"), open: p.Open, groups: p.Groups}
	for _, name := range p.Methods {
		kind := signin.Kind(name)
		if !kind.Possession() {
			return rule{}, fmt.Errorf("%q is no method that proves possession: write %s", name, signin.PossessionKinds())
		}
		r.demand.Methods = append(r.demand.Methods, kind)
	}
	if p.Fresh != "" {
		fresh, err := time.ParseDuration(p.Fresh)
		if err != nil || fresh < time.Minute || fresh > 24*time.Hour {
			return rule{}, fmt.Errorf("fresh is %q: write a time from 1m to 24h", p.Fresh)
		}
		r.demand.Fresh = fresh
	}
	closed := len(r.groups) > 0 || len(r.demand.Methods) > 0 || r.demand.Fresh > 0
	switch {
	case r.open && closed:
		return rule{}, errors.New("what is open to everybody takes nothing else")
	case !r.open && !closed:
		return rule{}, errors.New("this says nothing: write open = true, or fresh, groups or methods")
	}
	return r, nil
}

// sites are all open sites by host, made once for each reading of the apps.
type sites struct {
	of     *app.Apps
	byHost map[string]*site
	closed []string // hosts of two apps, and our own
}

// index finds sites by their hosts. A host of two apps is nobody's: which of the two decides must not hang on the order.
func index(apps *app.Apps, own string) *sites {
	all := &sites{of: apps, byHost: map[string]*site{}}
	for _, a := range apps.Of(Name) {
		one, ok := a.Parsed.(*site)
		if !ok {
			continue
		}
		for _, host := range one.hosts {
			if _, taken := all.byHost[host]; taken || host == own {
				all.closed = append(all.closed, host)
			}
			all.byHost[host] = one
		}
	}
	for _, host := range all.closed {
		delete(all.byHost, host)
	}
	return all
}
