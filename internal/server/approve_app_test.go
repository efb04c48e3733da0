package server_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/method/authenticator"
	"woggle/internal/signin"
)

// Our app is set up from the page, and from then on says yes to sign-ins: no code is typed.
func TestASignInIsApprovedInTheApp(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase).press("Use an authenticator app instead").
			sees("Woggle Authenticator", "Nothing to download", "Another app").press("Woggle Authenticator").sees("camera")
		secret, token := secretOn(t, b), b.pairing()
		// The other app's QR code holds the plain secret, and nothing of the pairing.
		b.press("I want to use another app").sees("Scan a QR code")
		if strings.Contains(b.page.Body, "woggle=") || strings.Contains(b.page.Body, token) {
			t.Error("another app is given the pairing")
		}
		if b.press("I want to use Woggle Authenticator"); b.pairing() != token || !slices.Equal(secretOn(t, b), secret) {
			t.Error("to and fro makes another secret")
		}
		h := s.handheld()
		if got := h.waiting(); got.Status != 401 || got.Error != "unknown" {
			t.Errorf("an app of nobody gets %+v", got)
		}
		if got := h.register(token); got.Status != 200 || got.ID != h.id {
			t.Fatalf("registering gives %+v", got)
		}
		if got := h.waiting(); got.Status != 403 || got.Error != "unready" {
			t.Errorf("before a code was proved the app gets %+v", got)
		}
		b.press("Next").sees("Woggle Authenticator is connected").fill("Verify", "one-time-code", appCode(s, secret), "name", "Pixel").sees("You’re all set")
		if got := h.waiting(); got.Status != 200 || len(got.Requests) != 0 || !strings.Contains(got.body, `"requests":[]`) {
			t.Errorf("when nothing waits the app gets %+v", got)
		}
		if len(s.events(audit.DevicePaired)) != 1 {
			t.Error("the pairing was not recorded")
		}

		s.clock.Advance(time.Hour)
		b = s.browser()
		b.Header.Set("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
		b.password("aisha", passphrase).sees("Say yes in your app", "Pixel", "Type a code instead").notSees("6-digit")
		number, watch, back := b.number(), b.watches(), b.page.URL.RequestURI()
		if got := b.state(watch); got != "waiting" {
			t.Errorf("the page is told %q", got)
		}
		got := h.waiting()
		if len(got.Requests) != 1 || strings.Contains(got.body, `"`+number+`"`) {
			t.Fatalf("the app gets %s", got.body)
		}
		if r := got.Requests[0]; r.Organisation != "Northwold County" || r.Account != "aisha" || r.Browser != "Firefox · Linux" || !r.Near || r.Network == "" || r.Left != 60_000 {
			t.Errorf("the app shows %+v", r)
		}
		b.press(typedThem).sees("still waiting", number[:1]+" "+number[1:])
		if got := h.say(got.Requests[0].ID, "yes", number); got.Status != 200 || got.State != "right" {
			t.Fatalf("the right number gives %+v", got)
		}
		if got := b.state(watch); got != "right" {
			t.Errorf("the page is told %q", got)
		}
		if len(h.waiting().Requests) != 0 {
			t.Error("what was answered waits still")
		}
		s.clock.Advance(90 * time.Second) // the browser takes its time
		b.open(back).sees("Your app said yes").press("Go on")
		if !b.signedIn() {
			t.Fatal("not signed in")
		}
		in := s.events(audit.SignedIn)
		if amr := in[len(in)-1].Detail["amr"]; amr != "pwd swk user mfa" {
			t.Errorf("amr %v", amr)
		}
		if used := s.count("SELECT count(*) FROM methods WHERE user_id = $1 AND kind = 'authenticator' AND used_at > created_at", user.ID); used != 1 {
			t.Error("the authenticator does not know that it was used")
		}
		b.open("/security").sees("Pixel · says yes to sign-ins")
	})
}

