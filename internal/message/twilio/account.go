// The account: how requests are made, and what Twilio's errors mean.

package twilio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/message/speech"
	"woggle/internal/message/web"
)

// Config is an account at Twilio.
type Config struct {
	AccountSID string // AC and 32 hexadecimal digits
	AuthToken  string // signs what is called back, and is the password where there is no key
	APIKey     string // SK and 32 hexadecimal digits, or empty
	APISecret  string // of the key
	Service    string // texts: a messaging service (MG…) that chooses the sender where the route gives none, or empty
	Callback   string // public address of the route's callbacks
	Endpoint   string // empty is https://api.twilio.com
	Currency   string // that the bill is in, as GBP; charges in another one are left out of it

	Organisation string          // calls: as people know it
	Speech       *speech.Library // calls: what is said
}

var (
	accountSID = regexp.MustCompile(`^AC[0-9a-fA-F]{32}$`)
	keySID     = regexp.MustCompile(`^SK[0-9a-fA-F]{32}$`)
	serviceSID = regexp.MustCompile(`^MG[0-9a-fA-F]{32}$`)
)

// account is what both providers share.
type account struct {
	Config
	desk   message.Desk
	client *web.Client
	base   string
	now    func() time.Time
}

func newAccount(c Config, desk message.Desk) (a account, err error) {
	var wrong []error
	if !accountSID.MatchString(c.AccountSID) {
		wrong = append(wrong, errors.New("the account SID has to be AC and 32 hexadecimal digits, as the console shows it"))
	}
	if c.AuthToken == "" {
		wrong = append(wrong, errors.New("the auth token is missing; without it nobody can tell what really comes from Twilio"))
	}
	if c.APIKey != "" && !keySID.MatchString(c.APIKey) {
		wrong = append(wrong, errors.New("the API key has to be SK and 32 hexadecimal digits"))
	}
	if (c.APIKey == "") != (c.APISecret == "") {
		wrong = append(wrong, errors.New("an API key and its secret go together"))
	}
	if c.Service != "" && !serviceSID.MatchString(c.Service) {
		wrong = append(wrong, errors.New("the messaging service has to be MG and 32 hexadecimal digits"))
	}
	base, err := web.Address(c.Endpoint, "https://api.twilio.com", "/2010-04-01/Accounts/"+c.AccountSID)
	if err != nil {
		wrong = append(wrong, err)
	}
	return account{c, desk, web.New(), base, time.Now}, errors.Join(wrong...)
}

// created is what Twilio answers, of a success and of an error.
type created struct {
	SID       string          `json:"sid"`
	Status    json.RawMessage `json:"status"` // a word, or the status of an error
	ErrorCode int             `json:"error_code"`
	Code      int             `json:"code"`
}

// givenUp are the statuses with which something that was just made is already lost.
var givenUp = []string{`"failed"`, `"undelivered"`, `"canceled"`}

// post makes something at the account, and returns Twilio's name for it.
func (a account) post(ctx context.Context, what string, form url.Values) (receipt string, err error) {
	r, err := http.NewRequest(http.MethodPost, a.base+"/"+what+".json", strings.NewReader(form.Encode()))
	if err != nil {
		return "", errors.New("the address of Twilio is not one")
	}
	user, password := a.AccountSID, a.AuthToken
	if a.APIKey != "" {
		user, password = a.APIKey, a.APISecret
	}
	r.SetBasicAuth(user, password)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := a.client.Do(ctx, r)
	if err != nil {
		return "", err
	}
	var c created
	err = json.Unmarshal(answer.Body, &c)
	switch {
	case answer.Status >= 300:
		return "", refusal(answer, c.Code)
	case err != nil || c.SID == "":
		return "", message.Doubtful(fmt.Errorf("the answer with status %d is not one of Twilio's", answer.Status))
	case c.ErrorCode != 0, slices.Contains(givenUp, string(c.Status)): // a success with an error inside
		return "", refusal(web.Answer{Status: http.StatusBadRequest}, c.ErrorCode)
	}
	return c.SID, nil
}

// charge is what a callback says that was charged.
func (a account) charge(form url.Values) *bill.Money {
	return web.Charge(form.Get("Price"), form.Get("PriceUnit"), a.Currency)
}

// Probe tells whether Twilio can be reached. Nothing is asked for.
func (a account) Probe(ctx context.Context) error { return web.Reach(ctx, a.base) }
