// A window's authenticators: Chromium's own virtual ones, which keep passkeys as a phone or a security key does.
package browser

import (
	"context"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"
)

// Keeper is an authenticator of a window.
type Keeper struct {
	w  *Window
	id webauthn.AuthenticatorID
}

// Handset gives the window a phone or computer that keeps passkeys, syncs them, and checks who holds it.
func (w *Window) Handset() *Keeper {
	w.t.Helper()
	return w.keeper(webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2, Ctap2version: webauthn.Ctap2versionCtap21,
		Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true, IsUserVerified: true,
		AutomaticPresenceSimulation: true, DefaultBackupEligibility: true, DefaultBackupState: true})
}

// SecurityKey gives the window a key of the simplest kind: it keeps nothing by itself, and does not know who touches it.
func (w *Window) SecurityKey() *Keeper {
	w.t.Helper()
	return w.keeper(webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2,
		Transport: webauthn.AuthenticatorTransportUsb, AutomaticPresenceSimulation: true})
}

func (w *Window) keeper(options webauthn.VirtualAuthenticatorOptions) *Keeper {
	w.t.Helper()
	call(w, webauthn.Enable, webauthn.EnableParams{})
	made := call(w, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &options})
	return &Keeper{w, made.AuthenticatorID}
}

// Present tells whether somebody is there to touch it.
func (k *Keeper) Present(yes bool) {
	k.w.t.Helper()
	call(k.w, webauthn.SetAutomaticPresenceSimulation, webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: k.id, Enabled: yes})
}

// Verifies tells whether it is the right finger.
func (k *Keeper) Verifies(yes bool) {
	k.w.t.Helper()
	call(k.w, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: k.id, IsUserVerified: yes})
}

// Kept are the passkeys that it keeps.
func (k *Keeper) Kept() []*webauthn.Credential {
	k.w.t.Helper()
	return call(k.w, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: k.id}).Credentials
}

// FilledIn opens a path of the site whose field of the user name is filled in by an authenticator, and waits until that has led to
// another one. The page in between is gone before anybody could look at it.
func (w *Window) FilledIn(path, then string) *Window {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(w.base+path)); err != nil {
		w.t.Fatal(err)
	}
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		at, err := chromedp.Run(ctx, chromedp.Evaluate[string]("location.pathname + ' ' + document.readyState"))
		switch {
		case err == nil && at == then+" complete":
			return w.look()
		case ctx.Err() != nil:
			w.t.Fatalf("nothing was filled in: %s %v", at, err)
		}
		<-again.C
	}
}

// Give gives it a passkey that another one keeps.
func (k *Keeper) Give(one *webauthn.Credential) {
	k.w.t.Helper()
	// The whole of what was got is not taken back: it has parts of a draft that Chromium tries out.
	type credential struct {
		ID       []byte `json:"credentialId"`
		Resident bool   `json:"isResidentCredential"`
		Site     string `json:"rpId"`
		Key      []byte `json:"privateKey"`
		Handle   []byte `json:"userHandle"`
		Count    int64  `json:"signCount"`
		Eligible bool   `json:"backupEligibility"`
		BackedUp bool   `json:"backupState"`
	}
	type parameters struct {
		Keeper     webauthn.AuthenticatorID `json:"authenticatorId"`
		Credential credential               `json:"credential"`
	}
	add := cdp.Command[parameters, cdp.Empty]{Method: webauthn.CommandAddCredential}
	call(k.w, add, parameters{k.id, credential{one.CredentialID, one.IsResidentCredential, one.RpID, one.PrivateKey, one.UserHandle,
		int64(one.SignCount), one.BackupEligibility, one.BackupState}})
}

// Away takes the authenticator away.
func (k *Keeper) Away() {
	k.w.t.Helper()
	call(k.w, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: k.id})
}
