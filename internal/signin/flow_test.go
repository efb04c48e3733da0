package signin

import (
	"slices"
	"testing"
	"time"

	"woggle/internal/directory"
	"woggle/internal/session"
)

var now = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

func proof(kind Kind, change ...func(*session.Proof)) session.Proof {
	p := session.Proof{Kind: string(kind), At: now.Add(-time.Minute)}
	switch kind {
	case Password, AccessPass:
		p.Factor = session.Knowledge
	case Outside:
		p.Factor = session.Knowledge
	case Passkey, Phone, Authenticator, Recovery:
		p.Factor = session.Possession
	}
	for _, c := range change {
		c(&p)
	}
	return p
}

// atMicrosoft is an attempt that Microsoft waits for.
func atMicrosoft(person *Person, proofs ...session.Proof) Attempt {
	return Attempt{Typed: "x", Person: person, Proofs: proofs, Elsewhere: &Elsewhere{By: "Microsoft", Until: now.Add(time.Millisecond)}}
}

func firstUse(p *session.Proof) { p.FirstUse = true }
func justNow(p *session.Proof)  { p.At = now }
func verified(p *session.Proof) { p.Verified = true }
func longAgo(p *session.Proof)  { p.At = now.Add(-11 * time.Minute) }

var (
	phone    = Enrolled{ID: "p", Kind: Phone}
	landline = Enrolled{ID: "l", Kind: Phone, Preferred: true}
	app      = Enrolled{ID: "a", Kind: Authenticator}
	key      = Enrolled{ID: "k", Kind: Passkey}
	codes10  = Enrolled{ID: "r", Kind: Recovery}
	dead     = Enrolled{ID: "d", Kind: Phone, DisabledAt: now}
	password = Enrolled{ID: "w", Kind: Password}
	pass     = Enrolled{ID: "t", Kind: AccessPass}
	alone    = Enrolled{ID: "t", Kind: AccessPass, Data: PassData(PassTerms{Alone: true})}
	waiting  = Enrolled{ID: "n", Kind: NextPassword, StartsAt: now.Add(time.Hour)}
	signIn   = Need{Level: session.Multi, Offer: []Kind{Phone, Authenticator}, Details: true}
	second   = Need{Level: session.Multi, Methods: []Kind{Phone, Authenticator}}
	onlyApp  = Need{Level: session.Multi, Methods: []Kind{Authenticator}, Offer: []Kind{Phone, Authenticator}}
	anew     = Need{Level: session.Multi, Since: now, Offer: []Kind{Phone, Authenticator}}
	onlyKey  = Need{Level: session.Multi, Fresh: 10 * time.Minute, Methods: []Kind{Passkey}, Offer: []Kind{Phone, Passkey}}
	change   = Need{Level: session.Multi, Fresh: 10 * time.Minute, Offer: []Kind{Phone, Authenticator}}
)

