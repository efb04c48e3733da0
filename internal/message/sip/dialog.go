// What two ends know of their call (RFC 3261 section 12).

package sip

import (
	"crypto/rand"
	"net/netip"
	"slices"
	"strings"
	"sync"

	"github.com/emiago/sipgo/sip"
)

// dialog is a conversation with the trunk: a call, or all registrations together. It is safe for many goroutines.
type dialog struct {
	line   *line
	server netip.AddrPort

	id       string // Call-ID
	from, to sip.Uri
	tag      string // ours

	mu     sync.Mutex
	theirs string   // their tag; empty until they answered
	target sip.Uri  // whom requests are for
	routes []string // that they go by
	hop    netip.AddrPort
	number uint32 // CSeq of our last request
	heard  uint32 // and of theirs
}

func newDialog(l *line, server netip.AddrPort, from, to, target sip.Uri) *dialog {
	return &dialog{line: l, server: server, id: rand.Text(), from: from, to: to, tag: rand.Text(), target: target, hop: server}
}

// request makes the next request.
func (d *dialog) request(method sip.RequestMethod) *sip.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	if method != sip.ACK {
		d.number++
	}
	return d.build(method)
}

// ack makes the ACK for the request with that number.
func (d *dialog) ack(number uint32) *sip.Request {
	d.mu.Lock()
	defer d.mu.Unlock()
	last := d.number
	d.number = number
	defer func() { d.number = last }()
	return d.build(sip.ACK)
}

func (d *dialog) build(method sip.RequestMethod) *sip.Request {
	req := sip.NewRequest(method, *d.target.Clone())
	from := sip.FromHeader{Address: *d.from.Clone(), Params: sip.NewParams()}
	from.Params.Add("tag", d.tag)
	to := sip.ToHeader{Address: *d.to.Clone(), Params: sip.NewParams()}
	if d.theirs != "" {
		to.Params.Add("tag", d.theirs)
	}
	id, hops := sip.CallIDHeader(d.id), sip.MaxForwardsHeader(70)
	for _, route := range d.routes {
		req.AppendHeader(sip.NewHeader("Route", route))
	}
	for _, h := range []sip.Header{&from, &to, &id, &sip.CSeqHeader{SeqNo: d.number, MethodName: method}, &hops} {
		req.AppendHeader(h)
	}
	d.line.prepare(req, d.hop)
	return req
}

// establish learns from a success who the other end is, and how it is reached.
func (d *dialog) establish(res *sip.Response) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.theirs = tagOf(res.To())
	d.routes = nil
	for _, h := range res.GetHeaders("Record-Route") {
		d.routes = append(d.routes, splitRoutes(h.Value())...)
	}
	slices.Reverse(d.routes)
	d.retarget(res.Contact())
}

// refresh learns a new target (RFC 3261 section 12.2.2).
func (d *dialog) refresh(contact *sip.ContactHeader) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.retarget(contact)
}

func (d *dialog) retarget(contact *sip.ContactHeader) {
	if contact != nil && contact.Address.Host != "" {
		d.target = *contact.Address.Clone()
	}
	next := d.target
	if len(d.routes) > 0 {
		var uri sip.Uri
		params := sip.NewParams()
		if _, err := sip.ParseAddressValue(d.routes[0], &uri, &params); err == nil {
			next = uri
		}
	}
	d.hop = d.nextHop(next)
	d.line.befriend(d.hop.Addr())
}

// splitRoutes takes apart routes in one line. A comma within the brackets belongs to an address.
func splitRoutes(value string) []string {
	inside := false
	return strings.FieldsFunc(value, func(r rune) bool {
		inside = (inside || r == '<') && r != '>'
		return !inside && (r == ',' || r == ' ')
	})
}

// nextHop is where requests go. It is the server that the call was made by if the address is a name, or one that only
// the other end's network knows: a trunk that gives such an address expects that.
func (d *dialog) nextHop(uri sip.Uri) netip.AddrPort {
	addr, err := netip.ParseAddr(strings.Trim(uri.Host, "[]"))
	if err != nil || addr.IsPrivate() && !d.server.Addr().IsPrivate() || addr.IsLoopback() && !d.server.Addr().IsLoopback() ||
		addr.IsUnspecified() || addr.IsMulticast() {
		return d.server
	}
	port := uint16(uri.Port)
	if uri.Port <= 0 || uri.Port > 65535 {
		port = 5060
		if d.line.set.Transport == "tls" {
			port = 5061
		}
	}
	return netip.AddrPortFrom(addr.Unmap(), port)
}

// owns tells whether a request of theirs belongs to the dialog. Who does not know both tags is a stranger.
func (d *dialog) owns(req *sip.Request) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return tagOf(req.To()) == d.tag && d.theirs != "" && tagOf(req.From()) == d.theirs
}

// inOrder notes the number of a request of theirs, and tells whether it is a new one (RFC 3261 section 12.2.2).
func (d *dialog) inOrder(req *sip.Request) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	number := req.CSeq().SeqNo
	if number <= d.heard && d.heard != 0 {
		return false
	}
	d.heard = number
	return true
}

// tagged is a header with a tag.
type tagged interface {
	*sip.ToHeader | *sip.FromHeader
}

func tagOf[H tagged](header H) string {
	var params sip.HeaderParams
	switch h := any(header).(type) {
	case *sip.ToHeader:
		if h != nil {
			params = h.Params
		}
	case *sip.FromHeader:
		if h != nil {
			params = h.Params
		}
	}
	tag, _ := params.Get("tag")
	return tag
}

// partner is the tag of the other end, or empty.
func (d *dialog) partner() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.theirs
}

// fork is the dialog with another end that answered the same INVITE.
func (d *dialog) fork(res *sip.Response) *dialog {
	d.mu.Lock()
	other := &dialog{line: d.line, server: d.server, id: d.id, from: d.from, to: d.to, tag: d.tag, target: d.target, hop: d.server, number: d.number}
	d.mu.Unlock()
	other.establish(res)
	return other
}
