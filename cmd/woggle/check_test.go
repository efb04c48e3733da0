package main

import (
	"bufio"
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/bill"
)

// mailServer answers each line that begins with a word as told, and notes what it was asked.
func mailServer(t *testing.T, greeting string, answers map[string]string) (port int, asked func() []string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	lines := make(chan []string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.Write([]byte(greeting))
		var heard []string
		for in := bufio.NewScanner(c); in.Scan(); {
			heard = append(heard, in.Text())
			word, _, _ := strings.Cut(in.Text(), " ")
			c.Write([]byte(answers[word]))
			if word == "QUIT" {
				break
			}
		}
		lines <- heard
	}()
	return l.Addr().(*net.TCPAddr).Port, func() []string { return <-lines }
}

func TestTheMailServerIsTriedWithoutAMail(t *testing.T) {
	const hello = "250-hello\r\n250-AUTH PLAIN LOGIN\r\n250 8BITMIME\r\n"
	for name, c := range map[string]struct {
		greeting string
		answers  map[string]string
		change   func(*message.SMTP)
		wrong    string
	}{
		"right":          {"220 here\r\n", map[string]string{"EHLO": hello, "AUTH": "235 in\r\n", "QUIT": "221 bye\r\n"}, func(*message.SMTP) {}, ""},
		"wrong password": {"220 here\r\n", map[string]string{"EHLO": hello, "AUTH": "535 no\r\n", "*": "501 well\r\n", "QUIT": "221 bye\r\n"}, func(*message.SMTP) {}, "user name or password"},
		"no TLS there":   {"220 here\r\n", map[string]string{"EHLO": hello, "STARTTLS": "502 what\r\n", "QUIT": "221 bye\r\n"}, func(s *message.SMTP) { s.TLS = message.StartTLS }, "STARTTLS"},
		"no mail server": {"Hello, visitor\r\n", nil, func(*message.SMTP) {}, "does not greet as a mail server does"},
		"not ready":      {"421 later\r\n", nil, func(*message.SMTP) {}, "does not greet"},
	} {
		t.Run(name, func(t *testing.T) {
			port, asked := mailServer(t, c.greeting, c.answers)
			s := message.SMTP{Host: "127.0.0.1", Port: port, User: "u", Password: "p", From: "a@b.example", TLS: message.NoTLS, HELO: "test"}
			c.change(&s)
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := probeMail(ctx, s)
			if (err == nil) != (c.wrong == "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("got %v", err)
			}
			for _, line := range asked() {
				if strings.HasPrefix(line, "MAIL") || strings.HasPrefix(line, "RCPT") || strings.HasPrefix(line, "DATA") {
					t.Errorf("it began a mail: %s", line)
				}
			}
		})
	}
	// One that takes the call and says nothing.
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := probeMail(ctx, message.SMTP{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, TLS: message.NoTLS, HELO: "test"}); err == nil {
		t.Error("silence is taken for a mail server")
	}
}

// A renewed certificate is used without a restart, and half a renewal does no harm.
func TestARenewedCertificateIsUsed(t *testing.T) {
	folder := t.TempDir()
	write := func(name string) string {
		der, err := makePair(filepath.Join(folder, "use"), name, 90)
		if err != nil {
			t.Fatal(err)
		}
		return string(der)
	}
	first := write("first.example")
	c := &certificate{cert: filepath.Join(folder, "use.crt"), key: filepath.Join(folder, "use.key")}
	shown := func() string {
		t.Helper()
		pair, err := c.get(nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(pair.Certificate[0])
	}
	if shown() != first {
		t.Error("another certificate is shown")
	}
	later := func() { // a minute on
		c.mu.Lock()
		c.looked = c.looked.Add(-lookEvery)
		c.mu.Unlock()
	}
	if err := os.WriteFile(c.cert, []byte("half a"), 0o600); err != nil {
		t.Fatal(err)
	}
	later()
	if shown() != first {
		t.Error("half a renewal is shown")
	}
	second := write("second.example")
	if shown() != first {
		t.Error("the files are looked at all the time")
	}
	later()
	if shown() != second {
		t.Error("the renewed certificate is not shown")
	}
	if _, err := (&certificate{cert: c.cert, key: filepath.Join(folder, "none.key")}).get(nil); err == nil {
		t.Error("a certificate without a key is taken")
	}
}

// A country is judged by landlines where calls are meant, and by mobiles where texts are.
func TestGapsOfRoutes(t *testing.T) {
	route := func(name string, channel message.Channel, prefixes ...string) routeSetting {
		r := message.Route{Name: name, Channel: channel, Prefixes: prefixes, Prices: bill.Prices{Prefixes: map[string]bill.Money{}}}
		for _, prefix := range prefixes {
			r.Prices.Prefixes[prefix] = 1
		}
		return routeSetting{route: r}
	}
	unpriced := route("calls", message.Voice, "+447")
	unpriced.route.Prefixes = nil
	for name, row := range map[string]struct {
		routes []routeSetting
		want   []string
	}{
		"all":                           {[]routeSetting{route("texts", message.SMS, "+44"), route("calls", message.Voice, "+44")}, nil},
		"calls to landlines only":       {[]routeSetting{route("texts", message.SMS, "+447"), route("calls", message.Voice, "+441", "+442", "+443")}, nil},
		"calls to mobiles only":         {[]routeSetting{route("calls", message.Voice, "+447")}, []string{"no route for voice serves landlines of GB"}},
		"texts to landlines only":       {[]routeSetting{route("texts", message.SMS, "+441")}, []string{"no route for sms serves mobiles of GB"}},
		"landlines have no price":       {[]routeSetting{unpriced}, []string{"route calls has no price for numbers of GB"}},
		"landlines need no price there": {[]routeSetting{route("texts", message.SMS, "+447")}, nil},
	} {
		found := (&Phones{routes: row.routes}).gaps([]string{"GB"})
		right := len(found) == len(row.want)
		for i := range min(len(found), len(row.want)) {
			right = right && strings.HasPrefix(found[i].Wrong, row.want[i]) && found[i].Warning
		}
		if !right {
			t.Errorf("%s: %v", name, found)
		}
	}
}
