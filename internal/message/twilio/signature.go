// The signature of Twilio's requests to us.

package twilio

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// sign signs an address and the fields of a form: HMAC-SHA-1 of the address and, in order of their names, each name and
// value without anything between them ("Validating Signatures from Twilio" in Twilio's documentation).
func sign(token, address string, form url.Values) string {
	mac := hmac.New(sha1.New, []byte(token))
	mac.Write([]byte(address))
	for _, name := range slices.Sorted(maps.Keys(form)) {
		for _, value := range slices.Compact(slices.Sorted(slices.Values(form[name]))) {
			mac.Write([]byte(name + value))
		}
	}
	return base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// signed tells whether a request is Twilio's. The address is the one that we gave out, never one that the request says.
// All that is used of a request is its path and its form, and both are signed; other kinds of bodies, for which Twilio
// puts a checksum into the address, are not asked for and not looked at.
func (c Config) signed(r *http.Request) bool {
	if r.ParseForm() != nil {
		return false
	}
	signature := []byte(r.Header.Get("X-Twilio-Signature"))
	for _, base := range c.bases() {
		address := base + r.URL.EscapedPath()
		if r.URL.RawQuery != "" {
			address += "?" + r.URL.RawQuery
		}
		if hmac.Equal([]byte(sign(c.AuthToken, address, r.PostForm)), signature) {
			return true
		}
	}
	return false
}

// bases is what signed addresses may begin with: Twilio has signed https addresses with and without their port.
func (c Config) bases() []string {
	u, err := url.Parse(c.Callback)
	if err != nil || u.Port() == "" {
		return []string{c.Callback}
	}
	u.Host = strings.TrimSuffix(u.Host, ":"+u.Port())
	return []string{c.Callback, u.String()}
}
