package main

import (
	"bufio"
	"bytes"
	"database/sql"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"woggle/test/visitor"
)

// process is a running server.
type process struct {
	*exec.Cmd
	address string // host and port
	log     bytes.Buffer
}

// serve starts the program in the folder, and waits until it is ready.
func serve(t *testing.T, folder string) *process {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &process{address: fmt.Sprintf("localhost:%d", free.Addr().(*net.TCPAddr).Port)}
	free.Close()
	p.Cmd = exec.Command("woggle", "serve", "--data", folder, "--listen", "127.0.0.1"+strings.TrimPrefix(p.address, "localhost"))
	p.Stderr = &p.log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Process.Kill() }) // if it is still there
	until(t, func() bool {
		r, err := http.Get("http://" + p.address + "/readyz")
		if err != nil {
			return false
		}
		r.Body.Close()
		return r.StatusCode == http.StatusOK
	})
	return p
}

// until looks again and again; another process can't call us.
func until(t *testing.T, done func() bool) {
	t.Helper()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for end := time.Now().Add(20 * time.Second); !done(); <-look.C {
		if time.Now().After(end) {
			t.Fatal("it takes more than 20 seconds")
		}
	}
}

// Told to stop, the server takes nobody new, lets who is there finish, and ends well.
func TestAServerStopsGracefully(t *testing.T) {
	p := serve(t, t.TempDir())
	browser := visitor.New("http://" + p.address)
	page, err := browser.Open("/signin")
	if err != nil {
		t.Fatal(err)
	}
	form, err := page.Form("username")
	if err != nil {
		t.Fatal(err)
	}
	body := form.Set("username", "nobody").Values.Encode()
	slow, err := net.Dial("tcp", "127.0.0.1"+strings.TrimPrefix(p.address, "localhost"))
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	head, err := http.NewRequest(http.MethodPost, "http://"+p.address+"/signin", nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, cookie := range browser.Client.Jar.Cookies(head.URL) {
		head.AddCookie(cookie)
	}
	fmt.Fprintf(slow, "POST /signin HTTP/1.1\r\nHost: %s\r\nCookie: %s\r\nContent-Type: application/x-www-form-urlencoded\r\n"+
		"Content-Length: %d\r\nExpect: 100-continue\r\n\r\n", p.address, head.Header.Get("Cookie"), len(body))
	answers := bufio.NewReader(slow)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
	answers.ReadString('\n')

	// From here on the page is being made. The server is told to stop.
	if err := p.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool {
		c, err := net.Dial("tcp", slow.RemoteAddr().String())
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	io.WriteString(slow, body)
	r, err := http.ReadResponse(answers, nil)
	if err != nil || r.StatusCode != http.StatusSeeOther || !strings.HasPrefix(r.Header.Get("Location"), "/signin?a=") {
		t.Errorf("who was there got %v, %v", r, err)
	}
	if err := p.Wait(); err != nil || !strings.Contains(p.log.String(), "msg=stopped") {
		t.Errorf("it ends with %v: %s", err, &p.log)
	}
}

// Killed while it serves, the server has everything that it had answered for, and starts again by itself (threat T89).
func TestAKilledServerLosesNothing(t *testing.T) {
	folder := t.TempDir()
	type promise struct {
		browser *visitor.Visitor
		address string
	}
	var mu sync.Mutex
	var promised []promise
	for range 5 {
		p := serve(t, folder)
		var crowd sync.WaitGroup
		enough := make(chan struct{}, 1000)
		for range 8 {
			crowd.Go(func() {
				for {
					kept := promise{browser: visitor.New("http://" + p.address)}
					kept.browser.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
					page, err := kept.browser.Open("/signin")
					if err != nil {
						return
					}
					form, err := page.Form("username")
					if err != nil {
						return
					}
					answer, err := kept.browser.Send(form.Set("username", "nobody"), nil)
					if err != nil {
						return
					}
					if kept.address = answer.Header.Get("Location"); answer.Status != http.StatusSeeOther {
						t.Errorf("status %d: %s", answer.Status, answer.Text)
						return
					}
					mu.Lock()
					promised = append(promised, kept)
					mu.Unlock()
					enough <- struct{}{}
				}
			})
		}
		for range 20 {
			<-enough
		}
		p.Process.Kill()
		crowd.Wait()
		p.Wait()
	}
	p := serve(t, folder)
	for _, one := range promised {
		from, err := url.Parse(one.browser.Base)
		if err != nil {
			t.Fatal(err)
		}
		now := visitor.New("http://" + p.address)
		at, err := url.Parse(now.Base)
		if err != nil {
			t.Fatal(err)
		}
		now.Client.Jar.SetCookies(at, one.browser.Client.Jar.Cookies(from))
		if page, err := now.Open(one.address); err != nil || !strings.Contains(page.Text, "Enter your password") {
			t.Fatalf("a sign-in that was begun is lost: %v, %v", page, err)
		}
	}
	t.Logf("%d sign-ins were begun, and all are there", len(promised))
	d, err := sql.Open("sqlite", filepath.Join(folder, "woggle.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	var verdict string
	if err := d.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("the database is %s, %v", verdict, err)
	}
}
