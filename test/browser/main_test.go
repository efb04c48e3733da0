package browser_test

import (
	"fmt"
	"os"
	"testing"

	"woggle/test/browser"
)

// suite is what all stories share: one Chromium, one build of the program.
var suite *browser.Suite

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if suite, err = browser.Start(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer suite.Stop()
	return m.Run()
}
