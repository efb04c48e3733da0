package message

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	netmail "net/mail"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"woggle/internal/db/dbtest"
)

// settings are for a server on this machine without TLS.
func settings(t *testing.T, port int) SMTP {
	return SMTP{Host: "127.0.0.1", Port: port, From: "signin@oakshire.example", TLS: NoTLS, HELO: "id.oakshire.example",
		Organisation: "Sgowtiaid Sir y Dŵr", Text: locales(t).Text}
}

func letterTo(to string) Message {
	return Message{ID: "0198-id", Channel: Email, Purpose: Link, To: to, Locale: "cy", Name: "Siân", Subject: "Newidiwch eich cyfrinair",
		Paragraphs: []string{"Gofynnodd rhywun am gyfrinair newydd.", "Nid chi? <b>Dim byd</b> i'w wneud."},
		Button:     &Button{Label: "Cyfrinair newydd", URL: "https://id.oakshire.example/reset?token=abc&x=1"}}
}

func send(t *testing.T, s SMTP, m Message) (string, error) {
	t.Helper()
	route, err := NewSMTP(s)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	return route.Send(ctx, m)
}

// parts reads a mail as a mail program does.
func parts(t *testing.T, content string) (header netmail.Header, plain, html string) {
	t.Helper()
	mail, err := netmail.ReadMessage(strings.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	kind, args, err := mime.ParseMediaType(mail.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		t.Fatalf("the mail is %q (%v)", kind, err)
	}
	bodies := map[string]string{}
	for reader := multipart.NewReader(mail.Body, args["boundary"]); ; {
		part, err := reader.NextRawPart()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, args, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || !strings.EqualFold(args["charset"], "utf-8") || part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
			t.Fatalf("a part is %v (%v)", part.Header, err)
		}
		raw, err := io.ReadAll(quotedprintable.NewReader(part))
		if err != nil {
			t.Fatal(err)
		}
		bodies[kind] = strings.ReplaceAll(string(raw), "\r\n", "\n")
	}
	return mail.Header, bodies["text/plain"], bodies["text/html"]
}

