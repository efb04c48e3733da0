// Who is signed in at which app, in which browser, and who is on their way.
package sampleapps

import (
	"crypto/rand"
	"net/http"
	"slices"
	"sync"
	"time"
)

// told is what an app was told of somebody. Empty is what it was not told.
type told struct {
	Subject  string // how the sign-in calls the person at this app
	Name     string
	Username string
	Email    string
	Groups   []string
	At       time.Time // when the person signed in
	How      []string  // in plain words
	Level    string    // in plain words
	Said     string    // the level as it came
	Session  string    // how the sign-in calls the visit
}

// seat is somebody signed in at an app. Keep is what the protocol needs later on.
type seat struct {
	told told
	keep any
}

// attempt is somebody on their way to an app.
type attempt struct {
	app, browser string
	to           string // page of the app that was asked for
	at           time.Time
	fresh        bool // the sign-in has to be a recent one
	keep         any
}

type place struct{ app, browser string }

// people are kept in memory. It is safe for many goroutines.
type people struct {
	mu       sync.Mutex
	seats    map[place]seat
	lasts    map[place]string
	attempts map[string]attempt
}

func newPeople() *people {
	return &people{seats: map[place]seat{}, lasts: map[place]string{}, attempts: map[string]attempt{}}
}

// Bounds of the memory. A sign-in may take as long as somebody needs to find their telephone.
const (
	most        = 1000
	attemptLife = time.Hour
)

func (p *people) seat(app, browser string) (seat, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	s, in := p.seats[place{app, browser}]
	return s, in
}

// last is the user name of who was signed in at the app, in this browser, before.
func (p *people) last(app, browser string) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lasts[place{app, browser}]
}

func (p *people) sit(app, browser string, s seat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.seats) >= most {
		clear(p.seats)
	}
	p.seats[place{app, browser}] = s
}

// leave signs out, and gives who it was.
func (p *people) leave(app, browser string) (seat, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := place{app, browser}
	s, in := p.seats[at]
	if in {
		delete(p.seats, at)
		if len(p.lasts) >= most {
			clear(p.lasts)
		}
		p.lasts[at] = s.told.Username
	}
	return s, in
}

// leaveAll signs out of the app whoever the sign-in calls so; without a session all of the person's.
func (p *people) leaveAll(app, subject string, sessions []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for at, s := range p.seats {
		if at.app == app && (subject == "" || s.told.Subject == subject) && (len(sessions) == 0 || slices.Contains(sessions, s.told.Session)) {
			delete(p.seats, at)
		}
	}
}

// begin notes an attempt, and gives the word that its answer has to repeat.
func (p *people) begin(a attempt) (word string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.attempts) >= most {
		clear(p.attempts)
	}
	word, a.at = rand.Text(), time.Now()
	p.attempts[word] = a
	return word
}

// take gives an attempt by its word, once. Without a browser it may be anybody's.
func (p *people) take(word, app string, browser *string) (attempt, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	a, found := p.attempts[word]
	if !found || a.app != app || time.Since(a.at) > attemptLife || browser != nil && *browser != a.browser {
		return attempt{}, false
	}
	delete(p.attempts, word)
	return a, true
}

// cookie tells this browser from all others. Its name is not Woggle's: cookies know no ports, and other programs on this
// computer have theirs beside it.
const cookie = "sample-apps"

func browserOf(r *http.Request) string {
	c, err := r.Cookie(cookie)
	if err != nil || len(c.Value) != len(rand.Text()) {
		return ""
	}
	return c.Value
}

// browser is the word in this browser's cookie, which it gets if it has none. To ask twice in one request gives one.
func browser(w http.ResponseWriter, r *http.Request) string {
	word := browserOf(r)
	if word == "" {
		word = rand.Text()
		r.AddCookie(&http.Cookie{Name: cookie, Value: word})
		http.SetCookie(w, &http.Cookie{Name: cookie, Value: word, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	}
	return word
}
