// Debian's Apache as the server of an app.
package saml

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"woggle/internal/db/dbtest"
	"woggle/test/visitor"
)

const modules = "/usr/lib/apache2/modules/"

// Apache is one server with settings of its own, in a folder of its own.
type Apache struct {
	Base   string
	Folder string
}

// NewApache finds a port and a folder. It is started by Start, because its settings need both.
func NewApache(t *testing.T, needs ...string) *Apache {
	t.Helper()
	for _, path := range append([]string{"/usr/sbin/apache2"}, needs...) {
		if _, err := os.Stat(path); err != nil {
			dbtest.Need(t, err)
		}
	}
	folder, err := os.MkdirTemp("", "woggle-apache-") // not the test's own, which other users cannot enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	if err := errors.Join(os.Chmod(folder, 0o755), os.Mkdir(filepath.Join(folder, "www"), 0o755)); err != nil {
		t.Fatal(err)
	}
	return &Apache{Base: "http://" + free(t), Folder: folder}
}

// free is an address at which nobody listens.
func free(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// Write writes a file into the folder, and tells its path.
func (a *Apache) Write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(a.Folder, name)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// Start runs the server with more settings until the test ends.
func (a *Apache) Start(t *testing.T, settings string, loaded ...string) {
	t.Helper()
	var text strings.Builder
	for _, module := range append([]string{"mpm_event", "authn_core", "authz_core", "authz_user", "headers", "dir", "env", "setenvif"}, loaded...) {
		fmt.Fprintf(&text, "LoadModule %s_module %smod_%s.so\n", module, modules, module)
	}
	host := strings.TrimPrefix(a.Base, "http://")
	fmt.Fprintf(&text, "ServerRoot %[1]s\nPidFile %[1]s/pid\nDefaultRuntimeDir %[1]s\nErrorLog %[1]s/error.log\nDocumentRoot %[1]s/www\nListen %[2]s\nServerName http://%[2]s\nUseCanonicalName On\n%[3]s",
		a.Folder, host, settings)
	if os.Geteuid() == 0 {
		text.WriteString("\nUser www-data\nGroup www-data\n")
	}
	run(t, host, func() string {
		log, _ := os.ReadFile(filepath.Join(a.Folder, "error.log"))
		return string(log)
	}, "/usr/sbin/apache2", "-X", "-f", a.Write(t, "apache.conf", text.String()))
}

// watch runs a program for as long as its standard input is open, which is as long as the test lives, however it ends.
const watch = `"$@" </dev/null &
program=$!
read -r _
kill -TERM $program
wait $program`

// listens tells whether somebody listens at the address. A socket with a path is looked at and not knocked at: Shibboleth's daemon, on
// a busy computer, was seen to die of a connection that said nothing, in the moment in which it began.
func listens(address string) bool {
	if strings.HasPrefix(address, "/") {
		_, err := os.Stat(address)
		return err == nil
	}
	c, err := net.Dial("tcp", address)
	if err == nil {
		c.Close()
	}
	return err == nil
}

// mostSaid is how much of the log of a program is shown with a story that fails, in bytes.
const mostSaid = 8 << 10

// run starts a process that listens at the address, or at the socket with the path, and ends it with the test.
func run(t *testing.T, address string, log func() string, program string, args ...string) {
	t.Helper()
	process := exec.Command("/bin/sh", append([]string{"-c", watch, "sh", program}, args...)...)
	dying := filepath.Join(t.TempDir(), "stderr")
	last, err := os.Create(dying)
	if err != nil {
		t.Fatal(err)
	}
	defer last.Close()
	process.Stderr = last // what a program says when it crashes does not stand in its log
	lifeline, err := process.StdinPipe()
	if err == nil {
		err = process.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if t.Failed() {
			words, _ := os.ReadFile(dying)
			said := string(words) + log()
			t.Logf("%s said last:\n%s", program, said[max(0, len(said)-mostSaid):])
		}
		lifeline.Close()
		process.Wait()
	})
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	late := time.After(30 * time.Second)
	for !listens(address) {
		select {
		case <-late:
			t.Fatalf("%s does not answer\n%s", program, log())
		case <-look.C:
		}
	}
}

// answered is the page at the address, once it is there: what is asked while it begins may get no answer at all, and is asked again.
// The error tells what came instead, soon after patience.
func answered(address string, patience time.Duration) (*visitor.Page, error) {
	v := visitor.New(address)
	v.Client.Timeout = min(patience, 5*time.Second)
	late := time.Now().Add(patience)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for {
		page, err := v.Open(address)
		switch {
		case err == nil && page.Status == http.StatusOK:
			return page, nil
		case time.Now().Before(late):
			<-look.C
		case err != nil:
			return nil, fmt.Errorf("nothing after %s: %w", patience, err)
		default:
			return nil, fmt.Errorf("%s gives status %d after %s: %.300s", address, page.Status, patience, page.Text)
		}
	}
}

// own gives a path to a user, if we may.
func own(t *testing.T, name string, paths ...string) {
	t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	u, err := user.Lookup(name)
	if err != nil {
		dbtest.Need(t, err)
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	for _, path := range paths {
		if err := errors.Join(err1, err2, os.Chown(path, uid, gid)); err != nil {
			t.Fatal(err)
		}
	}
}