// The code way stays, and ends what the app was asked.
func TestACodeInsteadOfAnApproval(t *testing.T) {
	each(t, func(s *site) {
		_, h, secret := s.paired("aisha")
		b := s.asked("aisha")
		request, number := h.request(), b.number()
		b.press("Type a code instead").sees("Enter the code from your app", "Ask my app instead")
		if len(h.waiting().Requests) != 0 {
			t.Error("the app is still asked")
		}
		if got := h.say(request, "yes", number); got.State != "over" {
			t.Errorf("an answer that nobody waits for gives %+v", got)
		}
		b.fill("Verify", "one-time-code", appCode(s, secret))
		if !b.signedIn() {
			t.Error("not signed in")
		}
		b = s.browser().password("aisha", passphrase).sees("Say yes in your app").press("Type a code instead").press("Ask my app instead").sees("Say yes in your app")
		if got := h.say(h.request(), "yes", b.number()); got.State != "right" {
			t.Errorf("after there and back %+v", got)
		}
	})
}

// T47: one try. A wrong number ends the request for good, and counts as a wrong code.
func TestAWrongNumberEndsTheRequest(t *testing.T) {
	each(t, func(s *site) {
		user, h, _ := s.paired("aisha")
		b := s.asked("aisha")
		number, request := b.number(), h.request()
		for i, want := range []string{"wrong", "over", "over"} {
			say := number
			if i == 0 {
				say = notThose(number)
			}
			if got := h.say(request, "yes", say); got.State != want {
				t.Errorf("try %d gives %+v", i+1, got)
			}
		}
		if got := b.state(b.watches()); got != "wrong" {
			t.Errorf("the page is told %q", got)
		}
		b.press(typedThem).sees("weren’t the two numbers", "Ask my app again", "Type a code instead").notSees(typedThem)
		if got := s.events(audit.WrongCode); len(got) != 1 || got[0].User != user.ID {
			t.Errorf("recorded: %+v", got)
		}
		b.press("Ask my app again").sees("Say yes in your app")
		if got := h.say(request, "yes", b.number()); got.State != "over" {
			t.Errorf("the old request takes the new number: %+v", got)
		}
		for _, odd := range []string{"", "0", "1234567", " " + b.number(), "١٢"} {
			if got := h.say("nonsense", "yes", odd); got.Status != 404 || got.Error != "missing" {
				t.Errorf("a request that is none gives %+v", got)
			}
		}
		if got := h.say(h.request(), "perhaps", b.number()); got.Status != 400 {
			t.Errorf("an answer that is none gives %+v", got)
		}
		if got := h.say(h.request(), "yes", b.number()); got.State != "right" {
			t.Errorf("the second request: %+v", got)
		}
	})
}

// T47: an approval after 60 s is refused, one a millisecond before is not; and the page that goes on too late is told.
func TestAnApprovalIsGoodForAMinute(t *testing.T) {
	each(t, func(s *site) {
		_, h, _ := s.paired("aisha")
		b := s.asked("aisha")
		number, request := b.number(), h.request()
		s.clock.Advance(60 * time.Second)
		if got := h.say(request, "yes", number); got.State != "late" {
			t.Errorf("after 60 seconds %+v", got)
		}
		if len(h.waiting().Requests) != 0 {
			t.Error("what is late waits still")
		}
		b.press(typedThem).sees("longer than a minute").press("Ask my app again").sees("Say yes in your app")
		request = h.request()
		s.clock.Advance(59*time.Second + 999*time.Millisecond)
		if got := h.say(request, "yes", b.number()); got.State != "right" {
			t.Errorf("within the minute %+v", got)
		}
		s.clock.Advance(2 * time.Minute)
		if b.press(typedThem).sees("longer than a minute"); b.signedIn() {
			t.Fatal("signed in with a yes of long ago")
		}
	})
}

