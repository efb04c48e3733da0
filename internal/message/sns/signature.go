// AWS Signature Version 4 of a request.

package sns

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// credentials sign requests to a service in a region.
type credentials struct{ key, secret, region, service string }

// sign adds the signature to a request whose address has no query and whose path is plain. All headers that are set are
// signed ("Create a signed AWS API request" in the IAM user guide).
func (c credentials) sign(r *http.Request, body string, now time.Time) {
	now = now.UTC()
	at, day := now.Format("20060102T150405Z"), now.Format("20060102")
	r.Header.Set("X-Amz-Date", at)
	headers := map[string]string{"host": r.URL.Host}
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(strings.Fields(strings.Join(values, ",")), " ")
	}
	names := slices.Sorted(maps.Keys(headers))
	var canonical strings.Builder
	fmt.Fprintf(&canonical, "%s\n%s\n\n", r.Method, r.URL.EscapedPath())
	for _, name := range names {
		fmt.Fprintf(&canonical, "%s:%s\n", name, headers[name])
	}
	fmt.Fprintf(&canonical, "\n%s\n%s", strings.Join(names, ";"), hashed(body))
	scope := strings.Join([]string{day, c.region, c.service, "aws4_request"}, "/")
	text := strings.Join([]string{"AWS4-HMAC-SHA256", at, scope, hashed(canonical.String())}, "\n")
	key := []byte("AWS4" + c.secret)
	for _, part := range []string{day, c.region, c.service, "aws4_request", text} {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(part))
		key = mac.Sum(nil)
	}
	r.Header.Set("Authorization", fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/%s, SignedHeaders=%s, Signature=%s", c.key, scope, strings.Join(names, ";"), hex.EncodeToString(key)))
}

func hashed(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
