// Our end of the signalling: sockets, transactions, and who is let in.

package sip

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
)

func init() {
	// The library refuses to send more than 1300 octets over UDP, for requests that could go over TCP instead. An answer
	// has to go where its request came from however long it is, and networks have carried fragments for long.
	sip.UDPMTUSize = 1 << 16
	// And it logs what it cannot read, with the numbers of people in it.
	sip.SetDefaultLogger(slog.New(slog.DiscardHandler))
}

// line is a local address with SIP on it. It is safe for many goroutines.
type line struct {
	set    *settings
	local  netip.AddrPort // where we listen
	public netip.AddrPort // how the trunk sees that
	ua     *sipgo.UserAgent
	client *sipgo.Client
	socket io.Closer // nil over TLS, where the trunk uses the connection that we made

	broken atomic.Bool // the socket is gone

	mu      sync.Mutex
	servers []netip.Addr        // the trunk's
	friends map[netip.Addr]bool // other hosts that may send us anything
	calls   int                 // under way over this line
	closing bool
}

// mostFriends bounds the hosts that the trunk's answers make us listen to.
const mostFriends = 256

// openLine opens a line on the local address. handle is asked for everything that comes in and is no
// answer, stray for answers to nothing that is under way.
func openLine(set *settings, addr netip.Addr, handle sipgo.RequestHandler, stray func(*sip.Response)) (*line, error) {
	l := &line{set: set, friends: map[netip.Addr]bool{}, local: netip.AddrPortFrom(addr, set.port)}
	var err error
	l.ua, err = sipgo.NewUA(sipgo.WithUserAgent("woggle"), sipgo.WithUserAgenTLSConfig(set.tls),
		sipgo.WithUserAgentTransportLayerOptions(sip.WithTransportLayerReadFilter(l.filter)),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerTerminateOnConnClose(),
			sip.WithTransactionLayerUnhandledResponseHandler(stray)))
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	server, err := sipgo.NewServer(l.ua)
	if err != nil {
		return nil, fmt.Errorf("sip: %w", err)
	}
	server.OnNoRoute(handle)
	if err := l.listen(server); err != nil {
		l.ua.Close()
		return nil, fmt.Errorf("sip: cannot listen on %s, which may be in use: %w", l.local, err)
	}
	host := set.public
	if !host.IsValid() {
		host = addr
	}
	l.public = netip.AddrPortFrom(host, l.local.Port())
	from := l.local.String()
	if set.Transport != "udp" { // a connection of our own comes from any port
		from = netip.AddrPortFrom(addr, 0).String()
	}
	l.client, err = sipgo.NewClient(l.ua, sipgo.WithClientNAT(), sipgo.WithClientConnectionAddr(from),
		sipgo.WithClientHostname(l.public.Addr().String()), sipgo.WithClientPort(int(l.public.Port())))
	if err != nil {
		l.close()
		return nil, fmt.Errorf("sip: %w", err)
	}
	return l, nil
}

// listen opens the socket and serves it.
func (l *line) listen(server *sipgo.Server) error {
	switch l.set.Transport {
	case "udp":
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(l.local))
		if err != nil {
			return err
		}
		l.local, l.socket = conn.LocalAddr().(*net.UDPAddr).AddrPort(), conn
		go l.serve(func() error { return server.ServeUDP(conn) }, conn)
		for l.ua.TransportLayer().Pool("udp").Size() == 0 { // until it is served, the library would open another socket to send
			time.Sleep(time.Millisecond)
		}
	case "tcp":
		listener, err := net.ListenTCP("tcp", net.TCPAddrFromAddrPort(l.local))
		if err != nil {
			return err
		}
		l.local, l.socket = listener.Addr().(*net.TCPAddr).AddrPort(), listener
		go l.serve(func() error { return server.ServeTCP(door{listener, l}) }, listener)
	}
	return nil
}

// serve serves a socket to its end.
func (l *line) serve(serve func() error, socket io.Closer) {
	_ = serve()
	_ = socket.Close()
	l.broken.Store(true)
}

// door lets in connections of friends only.
type door struct {
	net.Listener
	line *line
}