// T47: ten sign-ins in a row ask three times. Then the app is left in peace for an hour, and codes go on. The owner's own browser
// is not concerned.
func TestTheAppIsLeftInPeace(t *testing.T) {
	each(t, func(s *site) {
		_, h, secret := s.paired("aisha")
		own := s.asked("aisha")
		h.say(h.request(), "yes", own.number())
		if own.press(typedThem); !own.signedIn() {
			t.Fatal("not signed in")
		}
		asked := 0
		for range 10 {
			b := s.browser().password("aisha", passphrase)
			asked += len(h.waiting().Requests)
			if asked == 3 && len(h.waiting().Requests) == 0 {
				b.sees("We can’t ask your app now", "Enter the code from your app")
			}
			s.clock.Advance(61 * time.Second)
		}
		if asked != 3 {
			t.Errorf("asked %d times", asked)
		}
		own.press("Sign out").password("aisha", passphrase).sees("Say yes in your app")
		if got := h.say(h.request(), "yes", own.number()); got.State != "right" {
			t.Errorf("the owner's own browser: %+v", got)
		}
		b := s.browser().password("aisha", passphrase).sees("We can’t ask your app now").press("Ask my app instead").sees("We can’t ask your app now")
		b.fill("Verify", "one-time-code", appCode(s, secret))
		if !b.signedIn() {
			t.Error("a code does not go on")
		}
		s.clock.Advance(time.Hour)
		s.asked("aisha")
		if len(h.waiting().Requests) != 1 {
			t.Error("after an hour it is not asked")
		}
	})
}

// T47: one open request. A second sign-in, of whoever it is, gets a code page that says nothing of the first.
func TestOneRequestAtATime(t *testing.T) {
	each(t, func(s *site) {
		_, h, _ := s.paired("aisha")
		first := s.asked("aisha")
		request := h.request()
		second := s.browser().password("aisha", passphrase).sees("We can’t ask your app now", "Enter the code from your app")
		if h.request() != request {
			t.Error("another request took its place")
		}
		second.press("Ask my app instead").sees("We can’t ask your app now")
		if got := h.say(request, "yes", first.number()); got.State != "right" {
			t.Errorf("the first: %+v", got)
		}
		if first.press(typedThem); !first.signedIn() {
			t.Fatal("the first is not signed in")
		}
		// In the browser that they know by now, one that was left behind gives way.
		first.press("Sign out").password("aisha", passphrase).sees("Say yes in your app")
		old := h.request()
		first.open("/signin").password("aisha", passphrase).sees("Say yes in your app")
		if now := h.request(); now == old {
			t.Error("one that was left behind is still asked")
		}
	})
}

// T47: "No, it's not me" ends the request, every session and every change, and all are told, once.
func TestNoItsNotMe(t *testing.T) {
	each(t, func(s *site) {
		boss := s.member("ruth", func(_ *db.Tx, u *directory.User) { u.Role = directory.Administrator })
		user, h, secret := s.paired("aisha")
		own := s.asked("aisha")
		h.say(h.request(), "yes", own.number())
		if own.press(typedThem); !own.signedIn() {
			t.Fatal("not signed in")
		}
		thief := s.asked("aisha")
		request, number := h.request(), thief.number()
		s.clock.Advance(2 * time.Minute) // a late no is a no
		if got := h.say(request, "no", ""); got.State != "stopped" {
			t.Fatalf("no gives %+v", got)
		}
		if thief.press(typedThem); thief.signedIn() || own.signedIn() {
			t.Error("somebody is still signed in")
		}
		if len(s.events(audit.NotMe)) != 1 {
			t.Error("it was not recorded")
		}
		told := func(address, subject string) (n int) {
			for _, m := range s.to(address) {
				if m.Subject == subject {
					n++
				}
			}
			return n
		}
		if told(boss.Email, "Somebody said: this wasn’t me") != 1 || told(user.Email, "Your app said no to a sign-in") != 1 {
			t.Error("not everybody was told")
		}
		// The app is stopped at once, until a code that is typed from it shows whose hands it is in. Nothing can be changed.
		for _, got := range []told2{{h.waiting(), 403}, {h.say(request, "yes", number), 403}, {h.leave(), 403}} {
			if got.Status != got.want || got.Error != "stopped" {
				t.Errorf("a stopped app gets %+v", got.told)
			}
		}
		b := s.browser().password("aisha", passphrase).sees("We can’t ask your app now")
		b.fill("Verify", "one-time-code", appCode(s, secret))
		if got := h.waiting(); !b.signedIn() || got.Status != 200 {
			t.Errorf("after a code: %+v", got)
		}
		if got := h.leave(); got.Status != 403 {
			t.Errorf("a frozen person's app leaves: %+v", got)
		}
		if got := s.asked("aisha"); got.signedIn() {
			t.Error("signed in by nothing")
		}
	})
}

type told2 struct {
	told
	want int
}

