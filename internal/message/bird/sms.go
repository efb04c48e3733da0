// Texts.

package bird

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/web"
)

// Config is an account.
type Config struct {
	AccessKey  string
	SigningKey string // signs reports; empty takes none
	Callback   string // public address of the route's callbacks
	Endpoint   string // empty is https://rest.messagebird.com
}

// SMS sends texts.
type SMS struct {
	Config
	desk   message.Desk
	client *web.Client
	base   string
	now    func() time.Time
}

// New makes the provider. The error tells all that is wrong with the settings.
func New(c Config, desk message.Desk) (*SMS, error) {
	var wrong []error
	if c.AccessKey == "" {
		wrong = append(wrong, errors.New("the access key is missing"))
	}
	base, err := web.Address(c.Endpoint, "https://rest.messagebird.com", "/messages")
	if err != nil {
		wrong = append(wrong, err)
	}
	return &SMS{c, desk, web.New(), base, time.Now}, errors.Join(wrong...)
}

// Send hands the text to Bird.
func (s *SMS) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	coding := "plain"
	if _, gsm := message.Septets(m.Body); !gsm {
		coding = "unicode"
	}
	order := map[string]any{"originator": strings.TrimPrefix(m.Sender, "+"), "recipients": []string{strings.TrimPrefix(m.To, "+")}, "body": m.Body, "datacoding": coding,
		"reference": m.ID, "validity": max(1, int(m.ExpiresAt.Sub(s.now())/time.Second))}
	if s.SigningKey != "" {
		order["reportUrl"] = s.Callback + "/status"
	}
	body, err := json.Marshal(order)
	if err != nil {
		return "", err
	}
	r, err := http.NewRequest(http.MethodPost, s.base, bytes.NewReader(body))
	if err != nil {
		return "", errors.New("the address of Bird is not one")
	}
	r.Header.Set("Authorization", "AccessKey "+s.AccessKey)
	r.Header.Set("Content-Type", "application/json")
	answer, err := s.client.Do(ctx, r)
	if err != nil {
		return "", err
	}
	var said struct {
		ID     string `json:"id"`
		Errors []struct {
			Code      int    `json:"code"`
			Parameter string `json:"parameter"`
		} `json:"errors"`
	}
	wrong := json.Unmarshal(answer.Body, &said)
	switch {
	case len(said.Errors) > 0: // also in a success
		if answer.Status < 400 {
			answer.Status = http.StatusUnprocessableEntity
		}
		one := said.Errors[0]
		err := answer.Refusal(strconv.Itoa(one.Code))
		if one.Parameter == "recipients" || one.Parameter == "recipient" { // the number is none
			return "", message.Permanent(err)
		}
		return "", err
	case answer.Status != http.StatusCreated && answer.Status != http.StatusOK:
		return "", answer.Refusal("")
	case wrong != nil || said.ID == "":
		return "", message.Doubtful(errors.New("the answer is not one of Bird's"))
	}
	return said.ID, nil
}

// Probe tells whether Bird can be reached. Nothing is asked for.
func (s *SMS) Probe(ctx context.Context) error { return web.Reach(ctx, s.base) }