// Each row is one rule of the flow, told as somebody arriving.
func TestNext(t *testing.T) {
	active := Person{Status: directory.Active}
	nudged := Person{Status: directory.Active, Nudge: []Kind{Passkey, Authenticator}}
	noPhones, strongestOnly := Policy{Allowed: []Kind{Authenticator, Passkey}}, Policy{Strongest: true}
	for _, c := range []struct {
		story    string
		attempt  Attempt
		need     Need
		enrolled []Enrolled
		want     string // kind, then what it asks, then the target or the reason
	}{
		{"nobody has said who they are", Attempt{}, signIn, nil, "identify"},
		{"a name that nobody has is asked for a password", Attempt{Typed: "x"}, signIn, nil, "prove password"},
		{"so is a name that somebody has", Attempt{Typed: "x", Person: &active}, signIn, []Enrolled{password, phone}, "prove password"},
		{"a proof without a person is worth nothing", Attempt{Typed: "x", Proofs: []session.Proof{proof(Password)}}, signIn, nil, "prove password"},
		{"a disabled person with the wrong password learns nothing", Attempt{Typed: "x", Person: &Person{Status: directory.Disabled}}, signIn, nil, "prove password"},
		{"a disabled person with the right one is told", Attempt{Typed: "x", Person: &Person{Status: directory.Disabled}, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone}, "refuse disabled"},
		{"so is a locked one", Attempt{Typed: "x", Person: &Person{Status: directory.Locked}, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone}, "refuse locked"},

		{"a first-use password may add the first method", Attempt{Typed: "x", Person: &Person{Status: directory.Active, FirstUse: true}, Proofs: []session.Proof{proof(Password, firstUse)}}, signIn, []Enrolled{password}, "enrol phone"},
		{"the app can be chosen instead", Attempt{Typed: "x", Enrols: Authenticator, Person: &Person{Status: directory.Active, FirstUse: true}, Proofs: []session.Proof{proof(Password, firstUse)}}, signIn, []Enrolled{password}, "enrol authenticator"},
		{"what is not offered can't be chosen", Attempt{Typed: "x", Enrols: AccessPass, Person: &Person{Status: directory.Active, FirstUse: true}, Proofs: []session.Proof{proof(Password, firstUse)}}, signIn, []Enrolled{password}, "enrol phone"},
		{"a first-use password whose time is over may not", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password, firstUse)}}, signIn, []Enrolled{password}, "refuse needs-pass"},
		{"an older password alone adds nothing", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password}, "refuse needs-pass"},
		{"an older password with an address on record: a code is mailed", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Mail: true}, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password}, "prove mail"},
		{"that code and the password are enough", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Mail: true}, Proofs: []session.Proof{proof(Password), proof(Mail)}}, signIn, []Enrolled{password}, "enrol phone"},
		{"an access pass adds a method", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{pass}, "enrol phone"},
		{"nothing can be set up while changes are frozen", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Frozen: true}, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{pass}, "refuse frozen"},
		{"nothing is offered: a pass does not help", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, Need{Level: session.Multi}, nil, "refuse needs-pass"},

		{"the strongest method is asked first", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone, app}, "prove authenticator a"},
		{"but the default before it", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone, app, landline}, "prove phone l"},
		{"another way may be picked", Attempt{Typed: "x", Chosen: "p", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone, app}, "prove phone p"},
		{"but not one of somebody else", Attempt{Typed: "x", Chosen: "zz", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone}, "prove phone p"},
		{"nor a disabled one", Attempt{Typed: "x", Chosen: "d", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone, dead}, "prove phone p"},
		{"a person whose only method is disabled needs a pass", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, dead}, "refuse needs-pass"},
		{"who has methods and a pass proves a method", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, phone, pass}, "prove phone p"},
		{"unless all are lost", Attempt{Typed: "x", Lost: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, phone, pass}, "enrol phone"},
		{"what was set up after the pass was given is not passed by", Attempt{Typed: "x", Lost: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, phone, pass, {ID: "n", Kind: Authenticator, CreatedAt: now}}, "prove authenticator n"},
		{"nor where an older passkey is all that the policy would ask for", Attempt{Typed: "x", Lost: true, Policy: strongestOnly, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, key, pass, {ID: "n", Kind: Phone, CreatedAt: now}}, "prove phone n"},
		{"nor where an app takes nothing but that", Attempt{Typed: "x", Lost: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, onlyKey, []Enrolled{password, key, pass, {ID: "n", Kind: Phone, CreatedAt: now}}, "prove phone n"},
		{"nor when wrong codes have stopped it", Attempt{Typed: "x", Lost: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, pass, {ID: "n", Kind: Phone, CreatedAt: now, DisabledAt: now}}, "refuse needs-pass"},
		{"the pass of one helper alone passes nothing by", Attempt{Typed: "x", Lost: true, Alone: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, phone, alone}, "prove phone p"},
		{"though the attempt forgot whose it was", Attempt{Typed: "x", Lost: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, phone, alone}, "prove phone p"},
		{"nor does it set up another where the one that there is was stopped", Attempt{Typed: "x", Alone: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, dead, alone}, "refuse needs-pass"},
		{"but it does where there is none", Attempt{Typed: "x", Alone: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, alone}, "enrol phone"},
		{"and cuts no wait short", Attempt{Typed: "x", Alone: true, Person: &Person{Status: directory.Active, Waiting: true}, Proofs: []session.Proof{proof(AccessPass), proof(Phone)}}, signIn, []Enrolled{password, phone, waiting}, "done"},
		{"which a password alone can't claim", Attempt{Typed: "x", Lost: true, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone}, "prove phone p"},
		{"an app takes only an authenticator: that is asked, whatever the default", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, onlyApp, []Enrolled{password, app, landline}, "prove authenticator a"},
		{"who has proved a phone proves the authenticator as well", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, onlyApp, []Enrolled{password, app, landline}, "prove authenticator a"},
		{"who has none sets one up, having proved the phone a moment ago", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, onlyApp, []Enrolled{password, phone}, "enrol authenticator"},
		{"but not long ago", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone, longAgo)}}, onlyApp, []Enrolled{password, phone}, "prove phone p"},
		{"a new person sets up what the app takes", Attempt{Typed: "x", Person: &Person{Status: directory.Active, FirstUse: true}, Proofs: []session.Proof{proof(Password, firstUse)}}, onlyApp, []Enrolled{password}, "enrol authenticator"},
		{"what cannot be set up here is refused", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, Need{Level: session.Multi, Methods: []Kind{Authenticator}, Offer: []Kind{Phone}}, []Enrolled{password, phone}, "refuse methods"},
		{"nothing is set up in a frozen account for an app either", Attempt{Typed: "x", Session: "s", Person: &Person{Status: directory.Active, Frozen: true}, Proofs: []session.Proof{proof(Password), proof(Phone)}}, onlyApp, []Enrolled{password, phone}, "refuse frozen"},
		{"an app asks for a new sign-in: the password first", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, anew, []Enrolled{password, phone}, "prove password"},
		{"then the phone", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password, justNow), proof(Phone)}}, anew, []Enrolled{password, phone}, "prove phone p"},
		{"and both are enough", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password, justNow), proof(Phone, justNow)}}, anew, []Enrolled{password, phone}, "done"},

		{"a first-use password never bypasses a method", Attempt{Typed: "x", Person: &Person{Status: directory.Active, FirstUse: true}, Proofs: []session.Proof{proof(Password, firstUse)}}, signIn, []Enrolled{password, phone}, "prove phone p"},

		{"a passkey that checked its holder is both proofs", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Passkey, verified)}}, signIn, []Enrolled{password, key}, "done"},
		{"one that did not is only a second", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Passkey)}}, signIn, []Enrolled{password, key}, "prove password"},
		{"a changed passkey's check is as old as its proof", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Passkey, verified)}}, anew, []Enrolled{password, key}, "prove password"},
		{"a disabled person with a passkey is told", Attempt{Typed: "x", Person: &Person{Status: directory.Disabled}, Proofs: []session.Proof{proof(Passkey, verified)}}, signIn, []Enrolled{key}, "refuse disabled"},
		{"a passkey is asked before the app", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, app, key}, "prove passkey k"},
		{"recovery codes are asked last", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, codes10, phone}, "prove phone p"},
		{"even where somebody preferred them", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, {ID: "r", Kind: Recovery, Preferred: true}, phone}, "prove phone p"},
		{"and asked where nothing else is left", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, codes10, dead}, "prove recovery r"},

		{"the organisation's order holds where nobody chose", Attempt{Typed: "x", Policy: Policy{Order: []Kind{Phone}}, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, app, phone}, "prove phone p"},
		{"but not before what somebody chose", Attempt{Typed: "x", Policy: Policy{Order: []Kind{Authenticator}}, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, app, landline}, "prove phone l"},
		{"only what is allowed is asked", Attempt{Typed: "x", Policy: noPhones, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, app, landline}, "prove authenticator a"},
		{"what is not allowed any more proves nothing", Attempt{Typed: "x", Policy: noPhones, Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone, longAgo)}}, signIn, []Enrolled{password, app, landline}, "prove authenticator a"},
		{"who has nothing that is allowed proves what they have", Attempt{Typed: "x", Policy: noPhones, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone}, "prove phone p"},
		{"and then sets up what is", Attempt{Typed: "x", Policy: noPhones, Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "enrol authenticator"},
		{"a new person is offered what is allowed", Attempt{Typed: "x", Policy: noPhones, Person: &Person{Status: directory.Active, FirstUse: true}, Proofs: []session.Proof{proof(Password, firstUse)}}, signIn, []Enrolled{password}, "enrol authenticator"},
		{"an app that takes only what is not allowed takes nobody", Attempt{Typed: "x", Policy: noPhones, Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, Need{Level: session.Multi, Methods: []Kind{Phone}}, []Enrolled{password, phone}, "refuse methods"},
		{"T52: a pass is no passkey", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(AccessPass), proof(Phone)}}, onlyKey, []Enrolled{password, phone, key}, "prove passkey k"},
		{"T52: nor is a phone, though it was proved just now", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, onlyKey, []Enrolled{password, phone, key}, "prove passkey k"},
		{"T52: a passkey that is ten minutes old is asked again", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone), proof(Passkey, longAgo)}}, onlyKey, []Enrolled{password, phone, key}, "prove passkey k"},
		{"T52: a fresh one will do", Attempt{Typed: "x", Session: "s", Person: &active, Proofs: []session.Proof{proof(Password), proof(Passkey)}}, onlyKey, []Enrolled{password, phone, key}, "done"},
		{"a strange browser is asked for the passkey", Attempt{Typed: "x", Policy: strongestOnly, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, landline, key}, "prove passkey k"},
		{"and cannot pick the phone", Attempt{Typed: "x", Chosen: "l", Policy: strongestOnly, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, landline, key}, "prove passkey k"},
		{"their own can", Attempt{Typed: "x", Known: "d", Policy: strongestOnly, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, landline, key}, "prove phone l"},
		{"who has no passkey is asked as ever", Attempt{Typed: "x", Policy: strongestOnly, Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, landline}, "prove phone l"},
		{"a pass gets past a lost passkey", Attempt{Typed: "x", Lost: true, Policy: strongestOnly, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, signIn, []Enrolled{password, key}, "enrol phone"},

		{"another way in is suggested before the end", Attempt{Typed: "x", Person: &nudged, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "nudge"},
		{"after the details", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Missing: true, Nudge: []Kind{Passkey}}, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "details"},
		{"not when it was put off", Attempt{Typed: "x", Later: true, Person: &nudged, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "done"},
		{"nor when something was set up on the way", Attempt{Typed: "x", Added: []Added{{Kind: Phone}}, Person: &nudged, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "done"},
		{"nor in a step-up", Attempt{Typed: "x", Session: "s", Person: &nudged, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "done"},
		{"nor in a frozen account", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Frozen: true, Nudge: []Kind{Passkey}}, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "done"},
		{"what was picked is set up", Attempt{Typed: "x", Nudged: Authenticator, Person: &nudged, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "enrol authenticator"},
		{"and then it is done", Attempt{Typed: "x", Nudged: Authenticator, Added: []Added{{Kind: Authenticator}}, Person: &nudged, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone, app}, "done"},

		{"both proofs: done", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "done"},
		{"details that are missing come before", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Missing: true}, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "details"},
		{"but only after the proofs", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Missing: true}, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, phone}, "prove phone p"},
		{"who has no password chooses one", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(AccessPass), proof(Phone)}}, signIn, []Enrolled{phone}, "enrol password"},

		{"a link alone is no sign-in", Attempt{Typed: "x", Recover: true, Person: &active, Proofs: []session.Proof{proof(MailLink)}}, signIn, []Enrolled{password, phone}, "prove phone p"},
		{"nor does it add a first method", Attempt{Typed: "x", Recover: true, Person: &Person{Status: directory.Active, Mail: true, FirstUse: true}, Proofs: []session.Proof{proof(MailLink)}}, signIn, []Enrolled{password}, "refuse needs-pass"},
		{"with the second step a new password is chosen", Attempt{Typed: "x", Recover: true, Person: &active, Proofs: []session.Proof{proof(MailLink), proof(Phone)}}, signIn, []Enrolled{password, phone}, "enrol password"},
		{"a number that is a day old at most does not recover", Attempt{Typed: "x", Recover: true, Person: &active, Proofs: []session.Proof{proof(MailLink)}}, signIn, []Enrolled{password, {ID: "n", Kind: Phone, StartsAt: now.Add(time.Second)}}, "refuse needs-pass"},
		{"though it does sign in", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password)}}, signIn, []Enrolled{password, {ID: "n", Kind: Phone, StartsAt: now.Add(time.Second)}}, "prove phone n"},
		{"a mailbox and a phone alone: the new password works tomorrow", Attempt{Typed: "x", Recover: true, Added: []Added{{Kind: Password}}, Person: &active, Proofs: []session.Proof{proof(MailLink), proof(Phone)}}, signIn, []Enrolled{password, phone, waiting}, "refuse held"},
		{"also for somebody who had none", Attempt{Typed: "x", Recover: true, Added: []Added{{Kind: Password}}, Person: &active, Proofs: []session.Proof{proof(MailLink), proof(Phone)}}, signIn, []Enrolled{phone, waiting}, "refuse held"},
		{"with an app it is a sign-in", Attempt{Typed: "x", Recover: true, Added: []Added{{Kind: Password}}, Person: &active, Proofs: []session.Proof{proof(MailLink), proof(Authenticator), proof(Password)}}, signIn, []Enrolled{password, app}, "done"},
		{"with a code on paper as well", Attempt{Typed: "x", Recover: true, Added: []Added{{Kind: Password}}, Person: &active, Proofs: []session.Proof{proof(MailLink), proof(Phone), proof(Recovery), proof(Password)}}, signIn, []Enrolled{password, phone, codes10}, "done"},
		{"what works at once is asked before a phone, whatever the default", Attempt{Typed: "x", Recover: true, Person: &active, Proofs: []session.Proof{proof(MailLink)}}, signIn, []Enrolled{password, landline, codes10, app}, "prove authenticator a"},
		{"but a phone before what runs out", Attempt{Typed: "x", Recover: true, Person: &active, Proofs: []session.Proof{proof(MailLink)}}, signIn, []Enrolled{password, phone, codes10}, "prove phone p"},
		{"where the policy takes no phone, a mailbox and a phone alone set nothing up that would make the password work at once", Attempt{Typed: "x", Recover: true, Policy: noPhones, Person: &active, Proofs: []session.Proof{proof(MailLink), proof(Phone)}}, signIn, []Enrolled{password, phone}, "enrol password"},
		{"and the password waits there as well", Attempt{Typed: "x", Recover: true, Policy: noPhones, Added: []Added{{Kind: Password}}, Person: &active, Proofs: []session.Proof{proof(MailLink), proof(Phone)}}, signIn, []Enrolled{password, phone, waiting}, "refuse held"},
		{"a pass cuts the wait short: the password is chosen again", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Waiting: true}, Proofs: []session.Proof{proof(AccessPass), proof(Phone)}}, signIn, []Enrolled{password, phone, waiting}, "enrol password"},
		{"a password that waits proves nothing and asks for nothing", Attempt{Typed: "x", Person: &Person{Status: directory.Active, Waiting: true}, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone, waiting}, "done"},
		{"who came in with a pass forgot the password too, and chooses one at once", Attempt{Typed: "x", Session: "s", Recover: true, Person: &active, Proofs: []session.Proof{proof(AccessPass), proof(Phone)}}, change, []Enrolled{password, phone}, "enrol password"},
		{"a link proof outside a recovery counts for nothing", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(MailLink), proof(Phone)}}, signIn, []Enrolled{password, phone}, "prove password"},

		{"a change wants a recent proof", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone, longAgo)}}, change, []Enrolled{password, phone}, "prove phone p"},
		{"which a recent sign-in is", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, change, []Enrolled{password, phone}, "done"},
		{"then the new method is set up", Attempt{Typed: "x", Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, Need{Level: session.Multi, Fresh: 10 * time.Minute, Enrol: Authenticator}, []Enrolled{password, phone}, "enrol authenticator"},
		{"and no other", Attempt{Typed: "x", Enrols: Phone, Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, Need{Level: session.Multi, Fresh: 10 * time.Minute, Enrol: Authenticator, Offer: []Kind{Phone}}, []Enrolled{password, phone}, "enrol authenticator"},

		{"15 minutes of nothing end it", Attempt{Typed: "x", TouchedAt: now.Add(-15*time.Minute - time.Millisecond), Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "refuse idle"},
		{"an hour ends it however busy", Attempt{Typed: "x", CreatedAt: now.Add(-time.Hour - time.Millisecond), Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "refuse idle"},
		{"the pass that a session began with passes nothing by", Attempt{Typed: "x", Session: "s", Lost: true, Person: &active, Proofs: []session.Proof{proof(AccessPass), proof(Phone, longAgo)}}, change, []Enrolled{password, phone}, "prove phone p"},
		{"nor does it add a method where none is left", Attempt{Typed: "x", Session: "s", Lost: true, Person: &active, Proofs: []session.Proof{proof(AccessPass)}}, change, []Enrolled{password}, "refuse needs-pass"},
		{"a sign-in elsewhere asks for no password", atMicrosoft(&active, proof(Outside)), second, []Enrolled{password, phone}, "prove phone p"},
		{"also of somebody who has none here", atMicrosoft(&active, proof(Outside)), second, []Enrolled{phone}, "prove phone p"},
		{"and when it is proved, for none to be chosen", atMicrosoft(&active, proof(Outside), proof(Phone)), second, []Enrolled{phone}, "done"},
		{"without the other site's word it is no sign-in", atMicrosoft(&active, proof(Phone)), second, []Enrolled{password, phone}, "prove password"},
		{"only what that site takes is asked", atMicrosoft(&active, proof(Outside)), Need{Level: session.Multi, Methods: []Kind{Authenticator}}, []Enrolled{password, landline, app}, "prove authenticator a"},
		{"what it does not take proves nothing", atMicrosoft(&active, proof(Outside), proof(Phone)), Need{Level: session.Multi, Methods: []Kind{Authenticator}}, []Enrolled{landline, app}, "prove authenticator a"},
		{"who has nothing that it takes is told", atMicrosoft(&active, proof(Outside)), Need{Level: session.Multi, Methods: []Kind{Authenticator}}, []Enrolled{password, phone}, "refuse no-method"},
		{"nothing is set up on its word alone", atMicrosoft(&Person{Status: directory.Active, FirstUse: true, Mail: true}, proof(Outside)), signIn, []Enrolled{password}, "refuse no-method"},
		{"nor with a pass that was proved before", atMicrosoft(&active, proof(Outside), proof(AccessPass)), signIn, []Enrolled{pass}, "refuse no-method"},
		{"a disabled method is none", atMicrosoft(&active, proof(Outside)), second, []Enrolled{dead}, "refuse no-method"},
		{"no detail is asked", atMicrosoft(&Person{Status: directory.Active, Missing: true}, proof(Outside), proof(Phone)), signIn, []Enrolled{phone}, "done"},
		{"who has no account any more is told", atMicrosoft(&Person{Status: directory.Disabled}, proof(Outside)), second, []Enrolled{phone}, "refuse disabled"},
		{"who is frozen may still sign in", atMicrosoft(&Person{Status: directory.Active, Frozen: true}, proof(Outside)), second, []Enrolled{phone}, "prove phone p"},
		{"where the policy wants the strongest, a strange browser is asked for nothing weaker", func() Attempt {
			a := atMicrosoft(&active, proof(Outside))
			a.Policy, a.Chosen = strongestOnly, "p"
			return a
		}(), Need{Level: session.Multi}, []Enrolled{phone, key}, "prove passkey k"},
		{"when nobody waits any more it is over", func() Attempt {
			a := atMicrosoft(&active, proof(Outside), proof(Phone))
			a.Elsewhere.Until = now
			return a
		}(), second, []Enrolled{phone}, "refuse late"},

		{"what is over stays over", Attempt{Typed: "x", Ended: ReasonWrong, Person: &active, Proofs: []session.Proof{proof(Password), proof(Phone)}}, signIn, []Enrolled{password, phone}, "refuse wrong"},
	} {
		t.Run(c.story, func(t *testing.T) {
			if c.attempt.TouchedAt.IsZero() {
				c.attempt.TouchedAt = now
			}
			if c.attempt.CreatedAt.IsZero() {
				c.attempt.CreatedAt = now.Add(-time.Minute)
			}
			if got := word(Next(c.attempt, c.need, c.enrolled, now)); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func word(s Step) string {
	text := string(s.Kind)
	if s.Ask != "" {
		text += " " + string(s.Ask)
	}
	if s.Target != nil {
		text += " " + s.Target.ID
	}
	if s.Reason != "" {
		text += " " + s.Reason
	}
	return text
}

// Every small state that can be written down is walked, reachable or not: done is never reached below the need, nobody
// who is not active arrives, and nothing is set up without a proof that is good enough.
func TestDoneIsNeverReachedBelowTheNeed(t *testing.T) {
	kinds := []session.Proof{proof(Password), proof(Password, firstUse), proof(AccessPass), proof(Phone), proof(Phone, longAgo),
		proof(Authenticator), proof(Passkey, verified), proof(Mail), proof(MailLink)}
	have := []Enrolled{password, phone, app, dead}
	needs := []Need{signIn, change, {Level: session.Multi, Fresh: 10 * time.Minute, Enrol: Phone}, {Level: session.Multi, Details: true}, onlyApp, anew}
	states := 0
	policies := []Policy{{}, {Allowed: []Kind{Authenticator, Passkey}, Strongest: true}}
	for flags := range 1 << 7 {
		on := func(bit int) bool { return flags&(1<<bit) != 0 }
		for _, status := range []directory.Status{directory.Active, directory.Locked, directory.Disabled} {
			person := &Person{Status: status, Frozen: on(0), FirstUse: on(1), Mail: on(2), Missing: on(3), Waiting: on(2)}
			if on(3) {
				person.Nudge = []Kind{Passkey}
			}
			for proved := range 1 << len(kinds) {
				for held := range 1 << len(have) {
					a := Attempt{Typed: "x", TouchedAt: now, CreatedAt: now, Person: person, Recover: on(4), Lost: on(5)}
					if on(6) {
						a.Added = []Added{{Kind: Password}, {Kind: Phone}}
					}
					for i, p := range kinds {
						if proved&(1<<i) != 0 {
							a.Proofs = append(a.Proofs, p)
						}
					}
					var enrolled []Enrolled
					for i, e := range have {
						if held&(1<<i) != 0 {
							enrolled = append(enrolled, e)
						}
					}
					if a.proved(AccessPass) && (proved+held)%2 == 0 {
						enrolled = append(enrolled, alone)
					}
					if a.proved(Passkey) { // which the person then has
						enrolled = append(enrolled, key)
					}
					for i, need := range needs {
						states++
						a.Policy = policies[(i+proved+held)%len(policies)] // half of the states each
						judge(t, a, need, enrolled)
						if t.Failed() {
							return
						}
					}
					if flags>>4 == 0 {
						states += judgeElsewhere(t, a, enrolled)
					}
				}
			}
		}
	}
	t.Logf("%d states", states)
}

// judgeElsewhere judges the state as one of a sign-in elsewhere, with that site's word and without it.
func judgeElsewhere(t *testing.T, a Attempt, enrolled []Enrolled) (states int) {
	a.Elsewhere = &Elsewhere{By: "Microsoft", Until: now.Add(time.Second)}
	without := a.Proofs
	for _, need := range []Need{second, {Level: session.Multi, Methods: []Kind{Authenticator}}, signIn} {
		for _, proofs := range [][]session.Proof{without, append([]session.Proof{proof(Outside)}, without...)} {
			states++
			a.Proofs = proofs
			judge(t, a, need, enrolled)
		}
	}
	return states
}

func judge(t *testing.T, a Attempt, need Need, enrolled []Enrolled) {
	step := Next(a, need, enrolled, now)
	if a.Elsewhere != nil && (step.Kind == Enrol || step.Kind == Details || step.Kind == Identify || step.Ask == Mail) {
		t.Errorf("another site's word is enough for %q: %+v need %+v enrolled %+v", word(step), a, need, enrolled)
	}
	takes := func(kind Kind) bool {
		return (len(need.Methods) == 0 || slices.Contains(need.Methods, kind)) && a.Policy.allows(kind)
	}
	problem := ""
	switch step.Kind {
	case Done:
		switch {
		case session.LevelOf(a.Proofs) < need.Level:
			problem = "done below the level"
		case need.Fresh > 0 && !session.Since(a.Proofs, session.Possession, now.Add(-need.Fresh)):
			problem = "done with a stale proof"
		case !slices.ContainsFunc(a.Proofs, func(p session.Proof) bool { return p.Factor == session.Possession && takes(Kind(p.Kind)) }):
			problem = "done with what the need does not take"
		case !need.Met(a.Proofs, now):
			problem = "done though the need is not met"
		case !need.Since.IsZero() && session.Newest(a.Proofs).Before(need.Since):
			problem = "done with an old sign-in"
		case a.Person.Status != directory.Active:
			problem = "done for somebody who is not active"
		case a.weak():
			problem = "a mailbox and a phone alone got in"
		case a.Recover && !a.added(Password):
			problem = "a recovery ended without a new password"
		case need.Details && a.Person.Missing && !a.Person.Frozen && a.Elsewhere == nil:
			problem = "done without the details"
		case len(a.Person.Nudge) > 0 && a.nudges() && a.Elsewhere == nil && need.Details:
			problem = "done without the nudge"
		}
	case Enrol:
		possession := session.Has(a.Proofs, session.Possession)
		pass := PassOf(enrolled)
		one := pass != nil && pass.Alone()
		strong := a.proved(AccessPass) || a.proved(Password) && (a.proved(Mail) || a.Person.FirstUse)
		switch {
		case a.Person.Frozen:
			problem = "something is set up though changes are frozen"
		case a.weak() && !strong && step.Ask != Password:
			problem = "a mailbox and a phone alone set something up"
		case !possession && !strong:
			problem = "something is set up without a proof that is good enough"
		case !possession && len(possessions(enrolled, nil)) > 0 && (!a.gaveUp() || one):
			problem = "a method that is there was passed by"
		case !possession && one && holdsAny(enrolled) && !(a.proved(Password) && (a.proved(Mail) || a.Person.FirstUse)):
			problem = "one helper alone let somebody past a method that was stopped"
		}
	case Prove:
		if step.Target != nil && !step.Target.DisabledAt.IsZero() {
			problem = "a disabled method is asked"
		} else if a.Elsewhere != nil && step.Target != nil && !takes(step.Target.Kind) {
			problem = "a method is asked that the other site does not take"
		}
	}
	if problem != "" {
		t.Errorf("%s: %+v need %+v enrolled %+v", problem, a, need, enrolled)
	}
}

func holdsAny(enrolled []Enrolled) bool {
	return slices.ContainsFunc(enrolled, func(e Enrolled) bool { return e.Kind.Possession() })
}

// An open redirect would lend our name to any site (threat T80).
func TestLocalPath(t *testing.T) {
	for to, want := range map[string]string{
		"/security": "/security", "/security?done=added": "/security?done=added", "/a/b%20c": "/a/b%20c",
		"": "/", "security": "/", "//evil.example": "/", "/\\evil.example": "/", "/\t/evil.example": "/", "https:evil.example": "/",
		"https://evil.example": "/", "javascript:alert(1)": "/", "/a\r\nSet-Cookie: x": "/", "/%zz": "/", "@evil.example": "/",
	} {
		if got := LocalPath(to); got != want {
			t.Errorf("LocalPath(%q) = %q, want %q", to, got, want)
		}
	}
}
