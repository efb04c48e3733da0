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
func (c Config) signed(r *http.Request) bool {
	address := c.Callback + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	if r.ParseForm() != nil {
		return false
	}
	wanted := sign(c.AuthToken, address, r.PostForm)
	return hmac.Equal([]byte(wanted), []byte(r.Header.Get("X-Twilio-Signature")))
}
