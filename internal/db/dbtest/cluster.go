// A private PostgreSQL, that ends with the process that started it.
package dbtest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrMissing means that PostgreSQL is not installed.
var ErrMissing = errors.New("PostgreSQL is not installed (Debian: apt-get install postgresql)")

// watch runs the server for as long as its standard input is open, and then removes what is left of it. The kernel
// closes that input however the test process ends, so a killed test leaves neither server nor folder. Two transactions that stop each
// other are found after a tenth of the usual second: on a busy machine the usual one used up the patience of who tries again.
const watch = `"$0" -D "$1/data" -k "$1" -c listen_addresses= -c max_connections=200 \
	-c fsync=off -c synchronous_commit=off -c full_page_writes=off -c deadlock_timeout=100ms &
server=$!
read -r _
kill -QUIT $server
wait $server
rm -rf "$1"`

// StartCluster starts a PostgreSQL server of its own in a temporary folder. Connect to it by the address that it
// returns; the server ends, and its folder vanishes, when stop is called or this process ends in any way.
func StartCluster() (address string, stop func(), err error) {
	programs, err := installed()
	if err != nil {
		return "", nil, err
	}
	as, err := serverUser()
	if err != nil {
		return "", nil, err
	}
	folder, err := os.MkdirTemp("", "woggle-postgres-")
	if err != nil {
		return "", nil, err
	}
	if as != nil {
		if err := os.Chown(folder, int(as.Uid), int(as.Gid)); err != nil {
			return "", nil, err
		}
	}
	// A county's database sorts as its language does, so the tests' does too: code that relies on the order of bytes fails.
	initdb := exec.Command(filepath.Join(programs, "initdb"), "--no-sync", "--username=postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-GB", "-D", filepath.Join(folder, "data"))
	initdb.Dir, initdb.SysProcAttr = folder, &syscall.SysProcAttr{Credential: as}
	if out, err := initdb.CombinedOutput(); err != nil {
		os.RemoveAll(folder)
		return "", nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	stop, err = startServer(filepath.Join(programs, "postgres"), folder, as)
	if err != nil {
		return "", nil, err
	}
	address = "postgres://postgres@/postgres?host=" + folder
	if err := answers(address); err != nil {
		log, _ := os.ReadFile(filepath.Join(folder, "log"))
		stop()
		return "", nil, fmt.Errorf("PostgreSQL does not answer: %w\n%s", err, log)
	}
	return address, stop, nil
}

// installed finds the newest PostgreSQL server: Debian keeps its programs out of PATH, others do not.
func installed() (string, error) {
	newest, version := "", 0.0
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	for _, path := range found {
		folder := filepath.Dir(path)
		if v, err := strconv.ParseFloat(filepath.Base(filepath.Dir(folder)), 64); err == nil && v > version {
			newest, version = folder, v
		}
	}
	if newest != "" {
		return newest, nil
	}
	path, err := exec.LookPath("initdb")
	if err != nil {
		return "", ErrMissing
	}
	return filepath.Dir(path), nil
}

// serverUser is who the server runs as: PostgreSQL refuses to run as root.
func serverUser() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return nil, fmt.Errorf("%w: PostgreSQL does not run as root, and there is no user postgres", ErrMissing)
	}
	uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err1, err2)
}

func startServer(program, folder string, as *syscall.Credential) (stop func(), err error) {
	log, err := os.Create(filepath.Join(folder, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	watcher := exec.Command("/bin/sh", "-c", watch, program, folder)
	watcher.Dir = "/"
	// Output goes to a file, because go test waits for whoever still holds its own. The watcher has a process group
	// of its own, so that an interrupt at the keyboard does not end it before it has tidied up.
	watcher.Stdout, watcher.Stderr = log, log
	watcher.SysProcAttr = &syscall.SysProcAttr{Credential: as, Setpgid: true}
	var lifeline io.WriteCloser
	if lifeline, err = watcher.StdinPipe(); err != nil {
		return nil, err
	}
	if err := watcher.Start(); err != nil {
		return nil, err
	}
	return func() {
		lifeline.Close()
		watcher.Wait()
	}, nil
}

// answers waits until the server takes connections.
func answers(address string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	every := time.NewTicker(10 * time.Millisecond)
	defer every.Stop()
	for {
		c, err := pgx.Connect(ctx, address)
		if err == nil {
			return c.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-every.C:
		}
	}
}
