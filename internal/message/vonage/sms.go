// Texts.

package vonage

import (
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/bill"
	"woggle/internal/message/web"
)

// SMSConfig is an account for texts.
type SMSConfig struct {
	APIKey          string
	APISecret       string
	SignatureSecret string // signs what is called back (HMAC-SHA-256); empty takes no reports
	Callback        string // public address of the route's callbacks
	Endpoint        string // empty is https://rest.nexmo.com
	Currency        string // that the bill is in, as GBP; what Vonage charges, in euros, is left out of another one
}

// SMS sends texts.
type SMS struct {
	SMSConfig
	desk   message.Desk
	client *web.Client
	base   string
	now    func() time.Time
}

// NewSMS makes the provider. The error tells all that is wrong with the settings.
func NewSMS(c SMSConfig, desk message.Desk) (*SMS, error) {
	var wrong []error
	if c.APIKey == "" || c.APISecret == "" {
		wrong = append(wrong, errors.New("the API key or its secret is missing"))
	}
	base, err := web.Address(c.Endpoint, "https://rest.nexmo.com", "/sms/json")
	if err != nil {
		wrong = append(wrong, err)
	}
	if len(wrong) > 0 {
		return nil, errors.Join(wrong...)
	}
	return &SMS{c, desk, web.New(), base, time.Now}, nil
}

// currency is what Vonage charges in, whatever account it is.
const currency = "EUR"

// mostBody bounds what Vonage sends us, in bytes.
const mostBody = 64 << 10

// The bounds of how long Vonage keeps a text.
const (
	shortestTTL = 20 * time.Second
	longestTTL  = 72 * time.Hour
)

// Send hands the text to Vonage.
func (s *SMS) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	if m.Sender == "" {
		return "", errors.New("the route has no sender for this number: add a name or a number")
	}
	form := url.Values{"api_key": {s.APIKey}, "api_secret": {s.APISecret}, "to": {strings.TrimPrefix(m.To, "+")}, "from": {strings.TrimPrefix(m.Sender, "+")},
		"text": {m.Body}, "client-ref": {m.ID}, "type": {"text"}}
	if _, gsm := message.Septets(m.Body); !gsm {
		form.Set("type", "unicode")
	}
	form.Set("ttl", strconv.FormatInt(min(max(m.ExpiresAt.Sub(s.now()), shortestTTL), longestTTL).Milliseconds(), 10))
	if s.SignatureSecret != "" && strings.HasPrefix(s.Callback, "https://") {
		form.Set("callback", fmt.Sprintf("%s/status/%d", s.Callback, message.Segments(m.Body)))
	}
	r, err := http.NewRequest(http.MethodPost, s.base, strings.NewReader(form.Encode()))
	if err != nil {
		return "", errors.New("the address of Vonage is not one")
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := s.client.Do(ctx, r)
	if err != nil {
		return "", err
	}
	return judge(answer)
}

// judge reads an answer. It is 200 also for errors, which stand inside, one for each segment.
func judge(answer web.Answer) (receipt string, err error) {
	if answer.Status != http.StatusOK {
		return "", answer.Refusal("")
	}
	var said struct {
		Messages []struct {
			ID     string `json:"message-id"`
			Status string `json:"status"`
		} `json:"messages"`
	}
	if json.Unmarshal(answer.Body, &said) != nil || len(said.Messages) == 0 {
		return "", message.Doubtful(errors.New("the answer is not one of Vonage's"))
	}
	taken := 0
	for _, one := range said.Messages {
		if one.Status == "0" {
			taken++
		} else {
			err = refusal(one.Status)
		}
	}
	switch {
	case err == nil:
		return said.Messages[0].ID, nil
	case taken > 0: // a part of it is on its way, whatever the others are
		return "", message.Doubtful(errors.New(err.Error()))
	}
	return "", err
}

