package db_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

// queue runs works one after the other in one group: each waits for its turn before the one in front of it is done.
func queue(t *testing.T, d *db.DB, works ...func(tx *db.Tx) error) (errs []error, told []chan struct{}) {
	t.Helper()
	errs = make([]error, len(works))
	for range works {
		told = append(told, make(chan struct{}))
	}
	var all sync.WaitGroup
	var begin func(i int)
	begin = func(i int) {
		all.Go(func() {
			defer close(told[i])
			once := sync.Once{} // of a second run, nobody is started
			errs[i] = d.Tx(background, func(tx *db.Tx) error {
				once.Do(func() {
					if i+1 < len(works) {
						begin(i + 1)
						db.AwaitWriter(d)
					}
				})
				return works[i](tx)
			})
		})
	}
	begin(0)
	all.Wait()
	return errs, told
}

// What was done together is there together, and nobody is told, or sees anything, before.
func TestWritersThatWaitAreCommittedTogether(t *testing.T) {
	d, _ := dbtest.Open(t)
	write := func(name string) func(tx *db.Tx) error { return func(tx *db.Tx) error { return set(tx, name, "done") } }
	seen := "nothing"
	errs, _ := queue(t, d, write("a"), func(tx *db.Tx) error {
		var own string
		if err := tx.Row("SELECT value FROM settings WHERE name = 'a'", nil, &own); err != nil || own != "done" {
			t.Errorf("the next in the group reads %q, %v", own, err)
		}
		err := d.View(background, func(view *db.Tx) error {
			_, err := view.Found("SELECT value FROM settings WHERE name = 'a'", nil, &seen)
			return err
		})
		return errors.Join(err, set(tx, "b", "done"))
	}, write("c"))
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	if seen != "nothing" {
		t.Error("somebody outside saw what was not committed")
	}
	for _, name := range []string{"a", "b", "c"} {
		if got := get(t, d, name); got != "done" {
			t.Errorf("%s is %q", name, got)
		}
	}
}

// One that fails takes nothing of the others with it.
func TestOneThatFailsUndoesOnlyItsOwn(t *testing.T) {
	d, _ := dbtest.Open(t)
	fails := errors.New("it went wrong")
	errs, _ := queue(t, d,
		func(tx *db.Tx) error { return set(tx, "a", "first") },
		func(tx *db.Tx) error { return errors.Join(set(tx, "a", "second"), set(tx, "b", "second"), fails) },
		func(tx *db.Tx) error { return set(tx, "c", "third") })
	if errs[0] != nil || !errors.Is(errs[1], fails) || errs[2] != nil {
		t.Errorf("they are told %v", errs)
	}
	if a, b, c := get(t, d, "a"), get(t, d, "b"), get(t, d, "c"); a != "first" || b != "" || c != "third" {
		t.Errorf("a is %q, b %q, c %q", a, b, c)
	}
}

// When SQLite undoes the whole transaction, as it does when the disk is full, those who were done work once more.
func TestWhenAllIsUndoneTheOthersWorkOnceMore(t *testing.T) {
	d, _ := dbtest.Open(t)
	runs := 0
	errs, _ := queue(t, d,
		func(tx *db.Tx) error { runs++; return set(tx, "a", "done") },
		func(tx *db.Tx) error {
			_, err := tx.Exec("ROLLBACK")
			return errors.Join(err, errors.New("the disk is full"))
		},
		func(tx *db.Tx) error { return set(tx, "c", "done") })
	if errs[0] != nil || errs[1] == nil || errs[2] != nil || runs != 2 {
		t.Errorf("they are told %v; the first ran %d times", errs, runs)
	}
	if a, c := get(t, d, "a"), get(t, d, "c"); a != "done" || c != "done" {
		t.Errorf("a is %q, c %q", a, c)
	}
}

// Many at once, some of which fail: each is told the truth.
func TestManyWritersAtOnce(t *testing.T) {
	d, _ := dbtest.Open(t)
	var all sync.WaitGroup
	var mu sync.Mutex
	want := map[string]bool{}
	for worker := range 32 {
		all.Go(func() {
			for i := range 40 {
				name := fmt.Sprintf("%d-%d", worker, i)
				err := d.Tx(background, func(tx *db.Tx) error {
					if err := set(tx, name, "done"); err != nil || (worker+i)%5 > 0 {
						return err
					}
					return errors.New("it went wrong")
				})
				mu.Lock()
				want[name] = err == nil
				mu.Unlock()
			}
		})
	}
	all.Wait()
	got := map[string]bool{}
	err := d.View(background, func(tx *db.Tx) error {
		return tx.Each("SELECT name FROM settings", nil, func(scan func(...any) error) error {
			var name string
			err := scan(&name)
			got[name] = true
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, there := range want {
		if got[name] != there {
			t.Errorf("%s: told %t, is there %t", name, there, got[name])
		}
	}
}
