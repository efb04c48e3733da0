// What Microsoft's errors mean, and what to do.
package graph

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"unicode"
)

// Error is a refusal of Microsoft's.
type Error struct {
	Status  int
	Code    string // AADSTS700027, or a code of Graph such as Authorization_RequestDenied
	Message string // Microsoft's own words, cut and without control characters
	Request string // Microsoft's name for the request, for its support
}

// Error is what happened, in Microsoft's words where there are none of ours, then what to do.
func (e *Error) Error() string {
	said := fmt.Sprintf("Microsoft answered %d", e.Status)
	if e.Code != "" {
		said += " (" + e.Code + ")"
	}
	if words, known := meanings[e.Code]; known {
		return said + ": " + words
	}
	if words, known := statuses[e.Status]; known && e.Message == "" {
		return said + ": " + words
	}
	if e.Message != "" {
		said += ": " + e.Message
	}
	if e.Request != "" {
		said += " [request " + e.Request + "]"
	}
	return said
}

// credential tells whether another certificate or secret may do better.
func (e *Error) credential() bool {
	switch e.Code {
	case "AADSTS7000215", "AADSTS7000222", "AADSTS700027", "AADSTS700024":
		return true
	}
	return false
}

// meanings are the codes that tell what to do. Those of tokens are Microsoft's AADSTS codes.
var meanings = map[string]string{
	"AADSTS90002":   "there is no such tenant in this cloud; look at the tenant id, and at --cloud",
	"AADSTS900023":  "this is no tenant id; the Entra portal shows it under Overview",
	"AADSTS700016":  "the tenant has no application with this id; look at the application id, and whether it was registered in this tenant",
	"AADSTS7000215": "the secret is wrong; put the secret's value into the file, not its id",
	"AADSTS7000222": "the secret has ended; make a new one, or better use a certificate: woggle microsoft365 connect",
	"AADSTS700027":  "the certificate is not known there; upload the one that woggle microsoft365 connect prints, under Certificates & secrets",
	"AADSTS700024":  "the proof was made at a time that is not now; set this computer's clock by NTP",
	"AADSTS50034":   "there is no such account in this tenant",
	"AADSTS7000112": "the application is switched off in the tenant; look at Enterprise applications",
	"AADSTS53003":   "a rule of Conditional Access of the tenant keeps the application out",

	"Authorization_RequestDenied":                           "the application may not do this; add the permission under API permissions, then press Grant admin consent, and wait some minutes",
	"Authentication_MSGraphPermissionMissing":               "the application may not do this; add the permission under API permissions, then press Grant admin consent",
	"Authentication_RequestFromNonPremiumTenantOrB2CTenant": "the tenant has no Entra ID P1, which this report needs",
	"InvalidAuthenticationToken":                            "the token was not taken; try again in some minutes",
	"TooManyRequests":                                       "too many requests at once; try again in some minutes, it goes on where it stopped",
	"Directory_QuotaExceeded":                               "the tenant has no room for another person",
}

var statuses = map[int]string{
	401: "the token was not taken; try again in some minutes",
	403: meanings["Authorization_RequestDenied"],
	404: "there is no such thing in the tenant",
	429: meanings["TooManyRequests"],
	503: "Microsoft has trouble; try again later, it goes on where it stopped",
}

// graphError reads the error of an answer of Graph's.
func graphError(a Answer) *Error {
	var said struct {
		Error struct {
			Code    string
			Message string
			Inner   struct {
				Request string `json:"request-id"`
			} `json:"innerError"`
		}
	}
	if json.Unmarshal(a.Body, &said) != nil {
		return &Error{Status: a.Status}
	}
	return &Error{a.Status, Plain(said.Error.Code, 80), Plain(said.Error.Message, 300), Plain(said.Error.Inner.Request, 40)}
}

var aadsts = regexp.MustCompile(`AADSTS[0-9]+`)

// tokenError reads the error of an answer of the token endpoint's (RFC 6749 section 5.2, with Microsoft's codes).
func tokenError(a Answer) *Error {
	var said struct {
		Code        string `json:"error"`
		Description string `json:"error_description"`
		Trace       string `json:"trace_id"`
	}
	if json.Unmarshal(a.Body, &said) != nil {
		return &Error{Status: a.Status}
	}
	e := &Error{a.Status, Plain(said.Code, 80), Plain(said.Description, 300), Plain(said.Trace, 40)}
	if code := aadsts.FindString(said.Description); code != "" {
		e.Code = code
	}
	return e
}

// Plain is text from outside as a terminal may show it: without control characters and marks that turn text around, at most
// so many characters.
func Plain(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == unicode.ReplacementChar:
			return -1
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	return strings.TrimSpace(text)
}

// lost is a request that got no answer. It holds nothing of the request.
type lost struct {
	why    string
	unsent bool // it never left
}

func (l *lost) Error() string { return "Microsoft cannot be reached: " + l.why }

// worthAnother tells whether a request without an answer may be made again: it never left, or it does no harm twice.
func worthAnother(err error, repeat bool) bool {
	var l *lost
	return errors.As(err, &l) && (repeat || l.unsent)
}

func unreachable(err error) error {
	var dns *net.DNSError
	var operation *net.OpError
	var address *url.Error
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.As(err, &dns):
		return &lost{"the name of its host is not known here", true}
	case errors.As(err, &operation) && operation.Op == "dial":
		return &lost{"no connection could be made", true}
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &address) && address.Timeout():
		return &lost{"it took too long", false}
	}
	return &lost{"the connection broke", false}
}
