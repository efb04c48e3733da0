// What a message centre answers.

package pdu

import "fmt"

// Status is the command_status of an answer (SMPP 3.4 section 5.1.3).
type Status uint32

// The statuses that somebody here acts on, or that people meet.
const (
	OK                Status = 0x00
	InvalidLength     Status = 0x01
	InvalidCommandLen Status = 0x02
	InvalidCommand    Status = 0x03
	NotBound          Status = 0x04
	AlreadyBound      Status = 0x05
	SystemError       Status = 0x08
	InvalidSource     Status = 0x0A
	InvalidDest       Status = 0x0B
	BindFailed        Status = 0x0D
	InvalidPassword   Status = 0x0E
	InvalidSystemID   Status = 0x0F
	QueueFull         Status = 0x14
	SubmitFailed      Status = 0x45
	InvalidSourceTON  Status = 0x48
	InvalidSourceNPI  Status = 0x49
	InvalidDestTON    Status = 0x50
	InvalidDestNPI    Status = 0x51
	InvalidSystemType Status = 0x53
	Throttled         Status = 0x58
	InvalidExpiry     Status = 0x62
	TryLater          Status = 0x64 // of the receiver of a message: it could not take it now
	NeverTry          Status = 0x65 // …nor ever
	RefusedMessage    Status = 0x66
	UnknownError      Status = 0xFF
)

var statusNames = map[Status]string{
	OK: "ESME_ROK", InvalidLength: "ESME_RINVMSGLEN", InvalidCommandLen: "ESME_RINVCMDLEN", InvalidCommand: "ESME_RINVCMDID",
	NotBound: "ESME_RINVBNDSTS", AlreadyBound: "ESME_RALYBND", SystemError: "ESME_RSYSERR", InvalidSource: "ESME_RINVSRCADR",
	InvalidDest: "ESME_RINVDSTADR", BindFailed: "ESME_RBINDFAIL", InvalidPassword: "ESME_RINVPASWD",
	InvalidSystemID: "ESME_RINVSYSID", QueueFull: "ESME_RMSGQFUL", SubmitFailed: "ESME_RSUBMITFAIL",
	InvalidSourceTON: "ESME_RINVSRCTON", InvalidSourceNPI: "ESME_RINVSRCNPI", InvalidDestTON: "ESME_RINVDSTTON",
	InvalidDestNPI: "ESME_RINVDSTNPI", InvalidSystemType: "ESME_RINVSYSTYP", Throttled: "ESME_RTHROTTLED",
	InvalidExpiry: "ESME_RINVEXPIRY", TryLater: "ESME_RX_T_APPN", NeverTry: "ESME_RX_P_APPN", RefusedMessage: "ESME_RX_R_APPN",
	UnknownError: "ESME_RUNKNOWNERR",
}

// String is the name that the specification gives the status, where it is a known one, and its number, which is what a
// provider's list of its own statuses goes by.
func (s Status) String() string {
	if name, known := statusNames[s]; known {
		return fmt.Sprintf("%s (0x%02X)", name, uint32(s))
	}
	return fmt.Sprintf("status 0x%08X", uint32(s))
}
