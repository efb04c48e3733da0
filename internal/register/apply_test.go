package register

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// many is a file of so many people, in three districts.
func many(count int) Ask {
	lines := []string{head}
	for i := range count {
		lines = append(lines, fmt.Sprintf("%05d,Robin,Marsh,robin%d@northwold.example,District %d", i, i, i%3))
	}
	return ask(lines...)
}

// Whoever is not any more as the preview showed them stops the whole import, and is named.
func TestSomebodyWasChangedSinceThePreview(t *testing.T) {
	each(t, func(c *county) {
		c.imports(ask(head, "1,Aisha,Khan,aisha@northwold.example,", "2,Tom,Underhay,,"))
		next := ask(head, "1,Aisha,Khan,khan@northwold.example,", "2,Tom,Underhill,,", "3,Ben,Fairweather,,").whole()
		for name, change := range map[string]func(tx *db.Tx, aisha directory.User) error{
			"Aisha Khan (aisha.khan)": func(tx *db.Tx, aisha directory.User) error {
				aisha.Email = "her.own@northwold.example"
				return directory.Update(tx, aisha)
			},
			"ben.fairweather": func(tx *db.Tx, _ directory.User) error {
				_, err := directory.Add(tx, directory.User{Username: "Ben.Fairweather"})
				return err
			},
		} {
			p := c.preview(next)
			c.tx(func(tx *db.Tx) error { return change(tx, c.user2(tx, "aisha.khan")) })
			before := c.state()
			change, err := c.Apply(background, ruth, p.Change.ID)
			c.fails(err, problem.Gone, "register.stale")
			if got := strings.ToLower(problem.Of(err).Args["name"].(string)); got != strings.ToLower(name) {
				c.Errorf("%s was changed, %s is named", name, got)
			}
			c.same("state", change.State, Stopped)
			c.same("nothing happened", c.state(), before)
		}
		c.same("a new preview", c.imports(next).Counts, Counts{Joined: 1, Changed: 2})
	})
}

func (c *county) user2(tx *db.Tx, name string) directory.User {
	u, _, err := directory.ByUsername(tx, name)
	if err != nil {
		c.Fatal(err)
	}
	return u
}

// A preview that was worked out before another import is not applied on top of it.
func TestAPreviewBeforeAnotherImport(t *testing.T) {
	each(t, func(c *county) {
		first, second := c.preview(many(3)), c.preview(many(4))
		if _, err := c.Apply(background, ruth, first.Change.ID); err != nil {
			c.Fatal(err)
		}
		_, err := c.Apply(background, ruth, second.Change.ID)
		c.fails(err, problem.Gone, "register.outdated")
		_, err = c.Apply(background, ruth, first.Change.ID)
		c.fails(err, problem.Gone, "register.done.applied")
		_, err = c.Undo(background, ruth, second.Change.ID)
		c.fails(err, problem.Gone, "register.done.staged")
		_, err = c.Apply(background, ruth, "nothing")
		c.fails(err, problem.NotFound, "register.not-found")
	})
}

// Two administrators press the button at one instant, at two nodes: one of them wins, whichever file it was.
func TestTwoApplyAtOnce(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			url, clock := dbtest.NewURL(t, engine), dbtest.NewClock()
			nodes := []*county{{t, &Register{DB: dbtest.Connect(t, url, clock)}, clock}, {t, &Register{DB: dbtest.Connect(t, url, clock)}, clock}}
			previews := []*Preview{nodes[0].preview(many(250)), nodes[1].preview(many(260))}
			errs := make([]error, 2)
			var work sync.WaitGroup
			for i, c := range nodes {
				work.Go(func() { _, errs[i] = c.Apply(background, ruth, previews[i].Change.ID) })
			}
			work.Wait()
			won := 0
			for i, err := range errs {
				switch p := problem.Of(err); {
				case err == nil:
					won += previews[i].Rows
				case p.Key != "register.busy" && p.Key != "register.outdated":
					t.Error(err)
				}
			}
			if there := strings.Count(nodes[0].state(), "Robin Marsh"); there != won || won != 250 && won != 260 {
				t.Errorf("%d people of %d", there, won)
			}
		})
	}
}

