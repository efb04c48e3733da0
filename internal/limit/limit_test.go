package limit_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/limit"
)

var (
	texts   = limit.Rule{Name: "texts", Max: 3, Window: time.Hour}
	guesses = limit.Rule{Name: "guesses", Max: 3, Window: 24 * time.Hour, Block: time.Minute, Longest: 5 * time.Minute}
)

// counter tries things against a database.
type counter struct {
	t *testing.T
	d *db.DB
}

func (c counter) take(rule limit.Rule, who string) (wait time.Duration) {
	c.t.Helper()
	c.do(func(tx *db.Tx) (err error) { wait, err = rule.Take(tx, who); return err })
	return wait
}

func (c counter) wait(rule limit.Rule, who string) (wait time.Duration) {
	c.t.Helper()
	c.do(func(tx *db.Tx) (err error) { wait, err = rule.Wait(tx, who); return err })
	return wait
}

func (c counter) tries(rule limit.Rule, who string) (tries int64) {
	c.t.Helper()
	c.do(func(tx *db.Tx) (err error) { tries, err = rule.Tries(tx, who); return err })
	return tries
}

func (c counter) giveBack(rule limit.Rule, who string) {
	c.t.Helper()
	c.do(func(tx *db.Tx) error { return rule.GiveBack(tx, who, 1) })
}

func (c counter) do(work func(*db.Tx) error) {
	c.t.Helper()
	if err := c.d.Tx(context.Background(), work); err != nil {
		c.t.Fatal(err)
	}
}

func each(t *testing.T, test func(t *testing.T, c counter, clock *dbtest.Clock)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { test(t, counter{t, d}, clock) })
}

func TestAWindow(t *testing.T) {
	each(t, func(t *testing.T, c counter, clock *dbtest.Clock) {
		for try := 1; try <= 3; try++ {
			if wait := c.take(texts, "ann"); wait != 0 {
				t.Fatalf("try %d of 3 has to wait %s", try, wait)
			}
			clock.Advance(10 * time.Minute)
		}
		for range 3 { // being refused again and again makes the wait no longer
			if wait := c.take(texts, "ann"); wait != 30*time.Minute {
				t.Errorf("half an hour after the first, the fourth try has to wait %s", wait)
			}
		}
		if wait := c.wait(texts, "ann"); wait != 30*time.Minute {
			t.Errorf("Wait says %s", wait)
		}
		if tries := c.tries(texts, "ann"); tries != 3 {
			t.Errorf("%d tries are counted; refused ones are none", tries)
		}
		if wait := c.take(texts, "bob"); wait != 0 {
			t.Error("Bob has to wait for Ann")
		}
		if wait := c.take(guesses, "ann"); wait != 0 {
			t.Error("one rule blocks the other")
		}
		clock.Advance(30*time.Minute - time.Millisecond)
		if wait := c.take(texts, "ann"); wait != time.Millisecond {
			t.Errorf("a millisecond before the window ends the wait is %s", wait)
		}
		clock.Advance(time.Millisecond)
		if wait, tries := c.wait(texts, "ann"), c.tries(texts, "ann"); wait != 0 || tries != 0 {
			t.Errorf("in a new window: wait %s, %d tries", wait, tries)
		}
		for try := 1; try <= 3; try++ {
			if wait := c.take(texts, "ann"); wait != 0 {
				t.Errorf("in a new window try %d has to wait %s", try, wait)
			}
		}
		if wait := c.take(texts, "ann"); wait != time.Hour {
			t.Errorf("after three more the wait is %s", wait)
		}
	})
}

func TestAWindowIsCountedFromTheFirstTry(t *testing.T) {
	each(t, func(t *testing.T, c counter, clock *dbtest.Clock) {
		c.take(texts, "ann")
		clock.Advance(time.Hour)
		c.take(texts, "ann")
		if tries := c.tries(texts, "ann"); tries != 1 {
			t.Errorf("an hour later %d tries are counted", tries)
		}
	})
}

// Each further failure blocks for twice as long, up to the longest.
func TestBlocksDouble(t *testing.T) {
	each(t, func(t *testing.T, c counter, clock *dbtest.Clock) {
		for range 3 {
			if wait := c.take(guesses, "ann"); wait != 0 {
				t.Fatalf("a free try has to wait %s", wait)
			}
		}
		for _, want := range []time.Duration{1, 2, 4, 5, 5} {
			want *= time.Minute
			if wait := c.take(guesses, "ann"); wait != want {
				t.Errorf("the wait is %s, not %s", wait, want)
			}
			clock.Advance(want)
			if wait := c.take(guesses, "ann"); wait != 0 {
				t.Errorf("after the block the one try has to wait %s", wait)
			}
		}
	})
}

