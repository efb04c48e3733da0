package smpp

import (
	"context"
	"strings"
	"testing"
	"time"

	"woggle/test/smsc"
)

// An account is tried without a text, and without a Desk to tell of receipts that come meanwhile.
func TestAnAccountIsTriedWithoutSending(t *testing.T) {
	c := smsc.Start(t, smsc.Options{Password: "s3cret"})
	for password, wrong := range map[string]string{"s3cret": "", "another": "password"} {
		p, err := New(Config{Address: c.Addr, SystemID: "northwold", Password: password}, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		err = p.Probe(ctx)
		cancel()
		if (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("with %q: %v", password, err)
		}
	}
	if n := len(c.Texts()); n != 0 {
		t.Errorf("%d texts were sent", n)
	}
	c.Close()
	p, err := New(Config{Address: c.Addr, SystemID: "northwold"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.Probe(t.Context()) == nil {
		t.Error("nobody is there, and it works")
	}
}
