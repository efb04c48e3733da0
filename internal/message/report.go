// What providers tell afterwards about the messages that they took.

package message

import (
	"context"
	"errors"

	"woggle/internal/message/bill"
)

// Event is what became of a message that a provider took, as far as the provider knows it.
type Event string

// The events. Of a text only the first two come, of a call all but those.
const (
	Delivered   Event = "delivered"   // the telephone has the text
	Undelivered Event = "undelivered" // the network gave it up; another route may do better
	Answered    Event = "answered"    // somebody, or a machine, picked up
	Heard       Event = "heard"       // a key was pressed to hear the code: it is a person
	Busy        Event = "busy"
	NoAnswer    Event = "no-answer"
	NoKey       Event = "no-key"   // the call ended without a key: voicemail, or somebody who hung up
	Failed      Event = "failed"   // the line broke, or the network could not make the call; another route may do better
	Unwanted    Event = "unwanted" // key 9: whoever answered did not ask for it
)

// Report is one thing that a provider tells about one message.
type Report struct {
	Message string // our id of the message, where the provider says it; else Receipt has to be set
	Receipt string // what Send returned
	Event   Event
	Cause   string      // the provider's own code or words, for the administrator; cut to 100 printable characters
	Cost    *bill.Money // what it charged, where it says so
}

// ErrUnknown is the error for a report about a message that this route never took, or took too long ago.
var ErrUnknown = errors.New("message: no such message went by this route")

// ErrGone is the error for a message whose content is not kept any more: the code was used, or is dead.
var ErrGone = errors.New("message: its content is not kept any more")

// Desk is where the provider of one route asks and tells about the messages that it carries. It may be used by many
// goroutines, and on every node, whichever of them sent the message.
type Desk interface {
	// Report notes what became of a message. Reports may come twice, late and out of order: one that says less than
	// what is known already changes nothing. The error is ErrUnknown, or the database's.
	Report(ctx context.Context, r Report) error
	// Open gives back the message with that id, for a provider that fetches what a call says while the call goes on.
	// The error is ErrUnknown, ErrGone, or the database's.
	Open(ctx context.Context, id string) (Message, error)
	// Keyed tells whether the two keys pressed in a call (Message.Approve) are those that the page shows. There is
	// one try for each call. The error is ErrUnknown, or the database's.
	Keyed(ctx context.Context, id, keys string) (right bool, err error)
}