func (d door) Accept() (net.Conn, error) {
	for {
		conn, err := d.Listener.Accept()
		if err != nil || d.line.friend(conn.RemoteAddr()) {
			return conn, err
		}
		conn.Close()
	}
}

// filter drops what strangers send before anything is done with it: the library remembers every address that it heard
// from, and a stranger has a world of addresses to send from.
func (l *line) filter(packet sip.TransportReadProps, data []byte) ([]byte, error) {
	if !l.friend(packet.RemoteAddr) {
		return nil, nil
	}
	return data, nil
}

func (l *line) friend(from net.Addr) bool {
	addrPort, err := netip.ParseAddrPort(from.String())
	if err != nil {
		return false
	}
	addr := addrPort.Addr().Unmap()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.friends[addr] || slices.Contains(l.servers, addr)
}

// befriend lets in a host that an answer of the trunk names for the rest of a call.
func (l *line) befriend(addr netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.friends) >= mostFriends {
		clear(l.friends) // most of them belong to calls that are long over
	}
	l.friends[addr] = true
}

// trust lets in the trunk's servers: it answers from any of them.
func (l *line) trust(servers []netip.AddrPort) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.servers = nil
	for _, s := range servers {
		l.servers = append(l.servers, s.Addr())
	}
}

// hold and release count the calls over the line: it is closed after the last.
func (l *line) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.calls++
}

func (l *line) release() { l.closeIf(func() bool { l.calls--; return l.closing && l.calls == 0 }) }

// retire closes the line as soon as no call is under way over it.
func (l *line) retire() { l.closeIf(func() bool { l.closing = true; return l.calls == 0 }) }

func (l *line) closeIf(last func() bool) {
	l.mu.Lock()
	closing := last()
	l.mu.Unlock()
	if closing {
		l.close()
	}
}

func (l *line) close() {
	_ = l.ua.Close()
	if l.socket != nil {
		_ = l.socket.Close()
	}
}

// contact is our address for the trunk.
func (l *line) contact() sip.Uri {
	uri := sip.Uri{Scheme: "sip", User: l.set.User, Host: l.public.Addr().String(), Port: int(l.public.Port()), UriParams: sip.NewParams()}
	if l.set.Transport != "udp" {
		uri.UriParams.Add("transport", l.set.Transport)
	}
	return uri
}

// allowed is what we understand.
const allowed = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, NOTIFY"

// prepare addresses a request, from us.
func (l *line) prepare(req *sip.Request, to netip.AddrPort) {
	contact := sip.ContactHeader{Address: l.contact()}
	req.AppendHeader(&contact)
	req.AppendHeader(sip.NewHeader("User-Agent", "woggle"))
	req.SetTransport(strings.ToUpper(l.set.Transport))
	req.SetDestination(to.String())
}

// ask sends a request, answers the challenges to it, and returns the final response. make makes the request anew for
// every try, because each needs a number of its own. The error is errRefused, the context's, or errHung.
func (l *line) ask(ctx context.Context, make func() *sip.Request) (*sip.Response, error) {
	who := l.set.credentials()
	for {
		req := make()
		who.put(req)
		res, err := l.try(ctx, req)
		if err != nil || !challenged(res) {
			return res, err
		}
		if err := who.answer(req, res); err != nil {
			return res, err
		}
	}
}

func (s *settings) credentials() *credentials {
	return &credentials{user: s.AuthUser, password: s.Password}
}

func (l *line) try(ctx context.Context, req *sip.Request, options ...sipgo.ClientRequestOption) (*sip.Response, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, l.set.waits.answer, errHung)
	defer cancel()
	tx, err := l.client.TransactionRequest(ctx, req, options...)
	if err != nil {
		return nil, unreachable(ctx, err)
	}
	defer tx.Terminate()
	for {
		select {
		case res := <-tx.Responses():
			if !res.IsProvisional() {
				return res, nil
			}
		case <-tx.Done():
			return nil, errHung
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// unreachable is why a request did not go out.
func unreachable(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	var network *net.OpError
	if errors.As(err, &network) {
		err = network
	}
	return fmt.Errorf("sip: the trunk cannot be reached: %w", err)
}
