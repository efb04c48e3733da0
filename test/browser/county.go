// A running server, most often a demonstration, and what one can learn outside the browser: who lives there, and what came to their phones.
package browser

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// County is one running program, which belongs to one story.
type County struct {
	Base   string // address of the site, without a slash at the end
	Apps   string // address of the sample apps of a demonstration
	People []Person
	t      testing.TB
	suite  *Suite
	folder string            // below it are its records
	listen string            // where its program is behind the gate
	steps  map[string]int64  // by secret of an app: the last time step whose code was used
	read   map[string]string // by number: the message whose code was used
}

// Person is a sample account.
type Person struct{ Username, Password, Name, Phone, State, Secret string }

// Message is what came to a phone. Text is what a call says.
type Message struct {
	ID, To, Channel, Text string
	At                    time.Time
}

// Demo starts a demonstration, which ends with the story. Flags are those of its command.
func (s *Suite) Demo(t testing.TB, flags ...string) *County {
	t.Helper()
	s.need(t)
	folder := t.TempDir()
	lines := s.Run(t, []string{"TMPDIR=" + folder}, append([]string{"demo", "--listen", "127.0.0.1:0"}, flags...)...)
	c := &County{t: t, suite: s, folder: folder, steps: map[string]int64{}, read: map[string]string{}, Base: Find(t, lines, regexp.MustCompile(`Sign in\s+(http://localhost:\d+)`))}
	c.Apps = Find(t, lines, sampleApps)
	c.get("/handset/people.json", &c.People)
	return c
}

// Serve starts a real server in an empty folder, which ends with the story, and gives the link for its first administrator. Flags
// are those of its command.
func (s *Suite) Serve(t testing.TB, flags ...string) (c *County, setup string) {
	t.Helper()
	s.need(t)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := listener.Addr().String()
	if err := listener.Close(); err != nil { // the address is printed in links, so the server is told which
		t.Fatal(err)
	}
	c = &County{t: t, suite: s, folder: t.TempDir(), steps: map[string]int64{}, read: map[string]string{}}
	setup = Find(t, c.Command(append([]string{"serve", "--listen", listen}, flags...)...), regexp.MustCompile(`(http://localhost:\d+/setup/\S+)`))
	c.Base, _, _ = strings.Cut(setup, "/setup/")
	return c, setup
}

// Command runs the program as somebody does who administers the server.
func (c *County) Command(arguments ...string) <-chan string {
	c.t.Helper()
	return c.suite.Run(c.t, []string{"WOGGLE_DATA=" + filepath.Join(c.folder, "data")}, arguments...)
}

// Run starts the program, which is told to stop when the story ends, and gives the lines of its output.
func (s *Suite) Run(t testing.TB, environment []string, arguments ...string) <-chan string {
	t.Helper()
	command := exec.Command(s.program, arguments...)
	command.Env = append(os.Environ(), environment...)
	var trouble strings.Builder
	command.Stderr = &trouble
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	lines := make(chan string, 200)
	read := make(chan struct{})
	go func() {
		defer close(read)
		defer close(lines)
		for scanner := bufio.NewScanner(out); scanner.Scan(); {
			select {
			case lines <- scanner.Text():
			default: // nobody reads them any more
			}
		}
	}()
	t.Cleanup(func() {
		_ = command.Process.Signal(syscall.SIGTERM) // the error of a program that has ended is told by Wait
		<-read
		if err := command.Wait(); err != nil || t.Failed() && trouble.Len() > 0 {
			t.Errorf("woggle %s: %v\n%s", strings.Join(arguments, " "), err, trouble.String())
		}
	})
	return lines
}

// Find waits for a line, and gives what the first group of the expression found in it.
func Find(t testing.TB, lines <-chan string, expression *regexp.Regexp) string {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line, more := <-lines:
			if match := expression.FindStringSubmatch(line); match != nil {
				return match[1]
			}
			if !more {
				t.Fatalf("the program ended without a line like %s", expression)
			}
		case <-late:
			t.Fatalf("no line like %s", expression)
		}
	}
}

// Person is the account with the user name.
func (c *County) Person(username string) Person {
	c.t.Helper()
	for _, p := range c.People {
		if p.Username == username {
			return p
		}
	}
	c.t.Fatalf("nobody is called %s", username)
	return Person{}
}

// Messages are what came to a number, newest first.
func (c *County) Messages(number string) (messages []Message) {
	c.t.Helper()
	c.get("/handset/messages?to="+url.QueryEscape(number), &messages)
	return messages
}

var sixDigits = regexp.MustCompile(`\b\d{6}\b`)

// Code is the code of the newest text to a number that it was not asked for before. The text may come a moment after the
// page that promises it.
func (c *County) Code(number string) (code string) {
	c.t.Helper()
	c.eventually("a text with a code to "+number, func() bool {
		for _, m := range c.Messages(number) {
			if m.ID == c.read[number] {
				return false
			}
			if code = sixDigits.FindString(m.Text); code != "" {
				c.read[number] = m.ID
				return true
			}
		}
		return false
	})
	return code
}

// Called waits for a call to a number that was not waited for before. It may come a moment after the page that promises it.
func (c *County) Called(number string) {
	c.t.Helper()
	c.eventually("a call to "+number, func() bool {
		all := c.Messages(number)
		if len(all) == 0 || all[0].Channel != "voice" || all[0].ID == c.read[number] {
			return false
		}
		c.read[number] = all[0].ID
		return true
	})
}

// eventually asks until the answer is yes.
func (c *County) eventually(what string, ask func() bool) {
	c.t.Helper()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for late := time.After(patience); !ask(); {
		select {
		case <-again.C:
		case <-late:
			c.t.Fatalf("waited in vain for %s", what)
		}
	}
}

// AppCode makes the code of an authenticator app by oathtool. Woggle takes no time step twice, but the one before and the
// one after now; so this begins with the one before, if that is taken for a while yet, and a story can sign in three times
// without waiting. Only who comes at the end of a step may have to wait for the next.
func (c *County) AppCode(secret string) string {
	c.t.Helper()
	const period, soon = 30, 5 // seconds
	var step int64
	c.eventually("a code of the app that was not used", func() bool {
		now := time.Now().Unix()
		step = max((now+soon)/period-1, c.steps[secret]+1)
		return step <= now/period+1
	})
	c.steps[secret] = step
	return c.AppCodeAt(secret, time.Unix(step*period, 0))
}

// AppCodeAt is the code that an app shows whose clock says so.
func (c *County) AppCodeAt(secret string, clock time.Time) string {
	c.t.Helper()
	return totp(c.t, c.suite, secret, clock)
}

func totp(t testing.TB, s *Suite, secret string, clock time.Time) string {
	t.Helper()
	s.need(t, "oathtool")
	at := clock.UTC().Format("2006-01-02 15:04:05 UTC")
	out, err := exec.Command("oathtool", "--totp", "-b", "-N", at, secret).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(out))
}

func (c *County) get(path string, into any) {
	c.t.Helper()
	response, err := http.Get(c.Base + path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err == nil {
		err = json.Unmarshal(body, into)
	}
	if err != nil || response.StatusCode != http.StatusOK {
		c.t.Fatal(fmt.Errorf("%s: %s, %w", path, response.Status, err))
	}
}
