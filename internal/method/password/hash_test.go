package password

import (
	"context"
	"errors"
	"math"
	"runtime"
	"runtime/metrics"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"woggle/internal/problem"
)

func TestAPasswordIsKnownAgain(t *testing.T) {
	h := NewHasher(0, 0)
	first, err := h.Hash(t.Context(), "Neckerchief & woggle 7")
	if err != nil {
		t.Fatal(err)
	}
	second, err := h.Hash(t.Context(), "Neckerchief & woggle 7")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(first, "$argon2id$v=19$m=19456,t=2,p=1$") || len(first) != 97 {
		t.Errorf("unusual hash %q", first)
	}
	if first == second {
		t.Error("two hashes of one password are alike: there is no salt")
	}
	for password, want := range map[string]bool{
		"Neckerchief & woggle 7": true, "neckerchief & woggle 7": false, "Neckerchief & woggle 7 ": false, "": false,
	} {
		ok, stale, err := h.Verify(t.Context(), first, password)
		if ok != want || stale || err != nil {
			t.Errorf("Verify(%q) = %v, stale %v, %v", password, ok, stale, err)
		}
	}
}

// T08: what comes late in a password counts, and accents count however the keyboard composed them.
func TestNothingIsCut(t *testing.T) {
	h := NewHasher(0, 0)
	long := strings.Repeat("ŵ", MaxLength)
	for _, row := range []struct {
		name, stored, typed string
		want                bool
	}{
		{"differs at character 90", strings.Repeat("a", 100), strings.Repeat("a", 89) + "b" + strings.Repeat("a", 10), false},
		{"as long as may be", long, long, true},
		{"last of 256 differs", long, strings.TrimSuffix(long, "ŵ") + "w", false},
		{"one more than may be", long, long + "ŵ", false},
		{"composed and decomposed", "tân gwersyll ŵyl", "ta\u0302n gwersyll w\u0302yl", true},
		{"a zero byte is no end", "tent\x00peg and rope", "tent", false},
	} {
		stored, err := h.Hash(t.Context(), row.stored)
		if err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if ok, _, err := h.Verify(t.Context(), stored, row.typed); ok != row.want || err != nil {
			t.Errorf("%s: %v, %v", row.name, ok, err)
		}
	}
}

// A megabyte is answered without any hashing, and equally whether or not the user exists: here there is no free turn.
func TestAMegabyteIsNotHashed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(1, time.Second)
		defer occupy(t, h)()
		huge := strings.Repeat("a", 1<<20)
		if _, err := h.Hash(t.Context(), huge); !problem.Is(err, problem.Invalid) {
			t.Errorf("Hash: %v", err)
		}
		if ok, _, err := h.Verify(t.Context(), example, huge); ok || err != nil {
			t.Errorf("Verify: %v, %v", ok, err)
		}
		if err := h.Dummy(t.Context(), huge); err != nil {
			t.Errorf("Dummy: %v", err)
		}
	})
}

const example = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$tG+DWjIez7wcvhvM3L10l6I6yT7nek142sQCBL0pP6Q"

// occupy takes all turns of h until the function that it gives is called.
func occupy(t *testing.T, h *Hasher) (leave func()) {
	t.Helper()
	taken, done := make(chan struct{}), make(chan struct{})
	go func() {
		if err := h.run(context.Background(), math.MaxInt32, func() { close(taken); <-done }); err != nil {
			t.Errorf("occupy: %v", err)
		}
	}()
	<-taken
	return func() { close(done) }
}

// T07: never more at once than the bound; whoever waits too long is told so, at exactly the time that was set.
func TestOnlySoManyAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(3, 2*time.Second)
		gate := make(chan struct{})
		var working, done, busy atomic.Int32
		for range 1000 {
			go func() {
				err := h.run(t.Context(), memoryKiB, func() { working.Add(1); <-gate; working.Add(-1) })
				switch {
				case err == nil:
					done.Add(1)
				case errors.Is(err, ErrBusy):
					busy.Add(1)
				default:
					t.Error(err)
				}
			}()
		}
		started := time.Now()
		for i := range int32(5) { // one turn ends and the next begins
			synctest.Wait()
			if working.Load() != 3 || done.Load() != i || busy.Load() != 0 {
				t.Fatalf("after %d: %d at work, %d done, %d refused", i, working.Load(), done.Load(), busy.Load())
			}
			gate <- struct{}{}
		}
		<-time.After(2*time.Second - 1)
		synctest.Wait()
		if busy.Load() != 0 {
			t.Errorf("%d were refused before the waiting time was over", busy.Load())
		}
		<-time.After(1)
		synctest.Wait()
		if busy.Load() != 1000-5-3 || time.Since(started) != 2*time.Second {
			t.Errorf("%d were refused after %v", busy.Load(), time.Since(started))
		}
		close(gate)
	})
}

func TestACrowdIsKnownFromAfar(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher(2, 2*time.Second)
		gate := make(chan struct{})
		for i := range 2*queue + 1 {
			if h.Crowded() {
				t.Fatalf("%d are a crowd", i)
			}
			go h.run(t.Context(), memoryKiB, func() { <-gate })
			synctest.Wait()
		}
		if !h.Crowded() {
			t.Errorf("%d are no crowd", 2*queue+1)
		}
		close(gate)
		synctest.Wait()
		if h.Crowded() {
			t.Error("those who have gone are a crowd")
		}
	})
}

