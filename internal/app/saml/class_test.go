package saml

import (
	"testing"

	"woggle/internal/samltoken"
)

// Nobody is told of more than was proved, whatever is asked for. Today everybody who arrives has proved two factors; the
// rule does not lean on it.
func TestNoClassSaysMoreThanWasProved(t *testing.T) {
	all := append(append([]string{"urn:none"}, multi...), single...)
	for _, p := range []proved{{}, {password: true}, {multi: true}, {multi: true, password: true}} {
		for _, how := range []samltoken.Comparison{samltoken.Exact, samltoken.Minimum, samltoken.Maximum, samltoken.Better} {
			for i := range 1 << len(all) {
				var wanted []string
				for k, class := range all {
					if i>>k&1 == 1 {
						wanted = append(wanted, class)
					}
				}
				class, met := p.class(wanted, how)
				if met != (class != "") || met && !p.says(class) {
					t.Fatalf("%+v, %s of %v: %q, %t", p, how, wanted, class, met)
				}
			}
		}
	}
	if class, met := (proved{password: true}).class([]string{samltoken.RefedsMFA}, samltoken.Minimum); met {
		t.Errorf("a password is called %s", class)
	}
}
