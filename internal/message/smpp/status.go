// What an answer to submit_sm means for the message.

package smpp

import (
	"fmt"

	"woggle/internal/message"
	"woggle/internal/message/smpp/pdu"
)

// verdict is what follows from an answer.
type verdict int

const (
	another  verdict = iota // not taken; another time or another route may do
	taken                   //
	slower                  // not taken, because there is too much
	never                   // the message is at fault: this message centre will not take it
	unusable                // the connection is: it has to be made anew
)

// verdicts are all statuses but those for which another is right, each with what to tell the administrator.
var verdicts = map[pdu.Status]struct {
	verdict
	advice string
}{
	pdu.OK:               {taken, ""},
	pdu.Throttled:        {slower, "it gets more than it allows a second; set per_second"},
	pdu.QueueFull:        {slower, "too much waits there"},
	pdu.NotBound:         {unusable, "the connection is made anew"},
	pdu.InvalidDest:      {never, "it does not serve this number"},
	pdu.InvalidDestTON:   {never, "it does not serve numbers of this type"},
	pdu.InvalidDestNPI:   {never, "it does not serve numbers of this plan"},
	pdu.InvalidSource:    {never, "it does not allow this sender; see the senders of the route"},
	pdu.InvalidSourceTON: {never, "it does not allow senders of this type; see the senders of the route"},
	pdu.InvalidSourceNPI: {never, "it does not allow senders of this plan; see the senders of the route"},
	pdu.InvalidLength:    {never, "the text is too long for it"},
	pdu.RefusedMessage:   {never, "it turned the message away"},
	pdu.NeverTry:         {never, "it will not take this message"},
}

// judge gives the verdict on an answer, and the error for all but taken.
func judge(status pdu.Status) (verdict, error) {
	v := verdicts[status]
	if v.verdict == taken {
		return taken, nil
	}
	err := fmt.Errorf("smpp: the message centre said %s", status)
	if v.advice != "" {
		err = fmt.Errorf("%w: %s", err, v.advice)
	}
	if v.verdict == never {
		err = message.Permanent(err)
	}
	return v.verdict, err
}

// refusals are what to do about a bind that was refused.
var refusals = map[pdu.Status]string{
	pdu.InvalidPassword:   "check the password",
	pdu.InvalidSystemID:   "check the system id",
	pdu.BindFailed:        "check the system id, the password, and whether your address is allowed there",
	pdu.AlreadyBound:      "the account has no connection left; is another program using it?",
	pdu.InvalidSystemType: "check the system type",
}

func refusal(status pdu.Status) error {
	err := fmt.Errorf("it refused the account with %s", status)
	if advice := refusals[status]; advice != "" {
		err = fmt.Errorf("%w: %s", err, advice)
	}
	return err
}
