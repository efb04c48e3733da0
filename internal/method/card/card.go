// A printed card as a method of the flow.
package card

import (
	"embed"
	"encoding/json"
	"fmt"
	"time"

	"woggle/internal/db"
	"woggle/internal/keys"
	"woggle/internal/page"
	"woggle/internal/session"
	"woggle/internal/signin"
)

//go:embed pages/*.html
var pages embed.FS

// digits is how long a code is; the standard wants six at least.
const digits = 6

// Deps is all that the method works with.
type Deps struct {
	DB    *db.DB
	Keys  *keys.Ring
	Pages *page.Renderer
	Flow  *signin.Flow
}

// Method asks for a code of a card.
type Method struct{ Deps }

var (
	_ signin.Method    = (*Method)(nil)
	_ signin.Describer = (*Method)(nil)
	_ signin.Placed    = (*Method)(nil)
)

// New makes the method.
func New(d Deps) (*Method, error) { return &Method{d}, d.Pages.Add("card", pages) }

// settings is what a card's row says besides: how many codes stand on it.
type settings struct {
	Codes int64 `json:"codes"`
}

func settingsOf(e signin.Enrolled) (s settings) {
	_ = json.Unmarshal([]byte(e.Data), &s) // a damaged row has no codes, and proves nothing
	return s
}

// Left is how many codes of a card are not used.
func Left(e signin.Enrolled) int { return int(max(0, settingsOf(e).Codes-e.Counter)) }

// place is what the code with the number is derived from. It names the method's table, so that no challenge has the same code.
func place(card string, number int64) string { return fmt.Sprintf("card/%s/%d", card, number) }

// Kind is signin.Card.
func (*Method) Kind() signin.Kind { return signin.Card }

// Start has nothing to send.
func (*Method) Start(*db.Tx, *signin.Attempt, signin.Step) error { return nil }

// Ways is one for each card, which is told by its number.
func (*Method) Ways(e signin.Enrolled, l *page.Locale) []signin.Way {
	return []signin.Way{{Icon: "card", Label: l.Text("card.way", "card", e.Hint), Detail: l.Text("card.left", "count", Left(e))}}
}

// Detail tells the card's number and how many codes are left.
func (*Method) Detail(e signin.Enrolled, l *page.Locale) (title, detail string) {
	return l.Text("card.title", "card", e.Hint), l.Text("card.left", "count", Left(e))
}

// Place is paper.
func (*Method) Place(signin.Enrolled) signin.Place { return signin.Paper }

// spend uses up the code that is asked of the card, if typed is it. Of two that are right at once, one does. A card without codes goes.
func (m *Method) spend(tx *db.Tx, e signin.Enrolled, typed string) (bool, error) {
	next := e.Counter + 1
	if Left(e) == 0 || !m.Keys.CheckCode(typed, digits, place(e.ID, next)) {
		return false, nil
	}
	spent, err := signin.AdvanceNow(tx, e.ID, next)
	if err == nil && spent && Left(e) == 1 {
		_, err = signin.DeleteMethod(tx, e.User, e.ID)
	}
	return spent, err
}

// proof is one by the card as it was before. The last code proves as much as the others, though what is proved with a method that is
// gone is worth nothing otherwise: then the proof names none.
func proof(e signin.Enrolled, now time.Time) session.Proof {
	id := e.ID
	if Left(e) == 1 {
		id = ""
	}
	return session.Proof{Kind: string(signin.Card), Method: id, Factor: session.Possession, AMR: []string{"otp"}, At: now}
}

// Restored voids all cards after a backup was put back (threat T88): which of their codes were used since it was made is not known.
func Restored(tx *db.Tx) (cards int64, err error) { return signin.DeleteKind(tx, signin.Card) }
