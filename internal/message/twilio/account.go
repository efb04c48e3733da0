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
	"strconv"
	"strings"

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
	Service    string // texts: a messaging service (MG…) that chooses the sender, or empty
	Callback   string // public address of the route's callbacks
	Endpoint   string // empty is https://api.twilio.com

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
	return account{c, desk, web.New(), base}, errors.Join(wrong...)
}

// created is what Twilio answers, of a success and of an error.
type created struct {
	SID       string          `json:"sid"`
	Status    json.RawMessage `json:"status"` // a word, or the status of an error
	ErrorCode *int            `json:"error_code"`
	Code      int             `json:"code"`
}

// post makes something at the account.
func (a account) post(ctx context.Context, what string, form url.Values) (created, error) {
	var c created
	r, err := http.NewRequest(http.MethodPost, a.base+"/"+what+".json", strings.NewReader(form.Encode()))
	if err != nil {
		return c, errors.New("the address of Twilio is not one")
	}
	user, password := a.AccountSID, a.AuthToken
	if a.APIKey != "" {
		user, password = a.APIKey, a.APISecret
	}
	r.SetBasicAuth(user, password)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := a.client.Do(ctx, r)
	if err != nil {
		return c, err
	}
	err = json.Unmarshal(answer.Body, &c)
	if answer.Status != http.StatusCreated && answer.Status != http.StatusOK {
		return c, refusal(answer, c.Code)
	}
	switch {
	case err != nil || c.SID == "":
		return c, message.Doubtful(fmt.Errorf("Twilio answered %d with something else than it should", answer.Status))
	case c.ErrorCode != nil && *c.ErrorCode != 0: // a success with an error inside
		return c, refusal(web.Answer{Status: http.StatusBadRequest}, *c.ErrorCode)
	}
	return c, nil
}

// never are the errors that are the number's: no route of ours changes what it is ("Error and Warning Dictionary").
var never = map[int]bool{
	21211: true, // not a number
	21214: true, // cannot be reached
	21217: true, // not formatted as a number
	21401: true, // not a number
	21407: true, // not of this kind
	21421: true, // not a number
	21614: true, // not a mobile
	13224: true, // not a valid number to dial
}

func refusal(answer web.Answer, code int) error {
	err := answer.Refusal(strconv.Itoa(code))
	if never[code] {
		return message.Permanent(err)
	}
	return err
}

// charged reads a price such as "-0.04", or is nil.
func charged(price string) *bill.Money {
	amount, err := bill.ParseMoney(strings.TrimPrefix(price, "-"))
	if price == "" || err != nil {
		return nil
	}
	return &amount
}
