package main

import (
	"runtime"
	"testing"
)

// Memory that a storm of sign-ins has left is given back once it is quiet, and not before.
func TestUnusedMemoryIsGivenBack(t *testing.T) {
	runtime.GC()
	cycles, before := memory()
	rest := make([]byte, 64<<20)
	for i := range rest {
		rest[i] = 1
	}
	runtime.KeepAlive(rest)
	runtime.GC()
	_, left := memory()
	if left < before+60<<20 {
		t.Fatalf("%d bytes are unused before, %d after 64 MiB of garbage: the figures are of something else", before, left)
	}
	busy := giveBack(cycles) // it has collected since
	if _, now := memory(); now < left/2 {
		t.Errorf("%d of %d unused bytes were given back while there was much to do", left-now, left)
	}
	after := giveBack(busy)
	if _, now := memory(); now > left/2 || after == busy {
		t.Errorf("of %d unused bytes there are %d when it is quiet", left, now)
	}
}
