// The chain: events are sealed in blocks, each with the one before, so that an event that was altered, added or removed shows.
//
// It is made a moment after the events and not with them. A chain that each transaction prolongs would have all of them wait for each
// other, on every node. What can be changed unseen is therefore what happened in the last seconds (sealEvery of the server).
package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
)

// most is how many events a block has at most: a page of the trail, and a short transaction.
const most = 500

// Block is a sealed part of the trail.
type Block struct {
	Number int64
	At     time.Time // when it was sealed
	Events int64
	Newest time.Time // when the newest of them happened
	Hash   []byte    // SHA-256 of its events and of the hash before
	digest []byte
	mac    []byte
	pruned []byte
}

// Head is the hash in the form in which people write it down. Whoever has that of a day can prove later that nothing up to then was
// changed since, even by somebody who has the server and its keys.
func (b Block) Head() string { return fmt.Sprintf("%d-%s", b.Number, hex.EncodeToString(b.Hash)) }

// Pruned tells whether its events were deleted for their age.
func (b Block) Pruned() bool { return b.pruned != nil }

const (
	blockPurpose  = "audit-block"
	prunedPurpose = "audit-pruned"
)

// Unsealed tells whether Seal would find anything. It waits for nobody.
func Unsealed(tx *db.Tx) (bool, error) {
	var one int
	return tx.Found("SELECT 1 FROM audit_events WHERE block = 0 LIMIT 1", nil, &one)
}

// Seal seals what is not sealed yet in one block, up to 500 events, and tells how many they were. Of two nodes that do it at once one
// finds the work done.
func Seal(tx *db.Tx, ring *keys.Ring) (sealed int, err error) {
	last, err := lastBlock(tx)
	if err != nil {
		return 0, err
	}
	b := Block{Number: last.Number + 1, At: tx.Now}
	digest, newest := sha256.New(), ""
	err = eachEvent(tx, "block = 0 ORDER BY id LIMIT $1", []any{most}, func(e stored) {
		e.write(digest)
		b.Events++
		newest = e.id
		b.Newest = db.Time(max(db.Millis(b.Newest), e.at))
	})
	if err != nil || b.Events == 0 {
		return 0, err
	}
	b.digest = digest.Sum(nil)
	b.Hash = b.hash(last.Hash)
	b.mac = ring.MAC(blockPurpose, string(b.Hash))
	if err := insertBlock(tx, b); err != nil {
		if db.Unique(err) { // another node was quicker
			err = db.ErrStale
		}
		return 0, err
	}
	n, err := sealEvents(tx, b.Number, newest)
	if err == nil && n != b.Events {
		err = db.ErrStale
	}
	return int(n), err
}

func (b Block) hash(before []byte) []byte {
	h := sha256.New()
	h.Write(before)
	for _, n := range []int64{b.Number, b.At.UnixMilli(), b.Events, b.Newest.UnixMilli()} {
		binary.Write(h, binary.BigEndian, n) // never fails
	}
	h.Write(b.digest)
	return h.Sum(nil)
}

// write adds an event to a digest, so that no two events write the same.
func (e stored) write(h hash.Hash) {
	text, err := json.Marshal([]any{e.id, e.at, e.kind, e.actor, e.user, e.address, e.agent, e.detail})
	if err != nil {
		panic(err) // unreachable: strings and a number
	}
	binary.Write(h, binary.BigEndian, uint32(len(text)))
	h.Write(text)
}

// Fault is what is wrong with the trail.
type Fault struct {
	Block  int64 // its number
	Reason Reason
}

// Reason names a fault. Each has a sentence in the commands.
type Reason string

// The faults.
const (
	Altered   Reason = "altered"   // an event of the block was changed, or one put into it
	Removed   Reason = "removed"   // events of the block are gone
	Missing   Reason = "missing"   // the block itself is gone
	Broken    Reason = "broken"    // it does not follow the block before, or was not sealed with the key file
	Forgotten Reason = "forgotten" // the head that somebody has written down is none of the trail's
	Stray     Reason = "stray"     // events name a block that was never sealed
)

// Report is what Verify has found.
type Report struct {
	Blocks, Events int64 // that were looked at
	Pruned         int64 // blocks of which the events were deleted for their age
	Waiting        int64 // events that are not sealed yet
	Last           Block
	Faults         []Fault
}

// Whole tells that nothing is wrong.
func (r Report) Whole() bool { return len(r.Faults) == 0 }

// Verify looks at the whole trail, block for block, each in a transaction of its own that view gives it, so that nobody waits. Head is
// what somebody has written down, or empty. Faults are no error.
func Verify(view func(func(*db.Tx) error) error, ring *keys.Ring, head string) (r Report, err error) {
	seen := head == ""
	for next := true; next; {
		var b Block
		err := view(func(tx *db.Tx) (err error) {
			if b, next, err = blockAfter(tx, r.Last.Number); err != nil || !next {
				return err
			}
			return r.look(tx, ring, b)
		})
		if err != nil {
			return r, err
		}
		if next {
			r.Last = b
			seen = seen || b.Head() == head
		}
	}
	if !seen {
		r.Faults = append(r.Faults, Fault{r.Last.Number, Forgotten})
	}
	return r, view(func(tx *db.Tx) (err error) {
		if r.Waiting, err = countEvents(tx, "block = 0"); err != nil {
			return err
		}
		stray, err := countEvents(tx, fmt.Sprint("block < 0 OR block > ", r.Last.Number))
		if stray > 0 {
			r.Faults = append(r.Faults, Fault{r.Last.Number, Stray})
		}
		return err
	})
}

// look looks at one block.
func (r *Report) look(tx *db.Tx, ring *keys.Ring, b Block) error {
	for gap := r.Last.Number + 1; gap < b.Number; gap++ {
		r.Faults = append(r.Faults, Fault{gap, Missing})
	}
	r.Blocks++
	if !bytes.Equal(b.hash(r.Last.Hash), b.Hash) || !ring.CheckMAC(b.mac, blockPurpose, string(b.Hash)) {
		r.Faults = append(r.Faults, Fault{b.Number, Broken})
	}
	digest, count := sha256.New(), int64(0)
	err := eachEvent(tx, "block = $1 ORDER BY id", []any{b.Number}, func(e stored) {
		e.write(digest)
		count++
	})
	if err != nil {
		return err
	}
	r.Events += count
	switch {
	case b.Pruned() && count == 0 && ring.CheckMAC(b.pruned, prunedPurpose, string(b.Hash)):
		r.Pruned++
	case count < b.Events:
		r.Faults = append(r.Faults, Fault{b.Number, Removed})
	case !bytes.Equal(digest.Sum(nil), b.digest):
		r.Faults = append(r.Faults, Fault{b.Number, Altered})
	}
	return nil
}

// Prune deletes the events of the oldest block if all of them happened before that time, and tells whether it did. The block stays, so
// that the chain does.
func Prune(tx *db.Tx, ring *keys.Ring, before time.Time) (bool, error) {
	b, found, err := oldestKept(tx)
	if err != nil || !found || !b.Newest.Before(before) {
		return false, err
	}
	mine, err := pruneBlock(tx, b.Number, ring.MAC(prunedPurpose, string(b.Hash)))
	return mine, err
}
