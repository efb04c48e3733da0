package externalmfa

import (
	"slices"
	"testing"

	"woggle/internal/session"
	"woggle/internal/signin"
)

// Entra gets one method, the one that was proved, in a word that it asked for; else none.
func TestChooseAMR(t *testing.T) {
	proof := func(kind signin.Kind, amr ...string) session.Proof {
		return session.Proof{Kind: string(kind), Factor: session.Possession, AMR: amr}
	}
	outside := session.Proof{Kind: string(signin.Outside), Factor: session.Knowledge}
	entra := []string{"face", "fido", "fpt", "hwk", "iris", "otp", "pop", "retina", "sc", "sms", "swk", "tel", "vbm"}
	for name, c := range map[string]struct {
		proof  session.Proof
		wanted []string
		want   string
	}{
		"an app":                                {proof(signin.Authenticator, "otp"), entra, "otp"},
		"a call":                                {proof(signin.Phone, "tel"), entra, "tel"},
		"a synced passkey":                      {proof(signin.Passkey, "swk", "user"), entra, "fido"},
		"a security key":                        {proof(signin.Passkey, "hwk", "user"), entra, "fido"},
		"a security key, where fido is unheard": {proof(signin.Passkey, "hwk", "user"), []string{"hwk", "otp"}, "hwk"},
		"a synced one is not in hardware":       {proof(signin.Passkey, "swk", "user"), []string{"hwk", "otp"}, ""},
		"an app that says it is a passkey":      {proof(signin.Authenticator, "fido"), entra, ""},
		"a passkey that says it is an app":      {proof(signin.Passkey, "otp"), []string{"otp"}, ""},
		"a recovery code":                       {proof(signin.Recovery, "otp"), entra, ""},
		"an access pass":                        {proof(signin.AccessPass, "otp"), entra, ""},
		"a printed card":                        {proof(signin.Card, "otp"), entra, "otp"},
		"a printed card, where otp is unheard":  {proof(signin.Card, "otp"), []string{"sms", "tel", "fido"}, ""},
		"a printed card that says it is a text": {proof(signin.Card, "sms"), entra, ""},
	} {
		if got := chooseAMR([]session.Proof{outside, c.proof}, c.wanted); got != c.want {
			t.Errorf("%s is %q, want %q", name, got, c.want)
		}
	}
	if kinds := kindsFor(entra); !slices.Equal(kinds, []signin.Kind{signin.Passkey, signin.Authenticator, signin.Card, signin.Phone}) {
		t.Errorf("all that Entra asks for are %v", kinds)
	}
	if kinds := kindsFor([]string{"face", "fpt"}); len(kinds) > 0 {
		t.Errorf("faces are %v", kinds)
	}
}
