// Twilio's error codes ("Error and Warning Dictionary"), as far as they tell what to do.

package twilio

import (
	"fmt"
	"strconv"

	"woggle/internal/message"
	"woggle/internal/message/web"
)

// meaning is what a code says, for the administrator.
type meaning struct {
	words string
	final bool // it is about this number or this text: Twilio will say the same again, and nothing is wrong with the route
}

const (
	noNumber     = "this is no telephone number"
	countryOff   = "this country is switched off in the account: look at its Geo permissions"
	trialAccount = "a trial account reaches only numbers that were verified in it"
	wrongSender  = "the sender is not the account's, or cannot do this"
	wrongAddress = "Twilio cannot use the address of our callbacks: look at the public address of the site"
)

var meanings = map[int]meaning{
	13223: {noNumber, true},
	13224: {noNumber, true},
	13225: {"Twilio does not call this number", true},
	13227: {countryOff, true},
	20005: {"the account is suspended", false},
	21205: {wrongAddress, false},
	21210: {wrongSender, false},
	21211: {noNumber, true},
	21212: {wrongSender, false},
	21214: {"the number cannot be reached", true},
	21215: {countryOff, true},
	21216: {"Twilio does not call this number", true},
	21217: {noNumber, true},
	21219: {trialAccount, true},
	21265: {"this is the short number of a service", true},
	21266: {"the number is the sender itself", true},
	21408: {countryOff, true},
	21603: {"there is no sender", false},
	21606: {wrongSender, false},
	21608: {trialAccount, true},
	21609: {wrongAddress, false},
	21610: {"the person has answered STOP to this sender", true},
	21611: {"too many texts of this sender are waiting", false},
	21612: {"there is no way from this sender to this number", true},
	21614: {"this is no mobile number", true},
	21617: {"the text is too long", true},
	21635: {"this is a landline", true},
	21659: {wrongSender, false},
	21660: {wrongSender, false},
	21661: {wrongSender, false},
	21703: {"the messaging service has no sender", false},
	21704: {"the messaging service has no sender", false},
	30001: {"too many texts are waiting", false},
	30002: {"the account is suspended", false},
	30003: {"the telephone is off, or out of reach", true},
	30004: {"the number or its network does not take this text", true},
	30005: {"nobody has this number", true},
	30006: {"this is a landline, or its network takes no texts", true},
	30007: {"the network takes it for unwanted advertising", false},
	30008: {"the network did not say why", false},
	30034: {"the sender is not registered with the networks there", false},
}

// refusal is the error for an answer with the code; 0 is none.
func refusal(answer web.Answer, code int) error {
	if code == 0 {
		return answer.Refusal("")
	}
	err := answer.Refusal(strconv.Itoa(code))
	m, known := meanings[code]
	if known {
		err = fmt.Errorf("%s: %w", m.words, err)
	}
	if m.final {
		return message.Permanent(err)
	}
	return err
}

// cause is a code with what it says, for a report.
func cause(code string) string {
	if number, err := strconv.Atoi(code); err == nil && meanings[number].words != "" {
		return code + " " + meanings[number].words
	}
	return web.Code(code)
}
