// Package vonage sends texts through Vonage's SMS API and makes calls through its Voice API.
//
// It owns the two providers (sms.go, voice.go), the signatures that both sides make (token.go, and at the texts), and what
// Vonage's statuses mean for a message. A call's dialogue is that of package call; where it stands travels in the
// addresses. Its neighbours are web, call, speech and message.
package vonage
