//go:build !linux

package modem

import (
	"errors"
	"os"
)

// open cannot set a port on this system.
func open(string) (*os.File, error) { return nil, errors.New("modems can be used on Linux only") }