func TestAMistypedLongestStillBlocks(t *testing.T) {
	each(t, func(t *testing.T, c counter, _ *dbtest.Clock) {
		rule := limit.Rule{Name: "typo", Max: 1, Window: time.Hour, Block: time.Minute}
		c.take(rule, "ann")
		if wait := c.take(rule, "ann"); wait != time.Minute {
			t.Errorf("the wait is %s", wait)
		}
	})
}

// A member who types the password right is not to be blocked by having signed in often.
func TestARightTryIsGivenBack(t *testing.T) {
	each(t, func(t *testing.T, c counter, clock *dbtest.Clock) {
		for range 20 {
			if wait := c.take(guesses, "ann"); wait != 0 {
				t.Fatalf("a right try has to wait %s", wait)
			}
			c.giveBack(guesses, "ann")
		}
		for range 2 {
			c.take(guesses, "ann") // wrong
		}
		c.take(guesses, "ann") // the last free one, and right
		c.giveBack(guesses, "ann")
		if wait, tries := c.wait(guesses, "ann"), c.tries(guesses, "ann"); wait != 0 || tries != 2 {
			t.Errorf("after two wrong and one right: wait %s, %d tries", wait, tries)
		}
		c.take(guesses, "ann") // wrong
		if wait := c.take(guesses, "ann"); wait != time.Minute {
			t.Errorf("after three wrong tries the wait is %s", wait)
		}
		clock.Advance(time.Minute)
		c.take(guesses, "ann") // right at last
		c.giveBack(guesses, "ann")
		if wait := c.wait(guesses, "ann"); wait != 0 {
			t.Errorf("after the right one the wait is %s", wait)
		}
		for range 10 {
			c.giveBack(guesses, "ann")
		}
		if tries := c.tries(guesses, "ann"); tries != 0 {
			t.Errorf("more was given back than taken: %d tries", tries)
		}
	})
}

// A code that was sent three times is entered once, and a try that another bound refuses was never made.
func TestSeveralTriesAreGivenBackAtOnce(t *testing.T) {
	each(t, func(t *testing.T, c counter, _ *dbtest.Clock) {
		for range 3 {
			c.take(texts, "ann")
		}
		c.do(func(tx *db.Tx) error { return texts.GiveBack(tx, "ann", 2) })
		if wait, tries := c.wait(texts, "ann"), c.tries(texts, "ann"); wait != 0 || tries != 1 {
			t.Errorf("three taken and two given back: wait %s, %d tries", wait, tries)
		}
		c.do(func(tx *db.Tx) error { return texts.GiveBack(tx, "ann", 9) })
		if tries := c.tries(texts, "ann"); tries != 0 {
			t.Errorf("more was given back than taken: %d tries", tries)
		}
		c.take(texts, "ann")
		c.take(texts, "ann")
		c.do(func(tx *db.Tx) error {
			if _, err := texts.Take(tx, "ann"); err != nil {
				return err
			}
			return texts.GiveBack(tx, "ann", 1)
		})
		if wait, tries := c.wait(texts, "ann"), c.tries(texts, "ann"); wait != 0 || tries != 2 {
			t.Errorf("the last free try was taken and given back in one transaction: wait %s, %d tries", wait, tries)
		}
	})
}

func TestClearForgets(t *testing.T) {
	each(t, func(t *testing.T, c counter, _ *dbtest.Clock) {
		for range 4 {
			c.take(guesses, "ann")
			c.take(guesses, "bob")
		}
		c.do(func(tx *db.Tx) error { return guesses.Clear(tx, "ann") })
		if ann, bob := c.wait(guesses, "ann"), c.wait(guesses, "bob"); ann != 0 || bob == 0 {
			t.Errorf("after clearing Ann's: Ann waits %s, Bob %s", ann, bob)
		}
	})
}

