// Codes that are asked for and never entered.

package message

import (
	"strconv"
	"time"

	"woggle/internal/db"
	"woggle/internal/message/bill"
)

// overallCodes are how many of the newest codes, of everybody, tell whether codes are entered at all.
const overallCodes = 200

// pumped judges a number that somebody typed, by what became of the codes to the numbers around it, and of those asked
// for from the same address. What is found out closes them, for this message and those that follow.
func (o *Outbox) pumped(tx *db.Tx, m Message, f finder) (*Refused, error) {
	if until, closed, err := bill.IsClosed(tx, m.To, ""); err != nil || closed {
		return &Refused{Reason: RangeClosed, Wait: until.Sub(tx.Now)}, err
	}
	if until, closed, err := bill.IsClosed(tx, "", f.address); err != nil || closed {
		return &Refused{Reason: OriginClosed, Wait: until.Sub(tx.Now)}, err
	}
	for _, look := range []struct {
		sight
		closes string
		kind   AlarmKind
		reason Reason
	}{
		{sight{"range_key", f.reach, "user_id", bill.Narrow}, shortened(m.To, 4), Pumping, RangeClosed},
		{sight{"block_key", f.block, "range_key", bill.Wide}, shortened(m.To, 6), Pumping, RangeClosed},
		{sight{"address_key", f.address, "user_id", bill.Narrow}, bill.AddressKey(f.address), Asking, OriginClosed},
	} {
		pumping, err := look.judge(tx, look.closes)
		if err != nil {
			return nil, err
		}
		if !pumping {
			continue
		}
		until, err := bill.Close(tx, look.closes, "codes are asked for and not entered")
		if err != nil {
			return nil, err
		}
		wait := until.Sub(tx.Now)
		details := []string{"hours", strconv.Itoa(int(wait / time.Hour))}
		if look.kind == Pumping {
			details = append(details, "prefix", look.closes)
		}
		return &Refused{Reason: look.reason, Wait: wait}, o.alarm(tx, look.kind, details...)
	}
	return nil, nil
}

// sight is a part of the messages: those with the key in the column. What differs in parties is not one alone.
type sight struct {
	column, key, parties string
	enough               bill.Enough
}

// judge looks at the newest codes since the part was closed last.
func (s sight) judge(tx *db.Tx, closes string) (bool, error) {
	if s.key == "" {
		return false, nil
	}
	since, err := bill.OpenSince(tx, closes)
	if err != nil {
		return false, err
	}
	samples, err := s.askedFor(tx, since, bill.Samples)
	if err != nil || !bill.Pumped(samples, s.enough, 100) {
		return false, err
	}
	// It looks like pumping. Only now it is worth asking how codes do elsewhere.
	overall, err := s.enteredElsewhere(tx)
	return bill.Pumped(samples, s.enough, overall), err
}

// memory is how far back codes are looked at.
const memory = 48 * time.Hour

// askedFor are the newest codes that tell something: that the provider did not lose, and that had time to be entered. All
// others are left out here, or somebody could hide behind a crowd of them. A code of no challenge is a test of the
// administrator's, which nobody enters.
func (s sight) askedFor(tx *db.Tx, since time.Time, most int) (samples []bill.Sample, err error) {
	if since.Before(tx.Now.Add(-memory)) {
		since = tx.Now.Add(-memory)
	}
	err = tx.Each(`SELECT entered_at > 0, `+s.parties+` FROM messages
		WHERE `+s.column+` = $1 AND created_at > $2 AND purpose = 'code' AND challenge <> '' AND (entered_at > 0 OR created_at <= $3)
			AND state = 'sent' AND outcome NOT IN ('undelivered', 'failed', 'busy', 'no-answer')
		ORDER BY created_at DESC LIMIT $4`,
		[]any{s.key, since.UnixMilli(), tx.Now.Add(-bill.Unripe).UnixMilli(), most}, func(scan func(...any) error) error {
			var one bill.Sample
			defer func() { samples = append(samples, one) }()
			return scan(&one.Entered, &one.Who)
		})
	return samples, err
}

// fewElsewhere are too few to tell how codes do in general.
const fewElsewhere = 5

// enteredElsewhere is how many of a hundred other codes are entered. Where there are too few to tell, it is all.
func (s sight) enteredElsewhere(tx *db.Tx) (int64, error) {
	var count, entered int64
	err := tx.Row(`SELECT count(*), COALESCE(sum(CASE WHEN entered_at > 0 THEN 1 ELSE 0 END), 0) FROM
		(SELECT entered_at FROM messages WHERE created_at > $1 AND created_at < $2 AND purpose = 'code' AND challenge <> '' AND channel <> 'email' AND state = 'sent' AND `+s.column+` <> $3
			ORDER BY created_at DESC LIMIT $4) AS newest`,
		[]any{tx.Now.Add(-memory).UnixMilli(), tx.Now.Add(-bill.Unripe).UnixMilli(), s.key, overallCodes}, &count, &entered)
	if err != nil || count < fewElsewhere {
		return 100, err
	}
	return entered * 100 / count, nil
}
