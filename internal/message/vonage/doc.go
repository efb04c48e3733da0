// Package vonage sends texts through Vonage's SMS API and makes calls through its Voice API.
//
// It owns the two providers (sms.go, voice.go), the signatures that both sides make (token.go, and at the texts), what
// Vonage's statuses mean for a message, and the form in which it plays sounds (sound.go). A call's dialogue is that of
// package call; where it stands travels in the addresses. Vonage signs the body of what it tells but no address, and
// nothing when it fetches a sound; those addresses have a ticket. Its neighbours are web, call, speech and message.
package vonage
