package phone_test

import (
	"testing"
	"time"

	"woggle/test/phone"
)

// A few calls at once: that the measurement measures. How regular the sound of a hundred is, the benchmark tells, which
// has the machine to itself.
func TestLoad(t *testing.T) {
	r, err := phone.Load(t.Context(), 5, time.Second)
	if err != nil {
		t.Fatal(err)
	}
	if r.Calls != 5 || r.Packets < 200 || r.P50 < 15*time.Millisecond || r.P50 > 25*time.Millisecond {
		t.Errorf("%+v", r)
	}
	t.Logf("%+v", r)
}
