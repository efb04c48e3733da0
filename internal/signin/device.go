// Known devices: browsers in which a person has completed a sign-in before.
package signin

import (
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"time"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/page"
)

// devices is how many people a shared browser may be known to.
const devices = 5

// A device cookie is a list of person.device.fingerprint. It proves nothing at sign-in; it only keeps a stranger's
// wrong tries from counting against the person's own browser. The person's epoch is part of the fingerprint, so that
// "sign out everywhere" makes all browsers unknown.

func (f *Flow) deviceCookie() string {
	if f.Sessions.Secure {
		return "__Host-woggle-device"
	}
	return "woggle-device"
}

// KnownDevice is the id of this browser for the user, or empty.
func (f *Flow) KnownDevice(r *http.Request, user directory.User) string {
	for _, entry := range f.deviceEntries(r) {
		person, device, mac := entry[0], entry[1], entry[2]
		raw, err := base64.RawURLEncoding.DecodeString(mac)
		if err == nil && person == user.ID && f.Keys.CheckMAC(raw, "device", person, device, epoch(user)) {
			return device
		}
	}
	return ""
}

func (f *Flow) deviceEntries(r *http.Request) (entries [][3]string) {
	cookie, err := r.Cookie(f.deviceCookie())
	if err != nil || len(cookie.Value) > 1000 {
		return nil
	}
	for _, entry := range strings.Split(cookie.Value, "~") {
		if parts := strings.Split(entry, "."); len(parts) == 3 && len(entries) < devices {
			entries = append(entries, [3]string(parts))
		}
	}
	return entries
}

// rememberDevice makes the browser known to the user.
func (f *Flow) rememberDevice(w http.ResponseWriter, r *http.Request, user directory.User) {
	device := f.KnownDevice(r, user)
	if device == "" {
		device = db.NewToken()[:16]
	}
	mac := base64.RawURLEncoding.EncodeToString(f.Keys.MAC("device", user.ID, device, epoch(user)))
	list := []string{user.ID + "." + device + "." + mac}
	for _, entry := range f.deviceEntries(r) {
		if entry[0] != user.ID && len(list) < devices {
			list = append(list, strings.Join(entry[:], "."))
		}
	}
	http.SetCookie(w, &http.Cookie{Name: f.deviceCookie(), Value: strings.Join(list, "~"), Path: "/", HttpOnly: true,
		Secure: f.Sessions.Secure, SameSite: http.SameSiteLaxMode, MaxAge: int((365 * 24 * time.Hour) / time.Second)})
}

func epoch(user directory.User) string { return strconv.FormatInt(user.Epoch, 10) }

// browser are the fingerprints of the visitor's browser, the newest key's first.
func (f *Flow) browser(r *http.Request) [][]byte {
	return f.Keys.Lookups("browser", page.VisitOf(r).Browser)
}
