package bill

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
)

func TestAmounts(t *testing.T) {
	for text, want := range map[string]Money{"0": 0, "0.04": 40_000, "0.0405": 40_500, "12.5": 12_500_000, " 1 ": Unit, "0.000001": 1, "1000000": mostMoney} {
		if got, err := ParseMoney(text); err != nil || got != want {
			t.Errorf("%q is %d (%v)", text, got, err)
		}
	}
	for _, text := range []string{"", ".5", "5.", "-1", "+1", "1,5", "£1", "1e3", "0.0000001", "10000000", "1.2.3", "٣", "99999999999999999999"} {
		if got, err := ParseMoney(text); err == nil {
			t.Errorf("%q was read as %s", text, got)
		}
	}
	for amount, want := range map[Money]string{0: "0.00", 40_500: "0.0405", 40_000: "0.04", 12_500_000: "12.50", 1: "0.000001", -7_000_000: "-7.00"} {
		if got := amount.String(); got != want {
			t.Errorf("%d is written %q", amount, got)
		}
		if again, err := ParseMoney(strings.TrimPrefix(amount.String(), "-")); err != nil || again != max(amount, -amount) {
			t.Errorf("%s reads back as %s", amount, again)
		}
	}
}

func TestThePriceIsThatOfTheLongestPrefix(t *testing.T) {
	p := Prices{Prefixes: map[string]Money{"+44": 1, "+447": 2, "+4474": 3, "+1": 4}}
	for number, want := range map[string]Money{"+442079460000": 1, "+447911123456": 2, "+447400123456": 3, "+12024561414": 4} {
		if got, known := p.Of(number); got != want || !known {
			t.Errorf("%s costs %d", number, got)
		}
	}
	for number, p := range map[string]Prices{"+33612345678": p, "": p, "+44": {}} {
		if got, known := p.Of(number); got != Dear || known {
			t.Errorf("%q costs %d, known %t", number, got, known)
		}
	}
	if got, _ := (Prices{Dear: 7}).Of("+44"); got != 7 {
		t.Errorf("dear is %d", got)
	}
	if got, known := Flat(9).Of("+33612345678"); got != 9 || !known {
		t.Errorf("a flat price is %d", got)
	}
}

func TestCallsAreBilledByTheirIncrement(t *testing.T) {
	for _, row := range []struct {
		increment Increment
		length    time.Duration
		want      Money
	}{
		{Increment{}, time.Second, 60_000},
		{Increment{}, 60 * time.Second, 60_000},
		{Increment{}, 61 * time.Second, 120_000},
		{Increment{time.Second, time.Second}, 61 * time.Second, 61_000},
		{Increment{30 * time.Second, 6 * time.Second}, 10 * time.Second, 30_000},
		{Increment{30 * time.Second, 6 * time.Second}, 31 * time.Second, 36_000},
		{Increment{time.Second, time.Second}, 0, 1_000},
	} {
		p := Flat(60_000)
		p.Increment = row.increment
		if got, _ := p.Call("+44", row.length); got != row.want {
			t.Errorf("%+v: %s for %s", row.increment, got, row.length)
		}
	}
}

func TestListsOfPrices(t *testing.T) {
	good := "\ufeffPrefix;Price;Note\r\n+44;0.04;mobiles\r\n\r\n# Ireland\r\n00353 ; \"0.05\"\r\n1;0.01\r\n"
	prices, err := ReadPrices(strings.NewReader(good))
	if err != nil || len(prices) != 3 || prices["+44"] != 40_000 || prices["+353"] != 50_000 || prices["+1"] != 10_000 {
		t.Errorf("%v %v", prices, err)
	}
	bad := "prefix,price\n+44,0.04\n044,0.1\n+44,0.05\n+45,-1\n+46\n+47,500\nletters,1\n"
	_, err = ReadPrices(strings.NewReader(bad))
	for _, want := range []string{"line 3", "line 4: +44 stands there twice", "line 5", "line 6", "line 7", "line 8"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("no %s in: %v", want, err)
		}
	}
	for _, empty := range []string{"", "prefix,price\n", "# nothing\n"} {
		if _, err := ReadPrices(strings.NewReader(empty)); err == nil {
			t.Errorf("%q passed", empty)
		}
	}
}

