// Reports, and the token that signs them.

package bird

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"woggle/internal/message"
	"woggle/internal/message/web"
)

// statuses of a text, with what they mean. Others are on the way.
var statuses = map[string]message.Event{"delivered": message.Delivered, "expired": message.Undelivered, "delivery_failed": message.Undelivered}

// ServeHTTP takes a report: a query, signed by the header MessageBird-Signature-JWT.
func (s *SMS) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	address := s.Callback + r.URL.EscapedPath()
	if r.URL.RawQuery != "" {
		address += "?" + r.URL.RawQuery
	}
	if err != nil || !signed(r.Header.Get("MessageBird-Signature-JWT"), s.SigningKey, address, body, s.now()) {
		http.Error(w, "this is not signed by Bird, or not of now", http.StatusForbidden)
		return
	}
	query := r.URL.Query()
	event, ends := statuses[query.Get("status")]
	if !ends {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	web.AnswerReport(w, s.desk.Report(r.Context(), message.Report{Message: query.Get("reference"), Receipt: query.Get("id"), Event: event, Cause: web.Code(query.Get("statusErrorCode"))}))
}

const skew = time.Minute

// signed tells whether the token is Bird's, for this address and body, and of now. The header is not asked which
// algorithm it likes: it is HS256.
func signed(token, key, address string, body []byte, now time.Time) bool {
	part := strings.Split(token, ".")
	if len(part) != 3 || key == "" {
		return false
	}
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(part[0] + "." + part[1]))
	signature, err := base64.RawURLEncoding.DecodeString(part[2])
	if err != nil || !hmac.Equal(signature, mac.Sum(nil)) {
		return false
	}
	head, err1 := base64.RawURLEncoding.DecodeString(part[0])
	text, err2 := base64.RawURLEncoding.DecodeString(part[1])
	var header struct{ Alg string }
	var claims struct {
		Issuer    string `json:"iss"`
		NotBefore int64  `json:"nbf"`
		Expires   int64  `json:"exp"`
		URLHash   string `json:"url_hash"`
		BodyHash  string `json:"payload_hash"`
	}
	if err1 != nil || err2 != nil || json.Unmarshal(head, &header) != nil || json.Unmarshal(text, &claims) != nil || header.Alg != "HS256" || claims.Issuer != "MessageBird" {
		return false
	}
	if now.Before(time.Unix(claims.NotBefore, 0).Add(-skew)) || !now.Before(time.Unix(claims.Expires, 0).Add(skew)) {
		return false
	}
	hash := func(data []byte) string {
		sum := sha256.Sum256(data)
		return hex.EncodeToString(sum[:])
	}
	if !strings.EqualFold(claims.URLHash, hash([]byte(address))) {
		return false
	}
	return len(body) == 0 && claims.BodyHash == "" || strings.EqualFold(claims.BodyHash, hash(body))
}