// What is said once for each block is said once, however many ask, and again for the next block.
func TestABlockBeginsOnce(t *testing.T) {
	each(t, func(t *testing.T, c counter, clock *dbtest.Clock) {
		began := func() (yes bool) {
			t.Helper()
			c.do(func(tx *db.Tx) (err error) { yes, err = guesses.Began(tx, "ann"); return err })
			return yes
		}
		c.take(guesses, "ann")
		c.take(guesses, "ann")
		if began() {
			t.Error("a block began before the last free try")
		}
		for _, pause := range []time.Duration{1, 2, 4, 5} {
			c.take(guesses, "ann")
			if !began() || began() || began() {
				t.Errorf("the block of %d minutes did not begin once", pause)
			}
			clock.Advance(pause * time.Minute)
			if began() {
				t.Error("a block began when it was over")
			}
		}
	})
}

// Two hundred requests at once must get no more tries than one after the other, on any engine, and through several
// nodes. Nobody is turned away for another reason.
func TestTwoHundredAtOnce(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			url, clock := dbtest.NewURL(t, engine), dbtest.NewClock()
			nodes := []*db.DB{dbtest.Connect(t, url, clock), dbtest.Connect(t, url, clock)}
			rule := limit.Rule{Name: "codes", Max: 5, Window: time.Hour}
			var allowed atomic.Int64
			var all sync.WaitGroup
			start := make(chan struct{})
			for i := range 200 {
				all.Go(func() {
					<-start
					var wait time.Duration
					err := nodes[i%len(nodes)].Tx(context.Background(), func(tx *db.Tx) (err error) {
						wait, err = rule.Take(tx, "ann")
						return err
					})
					switch {
					case err != nil:
						t.Error(err)
					case wait == 0:
						allowed.Add(1)
					case wait != time.Hour:
						t.Errorf("somebody is told to wait %s", wait)
					}
				})
			}
			close(start)
			all.Wait()
			if allowed.Load() != rule.Max {
				t.Errorf("%d tries were allowed of %d", allowed.Load(), rule.Max)
			}
		})
	}
}

func TestATryThatIsRolledBackWasNeverCounted(t *testing.T) {
	each(t, func(t *testing.T, c counter, _ *dbtest.Clock) {
		broken := errors.New("the text could not be queued")
		err := c.d.Tx(context.Background(), func(tx *db.Tx) error {
			if _, err := texts.Take(tx, "ann"); err != nil {
				return err
			}
			return broken
		})
		if err != broken || c.tries(texts, "ann") != 0 {
			t.Errorf("%v, %d tries", err, c.tries(texts, "ann"))
		}
	})
}

func TestSweepTakesOnlyWhatBoundsNothing(t *testing.T) {
	each(t, func(t *testing.T, c counter, clock *dbtest.Clock) {
		long := limit.Rule{Name: "long", Max: 1, Window: time.Minute, Block: 48 * time.Hour, Longest: 48 * time.Hour}
		c.take(texts, "old")
		c.take(long, "blocked")
		clock.Advance(25 * time.Hour)
		c.take(texts, "new")
		c.do(func(tx *db.Tx) error { return limit.Sweep(tx, 24*time.Hour) })
		var left int
		c.do(func(tx *db.Tx) error { return tx.Row("SELECT count(*) FROM limits", nil, &left) })
		if left != 2 || c.tries(texts, "new") != 1 || c.wait(long, "blocked") != 23*time.Hour {
			t.Errorf("%d rows are left; the new one counts %d, the block lasts %s", left, c.tries(texts, "new"), c.wait(long, "blocked"))
		}
	})
}

func TestForgetTakesWhatItsRulesCountNoMore(t *testing.T) {
	each(t, func(t *testing.T, c counter, clock *dbtest.Clock) {
		near := limit.Rule{Name: "near", Max: 1, Window: 10 * time.Minute}
		nearer := limit.Rule{Name: "nearer", Max: 9, Window: 10 * time.Minute}
		c.take(near, "ann")
		c.do(func(tx *db.Tx) error { _, err := near.Began(tx, "ann"); return err })
		c.take(nearer, "ann")
		c.take(guesses, "ann")
		rows := func() (count int) {
			t.Helper()
			c.do(func(tx *db.Tx) error { return limit.Forget(tx, near, texts) })
			c.do(func(tx *db.Tx) error { return tx.Row("SELECT count(*) FROM limits", nil, &count) })
			return count
		}
		clock.Advance(time.Hour - time.Millisecond) // the longest of the windows
		if got := rows(); got != 4 {
			t.Errorf("%d rows are left too early", got)
		}
		clock.Advance(time.Millisecond)
		if got := rows(); got != 2 || c.tries(guesses, "ann") != 1 {
			t.Errorf("%d rows are left", got)
		}
	})
}