func decoded(t *testing.T, value string) string {
	t.Helper()
	text, err := new(mime.WordDecoder).DecodeHeader(value)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestALetterIsReadableEverywhere(t *testing.T) {
	server := &mailServer{}
	server.serve(t, nil)
	receipt, err := send(t, settings(t, server.port), letterTo("sian@members.example"))
	if err != nil {
		t.Fatal(err)
	}
	header, plain, html := parts(t, server.mails[0])
	from, err := header.AddressList("From")
	if err != nil || from[0].Name != "Sgowtiaid Sir y Dŵr" || from[0].Address != "signin@oakshire.example" {
		t.Errorf("from %v (%v)", from, err)
	}
	for name, want := range map[string]string{"To": "<sian@members.example>", "Subject": "Newidiwch eich cyfrinair",
		"Message-Id": "<0198-id@oakshire.example>", "Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All",
		"Content-Language": "cy", "Mime-Version": "1.0", "User-Agent": "", "X-Mailer": "", "Bcc": ""} {
		if got := decoded(t, header.Get(name)); got != want {
			t.Errorf("%s: %q; want %q", name, got, want)
		}
	}
	if _, err := header.Date(); err != nil {
		t.Error("no date:", err)
	}
	if receipt != "<0198-id@oakshire.example>" {
		t.Errorf("receipt = %q", receipt)
	}
	want := `Helo Siân,

Gofynnodd rhywun am gyfrinair newydd.

Nid chi? <b>Dim byd</b> i'w wneud.

Cyfrinair newydd:
https://id.oakshire.example/reset?token=abc&x=1

-- 
Anfonodd Sgowtiaid Sir y Dŵr y neges hon yn awtomatig. Does neb yn darllen atebion iddi.
`
	if plain != want {
		t.Errorf("the text is\n%s\nwant\n%s", plain, want)
	}
	for _, part := range []string{`<html lang="cy" dir="ltr">`, "<p>Helo Siân,</p>", "Nid chi? &lt;b&gt;Dim byd&lt;/b&gt; i&#39;w wneud.",
		`href="https://id.oakshire.example/reset?token=abc&amp;x=1">Cyfrinair newydd</a>`, "Os nad yw&#39;r botwm yn gweithio"} {
		if !strings.Contains(html, part) {
			t.Errorf("the HTML has no %q:\n%s", part, html)
		}
	}
	if !server.said("EHLO ID.OAKSHIRE.EXAMPLE") || !server.said("MAIL FROM:<SIGNIN@OAKSHIRE.EXAMPLE>") || !server.said("RCPT TO:<SIAN@MEMBERS.EXAMPLE>") {
		t.Errorf("the envelope was %q", server.lines)
	}
}

// Threat T87: a line end in a name, a subject or an address must not become a header, a recipient or a command.
func TestNoValueAddsAHeaderOrARecipient(t *testing.T) {
	const evil = "\r\nBcc: everybody@evil.example\r\nX-Evil: yes\r\n\r\n.\r\nRCPT TO:<everybody@evil.example>\r\n\x00\u2028\u0085"
	server := &mailServer{}
	server.serve(t, nil)
	s := settings(t, server.port)
	s.Organisation += evil
	m := letterTo("sian@members.example")
	m.Name += evil
	m.Subject += evil
	m.Paragraphs = append(m.Paragraphs, evil)
	m.Button.Label += evil
	m.Button.URL += evil
	if _, err := send(t, s, m); err != nil {
		t.Fatal(err)
	}
	header, plain, _ := parts(t, server.mails[0])
	known := []string{"Auto-Submitted", "Content-Language", "Content-Type", "Date", "From", "Message-Id", "Mime-Version", "Subject", "To",
		"X-Auto-Response-Suppress"}
	for name, values := range header {
		if !slices.Contains(known, name) || len(values) != 1 {
			t.Errorf("the header %s: %q came in", name, values)
		}
	}
	if strings.Contains(plain, "\nX-Evil:") || strings.Contains(plain, "\n.\n") || len(server.mails) != 1 {
		t.Errorf("a line came in:\n%s", plain)
	}
	for _, to := range []string{"sian@members.example" + evil, "sian@members.example,all@evil.example", "Siân <sian@members.example>", "<sian@members.example>",
		"sian@members.example>\r\nRCPT TO:<all@evil.example", `"a b"@members.example`, "sian", "", "@members.example", "sian@members.example (all)",
		"all:a@evil.example,b@evil.example;", "sian @members.example"} {
		server.lines = nil
		if _, err := send(t, s, letterTo(to)); err == nil || !is[permanent](err) {
			t.Errorf("to %q: %v; want a permanent error", to, err)
		}
		if server.said("RCPT") {
			t.Errorf("to %q: something was sent: %q", to, server.lines)
		}
	}
}

func TestAScriptIsNoAddressOfAButton(t *testing.T) {
	m := letterTo("sian@members.example")
	m.Button.URL = "javascript:alert(1)"
	_, html, err := render(m, "Oakshire", locales(t).Text)
	if err != nil || strings.Contains(html, `href="javascript`) {
		t.Errorf("%v\n%s", err, html)
	}
}

func TestThePasswordTravelsInsideTLSOnly(t *testing.T) {
	pair, trust, _, _ := certificate(t)
	config := &tls.Config{Certificates: []tls.Certificate{pair}}
	for _, story := range []struct {
		name           string
		policy         TLSPolicy
		offers         []string
		implicit, good bool
		trust          *tls.Config
		password       string
	}{
		{"starttls", StartTLS, []string{"STARTTLS", "AUTH PLAIN"}, false, true, trust, "AUTH PLAIN"},
		{"starttls is the default", "", []string{"STARTTLS", "AUTH LOGIN"}, false, true, trust, "AUTH LOGIN"},
		{"implicit", ImplicitTLS, []string{"AUTH LOGIN PLAIN"}, true, true, trust, "AUTH PLAIN"},
		{"starttls was taken out on the way", StartTLS, []string{"AUTH PLAIN"}, false, false, trust, ""},
		{"starttls with a stranger", StartTLS, []string{"STARTTLS", "AUTH PLAIN"}, false, false, nil, ""},
		{"implicit with a stranger", ImplicitTLS, []string{"AUTH PLAIN"}, true, false, nil, ""},
		{"implicit with a plain server", ImplicitTLS, []string{"AUTH PLAIN"}, false, false, trust, ""},
		{"no way to say the password", StartTLS, []string{"STARTTLS"}, false, false, trust, ""},
	} {
		t.Run(story.name, func(t *testing.T) {
			server := &mailServer{offers: story.offers, startTLS: config}
			implicit := config
			if !story.implicit {
				implicit = nil
			}
			if story.name == "implicit with a plain server" {
				server.answers = map[string]string{"CONNECT": "220 test\r\n220 test"} // at once, and not TLS
			}
			server.serve(t, implicit)
			s := settings(t, server.port)
			s.TLS, s.User, s.Password, s.trust = story.policy, "woggle", "secret word", story.trust
			_, err := send(t, s, letterTo("sian@members.example"))
			if (err == nil) != story.good || (err != nil && is[permanent](err)) {
				t.Errorf("error %v; want one: %v, and a passing one", err, !story.good)
			}
			if server.said("MAIL") != story.good || server.said("AUTH") != (story.password != "") || !server.said(story.password) && story.good {
				t.Errorf("said %q", server.lines)
			}
			if err != nil && strings.Contains(err.Error(), "secret word") {
				t.Error("the error has the password in it")
			}
		})
	}
}

func TestWhatTheMailServerRefuses(t *testing.T) {
	for _, row := range []struct {
		command, answer string
		permanent, sent bool
	}{
		{"CONNECT", "421 too busy", false, false},
		{"CONNECT", "554 not you", false, false},
		{"CONNECT", "drop", false, false},
		{"EHLO", "drop", false, false},
		{"MAIL", "550 we do not know this sender", false, false}, // somebody can put it right
		{"MAIL", "451 later", false, false},
		{"RCPT", "550 5.1.1 no such person", true, false},
		{"RCPT", "450 4.2.1 try again", false, false}, // greylisting
		{"RCPT", "drop", false, false},
		{"DATA", "451 later", false, false},
		{"END", "552 too large", false, false},
		{"END", "drop", false, false},
		{"RSET", "drop", false, true}, // it was taken before
		{"QUIT", "drop", false, true},
		{"QUIT", "500 what?", false, true},
	} {
		t.Run(row.command+" "+row.answer, func(t *testing.T) {
			server := &mailServer{answers: map[string]string{row.command: row.answer}}
			server.serve(t, nil)
			receipt, err := send(t, settings(t, server.port), letterTo("sian@members.example"))
			if (err == nil) != row.sent || (receipt != "") != row.sent {
				t.Fatalf("receipt %q, error %v; want it sent: %v", receipt, err, row.sent)
			}
			if err != nil && is[permanent](err) != row.permanent {
				t.Errorf("%v is permanent: %v", err, is[permanent](err))
			}
		})
	}
}

func TestAMailServerThatHangsHoldsNobodyUp(t *testing.T) {
	for _, command := range []string{"CONNECT", "EHLO", "STARTTLS", "MAIL", "RCPT", "DATA", "END", "RSET", "QUIT"} {
		t.Run(command, func(t *testing.T) {
			server := &mailServer{answers: map[string]string{command: ""}}
			s := settings(t, 0)
			if command == "STARTTLS" {
				server.offers, s.TLS = []string{"STARTTLS"}, StartTLS
			}
			server.serve(t, nil)
			s.Port = server.port
			route, err := NewSMTP(s)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			go func() {
				<-server.hangs
				cancel()
			}()
			before := time.Now()
			_, err = route.Send(ctx, letterTo("sian@members.example"))
			if took := time.Since(before); took > 10*time.Second {
				t.Errorf("it took %s", took)
			}
			if sent := command == "RSET" || command == "QUIT"; (err == nil) != sent {
				t.Errorf("error %v; want none: %v", err, sent)
			}
		})
	}
}

func TestSettingsThatCannotWork(t *testing.T) {
	good := settings(t, 25)
	for name, spoil := range map[string]func(*SMTP){
		"no host":              func(s *SMTP) { s.Host = "" },
		"a port in the host":   func(s *SMTP) { s.Host = "mail.example:25" },
		"two lines":            func(s *SMTP) { s.Host = "mail.example\r\nEHLO" },
		"plain text elsewhere": func(s *SMTP) { s.Host = "mail.example" },
		"plain text, nearly":   func(s *SMTP) { s.Host = "127.0.0.1.evil.example" },
		"another policy":       func(s *SMTP) { s.TLS = "opportunistic" },
		"no sender":            func(s *SMTP) { s.From = "" },
		"a name in the sender": func(s *SMTP) { s.From = "Oakshire <signin@oakshire.example>" },
		"a line in the sender": func(s *SMTP) { s.From = "signin@oakshire.example\r\nRCPT TO:<a@evil.example>" },
	} {
		s := good
		spoil(&s)
		if _, err := NewSMTP(s); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for policy, port := range map[TLSPolicy]int{"": 587, StartTLS: 587, ImplicitTLS: 465, NoTLS: 25} {
		s := good
		s.TLS, s.Port, s.HELO = policy, 0, ""
		if err := s.Check(); err != nil || s.Port != port || s.HELO == "" {
			t.Errorf("%q: port %d, greets as %q (%v); want port %d", policy, s.Port, s.HELO, err, port)
		}
	}
}

// python finds a Python that has aiosmtpd.
func python(t *testing.T) string {
	t.Helper()
	for _, program := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(program, "-c", "import aiosmtpd").Run() == nil {
			return program
		}
	}
	dbtest.Need(t, errors.New("the mail server aiosmtpd is not installed (Debian: apt-get install python3-aiosmtpd)"))
	return ""
}

func TestAMailServerOfOtherPeopleUnderstandsUs(t *testing.T) {
	program := python(t)
	_, trust, cert, key := certificate(t)
	command := exec.CommandContext(t.Context(), program, "testdata/server.py", cert, key)
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	defer command.Wait()
	defer in.Close()
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	s := settings(t, 0)
	if s.Port, err = strconv.Atoi(strings.TrimSpace(first)); err != nil {
		t.Fatal(err)
	}
	s.TLS, s.User, s.Password, s.trust = StartTLS, "woggle", "wrong", trust
	if _, err := send(t, s, letterTo("sian@members.example")); err == nil || is[permanent](err) {
		t.Errorf("with a wrong password: %v", err)
	}
	s.Password = "secret word"
	m := letterTo("sian@members.example")
	m.Paragraphs = append(m.Paragraphs, ".", strings.Repeat("a long line ", 200))
	if _, err := send(t, s, m); err != nil {
		t.Fatal(err)
	}
	raw, err := lines.ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		From, Helo, Content string
		To                  []string
		TLS                 bool
	}
	if err := json.Unmarshal(raw, &got); err != nil {
		t.Fatal(err)
	}
	if got.From != s.From || !slices.Equal(got.To, []string{m.To}) || !got.TLS || got.Helo != s.HELO {
		t.Errorf("the server got %+v", got)
	}
	header, plain, _ := parts(t, got.Content)
	if decoded(t, header.Get("Subject")) != m.Subject || !strings.Contains(plain, "\n.\n") || !strings.Contains(plain, "Helo Siân,") {
		t.Errorf("the letter arrived as\n%s", plain)
	}
	for line := range strings.Lines(got.Content) {
		if len(line) > 1000 { // RFC 5321 section 4.5.3.1.6
			t.Errorf("a line of %d bytes", len(line))
		}
	}
}
