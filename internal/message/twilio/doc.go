// Package twilio sends texts and makes calls through Twilio's interfaces of the version 2010-04-01.
//
// It owns the two providers (sms.go, voice.go over account.go), what Twilio's error codes mean for a message (codes.go), and
// the check of what Twilio calls back: every request of theirs is signed with the account's token over its whole address
// and form (signature.go), also those that fetch a sound. A call's dialogue is that of package call; where it stands travels in the signed address, so that any
// node can go on with it. Its neighbours are web, call, speech and message.
package twilio