// stopping is a county whose database ends the context at the given look at the clock, which each transaction takes once.
func stopping(t *testing.T, engine string) (c *county, stop func(at int) context.Context) {
	t.Helper()
	clock := dbtest.NewClock()
	var mu sync.Mutex
	left, cancel := -1, func() {}
	url := dbtest.NewURL(t, engine)
	d, err := db.Open(url, func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if left--; left == 0 {
			cancel()
		}
		return clock.Now()
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return &county{t, &Register{DB: d}, clock}, func(at int) context.Context {
		mu.Lock()
		defer mu.Unlock()
		var ctx context.Context
		ctx, cancel = context.WithCancel(background)
		left = at
		t.Cleanup(cancel)
		return ctx
	}
}

// Wherever an import is broken off, nothing of it is left.
func TestAnImportThatIsBrokenOff(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c, stop := stopping(t, engine)
			c.imports(many(150))
			before := c.state()
			next := many(420).whole()
			next.File = []byte(strings.ReplaceAll(string(next.File), "Robin", "Robyn"))
			stopped := 0
			for at := 2; ; at += 5 {
				p := c.preview(next)
				change, err := c.Apply(stop(at), ruth, p.Change.ID)
				if err == nil {
					break
				}
				if !errors.Is(err, context.Canceled) {
					t.Fatal(at, err)
				}
				if change.State == Stopped {
					stopped++
				}
				c.same(fmt.Sprintf("broken off at transaction %d", at), c.state(), before)
			}
			if stopped < 3 {
				t.Errorf("it was broken off %d times only", stopped)
			}
			c.same("in the end", strings.Count(c.state(), "Robyn Marsh"), 420)
		})
	}
}

// The program dies in the middle: the next one to look after the lease takes back what was done, and until then nobody else begins.
func TestTheProgramDies(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres"} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			c, stop := stopping(t, engine)
			before := c.state()
			p := c.preview(many(420))
			w, err := c.begin(background, ruth, p.Change.ID, Staged, Applying)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.forward(stop(5)); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
			if c.state() == before {
				t.Fatal("nothing was done yet")
			}
			_, err = c.Apply(background, ruth, p.Change.ID)
			c.fails(err, problem.Busy, "register.busy")
			if err := c.Settle(background); err != nil {
				t.Fatal(err)
			}
			if c.state() == before {
				t.Fatal("somebody's turn was taken while its lease lasts")
			}
			c.clock.Advance(lease + time.Second)
			if err := c.Settle(background); err != nil {
				t.Fatal(err)
			}
			c.same("afterwards", c.state(), before)
			// Whom it was taken from changes nothing any more, even if it was only slow.
			if err := w.forward(background); !errors.Is(err, errLost) {
				t.Errorf("the dead go on: %v", err)
			}
			c.same("afterwards", c.state(), before)
			_, err = c.Apply(background, ruth, p.Change.ID)
			c.fails(err, problem.Gone, "register.done.stopped")
			c.same("the trail", c.events("")[len(c.events(""))-1], "register-stopped by ruth")
			c.same("again", c.imports(many(420)).Counts.Joined, 420)
		})
	}
}

func TestAnUndoThatDiesGoesOn(t *testing.T) {
	each(t, func(c *county) {
		before := c.state()
		change := c.imports(many(250))
		w, err := c.begin(background, ruth, change.ID, Applied, Undoing)
		if err != nil {
			c.Fatal(err)
		}
		c.clock.Advance(lease + time.Second)
		p := c.preview(many(1))
		_, err = c.Apply(background, ruth, p.Change.ID) // the next one to come sees to it first
		c.fails(err, problem.Gone, "register.outdated")
		c.same("it is undone", c.state(), before)
		if err := w.backward(background); err != nil && !errors.Is(err, errLost) {
			c.Error(err)
		}
	})
}

func TestOldChangesAreForgotten(t *testing.T) {
	each(t, func(c *county) {
		change := c.imports(many(5))
		p := c.preview(many(7))
		rows := func(id string) int { return len(c.steps(id)) }
		c.clock.Advance(23 * time.Hour)
		if err := c.Settle(background); err != nil || rows(p.Change.ID) != 2 {
			c.Fatal(err, rows(p.Change.ID))
		}
		c.clock.Advance(2 * time.Hour)
		if err := c.Settle(background); err != nil || rows(p.Change.ID) != 0 || rows(change.ID) != 8 {
			c.Fatal(err, rows(p.Change.ID), rows(change.ID))
		}
		_, err := c.Apply(background, ruth, p.Change.ID)
		c.fails(err, problem.NotFound, "register.not-found")
		c.clock.Advance(31 * 24 * time.Hour)
		if err := c.Settle(background); err != nil || rows(change.ID) != 0 {
			c.Fatal(err, rows(change.ID))
		}
		_, err = c.Undo(background, ruth, change.ID)
		c.fails(err, problem.Gone, "register.undo.late")
		var all []Change
		c.tx(func(tx *db.Tx) (err error) {
			all, err = List(tx, 10)
			return err
		})
		if len(all) != 1 || all[0].Counts.Joined != 5 {
			c.Errorf("%+v", all)
		}
	})
}
