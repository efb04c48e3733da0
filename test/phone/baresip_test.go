package phone_test

import (
	"context"
	"os"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/sip"
	"woggle/internal/message/speech"
	"woggle/test/phone"
)

// need skips the test if a program is missing, unless everything has to be tested.
func need(t *testing.T, programs ...string) {
	t.Helper()
	err := phone.Missing(programs...)
	if err == nil {
		return
	}
	if os.Getenv("WOGGLE_TEST_ALL") == "1" {
		t.Fatal(err)
	}
	t.Skip(err)
}

// desk notes what it is told.
type desk chan message.Report

func (d desk) Report(_ context.Context, r message.Report) error {
	d <- r
	return nil
}

func (d desk) Open(context.Context, string) (message.Message, error) {
	return message.Message{}, message.ErrUnknown
}

func (d desk) Keyed(_ context.Context, _, keys string) (bool, error) { return keys == "42", nil }

func (d desk) told(t *testing.T, events ...message.Event) {
	t.Helper()
	for _, want := range events {
		select {
		case r := <-d:
			if r.Event != want {
				t.Errorf("told %q (%s), not %q", r.Event, r.Cause, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("nobody is told %q", want)
		}
	}
}

// trunk is a provider whose trunk is at that address.
func trunk(t *testing.T, change func(*sip.Config)) (*sip.Provider, desk) {
	t.Helper()
	recordings, err := speech.New("")
	if err != nil {
		t.Fatal(err)
	}
	c := sip.Config{User: "woggle", From: "+441632960000", Listen: "127.0.0.1", RTPPorts: "26000-27999", Organisation: "Northwold County Scouts", Speech: recordings}
	change(&c)
	d := make(desk, 100)
	p, err := sip.New(c, d)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		p.Run(ctx)
	}()
	t.Cleanup(func() {
		stop()
		<-ended
	})
	return p, d
}

var codeCall = message.Message{ID: "m1", Channel: message.Voice, Purpose: message.Code, Locale: "en", To: "+441632960999", Name: "Ann", Code: "482915"}

func send(t *testing.T, p *sip.Provider, m message.Message) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	_, err := p.Send(ctx, m)
	return err
}

// The code that is heard at the other end, by ears that know neither us nor the code, is the code.
func TestTheCodeIsHeard(t *testing.T) {
	need(t, "baresip", "pocketsphinx_batch", "sox")
	for codec, code := range map[string]string{"PCMU": "482915", "PCMA": "607313"} {
		t.Run(codec, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
			defer cancel()
			ann, err := phone.Start(t.TempDir(), codeCall.To, codec)
			if err != nil {
				t.Fatal(err)
			}
			defer ann.Close()
			p, d := trunk(t, func(c *sip.Config) { c.Server = ann.Address })
			m := codeCall
			m.Code = code
			if err := send(t, p, m); err != nil {
				t.Fatal(err)
			}
			if err := ann.Answered(ctx); err != nil {
				t.Fatal(err)
			}
			d.told(t, message.Answered)
			if err := ann.Press('1'); err != nil {
				t.Fatal(err)
			}
			d.told(t, message.Heard)
			if err := ann.Over(ctx); err != nil { // it is read out twice, and then Woggle says goodbye
				t.Fatal(err)
			}
			wav, err := ann.Recording(ctx)
			if err != nil {
				t.Fatal(err)
			}
			digits, err := phone.Recognise(wav)
			if err != nil {
				t.Fatal(err)
			}
			if digits != code+code {
				t.Errorf("heard %s, not %s twice", digits, code)
			}
		})
	}
}

// What else a person does at a telephone.
func TestAPersonAtATelephone(t *testing.T) {
	need(t, "baresip")
	for name, story := range map[string]struct {
		keys    string // and then the person hangs up, unless we do
		approve bool
		events  []message.Event
	}{
		"hangs up at once":          {"", false, []message.Event{message.NoKey}},
		"did not ask for it":        {"9", false, []message.Event{message.Unwanted}},
		"keys what the page shows":  {"42", true, []message.Event{message.Heard}},
		"presses 1, and reports it": {"19", false, []message.Event{message.Heard, message.Unwanted}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			ann, err := phone.Start(t.TempDir(), codeCall.To, "PCMA", "PCMU")
			if err != nil {
				t.Fatal(err)
			}
			defer ann.Close()
			p, d := trunk(t, func(c *sip.Config) { c.Server = ann.Address })
			m := codeCall
			if story.approve {
				m.Code, m.Approve = "", true
			}
			if err := send(t, p, m); err != nil {
				t.Fatal(err)
			}
			d.told(t, message.Answered)
			for _, key := range story.keys {
				if err := ann.Press(key); err != nil {
					t.Fatal(err)
				}
				if !story.approve { // one after the other
					d.told(t, story.events[0])
					story.events = story.events[1:]
				}
			}
			if story.keys == "" {
				err = ann.HangUp()
			}
			if err == nil {
				err = ann.Over(ctx)
			}
			if err != nil {
				t.Fatal(err)
			}
			d.told(t, story.events...)
		})
	}
}
