// An import of very many people from a membership register, while others sign in.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"time"

	"woggle/internal/db"
)

// What is aimed for.
const (
	previewTime   = 10 * time.Second
	applyTime     = 20 * time.Second
	registerBytes = 300e6
	slowerSignIns = 2.0
)

// measureRegister previews and applies a file of very many rows by the command, as another program beside the server on one SQLite file,
// while a few people sign in, and compares the slow ones of their sign-ins with those before. The yardstick of the apply is the same
// number of rows that go into one table with an index in one transaction, with nothing of what makes them people.
func (b *bench) measureRegister(ctx context.Context) error {
	s, err := b.newSite("")
	if err != nil {
		return err
	}
	if err := s.fill(ctx, b.people); err != nil {
		return err
	}
	p, err := b.serve(ctx, s)
	if err != nil {
		return err
	}
	defer p.stop()
	file := filepath.Join(s.folder, "members.csv")
	if err := os.WriteFile(file, members(b.register), 0o600); err != nil {
		return err
	}
	bare, err := b.bareRows(ctx)
	if err != nil {
		return err
	}
	from := newPeople(b.people)
	b.say("sign-ins before an import")
	before := visit(ctx, p.address, from, func() error { rest(ctx, b.storm); return nil })
	b.say("preview of %d rows", b.register)
	var looked, done imported
	during := visit(ctx, p.address, from, func() (err error) {
		looked, err = b.importFile(ctx, s, file)
		return err
	})
	b.say("import of %d rows", b.register)
	applying := visit(ctx, p.address, from, func() (err error) {
		done, err = b.importFile(ctx, s, file, "--yes")
		return err
	})
	if err := errors.Join(before.err, during.err, applying.err); err != nil {
		return err
	}
	apply := done.took - looked.took
	b.below(fmt.Sprintf("preview of an import of %d rows", b.register), seconds(looked.took), "10 s", looked.took < previewTime)
	b.add(row{what: fmt.Sprintf("import of %d rows, besides its preview", b.register), measured: seconds(apply), yardstick: "bare rows " + seconds(bare),
		ratio: fmt.Sprintf("%.1f", float64(apply)/float64(bare)), aim: "< 20 s", met: verdict(apply < applyTime)})
	b.below("memory at most, the import", megabytes(done.memory), "300 MB", done.memory < registerBytes)
	b.note("the preview took %s of a core, the import besides it %s", seconds(looked.core), seconds(done.core-looked.core))
	for _, one := range []struct {
		what string
		*visits
	}{{"the preview", during}, {"the import", applying}} {
		ratio := float64(one.p99()) / float64(before.p99())
		b.add(row{what: "sign-in during " + one.what + ", p99", measured: milliseconds(one.p99()), yardstick: "before: " + milliseconds(before.p99()),
			ratio: fmt.Sprintf("%.2f", ratio), aim: fmt.Sprintf("≤ %.0f", slowerSignIns), met: verdict(ratio <= slowerSignIns)})
		b.note("sign-ins during %s: %d done and %d failed; median %s (before: %s), slowest %s (before: %s)", one.what, len(one.took), one.failed,
			milliseconds(median(one.took)), milliseconds(median(before.took)), milliseconds(slices.Max(one.took)), milliseconds(slices.Max(before.took)))
	}
	return nil
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1f s", d.Seconds()) }

// members is a membership register: a district and a group within it for each, and a few hundred names.
func members(count int) []byte {
	var text bytes.Buffer
	text.WriteString("Membership number,First name,Last name,E-mail,Mobile,Group,Start date\r\n")
	for i := range count {
		fmt.Fprintf(&text, "%06d,Robin%d,Marsh,robin%d@northwold.example,07700 9%05d,District %d > Group %d,01/09/2019\r\n", i, i%9000, i, i, i%20, i%400)
	}
	return text.Bytes()
}

// imported is what a run of the command took.
type imported struct {
	took   time.Duration
	core   time.Duration // of a core, in the command itself
	memory int64
}

func (b *bench) importFile(ctx context.Context, s *site, file string, more ...string) (imported, error) {
	command := exec.CommandContext(ctx, b.woggle, append([]string{"user", "import", "--settings", s.settings(), "--json", file}, more...)...)
	began := time.Now()
	out, err := command.CombinedOutput()
	if err != nil {
		return imported{}, fmt.Errorf("woggle user import: %w: %s", err, out)
	}
	took := imported{took: time.Since(began), core: command.ProcessState.UserTime() + command.ProcessState.SystemTime()}
	if usage, is := command.ProcessState.SysUsage().(*syscall.Rusage); is {
		took.memory = usage.Maxrss << 10
	}
	return took, nil
}

// bareRows is how long the yardstick takes.
func (b *bench) bareRows(ctx context.Context) (time.Duration, error) {
	d, err := db.Open("sqlite:"+filepath.Join(b.folder, "bare.db"), time.Now)
	if err != nil {
		return 0, err
	}
	defer d.Close()
	began := time.Now()
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := tx.Script("CREATE TABLE bare (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, mail TEXT NOT NULL)"); err != nil {
			return err
		}
		rows := make([]any, 0, 3*b.register)
		for i := range b.register {
			rows = append(rows, db.NewID(), fmt.Sprintf("robin%d.marsh", i), fmt.Sprintf("robin%d@northwold.example", i))
		}
		_, err := tx.InsertAll("INSERT INTO bare (id, name, mail)", 3, rows, "")
		return err
	})
	return time.Since(began), err
}

// visits are sign-ins that went on while something else did.
type visits struct {
	took   []time.Duration
	failed int
	err    error
}

func (v *visits) p99() time.Duration {
	sorted := slices.Sorted(slices.Values(v.took))
	return sorted[min(len(sorted)-1, len(sorted)*99/100)]
}

// signInEvery is how often somebody signs in: as on a busy evening, and not as many as can.
const signInEvery = 50 * time.Millisecond

// visit lets people sign in, one each signInEvery, until work is done.
func visit(ctx context.Context, address string, from *people, work func() error) *visits {
	v := &visits{}
	ctx, stop := context.WithCancel(ctx)
	var mu sync.Mutex
	var all sync.WaitGroup
	all.Go(func() {
		for ; ctx.Err() == nil; rest(ctx, signInEvery) {
			all.Go(func() {
				browser := newBrowser(address)
				defer browser.close()
				p, err := from.take()
				began := time.Now()
				if err == nil {
					err = browser.signIn(p)
				}
				mu.Lock()
				defer mu.Unlock()
				if err != nil {
					v.failed++
					return
				}
				v.took = append(v.took, time.Since(began))
			})
		}
	})
	v.err = work()
	stop()
	all.Wait()
	if len(v.took) == 0 && v.err == nil {
		v.err = errors.New("nobody signed in")
	}
	return v
}