// T47, T91: what is taken away ends the app at once.
func TestWhatEndsAnApp(t *testing.T) {
	each(t, func(s *site) {
		ends := map[string]func(user directory.User){
			"removed": func(user directory.User) {
				s.tx(func(tx *db.Tx) error { return signin.DeleteMethods(tx, user.ID, signin.Authenticator) })
			},
			"disabled": func(user directory.User) {
				s.tx(func(tx *db.Tx) error { return directory.SetStatus(tx, audit.System, user.ID, directory.Disabled) })
			},
			"ended": func(user directory.User) {
				s.tx(func(tx *db.Tx) error { return directory.RaiseEpoch(tx, user.ID) })
			},
		}
		for name, end := range ends {
			user, h, _ := s.paired(name)
			b := s.asked(name)
			request, number := h.request(), b.number()
			end(user)
			want := map[string]int{"removed": 401}[name]
			if want == 0 {
				want = 403
			}
			for _, got := range []told{h.waiting(), h.say(request, "yes", number), h.subscribe(nil), h.leave()} {
				if got.Status != want {
					t.Errorf("%s: the app gets %+v", name, got)
				}
			}
			if b.press(typedThem); b.signedIn() {
				t.Errorf("%s: signed in", name)
			}
		}
	})
}

// The app lets go: codes go on, and the person is told.
func TestAnAppLetsGo(t *testing.T) {
	each(t, func(s *site) {
		user, h, secret := s.paired("aisha")
		if got := h.leave(); got.Status != 200 {
			t.Fatalf("leaving gives %+v", got)
		}
		if got := h.waiting(); got.Status != 401 {
			t.Errorf("afterwards %+v", got)
		}
		b := s.browser().password("aisha", passphrase).sees("Enter the code from your app").notSees("Ask my app", "Problem")
		if b.fill("Verify", "one-time-code", appCode(s, secret)); !b.signedIn() {
			t.Error("codes do not go on")
		}
		if len(s.events(audit.DeviceLeft)) != 1 || s.to(user.Email)[0].Subject == "" {
			t.Error("not recorded or not told")
		}
		if !slices.ContainsFunc(subjects(s, user), func(subject string) bool { return subject == "Your app stopped saying yes to sign-ins" }) {
			t.Errorf("told: %v", subjects(s, user))
		}
	})
}

func subjects(s *site, user directory.User) (all []string) {
	for _, m := range s.to(user.Email) {
		all = append(all, m.Subject)
	}
	return all
}

// A pairing is good for one app, while its page is open. A second app ends the set-up, because one of the two may be a thief's.
func TestAPairingIsGoodOnce(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase).press("Use an authenticator app instead").press("Woggle Authenticator")
		secret, token := secretOn(t, b), b.pairing()
		h, thief := s.handheld(), s.handheld()
		for i := range len(token) {
			changed := token[:i] + string('A'+(token[i]+1)%26) + token[i+1:]
			if changed == token {
				continue
			}
			if got := h.register(changed); got.Status != 403 || got.Error != "token" {
				t.Fatalf("a token changed at %d gives %+v", i, got)
			}
		}
		for _, odd := range []string{"", token[:42], token + "A", token + "=", strings.Repeat("x", 5000)} {
			if got := h.register(odd); got.Status != 403 {
				t.Errorf("the token %.60q gives %+v", odd, got)
			}
		}
		if got := h.register(strings.Repeat("x", 9000)); got.Status != 413 {
			t.Errorf("a large body gives %+v", got)
		}
		for range 2 { // the first answer may be lost
			if got := h.register(token); got.Status != 200 {
				t.Fatalf("pairing gives %+v", got)
			}
		}
		if got := thief.register(token); got.Status != 409 || got.Error != "twice" {
			t.Errorf("a second app gets %+v", got)
		}
		b.press("Next").sees("was scanned by two apps", "Which app do you want to use?")
		if got := h.register(token); got.Status != 410 {
			t.Errorf("afterwards the first app gets %+v", got)
		}
		if len(s.events(audit.PairingRefused)) != 1 {
			t.Error("it was not recorded")
		}
		// Another secret and another token.
		b.press("Woggle Authenticator")
		if b.pairing() == token || slices.Equal(secretOn(t, b), secret) {
			t.Fatal("the secret that somebody else may have is shown again")
		}
		secret, token = secretOn(t, b), b.pairing()
		if got := h.register(token); got.Status != 200 {
			t.Fatalf("pairing anew gives %+v", got)
		}
		b.press("Next").fill("Verify", "one-time-code", appCode(s, secret)).sees("You’re all set")
		// Afterwards it is worth nothing, and the person hears of it, once.
		for range 3 {
			if got := thief.register(token); got.Status != 409 {
				t.Errorf("a second app gets %+v", got)
			}
		}
		count := 0
		for _, subject := range subjects(s, user) {
			if subject == "Somebody scanned the picture of your app again" {
				count++
			}
		}
		if got := h.waiting(); count != 1 || got.Status != 200 {
			t.Errorf("told %d times; the app gets %+v", count, got)
		}
		if n := s.count("SELECT count(*) FROM authenticator_devices"); n != 1 {
			t.Errorf("%d devices", n)
		}
	})
}

