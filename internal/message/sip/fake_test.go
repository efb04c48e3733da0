package sip

import (
	"crypto/tls"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
)

// The library says 100 by itself after a while. The fake says what the story says.

func init() { sip.Timer_1xx = time.Hour }

// fake is a trunk. It registers whom it is told to, and makes of a call what the story says.

type fake struct {
	t       *testing.T
	addr    netip.AddrPort
	ua      *sipgo.UserAgent
	client  *sipgo.Client
	network string

	certificate string       // of tls, PEM
	socket      func() error // closes it

	password string // asked for in every INVITE and REGISTER, if not empty
	status   int    // 401 or 407, for the asking
	expires  int    // granted to registrations; 0 is what is asked for
	register func(req *sip.Request) *sip.Response
	silent   bool // OPTIONS are not answered

	mu       sync.Mutex
	invite   func(c *fakeCall)
	calls    map[string]*fakeCall
	requests []string // "METHOD CSeq", in order
	nonces   int
	arrived  chan string
}

// fakeCall is one call at the trunk's end.

func newFake(t *testing.T, network string, change ...func(*fake)) *fake {
	t.Helper()
	f := &fake{t: t, network: network, status: 407, calls: map[string]*fakeCall{}, arrived: make(chan string, 1000)}
	for _, c := range change {
		c(f)
	}
	var err error
	if f.ua, err = sipgo.NewUA(sipgo.WithUserAgent("fake"),
		sipgo.WithUserAgentTransactionLayerOptions(sip.WithTransactionLayerUnhandledResponseHandler(func(*sip.Response) {}))); err != nil {
		t.Fatal(err)
	}
	server, err := sipgo.NewServer(f.ua)
	if err != nil {
		t.Fatal(err)
	}
	server.OnNoRoute(f.handle)
	var closer func() error
	if network == "udp" {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		f.addr, closer = conn.LocalAddr().(*net.UDPAddr).AddrPort(), conn.Close
		go func() { _ = server.ServeUDP(conn) }()
		for f.ua.TransportLayer().Pool("udp").Size() == 0 {
			runtime.Gosched()
		}
	} else {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		f.addr, closer = listener.Addr().(*net.TCPAddr).AddrPort(), listener.Close
		if network == "tcp" {
			go func() { _ = server.ServeTCP(listener) }()
		} else {
			web := httptest.NewUnstartedServer(nil) // for its certificate, which is good for 127.0.0.1
			web.StartTLS()
			t.Cleanup(web.Close)
			f.certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: web.Certificate().Raw}))
			go func() {
				_ = server.ServeTLS(tls.NewListener(listener, &tls.Config{Certificates: web.TLS.Certificates}))
			}()
		}
	}
	options := []sipgo.ClientOption{sipgo.WithClientHostname("127.0.0.1"), sipgo.WithClientPort(int(f.addr.Port()))}
	if network == "udp" {
		options = append(options, sipgo.WithClientConnectionAddr(f.addr.String()))
	}
	if f.client, err = sipgo.NewClient(f.ua, options...); err != nil {
		t.Fatal(err)
	}
	f.socket = closer
	t.Cleanup(func() {
		f.ua.Close()
		_ = closer()
	})
	return f
}

// handle takes every request.

func (f *fake) handle(req *sip.Request, tx sip.ServerTransaction) {
	f.mu.Lock()
	f.requests = append(f.requests, fmt.Sprintf("%s %d", req.Method, req.CSeq().SeqNo))
	c := f.calls[req.CallID().Value()]
	f.mu.Unlock()
	select {
	case f.arrived <- string(req.Method):
	default:
	}
	switch {
	case req.Method == sip.REGISTER:
		f.registers(req, tx)
	case req.Method == sip.OPTIONS && c == nil:
		f.mu.Lock()
		silent := f.silent
		f.mu.Unlock()
		if !silent {
			respondTo(req, tx, 200, "")
		}
	case req.Method == sip.INVITE && c == nil:
		f.called(req, tx)
	case c == nil:
		respondTo(req, tx, 481, "")
	case req.Method == sip.ACK:
		select {
		case c.acked <- struct{}{}:
		default:
		}
	case req.Method == sip.BYE:
		respondTo(req, tx, 200, c.tag)
		c.hungUp()
	default:
		c.got <- req
		if req.Method == sip.OPTIONS && f.silent {
			return
		}
		res := sip.NewResponseFromRequest(req, 200, "OK", nil)
		if n, _ := seconds(req, "Session-Expires", ""); n > 0 {
			res.AppendHeader(sip.NewHeader("Session-Expires", fmt.Sprintf("%d;refresher=uac", n)))
		}
		if req.Method == sip.INVITE {
			res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
			res.SetBody(c.sdp("0", "sendrecv", 101))
		}
		_ = tx.Respond(res)
	}
}

