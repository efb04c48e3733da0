// One function for each provider: which keys it has, and how it is made.
package main

import (
	"log/slog"
	"os"

	"woggle/internal/message"
	"woggle/internal/message/bird"
	"woggle/internal/message/gateway"
	"woggle/internal/message/modem"
	"woggle/internal/message/sip"
	"woggle/internal/message/smpp"
	"woggle/internal/message/sns"
	"woggle/internal/message/twilio"
	"woggle/internal/message/vonage"
)

// reader takes a provider's keys from its table.
type reader func(t *table, around surroundings) maker

// readers are the providers, by name and channel.
var readers = map[string]reader{
	"smpp sms": readSMPP, "twilio sms": readTwilio, "twilio voice": readTwilioVoice, "vonage sms": readVonage, "vonage voice": readVonageVoice,
	"sns sms": readSNS, "bird sms": readBird, "gateway sms": readGateway, "modem sms": readModem, "sip voice": readSIP,
}

// authority reads the file of certificates that a provider's are compared with.
func (t *table) authority() (pem string) {
	t.known["ca_file"] = true
	path, named := t.values["ca_file"].(string)
	if !named {
		return ""
	}
	text, err := os.ReadFile(t.beside(path))
	if err != nil {
		t.say("ca_file", "the certificates cannot be read: "+err.Error(), "")
	}
	return string(text)
}

func readSMPP(t *table, _ surroundings) maker {
	var c smpp.Config
	t.fill(&c, "password")
	c.CA = t.authority()
	return func(desk message.Desk, _ string, _ *slog.Logger) (message.Provider, error) { return smpp.New(c, desk) }
}

func readTwilio(t *table, around surroundings) maker {
	var c twilio.Config
	t.fill(&c, "auth_token", "api_secret")
	c.Currency = around.currency
	return func(desk message.Desk, callback string, _ *slog.Logger) (message.Provider, error) {
		c := c
		c.Callback = callback
		return twilio.NewSMS(c, desk)
	}
}

func readTwilioVoice(t *table, around surroundings) maker {
	var c twilio.Config
	t.fill(&c, "auth_token", "api_secret")
	c.Organisation, c.Speech, c.Currency = around.organisation, around.speech, around.currency
	return func(desk message.Desk, callback string, _ *slog.Logger) (message.Provider, error) {
		c := c
		c.Callback = callback
		return twilio.NewVoice(c, desk)
	}
}

func readVonage(t *table, around surroundings) maker {
	var c vonage.SMSConfig
	t.fill(&c, "api_secret", "signature_secret")
	c.Currency = around.currency
	return func(desk message.Desk, callback string, _ *slog.Logger) (message.Provider, error) {
		c := c
		c.Callback = callback
		return vonage.NewSMS(c, desk)
	}
}

func readVonageVoice(t *table, around surroundings) maker {
	var c vonage.VoiceConfig
	t.fill(&c, "signature_secret", "private_key")
	c.Organisation, c.Speech, c.Currency = around.organisation, around.speech, around.currency
	return func(desk message.Desk, callback string, _ *slog.Logger) (message.Provider, error) {
		c := c
		c.Callback = callback
		return vonage.NewVoice(c, desk)
	}
}

func readSNS(t *table, _ surroundings) maker {
	var c sns.Config
	t.fill(&c, "secret_access_key", "session_token")
	return func(message.Desk, string, *slog.Logger) (message.Provider, error) { return sns.New(c) }
}

func readBird(t *table, _ surroundings) maker {
	var c bird.Config
	t.fill(&c, "access_key", "signing_key")
	return func(desk message.Desk, callback string, _ *slog.Logger) (message.Provider, error) {
		c := c
		c.Callback = callback
		return bird.New(c, desk)
	}
}

func readGateway(t *table, _ surroundings) maker {
	var c gateway.Config
	t.fill(&c, "secret", "token")
	return func(desk message.Desk, callback string, _ *slog.Logger) (message.Provider, error) {
		c := c
		c.Callback = callback
		return gateway.New(c, desk)
	}
}

func readModem(t *table, _ surroundings) maker {
	var c modem.Config
	t.fill(&c, "pin")
	return func(desk message.Desk, _ string, _ *slog.Logger) (message.Provider, error) { return modem.New(c, desk) }
}

func readSIP(t *table, around surroundings) maker {
	var c sip.Config
	t.fill(&c, "password")
	c.CA = t.authority()
	c.Organisation, c.Speech = around.organisation, around.speech
	if c.Country == "" {
		c.Country = around.country
	}
	return func(desk message.Desk, _ string, log *slog.Logger) (message.Provider, error) {
		c := c
		c.Log = log
		return sip.New(c, desk)
	}
}
