// What an answer to a call means (RFC 3261 section 21).

package sip

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/emiago/sipgo/sip"

	"woggle/internal/message"
)

// outcome is how a call ended that nobody answered.
type outcome struct {
	event message.Event // to report if the trunk had taken the call
	err   error         // to return if it had not; nil if the event tells more: it rang, or tried to
	cause string
}

// judge tells what a final answer that is not a success means.
func judge(res *sip.Response) outcome {
	cause := causeOf(res)
	not := func(what string) outcome {
		return outcome{message.Failed, fmt.Errorf("sip: %s (%s)", what, cause), cause}
	}
	switch code := res.StatusCode; {
	case code == 486, code == 600, code == 603, code == 607: // whoever was called is there, and does not want to be
		return outcome{message.Busy, nil, cause}
	case code == 408, code == 480, code == 487:
		return outcome{message.NoAnswer, nil, cause}
	case code == 404, code == 410, code == 484, code == 604:
		o := not("the trunk knows no such number")
		o.err = message.Permanent(o.err)
		return o
	case code < 400: // another destination would be another bill, and nobody's whom we know
		return not("the trunk wants the call made elsewhere, which is not done")
	case code == 401, code == 407:
		return not("the trunk refuses our name and password: check them")
	case code == 402:
		return not("the trunk wants money: look after the account there")
	case code == 403:
		return not("the trunk refuses the call: it may not know our address, the caller's number, or allow that country")
	case code == 488, code == 606:
		return not("the trunk refuses the sound formats of telephones (PCMA and PCMU): allow them there")
	}
	return not("the trunk did not make the call")
}

// numbers are rows of digits, however they are grouped, that are long enough to be a telephone's.
var numbers = regexp.MustCompile(`[+(]*\d(?:[ ().-]*\d){4,}`)

// causeOf is the trunk's own words, without whom they are about.
func causeOf(res *sip.Response) string {
	return strings.TrimSpace(fmt.Sprintf("%d %.60s", res.StatusCode, numbers.ReplaceAllString(res.Reason, "•••")))
}

var (
	errHung     = errors.New("sip: the trunk did not answer")
	errStopping = errors.New("sip: this server is stopping")
	errCrowded  = errors.New("sip: as many calls are under way as the settings allow")
	errStarting = errors.New("sip: there is no line to the trunk yet")
)
