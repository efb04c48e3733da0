// The Key URI: how a secret and its parameters get into an authenticator app, as a link, in a QR code, or
// typed by hand.
//
// The format has no standard; this is the common ground of the apps in use. The issuer stands both before
// the account and as a parameter, since some apps know an entry only by its label and would overwrite
// another service's entry of the same name.

package authenticator

import (
	"encoding/base32"
	"net/url"
	"strings"
	"unicode"
)

const (
	maxIssuer  = 25 // runes; apps cut longer names, and the QR code stays coarse enough for old cameras
	maxAccount = 64 // runes
)

// URI is the otpauth: address of a secret. Issuer and account are shown by the app to tell its entries
// apart; both are cleaned and shortened when they must be.
func URI(issuer, account string, secret []byte) string {
	return uri(issuer, account, secret) + "&algorithm=SHA1&digits=6&period=30"
}

// ownURI is the address for our own app. It carries the pairing, and leaves out what is the same in all of them: the fewer
// squares a QR code has, the older the camera that reads it.
func ownURI(issuer, account string, secret []byte, pairing string) string {
	return uri(issuer, account, secret) + "&woggle=" + pairing
}

func uri(issuer, account string, secret []byte) string {
	issuer = shorten(clean(issuer), maxIssuer)
	if issuer == "" {
		issuer = "Woggle"
	}
	account = shorten(clean(account), maxAccount)
	return "otpauth://totp/" + escape(issuer) + ":" + escape(account) +
		"?secret=" + Key(secret) + "&issuer=" + escape(issuer)
}

// Key is the secret as apps take it: base32 (RFC 4648 section 6), upper-case, without padding.
func Key(secret []byte) string {
	return base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(secret)
}

// GroupKey is the Key in groups of four, for people who type it.
func GroupKey(secret []byte) string {
	key := Key(secret)
	var grouped strings.Builder
	for i := range len(key) {
		if i > 0 && i%4 == 0 {
			grouped.WriteByte(' ')
		}
		grouped.WriteByte(key[i])
	}
	return grouped.String()
}

// clean leaves what an app can show. A colon separates issuer and account, so neither may hold one: with
// two of them some apps drop the issuer. Text-direction marks could make one entry look like another.
func clean(name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == ':' || unicode.IsSpace(r):
			return ' '
		case r == unicode.ReplacementChar || !unicode.IsPrint(r):
			return -1
		}
		return r
	}, name)
	return strings.Join(strings.Fields(name), " ")
}

// shorten cuts a name at the last space that fits, unless that would lose more than half of what fits.
func shorten(name string, most int) string {
	runes := []rune(name)
	if len(runes) <= most {
		return name
	}
	end := most
	for i := most; i > most/2; i-- {
		if runes[i] == ' ' {
			end = i
			break
		}
	}
	for end > 0 && unicode.IsMark(runes[end]) { // an accent stays with its letter
		end--
	}
	return strings.TrimRight(string(runes[:end]), " ,;&(-–/")
}

// escape percent-encodes a name. A space is %20 and never +, which some apps show as a plus sign.
func escape(name string) string { return strings.ReplaceAll(url.QueryEscape(name), "+", "%20") }