// A pairing dies with its set-up, and one that was not followed by a code is worth nothing.
func TestAPairingWithoutACode(t *testing.T) {
	each(t, func(s *site) {
		user := s.member("aisha", firstUse)
		b := s.browser().password("aisha", passphrase).press("Use an authenticator app instead").press("Woggle Authenticator")
		token, h := b.pairing(), s.handheld()
		s.clock.Advance(10 * time.Minute)
		if got := h.register(token); got.Status != 410 || got.Error != "late" {
			t.Errorf("after ten minutes %+v", got)
		}
		b.open("/signin").password("aisha", passphrase).press("Use an authenticator app instead").press("Woggle Authenticator")
		h.register(b.pairing())
		b.open("/signin").password("aisha", passphrase).press("Use an authenticator app instead").press("Another app")
		secret := secretOn(t, b)
		b.press("Next").fill("Verify", "one-time-code", appCode(s, secret)).sees("You’re all set")
		if got := h.waiting(); got.Error != "unready" {
			t.Errorf("an app of another set-up gets %+v", got)
		}
		if n := s.count("SELECT count(*) FROM methods WHERE user_id = $1 AND lookup <> ''", user.ID); n != 0 {
			t.Error("an app of another set-up was bound")
		}
		// Whoever was faster with our app is not the app of somebody who uses another one.
		s.member("bryn", firstUse)
		b.open("/signin").press("Sign out").password("bryn", passphrase).press("Use an authenticator app instead").press("Woggle Authenticator")
		thief := s.handheld()
		thief.register(b.pairing())
		secret = secretOn(t, b)
		b.press("I want to use another app").press("Next").notSees("is connected").fill("Verify", "one-time-code", appCode(s, secret)).sees("You’re all set")
		if got := thief.waiting(); got.Error != "unready" {
			t.Errorf("a faster app gets %+v", got)
		}
		s.clock.Advance(25 * time.Hour)
		s.tx(authenticator.Sweep)
		if n := s.count("SELECT count(*) FROM authenticator_devices"); n != 0 {
			t.Errorf("%d devices are left", n)
		}
	})
}

