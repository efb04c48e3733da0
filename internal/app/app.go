// An app: its names, its bounds, what it needs and what it is told.
package app

import (
	"encoding/json"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"woggle/internal/session"
	"woggle/internal/signin"
)

// App is a registered app.
type App struct {
	ID       string // short name, as in its address; the client_id of OpenID Connect
	Name     string // as people know it
	Protocol string // the Name of a Protocol, or Link
	Launch   string // address that its tile opens; empty: it has none
	Logo     []byte // SVG or PNG, or nil
	Disabled bool
	Groups   []string        // ids: who is in one of these, or in a group within one, may use it; empty: everybody
	Need     Need            // besides what every sign-in needs
	Tell     []string        // what it is told of people beyond their name: Groups, or ids of fields
	Settings json.RawMessage // the protocol's own
	FromFile bool            // it stands in the apps file, and goes when it goes there

	Audience string // what the protocol finds it by: the id, an entity id, a realm
	Parsed   any    // what the protocol made of Settings
}

// Fact is one thing that an app wants to know of us, such as an address.
type Fact struct{ Name, Value string }

// Link is the protocol of an app that is only a tile.
const Link = "link"

// TellGroups among Tell means that the app is told the names of the person's groups.
const TellGroups = "groups"

// Need is what an app asks for more than a sign-in, which is multi-factor in any case.
type Need struct {
	Fresh   time.Duration `json:"fresh,omitempty"`   // possession was proved no longer ago than this
	Methods []signin.Kind `json:"methods,omitempty"` // only these prove possession; empty: all do
}

var idForm = regexp.MustCompile(`^[a-z0-9][a-z0-9._-]{0,63}$`)

// Check tells what is wrong with the app, but for its Settings, in words for whoever wrote them.
func (a *App) Check() error {
	switch {
	case !idForm.MatchString(a.ID):
		return fmt.Errorf("%q cannot be the short name of an app: use up to 64 small letters, digits, dots, dashes and underscores", a.ID)
	case strings.TrimSpace(a.Name) == "" || len(a.Name) > 100:
		return fmt.Errorf("the app %s has no name that people could read", a.ID)
	case a.Need.Fresh < 0:
		return fmt.Errorf("the app %s: fresh cannot be negative", a.ID)
	case a.Launch != "" && !isWeb(a.Launch):
		return fmt.Errorf("the app %s: launch has to be an address that begins with https://", a.ID)
	case a.Protocol == Link && a.Launch == "":
		return fmt.Errorf("the app %s is a link, and needs an address in launch", a.ID)
	}
	for _, kind := range a.Need.Methods {
		if !kind.Possession() {
			return fmt.Errorf("the app %s: %q is no method that proves possession: write %s", a.ID, kind, signin.PossessionKinds())
		}
	}
	return checkLogo(a.Logo)
}

// isWeb tells whether people may be sent to the address: https, or http on their own computer.
func isWeb(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.User != nil || strings.ContainsAny(address, " \t\r\n\\") {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

const mostLogo = 64 << 10 // bytes

// checkLogo takes pictures only. An SVG could hold script, but pages show it as an image, in which none runs.
func checkLogo(logo []byte) error {
	switch {
	case logo == nil:
		return nil
	case len(logo) > mostLogo:
		return fmt.Errorf("the logo is larger than %d kilobytes", mostLogo>>10)
	case LogoType(logo) == "":
		return fmt.Errorf("the logo is neither an SVG nor a PNG")
	}
	return nil
}

// LogoType is the media type of a logo, or empty if it is no picture that is taken.
func LogoType(logo []byte) string {
	head := string(logo[:min(len(logo), 1024)])
	switch {
	case strings.HasPrefix(head, "\x89PNG\r\n\x1a\n"):
		return "image/png"
	case strings.Contains(head, "<svg"):
		return "image/svg+xml"
	}
	return ""
}

// Tells tells whether the app is told the detail.
func (a *App) Tells(what string) bool { return slices.Contains(a.Tell, what) }

// need is what has to be proved for the app, as far as it is asked for. It is not ok if nothing can satisfy both.
func (a *App) need(d Demand, offer []signin.Kind) (n signin.Need, ok bool) {
	n = everySignIn(offer)
	n.Fresh, n.Since, n.Methods = a.Need.Fresh, d.Since, a.Need.Methods
	if d.Fresh > 0 && (n.Fresh == 0 || d.Fresh < n.Fresh) {
		n.Fresh = d.Fresh
	}
	if len(d.Methods) > 0 {
		both := slices.DeleteFunc(slices.Clone(d.Methods), func(k signin.Kind) bool {
			return len(n.Methods) > 0 && !slices.Contains(n.Methods, k)
		})
		if n.Methods = both; len(both) == 0 {
			return n, false
		}
	}
	return n, true
}

// Met tells whether the proofs are enough for the app and the demand, for protocols in which the app asks again and again.
func (a *App) Met(d Demand, proofs []session.Proof, now time.Time) bool {
	need, possible := a.need(d, nil)
	return possible && need.Met(proofs, now)
}
