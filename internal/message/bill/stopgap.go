package bill

import "time"

// Prices and Limits are stopgaps until prices.go and spend.go are there.
type Prices struct{}

func (Prices) Of(string) (Money, bool)                  { return 0, true }
func (Prices) Call(string, time.Duration) (Money, bool) { return 0, true }

type Limits struct{}