func TestEveryDoorWaits(t *testing.T) {
	doors := map[string]func(context.Context, *Hasher) error{
		"Hash":   func(c context.Context, h *Hasher) error { _, err := h.Hash(c, "woggle"); return err },
		"Verify": func(c context.Context, h *Hasher) error { _, _, err := h.Verify(c, example, "woggle"); return err },
		"Verify imported": func(c context.Context, h *Hasher) error {
			_, _, err := h.Verify(c, "{SSHA}4fpXrgioLSIprDSm+AcsZXGFedkU8MUQ", "woggle")
			return err
		},
		"Dummy": func(c context.Context, h *Hasher) error { return h.Dummy(c, "woggle") },
	}
	for name, door := range doors {
		synctest.Test(t, func(t *testing.T) {
			h := NewHasher(2, 2*time.Second)
			defer occupy(t, h)()
			if err := door(t.Context(), h); !errors.Is(err, ErrBusy) || !problem.Is(err, problem.Busy) {
				t.Errorf("%s: %v", name, err)
			}
			left, leave := context.WithCancel(t.Context())
			leave() // the visitor closed the page: that is no sign of a busy server
			if err := door(left, h); !errors.Is(err, context.Canceled) {
				t.Errorf("%s after the visitor left: %v", name, err)
			}
		})
	}
}

// A hash that needs more memory than ours takes more turns, so that the sum of memory holds.
func TestALargeHashTakesSeveralTurns(t *testing.T) {
	for memory, want := range map[uint64]int{0: 4, memoryKiB: 4, memoryKiB + 1: 2, 2 * memoryKiB: 2, 100 * memoryKiB: 1} {
		synctest.Test(t, func(t *testing.T) {
			h := NewHasher(4, time.Second)
			gate := make(chan struct{})
			var working atomic.Int32
			for range 10 {
				go h.run(t.Context(), memory, func() { working.Add(1); <-gate })
			}
			synctest.Wait()
			if int(working.Load()) != want {
				t.Errorf("%d KiB: %d at once, want %d", memory, working.Load(), want)
			}
			close(gate)
		})
	}
}

// T07 in earnest: a thousand sign-ins at once on two turns, known and unknown users. Nobody is lost, and the memory
// that the Go runtime holds stays under what the whole server may take. It passes with the runtime's usual settings.
func TestAStormStaysSmall(t *testing.T) {
	h := NewHasher(2, 300*time.Millisecond)
	held := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	var lock sync.Mutex
	var most uint64
	var done, busy int
	var all sync.WaitGroup
	runtime.GC()
	for i := range 1000 {
		all.Go(func() {
			var err error
			if i%2 == 0 {
				_, _, err = h.Verify(t.Context(), example, "a guess at a password")
			} else {
				err = h.Dummy(t.Context(), "a guess at a password")
			}
			lock.Lock()
			defer lock.Unlock()
			metrics.Read(held)
			most = max(most, held[0].Value.Uint64()-held[1].Value.Uint64())
			switch {
			case err == nil:
				done++
			case errors.Is(err, ErrBusy):
				busy++
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if done < 2 || done+busy != 1000 {
		t.Errorf("%d done and %d refused of 1000", done, busy)
	}
	if most >= 256<<20 {
		t.Errorf("%d MiB held, want less than 256", most>>20)
	}
	t.Logf("%d done, %d refused, %d MiB held at most", done, busy, most>>20)
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{example, "$scrypt$ln=10,r=8,p=1$OIdQ6r03ZmyN0br3fq815g$sAavRJjizQ7ZsCzI3on7Y7j8M0v7xHx5hTNYk2Wyc2U",
		"$argon2id$v=19$m=019456,t=2,p=1$c2FsdA$dGFn", "$$$$", "$a$b=1$$", "$a$v=1$v=2$$", "$a$b=-1$AA$AA", "$a$b=1,$AA$AA\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if p, err := parsePHC(s); err == nil && p.String() != s {
			t.Errorf("%q is read and written as %q", s, p.String())
		}
		// Whatever a register holds: an answer, no panic, and no hash in the error.
		scheme, err := Recognise(s)
		if (err == nil) == (scheme == "") {
			t.Errorf("Recognise(%q) = %q, %v", s, scheme, err)
		}
		if err != nil && len(s) > 20 && strings.Contains(err.Error(), s) {
			t.Errorf("the error repeats the hash: %v", err)
		}
	})
}

func BenchmarkHash(b *testing.B) {
	h := NewHasher(0, time.Hour)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := h.Hash(context.Background(), "Neckerchief & woggle 7"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// T06: these two are to be alike.
func BenchmarkVerify(b *testing.B) {
	h := NewHasher(0, time.Hour)
	b.Run("known", func(b *testing.B) {
		for b.Loop() {
			if ok, _, err := h.Verify(context.Background(), example, "a wrong password"); ok || err != nil {
				b.Fatal(ok, err)
			}
		}
	})
	b.Run("unknown", func(b *testing.B) {
		for b.Loop() {
			if err := h.Dummy(context.Background(), "a wrong password"); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// The yardstick of BenchmarkHash: nothing but the computation, on one core.
func BenchmarkBareArgon2id(b *testing.B) {
	for b.Loop() {
		derive([]byte("Neckerchief & woggle 7"), make([]byte, saltBytes))
	}
}
