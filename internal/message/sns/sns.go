// Publishing texts.

package sns

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/web"
)

// Config is an account at AWS, with the right sns:Publish to telephone numbers and no other.
type Config struct {
	Region          string // as in eu-west-2
	AccessKeyID     string
	SecretAccessKey string
	SessionToken    string // of temporary credentials, or empty
	Endpoint        string // empty is https://sns.REGION.amazonaws.com
}

// SMS sends texts.
type SMS struct {
	Config
	client *web.Client
	base   string
	now    func() time.Time
}

var region = regexp.MustCompile(`^[a-z]{2}(-[a-z]+)+-[0-9]$`)

// New makes the provider. The error tells all that is wrong with the settings.
func New(c Config) (*SMS, error) {
	var wrong []error
	if !region.MatchString(c.Region) {
		wrong = append(wrong, errors.New("the region has to be one of AWS, as in eu-west-2"))
	}
	if c.AccessKeyID == "" || c.SecretAccessKey == "" {
		wrong = append(wrong, errors.New("the access key or its secret is missing"))
	}
	base, err := web.Address(c.Endpoint, "https://sns."+c.Region+".amazonaws.com", "/")
	if err != nil {
		wrong = append(wrong, err)
	}
	return &SMS{c, web.New(), base, time.Now}, errors.Join(wrong...)
}

// published is what SNS answers, of a success and of an error.
type published struct {
	MessageID string `xml:"PublishResult>MessageId"`
	Code      string `xml:"Error>Code"`
}

// Send publishes the text to the number.
func (s *SMS) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	form := url.Values{"Action": {"Publish"}, "Version": {"2010-03-31"}, "PhoneNumber": {m.To}, "Message": {m.Body}}
	attribute := func(name, value string) {
		n := strconv.Itoa(1 + len(form["n"]))
		form.Add("n", n)
		form.Set("MessageAttributes.entry."+n+".Name", name)
		form.Set("MessageAttributes.entry."+n+".Value.DataType", "String")
		form.Set("MessageAttributes.entry."+n+".Value.StringValue", value)
	}
	attribute("AWS.SNS.SMS.SMSType", "Transactional")
	switch {
	case strings.HasPrefix(m.Sender, "+"):
		attribute("AWS.MM.SMS.OriginationNumber", m.Sender)
	case m.Sender != "":
		attribute("AWS.SNS.SMS.SenderID", m.Sender)
	}
	form.Del("n")
	body := form.Encode()
	r, err := http.NewRequest(http.MethodPost, s.base, strings.NewReader(body))
	if err != nil {
		return "", errors.New("the address of SNS is not one")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")
	if s.SessionToken != "" {
		r.Header.Set("X-Amz-Security-Token", s.SessionToken)
	}
	credentials{s.AccessKeyID, s.SecretAccessKey, s.Region, "sns"}.sign(r, body, s.now())
	answer, err := s.client.Do(ctx, r)
	if err != nil {
		return "", err
	}
	var said published
	wrong := xml.Unmarshal(answer.Body, &said)
	switch {
	case said.Code != "" || answer.Status != http.StatusOK: // also a success with an error inside
		return "", refusal(answer, said.Code)
	case wrong != nil || said.MessageID == "":
		return "", message.Doubtful(errors.New("SNS answered with something else than it should"))
	}
	return said.MessageID, nil
}

// refusal is what an error code means ("Publish: errors" in the SNS API reference).
func refusal(answer web.Answer, code string) error {
	switch code {
	case "InvalidParameter", "InvalidParameterValue", "OptedOut":
		return message.Permanent(answer.Refusal(code))
	case "InternalError", "InternalFailure":
		return message.Doubtful(fmt.Errorf("SNS failed (%s)", code))
	}
	if answer.Status == http.StatusOK {
		answer.Status = http.StatusBadRequest
	}
	return answer.Refusal(code)
}

// Probe tells whether SNS can be reached. Nothing is asked for.
func (s *SMS) Probe(ctx context.Context) error { return web.Reach(ctx, s.base) }
