package smpp

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"woggle/internal/db/dbtest"
	"woggle/internal/message"
	"woggle/test/smsc"
)

// came is a line that the other program prints.
type came struct {
	Port         int
	ID, To, From string
	TON, Coding  int
	Text         string
	Part         []int
}

// peer starts a message centre that others have written.
func peer(t *testing.T, words ...string) (addr string, next func() came) {
	t.Helper()
	o, err := smsc.StartOthers("../../../test/smsc", words...)
	if errors.Is(err, smsc.ErrMissing) {
		dbtest.Need(t, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { o.Stop() })
	next = func() (c came) {
		t.Helper()
		if !o.Lines.Scan() || json.Unmarshal(o.Lines.Bytes(), &c) != nil {
			t.Fatalf("the message centre said %q", o.Lines.Text())
		}
		return c
	}
	return o.Addr, next
}

// What others call SMPP is what we speak: texts of one and of many parts, in both alphabets, with receipts.
func TestAMessageCentreOfOtherPeopleUnderstandsUs(t *testing.T) {
	addr, next := peer(t, "throttle")
	d := newDesk()
	p := run(t, Config{Address: addr, Password: "secret"}, d)
	for i, body := range []string{"123456 is your code\n\n@signin.example.org #123456", "Eich côd yw 123456 ŵ"} {
		m := text(fmt.Sprint(i), body)
		if receipt, err := send(t, p, m); err != nil || receipt != fmt.Sprint(5001+i) {
			t.Fatal(receipt, err)
		}
		if c := next(); c.To != "447700900123" || c.From != "Scouts" || c.Text != body || c.Part != nil || c.Coding != []int{0, 8}[i] {
			t.Errorf("%+v", c)
		}
		if r := d.next(t); r.Event != message.Delivered || r.Message != m.ID {
			t.Errorf("%+v", r)
		}
	}
	long := strings.Repeat("A long text about a camp. ", 12)
	if _, err := send(t, p, text("long", long)); err != nil {
		t.Fatal(err)
	}
	whole := ""
	for i := range 3 {
		c := next()
		if len(c.Part) != 5 || c.Part[3] != 3 || c.Part[4] != i+1 { // without the length of the header
			t.Errorf("%+v", c)
		}
		whole += c.Text
	}
	if whole != long {
		t.Errorf("%q", whole)
	}
	if r := d.next(t); r.Event != message.Delivered || r.Message != "long" {
		t.Errorf("%+v", r)
	}
}

func TestAMessageCentreOfOtherPeopleRefusesUs(t *testing.T) {
	addr, _ := peer(t)
	p := run(t, Config{Address: addr, Password: "wrong"}, newDesk())
	if _, err := p.Send(t.Context(), text("one", "x")); err == nil {
		t.Error("it went out")
	}
}
