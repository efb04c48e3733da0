package authenticator

import (
	"fmt"
	"net/netip"
	"testing"
)

// A hall of phones holds its connections open behind one address; more than that many leave room for everybody else.
func TestConnectionsAreHeldOpenForAHall(t *testing.T) {
	w := waiters{each: map[string]int{}, here: map[netip.Prefix]int{}}
	hall, home := netip.MustParsePrefix("203.0.113.7/32"), netip.MustParsePrefix("198.51.100.7/32")
	held := 0
	for i := range 600 {
		if w.enter(fmt.Sprint("hall", i), hall) {
			held++
		}
	}
	if held != mostHere || held < 200 {
		t.Errorf("%d are held open from one address", held)
	}
	for i, want := range []bool{true, true, false} {
		if w.enter("mine", home) != want {
			t.Errorf("connection %d of somebody at home: want %t", i+1, want)
		}
	}
	for i := range held {
		w.leave(fmt.Sprint("hall", i), hall)
	}
	w.leave("mine", home)
	w.leave("mine", home)
	if w.all != 0 || len(w.each) != 0 || len(w.here) != 0 {
		t.Errorf("left are %+v", &w)
	}
}
