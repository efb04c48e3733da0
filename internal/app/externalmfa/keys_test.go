package externalmfa_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"
)

// Section 4.2: Entra's keys are kept for a day, and fetched once by all who come at the same time.
func TestEntrasKeysAreKeptForADay(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	ask := func() int { return w.postBare(w.attempt(m.Person).Form).StatusCode }
	w.attempt(m.Person) // reads our metadata first, so that it does not stand in the way
	if statuses := w.atOnce(8, ask); fmt.Sprint(statuses) != "map[303:8]" || w.tenant.Fetched() != 1 {
		t.Fatalf("%v, fetched %d times", statuses, w.tenant.Fetched())
	}
	w.clock.Advance(24*time.Hour - time.Second)
	if ask() != http.StatusSeeOther || w.tenant.Fetched() != 1 {
		t.Errorf("fetched %d times before a day was over", w.tenant.Fetched())
	}
	w.clock.Advance(time.Second)
	if ask() != http.StatusSeeOther || w.tenant.Fetched() != 2 {
		t.Errorf("fetched %d times after a day", w.tenant.Fetched())
	}
}

// Section 4.2: Entra changes its keys without notice. An unknown key has them fetched again, but whoever makes up key ids has
// nobody asked more often.
func TestEntraChangesItsKeys(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	ask := func() *browser { return w.browser().asked(m.Person) }
	ask().sees("Enter the code")
	w.clock.Advance(6 * time.Minute)
	w.tenant.Rotate(false)
	ask().sees("Enter the code")
	if w.tenant.Fetched() != 2 {
		t.Errorf("fetched %d times", w.tenant.Fetched())
	}
	w.tenant.Rotate(true) // in an emergency, twice within five minutes
	ask().sees("on your way to Microsoft").back().sees("invalid_request")
	if w.tenant.Fetched() != 2 {
		t.Errorf("fetched %d times", w.tenant.Fetched())
	}
	w.clock.Advance(5 * time.Minute)
	ask().sees("Enter the code")
	if w.tenant.Fetched() != 3 {
		t.Errorf("fetched %d times", w.tenant.Fetched())
	}
}

// Section 4.2: without Entra's keys nobody is believed. The person is sent back with an error that says to try again, and once
// the keys can be had all is well.
func TestEntraCannotBeReached(t *testing.T) {
	w := one(t)
	m := w.member(upn)
	w.tenant.SetDown(true)
	w.browser().asked(m.Person).back().sees("temporarily_unavailable", "cannot be fetched")
	w.tenant.SetDown(false)
	w.browser().asked(m.Person).back().sees("temporarily_unavailable") // a moment later: it is not asked again yet
	w.clock.Advance(10 * time.Second)
	w.browser().asked(m.Person).sees("Enter the code")

	// What is there works on without it, for a day.
	w.tenant.SetDown(true)
	w.clock.Advance(23 * time.Hour)
	w.browser().asked(m.Person).sees("Enter the code")
	w.clock.Advance(2 * time.Hour)
	w.browser().asked(m.Person).back().sees("temporarily_unavailable")
	// A key that is not known is no forgery while nobody can say so.
	w.tenant.SetDown(false)
	w.clock.Advance(time.Minute)
	w.browser().asked(m.Person).sees("Enter the code")
	w.clock.Advance(6 * time.Minute)
	w.tenant.Rotate(false)
	w.tenant.SetDown(true)
	w.browser().asked(m.Person).back().sees("temporarily_unavailable")
}