// RFC 9449 section 4.3: a proof is for one request, one time, one key.
func TestProofsOfApps(t *testing.T) {
	each(t, func(s *site) {
		_, h, _ := s.paired("aisha")
		_, other, _ := s.paired("bryn")
		b := s.asked("aisha")
		request, number := h.request(), b.number()
		path := h.address()

		if got := h.send(h.proof, "GET", path, "", nil); got.Status != 401 || got.Error != "proof" {
			t.Errorf("a proof shown again gives %+v", got)
		}
		proof := h.prove("GET", path, nil)
		if got := h.send(proof, "POST", path+"/"+request, "", nil); got.Status != 401 {
			t.Errorf("a proof for another request gives %+v", got)
		}
		for name, bad := range map[string]string{"none": "", "words": "nonsense", "cut": proof[:len(proof)-8], "altered": alter(proof), "two": proof + "." + proof} {
			if got := h.send(bad, "GET", path, "", nil); got.Status != 401 {
				t.Errorf("%s gives %+v", name, got)
			}
		}
		if got := h.send(other.prove("GET", path, nil), "GET", path, "", nil); got.Status != 401 || got.Error != "unknown" {
			t.Errorf("another person's app gets %+v", got)
		}
		if got := other.say(request, "yes", number); got.Status != 404 || len(other.waiting().Requests) != 0 {
			t.Errorf("another person's app answers: %+v", got)
		}
		if got := other.say(request, "no", ""); got.Status != 404 || len(s.events(audit.NotMe)) != 0 {
			t.Errorf("another person's app freezes: %+v", got)
		}
		small, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(claims map[string]any, head map[jose.HeaderKey]any){
			"another type": func(_ map[string]any, head map[jose.HeaderKey]any) { head[jose.HeaderType] = "JWT" },
			"no type":      func(_ map[string]any, head map[jose.HeaderKey]any) { delete(head, jose.HeaderType) },
			"no key":       func(_ map[string]any, head map[jose.HeaderKey]any) { delete(head, "jwk") },
			"another's key": func(_ map[string]any, head map[jose.HeaderKey]any) {
				head["jwk"] = jose.JSONWebKey{Key: other.key.Public()}
			},
			"a private key": func(_ map[string]any, head map[jose.HeaderKey]any) { head["jwk"] = jose.JSONWebKey{Key: h.key} },
			"another curve": func(_ map[string]any, head map[jose.HeaderKey]any) {
				head["jwk"] = jose.JSONWebKey{Key: small.Public()}
			},
			"RSA": func(_ map[string]any, head map[jose.HeaderKey]any) {
				head["jwk"] = jose.JSONWebKey{Key: rsaKey.Public()}
			},
			"a shared secret": func(_ map[string]any, head map[jose.HeaderKey]any) {
				head["jwk"] = jose.JSONWebKey{Key: []byte("secret")}
			},
			"another method":  func(claims map[string]any, _ map[jose.HeaderKey]any) { claims["htm"] = "POST" },
			"another address": func(claims map[string]any, _ map[jose.HeaderKey]any) { claims["htu"] = "https://other.example" + path },
			"with its query": func(claims map[string]any, _ map[jose.HeaderKey]any) {
				claims["htu"] = claims["htu"].(string) + "?wait=1"
			},
			"no id":             func(claims map[string]any, _ map[jose.HeaderKey]any) { delete(claims, "jti") },
			"a short id":        func(claims map[string]any, _ map[jose.HeaderKey]any) { claims["jti"] = "1" },
			"a long id":         func(claims map[string]any, _ map[jose.HeaderKey]any) { claims["jti"] = strings.Repeat("x", 65) },
			"an old proof":      func(claims map[string]any, _ map[jose.HeaderKey]any) { claims["iat"] = s.clock.Now().Unix() - 121 },
			"one of the future": func(claims map[string]any, _ map[jose.HeaderKey]any) { claims["iat"] = s.clock.Now().Unix() + 122 },
			"no time":           func(claims map[string]any, _ map[jose.HeaderKey]any) { delete(claims, "iat") },
			"words for a time":  func(claims map[string]any, _ map[jose.HeaderKey]any) { claims["iat"] = "now" },
		} {
			h.change = change
			if got := h.waiting(); got.Status != 401 {
				t.Errorf("%s gives %+v", name, got)
			}
		}
		h.change = nil
		// A proof of a moment ago is spent for as long as it could be shown.
		h.change = func(claims map[string]any, _ map[jose.HeaderKey]any) { claims["iat"] = s.clock.Now().Unix() + 119 }
		if got := h.waiting(); got.Status != 200 {
			t.Fatalf("a clock that is a little ahead gives %+v", got)
		}
		h.change = nil
		s.clock.Advance(238 * time.Second)
		s.tx(authenticator.Sweep)
		if got := h.send(h.proof, "GET", path, "", nil); got.Status != 401 || got.Error != "proof" {
			t.Errorf("after the sweeping it is %+v", got)
		}
	})
}

func alter(proof string) string {
	parts := strings.Split(proof, ".")
	parts[1] = parts[1][:10] + string('A'+(parts[1][10]+1)%26) + parts[1][11:]
	return strings.Join(parts, ".")
}