// statuses of texts that are not taken ("SMS API: error codes").
var refusals = map[string]struct {
	words string            // for the administrator
	mark  func(error) error // nil is plain: the fault is the account's or the moment's
}{
	"1":  {"too fast", nil},
	"2":  {"a parameter is missing", nil},
	"3":  {"a parameter is wrong", nil},
	"4":  {"the API key or its secret is wrong", nil},
	"5":  {"a fault of theirs", message.Doubtful},
	"6":  {"the number cannot be texted", message.Permanent},
	"7":  {"the number is barred", message.Permanent},
	"8":  {"the account is barred", nil},
	"9":  {"the credit is used up", nil},
	"10": {"too many connections", nil},
	"11": {"the account may not use this interface", nil},
	"12": {"the text is too long", message.Permanent},
	"14": {"the signature is wrong", nil},
	"15": {"the sender is not allowed", nil},
	"22": {"the network of the number is not known", message.Permanent},
	"23": {"the address of our callbacks is wrong: look at the public address of the site", nil},
	"29": {"a trial account reaches only numbers on its list", message.Permanent},
	"32": {"the account wants signed requests, not its secret", nil},
	"33": {"the number is switched off", message.Permanent},
}

func refusal(status string) error {
	r := refusals[status]
	err := fmt.Errorf("the text was refused by Vonage: status %s, %s", web.Code(status), cmp.Or(r.words, "for a reason that it did not explain"))
	if r.mark != nil {
		return r.mark(err)
	}
	return err
}

// sign signs the fields of a report: HMAC-SHA-256 of &name=value in the order of the names, with & and = in values made
// harmless ("Signing messages" in Vonage's documentation), and here in names too, so that no two fields look like one.
func sign(secret string, form url.Values) string {
	mac := hmac.New(sha256.New, []byte(secret))
	harmless := strings.NewReplacer("&", "_", "=", "_")
	for _, name := range slices.Sorted(maps.Keys(form)) {
		if name != "sig" {
			fmt.Fprintf(mac, "&%s=%s", harmless.Replace(name), harmless.Replace(form.Get(name)))
		}
	}
	return strings.ToUpper(hex.EncodeToString(mac.Sum(nil)))
}

// statuses of a text, with what they mean. Others are on the way.
var statuses = map[string]message.Event{"delivered": message.Delivered, "expired": message.Undelivered, "failed": message.Undelivered, "rejected": message.Undelivered}

// ServeHTTP takes a report, as a query, a form or JSON, as the account is set.
func (s *SMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, mostBody)
	form, err := fields(r)
	if err != nil {
		http.Error(w, "this is no report", http.StatusBadRequest)
		return
	}
	at, err := strconv.ParseInt(form.Get("timestamp"), 10, 64)
	age := s.now().Sub(time.Unix(at, 0))
	if s.SignatureSecret == "" || err != nil || age > skew || age < -skew ||
		!hmac.Equal([]byte(sign(s.SignatureSecret, form)), []byte(strings.ToUpper(form.Get("sig")))) {
		http.Error(w, "this is not signed by Vonage, or not of now", http.StatusForbidden)
		return
	}
	event, ends := statuses[form.Get("status")]
	if !ends || form.Get("api-key") != "" && form.Get("api-key") != s.APIKey {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	web.AnswerReport(w, s.desk.Report(r.Context(), message.Report{Message: form.Get("client-ref"), Receipt: form.Get("messageId"), Event: event,
		Cause: web.Code(form.Get("err-code")), Cost: s.charge(form.Get("price"), r.URL.Path)}))
}

// mostSegments bounds what an address may say.
const mostSegments = 10

// charge is what the whole text costs. Vonage tells it of each segment by itself, and does not say how many there are;
// our address does.
func (s *SMS) charge(price, path string) *bill.Money {
	segments, err := strconv.Atoi(strings.TrimPrefix(path, "/status/"))
	cost := web.Charge(price, currency, s.Currency)
	if err != nil || segments < 1 || segments > mostSegments || cost == nil {
		return nil
	}
	*cost *= bill.Money(segments)
	return cost
}

// fields are what a report says.
func fields(r *http.Request) (url.Values, error) {
	if !strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		err := r.ParseForm()
		return r.Form, err
	}
	var values map[string]any
	in := json.NewDecoder(r.Body)
	in.UseNumber() // as they were written: that is what is signed
	if err := in.Decode(&values); err != nil {
		return nil, err
	}
	form := url.Values{}
	for name, value := range values {
		form.Set(name, fmt.Sprint(value))
	}
	return form, nil
}

// Probe tells whether Vonage can be reached. Nothing is asked for.
func (s *SMS) Probe(ctx context.Context) error { return web.Reach(ctx, s.base) }