// knows tells whether the request carries the password, and asks for it if not.

func (f *fake) knows(req *sip.Request, tx sip.ServerTransaction, status int) bool {
	if f.password == "" {
		return true
	}
	answered, asks := "Authorization", "WWW-Authenticate"
	if status == 407 {
		answered, asks = "Proxy-Authorization", "Proxy-Authenticate"
	}
	f.mu.Lock()
	f.nonces++
	nonce := fmt.Sprintf("nonce%d", f.nonces)
	f.mu.Unlock()
	challenge := digest.Challenge{Realm: "fake", Nonce: nonce, Algorithm: "MD5", QOP: []string{"auth"}, Opaque: "o"}
	if h := req.GetHeader(answered); h != nil {
		given, err := digest.ParseCredentials(h.Value())
		if err != nil {
			f.t.Errorf("%s: %v", req.Method, err)
			return false
		}
		challenge.Nonce = given.Nonce
		wanted, err := digest.Digest(&challenge, digest.Options{Method: string(req.Method), URI: req.Recipient.String(),
			Username: "woggle", Password: f.password, Cnonce: given.Cnonce, Count: given.Nc})
		if err == nil && wanted.Response == given.Response {
			return true
		}
		challenge.Nonce = nonce
	}
	respondTo(req, tx, status, "", sip.NewHeader(asks, challenge.String()))
	return false
}

func (f *fake) registers(req *sip.Request, tx sip.ServerTransaction) {
	if f.register != nil {
		if res := f.register(req); res != nil {
			_ = tx.Respond(res)
			return
		}
	}
	if !f.knows(req, tx, 401) {
		return
	}
	contact := req.Contact().Value()
	if f.expires > 0 {
		contact += fmt.Sprintf(";expires=%d", f.expires)
	}
	respondTo(req, tx, 200, "", sip.NewHeader("Contact", contact))
}

func (f *fake) called(req *sip.Request, tx sip.ServerTransaction) {
	if !f.knows(req, tx, f.status) {
		return
	}
	c := &fakeCall{f: f, invite: req, tx: tx, tag: "fake-" + req.CallID().Value()[:8], number: 100,
		acked: make(chan struct{}, 10), ended: make(chan struct{}), cancelled: make(chan struct{}), got: make(chan *sip.Request, 100)}
	if d, err := parseSDP(req.Body()); err != nil {
		f.t.Errorf("the offer: %v", err)
	} else {
		c.port = netip.AddrPortFrom(d.addr, d.port)
	}
	c.hungUp = sync.OnceFunc(func() { close(c.ended) })
	var err error
	if c.sound, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		f.t.Error(err)
		return
	}
	f.t.Cleanup(func() { c.sound.Close() })
	tx.OnCancel(func(*sip.Request) { close(c.cancelled) })
	f.mu.Lock()
	invite := f.invite
	f.calls[req.CallID().Value()] = c
	f.mu.Unlock()
	if invite != nil {
		invite(c)
	}
	select { // the transaction lives as long as its handler
	case <-c.ended:
	case <-c.cancelled:
	case <-tx.Done():
	case <-f.t.Context().Done():
	}
}

// story says what becomes of the next calls.

func (f *fake) story(invite func(c *fakeCall)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.invite = invite
}

func (f *fake) heard() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(f.requests, ", ")
}

// drain forgets what came.

func (f *fake) drain() {
	for {
		select {
		case <-f.arrived:
		default:
			return
		}
	}
}

// saw waits for requests of these methods, in any order.

func (f *fake) saw(methods ...string) {
	f.t.Helper()
	for late := time.After(30 * time.Second); len(methods) > 0; {
		select {
		case m := <-f.arrived:
			methods = slices.DeleteFunc(methods, func(want string) bool { return want == m })
		case <-late:
			f.t.Errorf("no %s came; these did: %s", methods, f.heard())
			return
		}
	}
}

// status answers the INVITE with that.

// sdp describes the fake's sound.

// answer picks up.

// ask sends a request in the call, and returns the final answer.

// press presses a key as a telephone event.

// say sends a packet of sound.

// hear returns the next packet of sound; ok is false if none comes in that time.

// hearSpeech reads packets until one is not silence.

// desk notes what it is told.

func (f *fake) config() Config {
	return Config{Server: f.addr.String(), Transport: f.network, CA: f.certificate, User: "woggle", Password: f.password, From: "+441632960000",
		Listen: "127.0.0.1", RTPPorts: "22000-23999", Organisation: "Northwold County Scouts", Speech: recordings()}
}

// run makes a provider that runs while the test does. It waits for things for less long than others, as tune says.

func secret(f *fake) { f.password = "secret" }

// failing is a desk whose database is in trouble.