// Another site's script gets nothing, whatever it sends.
func TestAppsAreAskedFromOurOwnSite(t *testing.T) {
	each(t, func(s *site) {
		for _, row := range []struct{ method, path string }{{"GET", "/authenticator/api/push"}, {"POST", devices}, {"DELETE", devices + "/x"}} {
			r, err := http.NewRequest(row.method, s.nodes[0].web.URL+row.path, strings.NewReader("{}"))
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Sec-Fetch-Site", "cross-site")
			answer, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if answer.StatusCode != 403 || answer.Header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s %s: %d", row.method, row.path, answer.StatusCode)
			}
		}
	})
}

// T16: of many answers at once, on two nodes, one counts; of many pages that go on, one signs in.
func TestAnswersUnderRaces(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		_, h, _ := s.paired("aisha")
		b := s.asked("aisha")
		number, request := b.number(), h.request()
		far := *h
		far.node = 1
		var mu sync.Mutex
		states := map[string]int{}
		var wait sync.WaitGroup
		for i := range 12 {
			say, phone := number, *h
			if i%2 == 1 {
				phone = far
			}
			if i%3 == 2 {
				say = notThose(number)
			}
			wait.Go(func() {
				got := phone.say(request, "yes", say)
				mu.Lock()
				defer mu.Unlock()
				states[got.State]++
			})
		}
		wait.Wait()
		if states["right"]+states["wrong"] != 1 || states["over"] != 11 || len(s.events(audit.WrongCode)) != states["wrong"] {
			t.Fatalf("the answers were %v", states)
		}
		if states["right"] == 0 {
			b.press(typedThem).press("Ask my app again")
			h.say(h.request(), "yes", b.number())
		}
		form, err := b.page.Form("/signin/authenticator/approved")
		if err != nil {
			t.Fatal(err)
		}
		if got := s.parallel(b, 20, form.Action, form.Values); got != 1 {
			t.Errorf("%d sessions came of one approval", got)
		}
	})
}

// T06, T33: no form approves, and nobody is asked before the password was right.
func TestNothingApprovesButTheApp(t *testing.T) {
	each(t, func(s *site) {
		_, h, _ := s.paired("aisha")
		s.browser().password("aisha", "not the password at all")
		if len(h.waiting().Requests) != 0 {
			t.Fatal("a stranger without the password has the app asked")
		}
		b := s.asked("aisha")
		form, err := b.page.Form("/signin/authenticator/approved")
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{"/signin/authenticator/approved", "/signin/authenticator", "/signin/authenticator/again"} {
			values := url.Values{"a": form.Values["a"], "t": form.Values["t"], "code": {b.number()}, "answer": {"right"}, "state": {"right"}, "number": {b.number()}}
			if _, err := b.Post(path, values); err != nil {
				t.Fatal(err)
			}
			b.open("/signin?a=" + form.Values.Get("a")).sees("Say yes in your app")
		}
		// Another browser with the attempt's id learns nothing.
		if got := s.browser().state(b.watches()); got != "over" {
			t.Errorf("another browser is told %q", got)
		}
	})
}

// The open app hears of a sign-in while it waits, and of its own end.
func TestAnOpenAppHearsOfIt(t *testing.T) {
	d, clock := dbtest.Open(t)
	s := newSite(t, d, clock, 1)
	user, h, _ := s.paired("aisha")
	answers := make(chan told, 3)
	hold := func() {
		proof := h.prove("GET", h.address(), nil)
		go func() { answers <- h.send(proof, "GET", h.address(), "?wait=25", nil) }()
	}
	begun := time.Now()
	hold()
	b := s.asked("aisha")
	if got := <-answers; got.Status != 200 || len(got.Requests) != 1 || time.Since(begun) > 20*time.Second {
		t.Fatalf("the app hears %+v after %s", got, time.Since(begun))
	}
	h.say(h.request(), "yes", b.number())
	// Two are held open for one app; one more is answered at once.
	for range 3 {
		hold()
	}
	if got := <-answers; got.Status != 200 || len(got.Requests) != 0 {
		t.Errorf("one more than are held open hears %+v", got)
	}
	s.tx(func(tx *db.Tx) error { return directory.RaiseEpoch(tx, user.ID) })
	for range 2 {
		if got := <-answers; got.Status != 403 {
			t.Errorf("when all ends the app hears %+v", got)
		}
	}
}
