package audit_test

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/keys"
)

// trail is a database with a trail and its keys.
type trail struct {
	t     *testing.T
	d     *db.DB
	ring  *keys.Ring
	clock *dbtest.Clock
}

func eachTrail(t *testing.T, test func(trail)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) { test(trail{t, d, keys.Random(), clock}) })
}

func (l trail) tx(work func(tx *db.Tx) error) {
	l.t.Helper()
	if err := l.d.Tx(background, work); err != nil {
		l.t.Fatal(err)
	}
}

// happens records so many events and seals them.
func (l trail) happens(count int) {
	l.t.Helper()
	for i := range count {
		record(l.t, l.d, audit.Event{Type: audit.SignedIn, Actor: "ann", User: "ann", Detail: audit.Detail{"count": fmt.Sprint(i)}})
	}
	l.seals()
	l.clock.Advance(time.Minute)
}

func (l trail) seals() {
	l.t.Helper()
	for more := true; more; {
		l.tx(func(tx *db.Tx) error {
			n, err := audit.Seal(tx, l.ring)
			more = n > 0
			return err
		})
	}
}

func (l trail) verified(head string) audit.Report {
	l.t.Helper()
	report, err := audit.Verify(func(work func(*db.Tx) error) error { return l.d.View(background, work) }, l.ring, head)
	if err != nil {
		l.t.Fatal(err)
	}
	return report
}

// does is what somebody does who has the database.
func (l trail) does(statement string, args ...any) {
	l.t.Helper()
	l.tx(func(tx *db.Tx) error {
		_, err := tx.Exec(statement, args...)
		return err
	})
}

func TestATrailIsSealedAndWhole(t *testing.T) {
	eachTrail(t, func(l trail) {
		if r := l.verified(""); !r.Whole() || r.Blocks != 0 {
			t.Fatalf("nothing at all gives %+v", r)
		}
		l.happens(3)
		head := l.verified("").Last.Head()
		l.happens(1203) // more than one block takes
		record(t, l.d, audit.Event{Type: audit.SignedOut, Actor: "ann", User: "ann"})
		r := l.verified(head)
		if !r.Whole() || r.Blocks != 4 || r.Events != 1206 || r.Waiting != 1 || r.Last.Number != 4 {
			t.Errorf("the trail is %+v", r)
		}
		if got := ofUser(t, l.d, "ann", "", 2000); len(got) != 1207 {
			t.Errorf("sealing has changed what is listed: %d", len(got))
		}
	})
}

// Whatever somebody does who has the database and not the keys, it shows, and where.
func TestWhatWasDoneToTheTrailShows(t *testing.T) {
	all := "SELECT id FROM audit_events WHERE block = 2 ORDER BY id LIMIT 1"
	for name, row := range map[string]struct {
		does []string
		want []audit.Fault
	}{
		"an event says something else":   {[]string{"UPDATE audit_events SET detail = '{}' WHERE id IN (" + all + ")"}, []audit.Fault{{2, audit.Altered}}},
		"somebody else did it":           {[]string{"UPDATE audit_events SET actor = 'bob' WHERE id IN (" + all + ")"}, []audit.Fault{{2, audit.Altered}}},
		"it was at another time":         {[]string{"UPDATE audit_events SET at = at - 1 WHERE id IN (" + all + ")"}, []audit.Fault{{2, audit.Altered}}},
		"it has another id":              {[]string{"UPDATE audit_events SET id = '0' WHERE id IN (" + all + ")"}, []audit.Fault{{2, audit.Altered}}},
		"an event is gone":               {[]string{"DELETE FROM audit_events WHERE id IN (" + all + ")"}, []audit.Fault{{2, audit.Removed}}},
		"two have changed places":        {[]string{"UPDATE audit_events SET actor = 'x', user_id = 'y' WHERE id IN (" + all + ")"}, []audit.Fault{{2, audit.Altered}}},
		"one was moved to another block": {[]string{"UPDATE audit_events SET block = 3 WHERE id IN (" + all + ")"}, []audit.Fault{{2, audit.Removed}, {3, audit.Altered}}},
		"one was put in":                 {[]string{"INSERT INTO audit_events (id, at, type, actor, detail, block) VALUES ('1', 1, 'signed-in', 'bob', '{}', 2)"}, []audit.Fault{{2, audit.Altered}}},
		"one waits to be sealed again":   {[]string{"UPDATE audit_events SET block = 0 WHERE id IN (" + all + ")"}, []audit.Fault{{2, audit.Removed}}},
		"one is of no block":             {[]string{"INSERT INTO audit_events (id, at, type, actor, detail, block) VALUES ('1', 1, 'signed-in', 'bob', '{}', 9)"}, []audit.Fault{{3, audit.Stray}}},
		"a block is gone with its events": {[]string{"DELETE FROM audit_events WHERE block = 2", "DELETE FROM audit_blocks WHERE number = 2"},
			[]audit.Fault{{2, audit.Missing}, {3, audit.Broken}}},
		"a block has another time":     {[]string{"UPDATE audit_blocks SET at = at + 1 WHERE number = 2"}, []audit.Fault{{2, audit.Broken}}},
		"a block has fewer events":     {[]string{"DELETE FROM audit_events WHERE id IN (" + all + ")", "UPDATE audit_blocks SET events = events - 1 WHERE number = 2"}, []audit.Fault{{2, audit.Broken}, {2, audit.Altered}}},
		"a block was pruned by a hand": {[]string{"DELETE FROM audit_events WHERE block = 2", "UPDATE audit_blocks SET pruned = mac WHERE number = 2"}, []audit.Fault{{2, audit.Removed}}},
		"a mac was taken from another": {[]string{"UPDATE audit_blocks SET mac = (SELECT mac FROM audit_blocks WHERE number = 1) WHERE number = 2"}, []audit.Fault{{2, audit.Broken}}},
	} {
		t.Run(name, func(t *testing.T) {
			eachTrail(t, func(l trail) {
				for range 3 {
					l.happens(3)
				}
				for _, statement := range row.does {
					l.does(statement)
				}
				if r := l.verified(""); !reflect.DeepEqual(r.Faults, row.want) {
					t.Errorf("it shows as %+v, not %+v", r.Faults, row.want)
				}
			})
		})
	}
}

