// Texts.

package twilio

import (
	"context"
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
	return &SMS{a}, err
}

// longestValidity is the most that Twilio keeps a text for.
const longestValidity = 4 * time.Hour

// Send hands the text to Twilio.
func (s *SMS) Send(ctx context.Context, m message.Message) (receipt string, err error) {
	form := url.Values{"To": {m.To}, "Body": {m.Body}, "StatusCallback": {s.Callback + "/status/" + m.ID}}
	if s.Service != "" {
		form.Set("MessagingServiceSid", s.Service)
	}
	if m.Sender != "" {
		form.Set("From", m.Sender)
	}
	// A dead code is not worth delivering.
	if left := time.Until(m.ExpiresAt); left < longestValidity {
		form.Set("ValidityPeriod", strconv.Itoa(max(1, int(left/time.Second))))
	}
	c, err := s.post(ctx, "Messages", form)
	return c.SID, err
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
	web.AnswerReport(w, s.desk.Report(r.Context(), message.Report{Message: id, Event: event, Cause: r.PostForm.Get("ErrorCode"), Cost: charged(r.PostForm.Get("Price"))}))
}
