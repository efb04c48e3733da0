package wsfed

import (
	"testing"
	"time"

	"woggle/internal/samltoken"
	"woggle/internal/session"
)

// What is told of the sign-in is never better than what happened.
func TestAuthentication(t *testing.T) {
	at := func(minute int) time.Time { return time.Date(2027, time.February, 1, 9, minute, 0, 0, time.UTC) }
	password := func(minute int) session.Proof {
		return session.Proof{Kind: "password", Factor: session.Knowledge, AMR: []string{"pwd"}, At: at(minute)}
	}
	pass := func(minute int) session.Proof {
		return session.Proof{Kind: "access-pass", Factor: session.Knowledge, AMR: []string{"otp"}, At: at(minute)}
	}
	phone := func(minute int) session.Proof {
		return session.Proof{Kind: "phone", Factor: session.Possession, AMR: []string{"sms"}, At: at(minute)}
	}
	mail := func(minute int) session.Proof {
		return session.Proof{Kind: "email", AMR: []string{"otp"}, At: at(minute)}
	}
	for name, c := range map[string]struct {
		proofs []session.Proof
		stay   bool
		want   samltoken.Authentication
	}{
		"password, then phone":                         {[]session.Proof{password(1), phone(2)}, false, samltoken.Authentication{At: at(1), Multi: true, MultiAt: at(2), Password: true}},
		"phone, then password":                         {[]session.Proof{phone(1), password(2)}, false, samltoken.Authentication{At: at(1), Multi: true, MultiAt: at(1), Password: true}},
		"the phone again, later":                       {[]session.Proof{password(1), phone(2), phone(30)}, false, samltoken.Authentication{At: at(1), Multi: true, MultiAt: at(30), Password: true}},
		"both again, later":                            {[]session.Proof{password(1), phone(2), password(30), phone(31)}, false, samltoken.Authentication{At: at(30), Multi: true, MultiAt: at(31), Password: true}},
		"a code by mail changes nothing":               {[]session.Proof{password(1), phone(2), mail(30)}, false, samltoken.Authentication{At: at(1), Multi: true, MultiAt: at(2), Password: true}},
		"an access pass and a phone":                   {[]session.Proof{pass(1), phone(2)}, true, samltoken.Authentication{At: at(1), Multi: true, MultiAt: at(2), Stay: true}},
		"a password alone is one factor":               {[]session.Proof{password(1)}, false, samltoken.Authentication{At: at(1), Password: true}},
		"a password and mail are one factor":           {[]session.Proof{password(1), mail(2)}, false, samltoken.Authentication{At: at(1), Password: true}},
		"two of the same are one factor":               {[]session.Proof{password(1), pass(2)}, false, samltoken.Authentication{At: at(2), Password: true}},
		"a phone alone is one factor, and no password": {[]session.Proof{phone(1)}, false, samltoken.Authentication{At: at(1)}},
	} {
		if got := authentication(&session.Session{Proofs: c.proofs, Stay: c.stay}); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
