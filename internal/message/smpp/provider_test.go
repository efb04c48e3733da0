package smpp

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/smpp/pdu"
	"woggle/test/smsc"
)

// desk collects reports. Messages that it does not know are another node's.
type desk struct {
	message.Desk
	mu      sync.Mutex
	reports []message.Report
	came    chan message.Report
}

func newDesk() *desk { return &desk{came: make(chan message.Report, 1000)} }

func (d *desk) Report(_ context.Context, r message.Report) error {
	if r.Message == "" && r.Receipt != "3e9" {
		return message.ErrUnknown
	}
	d.mu.Lock()
	d.reports = append(d.reports, r)
	d.mu.Unlock()
	d.came <- r
	return nil
}

func (d *desk) next(t *testing.T) message.Report {
	t.Helper()
	select {
	case r := <-d.came:
		return r
	case <-time.After(20 * time.Second):
		t.Fatal("no report came")
		return message.Report{}
	}
}

// run makes a provider and keeps it running for the test.
func run(t *testing.T, c Config, d message.Desk) *Provider {
	t.Helper()
	if c.SystemID == "" {
		c.SystemID = "northwold"
	}
	p, err := New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		p.Run(ctx)
		close(done)
	}()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return p
}

func text(id, body string) message.Message {
	return message.Message{ID: id, Channel: message.SMS, Purpose: message.Code, To: "+447700900123", Sender: "Scouts", Body: body, ExpiresAt: time.Now().Add(5 * time.Minute)}
}

// send sends, and again while there is no connection yet.
func send(t *testing.T, p *Provider, m message.Message) (string, error) {
	t.Helper()
	for late := time.Now().Add(20 * time.Second); ; {
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		receipt, err := p.Send(ctx, m)
		cancel()
		if err == nil || !strings.Contains(err.Error(), "no connection") || time.Now().After(late) {
			return receipt, err
		}
	}
}

func marked(err error) string {
	for name, mark := range map[string]error{"doubtful": message.Doubtful(err), "unsent": message.Unsent(err), "permanent": message.Permanent(err)} {
		if err != nil && fmt.Sprintf("%T", err) == fmt.Sprintf("%T", mark) {
			return name
		}
	}
	return "plain"
}

func TestATextGoesOutAndIsDelivered(t *testing.T) {
	for name, o := range map[string]smsc.Options{
		"a receipt afterwards":            {Receipts: time.Millisecond},
		"a receipt before the answer":     {EarlyFirst: true},
		"ids in two ways":                 {Receipts: time.Millisecond, Decimal: true},
		"ids in two ways, and the sooner": {EarlyFirst: true, Decimal: true},
	} {
		t.Run(name, func(t *testing.T) {
			centre, d := smsc.Start(t, o), newDesk()
			p := run(t, Config{Address: centre.Addr}, d)
			receipt, err := send(t, p, text("one", "123456 is your code"))
			if err != nil || receipt != "3e9" {
				t.Fatal(receipt, err)
			}
			if r := d.next(t); r.Event != message.Delivered || r.Message != "one" && r.Receipt != "3e9" {
				t.Errorf("reported %+v", r)
			}
			got := centre.Texts()
			if len(got) != 1 || got[0].To != "447700900123" || got[0].From != "Scouts" || got[0].Text != "123456 is your code" || got[0].Coding != pdu.CodingDefault || !strings.HasPrefix(got[0].Validity, "000000000") {
				t.Errorf("%+v", got)
			}
		})
	}
}

func TestLongTextsAndOtherLetters(t *testing.T) {
	centre, d := smsc.Start(t, smsc.Options{Receipts: time.Millisecond}), newDesk()
	p := run(t, Config{Address: centre.Addr}, d)
	long := strings.Repeat("A long text about a camp. ", 12)
	for i, body := range []string{long, "Eich côd yw 123456 ŵ 🏕", "€ and [brackets]"} {
		if _, err := send(t, p, text(fmt.Sprint(i), body)); err != nil {
			t.Fatal(err)
		}
		if r := d.next(t); r.Message != fmt.Sprint(i) || r.Event != message.Delivered {
			t.Errorf("%+v", r)
		}
	}
	got := centre.Texts()
	if len(got) != 5 || got[0].Text+got[1].Text+got[2].Text != long || !got[0].Header || got[3].Coding != pdu.CodingUCS2 || got[3].Text != "Eich côd yw 123456 ŵ 🏕" || got[4].Text != "€ and [brackets]" {
		t.Errorf("%+v", got)
	}
}

// A text that has several parts is lost when one of them is.
func TestATextThatIsLost(t *testing.T) {
	centre, d := smsc.Start(t, smsc.Options{Receipts: time.Millisecond, Lost: func(text string) bool { return strings.Contains(text, "end") }}), newDesk()
	p := run(t, Config{Address: centre.Addr}, d)
	if _, err := send(t, p, text("one", strings.Repeat("A long text. ", 20)+"The end.")); err != nil {
		t.Fatal(err)
	}
	if r := d.next(t); r.Event != message.Undelivered || r.Message != "one" || r.Cause != "UNDELIV, error 027" {
		t.Errorf("%+v", r)
	}
}

