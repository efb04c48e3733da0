// How much memory the server takes, and that it gives back what it does not use.
package main

import (
	"context"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A password hash takes 19 MiB for a moment, and collecting the garbage after each would cost a tenth of all sign-ins.
// So there is room for a few while there is much to do, up to the limit, and it is given back as soon as there is not.
const (
	memoryLimit = 160 << 20
	garbage     = 200 // in percent of what lives
	quiet       = 2 * time.Second
	worthGiving = 8 << 20
)

// boundMemory sets the bounds, first of all: starting makes garbage as well. GOMEMLIMIT and GOGC, where somebody has set
// them, stand.
func boundMemory() {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryLimit)
	}
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(garbage)
	}
}

// saveMemory gives back what is not used until the context ends.
func saveMemory(ctx context.Context) {
	tick := time.NewTicker(quiet)
	defer tick.Stop()
	for cycles := uint64(0); ; {
		select {
		case <-tick.C:
			cycles = giveBack(cycles)
		case <-ctx.Done():
			return
		}
	}
}

// giveBack gives unused memory back to the system, if nothing was collected since there were that many cycles of the
// collector. It tells how many there are now.
func giveBack(since uint64) uint64 {
	cycles, unused := memory()
	if cycles == since && unused > worthGiving {
		debug.FreeOSMemory()
		cycles, _ = memory()
	}
	return cycles
}

// memory is how often the collector has run, and the bytes that the process has and does not use.
func memory() (cycles, unused uint64) {
	m := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}, {Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/objects:bytes"}, {Name: "/memory/classes/heap/free:bytes"}}
	metrics.Read(m)
	live, objects, free := m[1].Value.Uint64(), m[2].Value.Uint64(), m[3].Value.Uint64()
	return m[0].Value.Uint64(), max(objects, live) - live + free
}
