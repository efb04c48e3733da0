package phone_test

import (
	"bytes"
	"net"
	"os/exec"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/sip"
)

// play lets sipp be the trunk, in the scenario of that name, and returns its address. The scenario has to be played to
// its end by the end of the test.
func play(t *testing.T, scenario, transport string) string {
	t.Helper()
	need(t, "sipp")
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := probe.Addr().String()
	_, port, _ := net.SplitHostPort(address)
	probe.Close()
	var said bytes.Buffer
	// It plays two calls: the question whether it is there, and the call.
	sipp := exec.Command("sipp", "-sf", "testdata/"+scenario+".xml", "-i", "127.0.0.1", "-p", port, "-t", transport, "-m", "2", "-nostdin", "-timeout", "60s", "-timeout_error")
	sipp.Stdout, sipp.Stderr = &said, &said
	if err := sipp.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- sipp.Wait() }()
	t.Cleanup(func() {
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("sipp: %v\n%s", err, said.Bytes())
			}
		case <-time.After(70 * time.Second):
			_ = sipp.Process.Kill()
			t.Error("sipp does not end")
		}
	})
	for transport == "t1" { // over UDP what comes too early comes again
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			break
		}
		select {
		case err := <-ended:
			ended <- err
			t.Fatal("sipp does not start")
		case <-time.After(20 * time.Millisecond):
		}
	}
	return address
}

// A trunk of other people's making tells what became of the call.
func TestSipp(t *testing.T) {
	for name, story := range map[string]struct {
		scenario, transport, password string
		events                        []message.Event
	}{
		"busy":                          {"busy", "u1", "secret", []message.Event{message.Busy}},
		"busy, over TCP":                {"busy", "t1", "secret", []message.Event{message.Busy}},
		"nobody answers":                {"ringing", "u1", "secret", []message.Event{message.NoAnswer}},
		"hung up midway":                {"hangup", "u1", "secret", []message.Event{message.Answered, message.NoKey}},
		"hung up midway, over TCP":      {"hangup", "t1", "secret", []message.Event{message.Answered, message.NoKey}},
		"the password is right":         {"password", "u1", "secret", []message.Event{message.NoAnswer}},
		"the password is not":           {"password", "u1", "wrong", nil},
		"the password is not, by TCP":   {"password", "t1", "wrong", nil},
		"the password is right, by TCP": {"password", "t1", "secret", []message.Event{message.NoAnswer}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := play(t, story.scenario, story.transport)
			p, d := trunk(t, func(c *sip.Config) {
				c.Server, c.Password, c.RingTime = address, story.password, 5*time.Second
				c.Transport = map[string]string{"u1": "udp", "t1": "tcp"}[story.transport]
			})
			if err := send(t, p, codeCall); (err == nil) != (story.events != nil) {
				t.Errorf("sent: %v", err)
			}
			d.told(t, story.events...)
		})
	}
}