func TestTooMuchIsTriedAgain(t *testing.T) {
	centre := smsc.Start(t, smsc.Options{Throttle: 2})
	p := run(t, Config{Address: centre.Addr}, newDesk())
	if _, err := send(t, p, text("one", "code")); err != nil || centre.Count() != 1 {
		t.Errorf("%d taken, %v", centre.Count(), err)
	}
}

func TestWhatRefusalsMean(t *testing.T) {
	for status, want := range map[pdu.Status]string{pdu.InvalidDest: "permanent", pdu.InvalidSource: "permanent", pdu.UnknownError: "plain", pdu.Throttled: "unsent"} {
		centre := smsc.Start(t, smsc.Options{Refuse: status})
		p := run(t, Config{Address: centre.Addr}, newDesk())
		_, err := send(t, p, text("one", "123456 is your code"))
		if err == nil || marked(err) != want && !(status == pdu.Throttled && marked(err) == "plain") {
			t.Errorf("%s: %v is %s", status, err, marked(err))
		}
		if err != nil && (strings.Contains(err.Error(), "7700900123") || strings.Contains(err.Error(), "123456")) {
			t.Errorf("the error repeats the message: %v", err)
		}
	}
}

// A message centre that hangs costs its time and no more, and nobody knows what it has.
func TestAMessageCentreThatHangs(t *testing.T) {
	centre := smsc.Start(t, smsc.Options{Hang: true})
	p := run(t, Config{Address: centre.Addr, Window: 1}, newDesk())
	if _, err := send(t, p, text("zero", "x")); marked(err) != "doubtful" {
		t.Errorf("%v is %s", err, marked(err))
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := p.Send(ctx, text("one", "x")); marked(err) != "unsent" || time.Since(began) > 2*time.Second {
		t.Errorf("behind it, %v is %s after %s", err, marked(err), time.Since(began))
	}
}

// A connection that breaks leaves some in doubt, and the next goes out over a new one.
func TestAConnectionThatBreaks(t *testing.T) {
	centre := smsc.Start(t, smsc.Options{Drop: 5})
	p := run(t, Config{Address: centre.Addr}, newDesk())
	if _, err := send(t, p, text("first", "x")); err != nil {
		t.Fatal(err)
	}
	results := make(chan string, 20)
	for i := range 20 {
		go func() {
			_, err := p.Send(t.Context(), text(fmt.Sprint(i), "x"))
			result := "taken"
			if err != nil {
				result = marked(err)
			}
			results <- result
		}()
	}
	counts := map[string]int{}
	for range 20 {
		counts[<-results]++
	}
	if counts["taken"]+counts["doubtful"]+counts["unsent"] != 20 || counts["doubtful"] == 0 {
		t.Errorf("%v", counts)
	}
	var err error
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); { // the end of the old connection may not be noticed yet
		if _, err = send(t, p, text("last", "x")); err == nil {
			break
		}
	}
	if err != nil || centre.Binds() != 2 {
		t.Errorf("%v after %d binds", err, centre.Binds())
	}
}

func TestAWrongPasswordIsTold(t *testing.T) {
	centre := smsc.Start(t, smsc.Options{Password: "right"})
	p := run(t, Config{Address: centre.Addr, Password: "wr0ng"}, newDesk())
	var err error
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); {
		if _, err = p.Send(t.Context(), text("one", "x")); strings.Contains(err.Error(), "refused the account") {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "refused the account") || strings.Contains(err.Error(), "wr0ng") || marked(err) != "unsent" {
		t.Errorf("%v is %s", err, marked(err))
	}
}

// certificate is one for this computer, and what believes it.
func certificate(t *testing.T) (*tls.Config, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.ParseIP("127.0.0.1")}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestOverTLS(t *testing.T) {
	config, authority := certificate(t)
	centre := smsc.Start(t, smsc.Options{TLS: config})
	if _, err := send(t, run(t, Config{Address: centre.Addr, TLS: true, CA: authority}, newDesk()), text("one", "x")); err != nil {
		t.Error(err)
	}
	stranger := run(t, Config{Address: centre.Addr, TLS: true}, newDesk())
	var err error
	for late := time.Now().Add(20 * time.Second); time.Now().Before(late); {
		if _, err = stranger.Send(t.Context(), text("one", "x")); strings.Contains(err.Error(), "certificate") {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
	if centre.Binds() != 1 {
		t.Errorf("%d binds", centre.Binds())
	}
}

// Whatever a peer sends, nothing breaks, and a good peer is served afterwards.
func TestAPeerThatSpeaksSomethingElse(t *testing.T) {
	for _, greeting := range []string{"HTTP/1.1 400 Bad Request\r\n\r\n", "\x00\x00\x00\x00", "\xff\xff\xff\xff" + strings.Repeat("x", 100), "\x00\x00\x00\x10\x80\x00\x00\x15\x00\x00\x00\x00\x00\x00\x00\x01", ""} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer listener.Close()
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				conn.Write([]byte(greeting))
				conn.Close()
			}
		}()
		p := run(t, Config{Address: listener.Addr().String()}, newDesk())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		if _, err := p.Send(ctx, text("one", "x")); err == nil || marked(err) != "unsent" {
			t.Errorf("%q: %v is %s", greeting, err, marked(err))
		}
		cancel()
	}
}
