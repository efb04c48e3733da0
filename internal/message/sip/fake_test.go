package sip

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/emiago/sipgo"
	"github.com/emiago/sipgo/sip"
	"github.com/icholy/digest"
	pion "github.com/pion/rtp"

	"woggle/internal/message"
	"woggle/internal/message/speech"
)

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
type fakeCall struct {
	f      *fake
	invite *sip.Request
	tx     sip.ServerTransaction
	tag    string
	sound  *net.UDPConn
	port   netip.AddrPort // where the other end listens
	seq    uint16
	number uint32
	leg    *leg // our end of it

	acked, ended, cancelled chan struct{}
	hungUp                  func()
	got                     chan *sip.Request // all others in the call
}

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

func respondTo(req *sip.Request, tx sip.ServerTransaction, status int, tag string, headers ...sip.Header) {
	res := sip.NewResponseFromRequest(req, status, "Because", nil)
	if to := res.To(); tag != "" && status > 100 {
		to.Params.Remove("tag")
		to.Params.Add("tag", tag)
	}
	for _, h := range headers {
		res.AppendHeader(h)
	}
	_ = tx.Respond(res)
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
func (c *fakeCall) status(code int, headers ...sip.Header) {
	respondTo(c.invite, c.tx, code, c.tag, headers...)
}

// sdp describes the fake's sound.
func (c *fakeCall) sdp(codec, direction string, event int) []byte {
	port := c.sound.LocalAddr().(*net.UDPAddr).Port
	formats, attribute := codec, ""
	if event > 0 {
		formats += fmt.Sprintf(" %d", event)
		attribute = fmt.Sprintf("a=rtpmap:%d telephone-event/8000\r\n", event)
	}
	return []byte(fmt.Sprintf("v=0\r\no=fake 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP %s\r\n%sa=%s\r\n",
		port, formats, attribute, direction))
}

// answer picks up.
func (c *fakeCall) answer(body []byte, headers ...sip.Header) {
	res := sip.NewResponseFromRequest(c.invite, 200, "OK", nil)
	res.To().Params.Remove("tag")
	res.To().Params.Add("tag", c.tag)
	res.AppendHeader(sip.NewHeader("Contact", fmt.Sprintf("<sip:fake@%s;transport=%s>", c.f.addr, c.f.network)))
	for _, h := range headers {
		res.AppendHeader(h)
	}
	if body != nil {
		res.AppendHeader(sip.NewHeader("Content-Type", "application/sdp"))
		res.SetBody(body)
	}
	_ = c.tx.Respond(res)
}

func (c *fakeCall) pickUp(headers ...sip.Header) { c.answer(c.sdp("0", "sendrecv", 101), headers...) }

// ask sends a request in the call, and returns the final answer.
func (c *fakeCall) ask(method sip.RequestMethod, body []byte, headers ...sip.Header) *sip.Response {
	c.f.t.Helper()
	req := sip.NewRequest(method, c.invite.Contact().Address)
	from := sip.FromHeader{Address: c.invite.To().Address, Params: sip.NewParams()}
	from.Params.Add("tag", c.tag)
	to := sip.ToHeader{Address: c.invite.From().Address, Params: c.invite.From().Params}
	c.number++
	for _, h := range []sip.Header{&from, &to, sip.HeaderClone(c.invite.CallID()), &sip.CSeqHeader{SeqNo: c.number, MethodName: method},
		sip.NewHeader("Contact", fmt.Sprintf("<sip:fake@%s>", c.f.addr))} {
		req.AppendHeader(h)
	}
	for _, h := range headers {
		req.AppendHeader(h)
	}
	req.SetBody(body)
	req.SetTransport(strings.ToUpper(c.f.network))
	req.SetDestination(c.invite.Source())
	ctx, cancel := context.WithTimeout(c.f.t.Context(), 20*time.Second)
	defer cancel()
	res, err := c.f.client.Do(ctx, req)
	if err != nil {
		c.f.t.Errorf("%s: %v", method, err)
		return sip.NewResponse(0, "")
	}
	if method == sip.INVITE && res.IsSuccess() {
		ack := sip.NewRequest(sip.ACK, c.invite.Contact().Address)
		for _, h := range []sip.Header{&from, &to, sip.HeaderClone(c.invite.CallID()), &sip.CSeqHeader{SeqNo: c.number, MethodName: sip.ACK}} {
			ack.AppendHeader(h)
		}
		ack.SetBody(nil)
		ack.SetTransport(strings.ToUpper(c.f.network))
		ack.SetDestination(c.invite.Source())
		if err := c.f.client.WriteRequest(ack); err != nil {
			c.f.t.Error(err)
		}
	}
	return res
}

// press presses a key as a telephone event.
func (c *fakeCall) press(key byte) {
	c.number++
	for i := range 3 {
		c.say(101, c.number*8000, []byte{key, []byte{10, 10, 0x8a}[i], byte(i + 1), 0})
	}
}

// say sends a packet of sound.
func (c *fakeCall) say(payloadType uint8, timestamp uint32, payload []byte) {
	c.f.t.Helper()
	c.seq++
	packet := pion.Packet{Header: pion.Header{Version: 2, PayloadType: payloadType, SequenceNumber: c.seq, Timestamp: timestamp, SSRC: 42}, Payload: payload}
	octets, err := packet.Marshal()
	if err == nil {
		_, err = c.sound.WriteToUDPAddrPort(octets, c.port)
	}
	if err != nil {
		c.f.t.Error(err)
	}
}

// hear returns the next packet of sound; ok is false if none comes in that time.
func (c *fakeCall) hear(within time.Duration) (packet *pion.Packet, ok bool) {
	c.f.t.Helper()
	if err := c.sound.SetReadDeadline(time.Now().Add(within)); err != nil {
		c.f.t.Error(err)
	}
	buffer := make([]byte, 1500)
	n, err := c.sound.Read(buffer)
	if err != nil {
		return nil, false
	}
	packet = &pion.Packet{}
	if err := packet.Unmarshal(buffer[:n]); err != nil {
		c.f.t.Error(err)
	}
	return packet, true
}

// hearSpeech reads packets until one is not silence.
func (c *fakeCall) hearSpeech() {
	c.f.t.Helper()
	for range 500 {
		packet, ok := c.hear(5 * time.Second)
		if !ok {
			break
		}
		if packet.PayloadType == 0 && !bytes.Equal(packet.Payload, bytes.Repeat([]byte{0xff}, len(packet.Payload))) {
			return
		}
	}
	c.f.t.Error("nothing is said")
}

// desk notes what it is told.
type desk struct {
	reports chan message.Report
	keyed   chan string
	right   atomic.Bool
}

func newDesk() *desk {
	return &desk{reports: make(chan message.Report, 1000), keyed: make(chan string, 10)}
}

func (d *desk) Report(_ context.Context, r message.Report) error {
	d.reports <- r
	return nil
}

func (d *desk) Open(context.Context, string) (message.Message, error) {
	return message.Message{}, message.ErrUnknown
}

func (d *desk) Keyed(_ context.Context, _, keys string) (bool, error) {
	d.keyed <- keys
	return d.right.Load(), nil
}

// told waits for the next reports, and wants them to be these.
func (d *desk) told(t *testing.T, events ...message.Event) (last message.Report) {
	t.Helper()
	for _, want := range events {
		select {
		case r := <-d.reports:
			if last = r; r.Event != want || r.Message != "m1" {
				t.Errorf("told %q of %s (%s), not %q", r.Event, r.Message, r.Cause, want)
			}
		case <-time.After(60 * time.Second):
			t.Fatalf("nobody is told %q", want)
		}
	}
	return last
}

// quiet wants that nothing more is told; all calls are over.
func (d *desk) quiet(t *testing.T) {
	t.Helper()
	select {
	case r := <-d.reports:
		t.Errorf("told %q besides", r.Event)
	default:
	}
}

var recordings = sync.OnceValue(func() *speech.Library {
	library, err := speech.New("")
	if err != nil {
		panic(err)
	}
	return library
})

// config is for a call to the fake.
func (f *fake) config() Config {
	return Config{Server: f.addr.String(), Transport: f.network, CA: f.certificate, User: "woggle", Password: f.password, From: "+441632960000",
		Listen: "127.0.0.1", RTPPorts: "22000-23999", Organisation: "Northwold County Scouts", Speech: recordings()}
}

// run makes a provider that runs while the test does. It waits for things for less long than others, as tune says.
func run(t *testing.T, c Config, d *desk, tune ...func(*settings)) (p *Provider, stop func()) {
	t.Helper()
	p, err := New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	for _, change := range tune {
		change(p.set)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return p, stop
}

var codeCall = message.Message{ID: "m1", Channel: message.Voice, Purpose: message.Code, Locale: "en", To: "+441632960999", Name: "Ann", Code: "482915"}

// send hands the call over as the outbox does, but has less patience.
func send(t *testing.T, p *Provider, m message.Message, patience time.Duration) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	began := time.Now()
	receipt, err := p.Send(ctx, m)
	if took := time.Since(began); took > patience+time.Second {
		t.Errorf("Send took %s", took)
	}
	if (err == nil) != (receipt != "") {
		t.Errorf("the receipt %q comes with the error %v", receipt, err)
	}
	return err
}

// kind is how an error is marked.
func kind(err error) string {
	if err == nil {
		return ""
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", err), "message.")
}

const soon = 20 * time.Second

// secret is a trunk that wants the password.
func secret(f *fake) { f.password = "secret" }

// failing is a desk whose database is in trouble.
type failing struct {
	*desk
	left int
}

func (d *failing) Report(ctx context.Context, r message.Report) error {
	if d.left--; d.left >= 0 {
		return errors.New("the database is locked")
	}
	return d.desk.Report(ctx, r)
}