// T32: whatever comes in whatever order, no account ever passes its limit, and what is counted is what was let through.
func TestNoLimitIsPassed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, _ *dbtest.Clock) {
		l := Limits{All: Limit{90, 0}, User: Limit{30, 0}, Number: Limit{25, 0}, Range: Limit{40, 0}, Address: Limit{35, 0}}
		var mu sync.Mutex
		total, byUser := Money(0), map[string]Money{}
		var all sync.WaitGroup
		for worker := range 6 {
			random := rand.New(rand.NewPCG(1, uint64(worker)))
			all.Go(func() {
				for range 12 {
					n := random.IntN(5)
					who := Payer{User: fmt.Sprint(n), Number: fmt.Sprint(n), Range: fmt.Sprint(n / 2), Address: fmt.Sprint(n % 2)}
					cost := Money(1 + random.IntN(6))
					var no *Exceeded
					if err := d.Tx(t.Context(), func(tx *db.Tx) (err error) { no, _, err = l.Charge(tx, who, cost); return err }); err != nil {
						t.Error(err)
						return
					}
					if no == nil {
						mu.Lock()
						total += cost
						byUser[who.User] += cost
						mu.Unlock()
					}
				}
			})
		}
		all.Wait()
		err := d.View(t.Context(), func(tx *db.Tx) error {
			if day, _, err := l.Spent(tx); err != nil || day != total || day > 90 {
				t.Errorf("%d counted, %d let through (%v)", day, total, err)
			}
			for user, want := range byUser {
				if day, _, err := l.spent(tx, "user:"+user); err != nil || day != want || day > 30 {
					t.Errorf("user %s: %d counted, %d let through (%v)", user, day, want, err)
				}
			}
			return nil
		})
		if err != nil || total == 0 {
			t.Error(total, err)
		}
	})
}

// A transaction that corrects what several people were charged, and one that charges one of them, wait for each other in
// one order only: neither is broken off.
func TestChargesDoNotDeadlock(t *testing.T) {
	d := dbtest.Connect(t, dbtest.NewURL(t, "postgres"), dbtest.NewClock())
	l, one, two := Limits{}, Payer{User: "one"}, Payer{User: "two"}
	charge := func(tx *db.Tx, who Payer) error {
		_, _, err := l.Charge(tx, who, 10)
		return err
	}
	if err := d.Tx(t.Context(), func(tx *db.Tx) error { return errors.Join(charge(tx, one), charge(tx, two)) }); err != nil {
		t.Fatal(err)
	}
	blocked := func() bool {
		var waiting int
		err := d.Ask(t.Context(), func(tx *db.Tx) error {
			return tx.Row("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", nil, &waiting)
		})
		return err != nil || waiting > 0
	}
	var other sync.WaitGroup
	runs := 0
	err := d.Tx(t.Context(), func(tx *db.Tx) error {
		runs++
		if err := l.Add(tx, one, -1); err != nil {
			return err
		}
		if runs == 1 {
			other.Go(func() {
				charges := 0
				if err := d.Tx(t.Context(), func(tx *db.Tx) error { charges++; return charge(tx, two) }); err != nil || charges != 1 {
					t.Errorf("charged in %d runs (%v)", charges, err)
				}
			})
			for !blocked() {
			}
		}
		return l.Add(tx, two, -1)
	})
	other.Wait()
	if err != nil || runs != 1 {
		t.Errorf("corrected in %d runs (%v)", runs, err)
	}
}

func TestDaysAndMonths(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		zone, err := time.LoadLocation("Europe/London")
		if err != nil {
			t.Fatal(err)
		}
		l := Limits{All: Limit{10, 25}, Zone: zone}
		charge := func(cost Money) (no *Exceeded) {
			if err := d.Tx(t.Context(), func(tx *db.Tx) (err error) { no, _, err = l.Charge(tx, Payer{}, cost); return err }); err != nil {
				t.Fatal(err)
			}
			return no
		}
		now := clock.Now().In(zone)
		midnight := time.Date(now.Year(), now.Month(), now.Day()+1, 0, 0, 0, 0, zone)
		if charge(10) != nil {
			t.Fatal("the first ten were refused")
		}
		if no := charge(1); no == nil || no.Month || !no.Until.Equal(midnight) || no.Scope != All {
			t.Errorf("the eleventh: %+v", no)
		}
		if no := charge(26); no == nil || !no.Month {
			t.Errorf("more than the month allows: %+v", no)
		}
		clock.Advance(midnight.Sub(clock.Now()))
		if charge(10) != nil {
			t.Error("a new day has nothing to spend")
		}
		clock.Advance(24 * time.Hour)
		if no := charge(6); no == nil || !no.Month || no.Until.In(zone).Day() != 1 {
			t.Errorf("the month is over its limit: %+v", no)
		}
		clock.Advance(32 * 24 * time.Hour)
		if charge(10) != nil {
			t.Error("a new month has nothing to spend")
		}
		clock.Advance(130 * 24 * time.Hour)
		var left int
		err = d.Tx(t.Context(), func(tx *db.Tx) error {
			if err := Sweep(tx); err != nil {
				return err
			}
			return tx.Row("SELECT count(*) FROM spending", nil, &left)
		})
		if err != nil || left != 0 {
			t.Errorf("%d rows are left (%v)", left, err)
		}
	})
}