// Who has the keys too can make a whole trail, but not the one that somebody has written down.
func TestAHeadThatWasWrittenDown(t *testing.T) {
	eachTrail(t, func(l trail) {
		l.happens(3)
		l.happens(2)
		head := l.verified("").Last.Head()
		l.happens(4)
		if r := l.verified(head); !r.Whole() {
			t.Fatalf("an honest trail gives %+v", r.Faults)
		}
		// The newest blocks are cut off; what is left is whole.
		l.does("DELETE FROM audit_events WHERE block >= 2")
		l.does("DELETE FROM audit_blocks WHERE number >= 2")
		if r := l.verified(""); !r.Whole() {
			t.Errorf("that a trail was cut short cannot be seen, but it gives %+v", r.Faults)
		}
		l.happens(2) // and made up to the same length
		if r := l.verified(head); !reflect.DeepEqual(r.Faults, []audit.Fault{{2, audit.Forgotten}}) {
			t.Errorf("it shows as %+v", r.Faults)
		}
	})
}

func TestOtherKeysSealNothing(t *testing.T) {
	eachTrail(t, func(l trail) {
		l.happens(2)
		l.ring = keys.Random()
		if r := l.verified(""); !reflect.DeepEqual(r.Faults, []audit.Fault{{1, audit.Broken}}) {
			t.Errorf("it shows as %+v", r.Faults)
		}
	})
}

// What is older than it is kept goes, a block at a time, and the chain stays.
func TestOldEventsGo(t *testing.T) {
	eachTrail(t, func(l trail) {
		for range 3 {
			l.happens(2)
		}
		prune := func(before time.Time) (done bool) {
			l.tx(func(tx *db.Tx) (err error) {
				done, err = audit.Prune(tx, l.ring, before)
				return err
			})
			return done
		}
		begun := l.clock.Now().Add(-3 * time.Minute)
		if prune(begun) {
			t.Fatal("what is young enough is gone")
		}
		if !prune(begun.Add(time.Second)) || prune(begun.Add(time.Second)) {
			t.Fatal("the oldest block is not gone, or the next one is")
		}
		if r := l.verified(""); !r.Whole() || r.Pruned != 1 || r.Events != 4 || len(ofUser(t, l.d, "ann", "", 10)) != 4 {
			t.Errorf("the trail is %+v", r)
		}
	})
}

// Nodes that seal at once, while others record, lose nothing and seal nothing twice.
func TestNodesSealAtOnce(t *testing.T) {
	for _, engine := range []string{"sqlite", "postgres", "postgres-serializable"} {
		t.Run(engine, func(t *testing.T) {
			clock, ring, url := dbtest.NewClock(), keys.Random(), dbtest.NewURL(t, engine)
			nodes := []*db.DB{dbtest.Connect(t, url, clock), dbtest.Connect(t, url, clock)}
			var work sync.WaitGroup
			for i := range 40 {
				work.Go(func() {
					err := nodes[i%2].Tx(background, func(tx *db.Tx) error {
						return audit.Record(tx, audit.Event{Type: audit.SignedIn, Actor: "ann", User: fmt.Sprint(i)})
					})
					if err != nil {
						t.Error(err)
					}
				})
				if i%4 == 0 {
					work.Go(func() {
						err := nodes[i/4%2].Tx(background, func(tx *db.Tx) error { _, err := audit.Seal(tx, ring); return err })
						if err != nil && !errors.Is(err, db.ErrUnavailable) { // it lost all its tries, and is tried again
							t.Error(err)
						}
					})
				}
			}
			work.Wait()
			l := trail{t, nodes[0], ring, clock}
			l.seals()
			if r := l.verified(""); !r.Whole() || r.Events != 40 || r.Waiting != 0 {
				t.Errorf("the trail is %+v", r)
			}
		})
	}
}
