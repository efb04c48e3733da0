// Committing together: on SQLite, those who wait for their turn to write share one commit.
package db

import (
	"context"
	"time"
)

// A commit waits for the disk, which takes as long as the work of several transactions. So whoever has done their work while
// others wait for their turn leaves the transaction open to the next one, behind a savepoint, and waits. The one who has
// waited longest commits for all: nobody is told that anything was done before it is on the disk, and nobody outside sees
// anything of it before. Where nobody waits, a transaction is what it always was.

// group is the work of several callers in one transaction.
type group struct {
	done    chan struct{} // closed when it is decided
	err     error         // why nothing of it was committed
	size    int
	waiting int // callers who have done their work
}

// mostShared bounds how long the first one waits for the others.
const mostShared = 64

// share is one caller's part of a group.
type share struct {
	*line
	*group
	first    bool // nothing is in the transaction before it, so that it needs no savepoint
	has      bool // the turn, and with it the connection
	finished bool
}

// share begins a transaction, or joins the one that was left open.
func (s *lines) share(ctx context.Context, wait time.Duration) (transaction, error) {
	l, err := s.lend(ctx, wait)
	if err != nil {
		return nil, err
	}
	if s.open == nil {
		if err := l.begin(ctx, "BEGIN IMMEDIATE"); err != nil {
			return nil, err
		}
		s.open = &group{done: make(chan struct{})}
	}
	part := &share{line: l, group: s.open, first: s.open.size == 0, has: true}
	part.size++
	if !part.first {
		if _, err := l.exec(context.Background(), "SAVEPOINT share"); err != nil {
			part.end()
			return nil, err
		}
	}
	return part, nil
}

// commit ends when everything is on the disk. Whose caller has gone by then is undone; later, it is too late for that.
func (s *share) commit(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !s.first {
		if _, err := s.exec(context.Background(), "RELEASE share"); err != nil {
			return err
		}
	}
	if s.from.wanted.Load() == 0 || s.size >= mostShared || s.from.alone {
		return s.finish()
	}
	from := s.from
	s.waiting++
	s.has = false
	s.giveBack()
	select {
	case <-s.done:
		return s.err
	case from.turns <- struct{}{}: // behind all who waited when this one's work was done
	}
	if from.open != s.group {
		from.turns.give()
		return s.err
	}
	l, err := from.line(context.Background())
	if err != nil {
		return err // unreachable: the one line was given back with its transaction open
	}
	s.line, s.has = l, true
	return s.finish()
}

// finish commits for all.
func (s *share) finish() error {
	s.finished = true
	_, err := s.exec(context.Background(), "COMMIT")
	if err == nil {
		s.begun = false
	}
	s.from.decide(err)
	return err
}

// decide tells all of the open group what became of it.
func (s *lines) decide(err error) {
	s.open.err = err
	close(s.open.done)
	s.open = nil
}

// end undoes the caller's work if it was not committed. The others' stays.
func (s *share) end() {
	switch {
	case !s.has:
		return
	case s.finished:
		s.line.end()
		return
	case s.waiting == 0: // nothing of anybody else's is in it
		s.from.decide(ErrStale)
		s.line.end()
		return
	}
	_, err := s.exec(context.Background(), "ROLLBACK TO share")
	if err == nil {
		_, err = s.exec(context.Background(), "RELEASE share")
	}
	if err != nil { // SQLite has undone all of it, as when the disk is full: the others work once more
		s.from.decide(ErrStale)
		s.line.end()
		return
	}
	s.has = false
	s.giveBack()
	<-s.done // what the caller has seen of the others' work may be said only when it is on the disk
}

// settle commits what was left open, before the connections are closed. Who has all turns calls it.
func (s *lines) settle() {
	if s.open == nil {
		return
	}
	l := s.idle[len(s.idle)-1]
	_, err := l.exec(context.Background(), "COMMIT")
	l.begun = err != nil
	s.decide(err)
}
