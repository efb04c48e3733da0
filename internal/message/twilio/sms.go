// Texts.

package twilio

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/web"
)

// SMS sends texts.
type SMS struct{ account }

// NewSMS makes the provider. The error tells all that is wrong with the settings.
func NewSMS(c Config, desk message.Desk) (*SMS, error) {
	a, err := newAccount(c, desk)
	if err != nil {
		return nil, err
	}
	return &SMS{a}, nil
}

// longestValidity is the most that Twilio keeps a text for.
const longestValidity = 4 * time.Hour

// Send hands the text to Twilio.
func (s *SMS) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	if m.Sender == "" && s.Service == "" {
		return "", errors.New("the route has no sender for this number: add one, or a messaging service")
	}
	form := url.Values{"To": {m.To}, "Body": {m.Body}, "SmartEncoded": {"false"}} // it is in its alphabet, or means to be in another
	if strings.HasPrefix(s.Callback, "https://") {                                // with an address that it can't reach, Twilio refuses the text
		form.Set("StatusCallback", s.Callback+"/status/"+m.ID)
	}
	if s.Service != "" {
		form.Set("MessagingServiceSid", s.Service)
	}
	if m.Sender != "" {
		form.Set("From", m.Sender)
	}
	// A dead code is not worth delivering.
	if left := m.ExpiresAt.Sub(s.now()); left < longestValidity {
		form.Set("ValidityPeriod", strconv.Itoa(max(1, int(left/time.Second))))
	}
	return s.post(ctx, "Messages", form)
}

// statuses of a text, with what they mean. Others are on the way.
var statuses = map[string]message.Event{"delivered": message.Delivered, "read": message.Delivered, "undelivered": message.Undelivered, "failed": message.Undelivered}

// ServeHTTP takes a report.
func (s *SMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !s.signed(r) {
		http.Error(w, "this is not signed by Twilio", http.StatusForbidden)
		return
	}
	id, known := strings.CutPrefix(r.URL.Path, "/status/")
	event, ends := statuses[r.PostForm.Get("MessageStatus")]
	if !known || !ends {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	web.AnswerReport(w, s.desk.Report(r.Context(), message.Report{Message: id, Receipt: r.PostForm.Get("MessageSid"), Event: event,
		Cause: cause(r.PostForm.Get("ErrorCode")), Cost: s.charge(r.PostForm)}))
}
