// Loops and bookmarks: whether a request of Microsoft's was answered before.
package wsfed

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"woggle/internal/db"
	"woggle/internal/limit"
	"woggle/internal/session"
)

// turn is what becomes of a request that could be answered.
type turn int

const (
	answer turn = iota
	looping
	stale
)

// An app that does not like an answer may ask again at once, and again, without an end. The person sees a screen that
// flickers. Only answers are counted, so that whoever types slowly, or not at all, costs nothing.
const (
	window     = time.Minute
	mostInOne  = 2         // answers to one request of Microsoft's within the window: one, and one after a step-up
	requestAge = time.Hour // the same request so long after its first answer is a bookmark
)

// loopRule is for apps that do not number their requests: no person opens an app so often.
var loopRule = limit.Rule{Name: "wsfed-loop", Max: 10, Window: 20 * time.Second}

// count counts the answer that is about to be made, and says whether to make it.
func count(tx *db.Tx, s *session.Session, client, asked string) (turn, error) {
	wait, err := loopRule.Take(tx, s.ID+" "+client)
	if err != nil || wait > 0 {
		return looping, err
	}
	if asked == "" {
		return answer, nil
	}
	// The person is part of it, so that nobody uses up another's, and its length does not matter.
	sum := sha256.Sum256([]byte(s.User.ID + " " + client + " " + asked))
	first, tries, err := answered(tx, hex.EncodeToString(sum[:]))
	return judge(first, tries, tx.Now), err
}

func judge(first time.Time, tries int64, now time.Time) turn {
	switch {
	case tries > mostInOne:
		return looping
	case now.Sub(first) > requestAge:
		return stale
	}
	return answer
}
