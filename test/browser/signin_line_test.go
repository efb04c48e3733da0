package browser_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"woggle/internal/db/dbtest"
	"woggle/test/phone"
)

// routesFile is that of a server whose trunk is a telephone on this computer.
const routesFile = `[[route]]
name = "trunk"
channel = "voice"
provider = "sip"
server = %q
from = "+441632960000"
listen = "127.0.0.1"
rtp_ports = "28000-28999"
sender = "+441632960000"
prices = { "+44" = "0.02" }
`

// The whole way, with nothing in it that is ours but Woggle: a real server calls a telephone that others have made, over SIP;
// a key is pressed; a recogniser that others have made hears the digits; and with these somebody signs in for the first time.
func TestACodeHeardOnTheLineSignsIn(t *testing.T) {
	if err := phone.Missing("baresip", "pocketsphinx_batch", "sox"); err != nil {
		dbtest.Need(t, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	const number = "+441212345678" // an example of the numbering plan
	ann, err := phone.Start(t.TempDir(), number, "PCMA", "PCMU")
	if err != nil {
		t.Fatal(err)
	}
	defer ann.Close()
	routes := filepath.Join(t.TempDir(), "routes.toml")
	if err := os.WriteFile(routes, fmt.Appendf(nil, routesFile, ann.Address), 0o600); err != nil {
		t.Fatal(err)
	}
	county, setup := suite.Serve(t, "--routes", routes)
	w := county.Window().Open(setup)
	w.Fill("username", "ann").Fill("given-name", "Ann").Fill("family-name", "Baker").Fill("email", "ann@northwold.example").Press("Next")
	w.See("Add a phone so we know it’s you").NotSee("Text message")
	w.Fill("tel", "0121 234 5678").Press("Send me a code").See("We are calling you")
	heard, err := listen(ctx, ann)
	if err != nil {
		t.Fatal(err)
	}
	if len(heard) != 12 || heard[:6] != heard[6:] {
		t.Fatalf("heard %q, not six digits twice", heard)
	}
	w.Fill("one-time-code", heard[:6]).Press("Verify").See("Choose a password")
}

// listen picks up, presses 1, and gives the digits that are heard.
func listen(ctx context.Context, ann *phone.Phone) (digits string, err error) {
	if err := errors.Join(ann.Answered(ctx), ann.Press('1'), ann.Over(ctx)); err != nil {
		return "", err
	}
	wav, err := ann.Recording(ctx)
	if err != nil {
		return "", err
	}
	return phone.Recognise(wav)
}
