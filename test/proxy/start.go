// Starting true proxies, with the settings that the document gives.
package proxy

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/db/dbtest"
)

// Document is the page for operators, seen from the folder of this package.
const Document = "../../docs/operator/forward-auth.md"

// Snippet is the only block of the language on the page.
func Snippet(t testing.TB, language string) string {
	t.Helper()
	page, err := os.ReadFile(Document)
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```").FindAllSubmatch(page, -1)
	if len(blocks) != 1 {
		t.Fatalf("%d blocks of %s on the page", len(blocks), language)
	}
	return string(blocks[0][1])
}

// Installed are the true proxies, with where their programs are.
var Installed = map[string]string{"nginx": "/usr/sbin/nginx", "caddy": "/usr/bin/caddy", "haproxy": "/usr/sbin/haproxy"}

// Front starts a proxy of the kind in front of a site, asking the node: a true one, or a stand-in. It gives where that
// listens.
func (wg *Woggle) Front(name string, node int, site string) (address string) {
	wg.t.Helper()
	program, real := Installed[name]
	if !real {
		return wg.Stand(name, node, Onward(site))
	}
	if _, err := os.Stat(program); err != nil {
		dbtest.Need(wg.t, fmt.Errorf("%s is not installed: type make tools", name))
	}
	folder := wg.t.TempDir()
	address = freeAddress(wg.t)
	_, port, _ := net.SplitHostPort(address)
	// Only what differs on this computer is changed: where everything listens, and that TLS ends elsewhere.
	local := func(snippet string, others ...string) string {
		pairs := append([]string{"127.0.0.1:8080", wg.Address(node), "127.0.0.1:3000", site}, others...)
		for i := 0; i < len(pairs); i += 2 {
			if !strings.Contains(snippet, pairs[i]) && i >= 4 {
				wg.t.Fatalf("the settings on the page have no %q", pairs[i])
			}
		}
		return strings.NewReplacer(pairs...).Replace(snippet)
	}
	write := func(file, text string) string {
		path := filepath.Join(folder, file)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			wg.t.Fatal(err)
		}
		return path
	}
	var command *exec.Cmd
	switch name {
	case "nginx":
		text := local(Snippet(wg.t, "nginx"), "listen 443 ssl;", "listen "+address+";")
		text = regexp.MustCompile(`(?m)^\s*ssl_.*\n`).ReplaceAllString(text, "")
		temporary := ""
		for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
			temporary += kind + "_temp_path " + filepath.Join(folder, kind) + ";\n"
		}
		path := write("nginx.conf", "daemon off;\nmaster_process off;\npid "+filepath.Join(folder, "pid")+";\nerror_log stderr notice;\nevents {}\nhttp {\naccess_log off;\n"+
			temporary+text+"}\n")
		command = exec.Command(program, "-p", folder, "-e", "stderr", "-c", path)
	case "caddy":
		text := local(Snippet(wg.t, "caddyfile"), "wiki.example.org {", "http://wiki.example.org:"+port+" {\n    bind 127.0.0.1")
		path := write("Caddyfile", "{\n    admin off\n    auto_https off\n}\n"+text)
		command = exec.Command(program, "run", "--config", path, "--adapter", "caddyfile")
	case "haproxy":
		lua := write("woggle.lua", local(Snippet(wg.t, "lua")))
		text := local(Snippet(wg.t, "haproxy"), "/etc/haproxy/woggle.lua", lua, "bind :443 ssl crt /etc/haproxy/certs/", "bind "+address)
		command = exec.Command(program, "-db", "-f", write("haproxy.cfg", text))
	}
	command.Env = []string{"HOME=" + folder, "XDG_CONFIG_HOME=" + folder, "XDG_DATA_HOME=" + folder, "PATH=" + os.Getenv("PATH")}
	wg.run(command, address)
	return address
}

// log keeps what a program says, for when it does not do what it should.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

// Write takes a piece of it.
func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// run starts the program, waits until it listens, and ends it with the test.
func (wg *Woggle) run(command *exec.Cmd, address string) {
	wg.t.Helper()
	said := &log{}
	command.Stdout, command.Stderr = said, said
	if err := command.Start(); err != nil {
		wg.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	wg.t.Cleanup(func() {
		command.Process.Kill()
		<-ended
		if wg.t.Failed() {
			wg.t.Logf("%s said:\n%s", command.Path, said)
		}
	})
	every, patience := time.NewTicker(10*time.Millisecond), time.After(patience)
	defer every.Stop()
	for {
		if connection, err := net.Dial("tcp", address); err == nil {
			connection.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			wg.t.Fatalf("%s ended: %v\n%s", command.Path, err, said)
		case <-patience:
			wg.t.Fatalf("%s does not listen\n%s", command.Path, said)
		case <-every.C:
		}
	}
}

// freeAddress is an address on which nobody listens.
func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return fmt.Sprint(listener.Addr())
}
