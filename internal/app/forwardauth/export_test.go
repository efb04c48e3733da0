package forwardauth

// What tests of the outside count with.
const (
	BeginLife  = beginLife
	TicketLife = ticketLife
	KeptFor    = keptFor
)