func TestPumpingIsToldFromPeople(t *testing.T) {
	codes := func(n, entered, people int) (all []Sample) {
		for i := range n {
			all = append(all, Sample{Entered: i < entered, Who: fmt.Sprint(i % people)})
		}
		return all
	}
	for name, row := range map[string]struct {
		samples []Sample
		enough  Enough
		overall int64
		pumped  bool
	}{
		"nobody enters":                 {codes(20, 0, 20), Narrow, 90, true},
		"too few to tell":               {codes(19, 0, 19), Narrow, 90, false},
		"one in five is entered":        {codes(50, 10, 50), Narrow, 90, false},
		"fewer than one in five":        {codes(50, 9, 50), Narrow, 90, true},
		"nobody enters codes anywhere":  {codes(50, 0, 50), Narrow, 10, false},
		"two people who do not succeed": {codes(50, 0, 2), Narrow, 90, false},
		"a wide range, few codes":       {codes(49, 0, 49), Wide, 90, false},
		"a wide range, one narrow one":  {codes(60, 0, 4), Wide, 90, false},
		"a wide range":                  {codes(60, 0, 5), Wide, 90, true},
	} {
		if got := Pumped(row.samples, row.enough, row.overall); got != row.pumped {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestRangesCloseForLongerEachTime(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		in := func(work func(tx *db.Tx) error) {
			t.Helper()
			if err := d.Tx(t.Context(), work); err != nil {
				t.Fatal(err)
			}
		}
		closed := func(number string) (yes bool) {
			in(func(tx *db.Tx) (err error) { _, yes, err = IsClosed(tx, number, ""); return err })
			return yes
		}
		for _, days := range []int{1, 2, 4, 7, 7} {
			in(func(tx *db.Tx) error {
				_, err := Close(tx, "+44791112", "another node")
				if err != nil {
					return err
				}
				until, err := Close(tx, "+44791112", "a test") // at the same time
				if want := tx.Now.Add(time.Duration(days) * 24 * time.Hour); !until.Equal(want) {
					t.Errorf("closed until %s, want %s", until, want)
				}
				return err
			})
			if !closed("+447911120000") || closed("+447911130000") || closed("+4479111") {
				t.Error("the wrong numbers are closed")
			}
			clock.Advance(time.Duration(days) * 24 * time.Hour)
			if closed("+447911120000") {
				t.Error("it is still closed after its time")
			}
		}
		in(func(tx *db.Tx) error { _, err := Close(tx, "address:ab", "a test"); return err })
		in(func(tx *db.Tx) error {
			_, yes, err := IsClosed(tx, "", "ab")
			_, no, err2 := IsClosed(tx, "+447911120000", "cd")
			if !yes || no || err2 != nil {
				t.Error("the wrong address is closed")
			}
			list, err3 := ListClosed(tx)
			if err3 != nil || len(list) != 1 || list[0].Why != "a test" {
				t.Errorf("listed: %+v %v", list, err3)
			}
			return err
		})
		in(func(tx *db.Tx) error {
			opened, err := Open(tx, "address:ab")
			again, err2 := Open(tx, "address:ab")
			since, err3 := OpenSince(tx, "address:ab")
			if !opened || again || !since.Equal(tx.Now) || err2 != nil || err3 != nil {
				t.Errorf("opened %t, again %t, since %s", opened, again, since)
			}
			return err
		})
	})
}

func TestAForecastIsHonest(t *testing.T) {
	first, month := Forecast(Rollout{People: 2000, CallsIn100: 10, Text: 40_000, Call: 60_000})
	// 1,800 texts and 200 calls cost 84 a round.
	if first != (Span{84 * Unit, 109_200_000, 168 * Unit}) || month != (Span{42 * Unit, 252 * Unit, 756 * Unit}) {
		t.Errorf("%+v, then %+v a month", first, month)
	}
	if first, month := Forecast(Rollout{}); first != (Span{}) || month != (Span{}) {
		t.Error("nobody costs something")
	}
}
