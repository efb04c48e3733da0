package sns

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"woggle/internal/message"
)

// The examples post-vanilla and post-x-www-form-urlencoded of the test suite that AWS publishes for Signature Version 4.
func TestTheSignatureIsThePublishedOne(t *testing.T) {
	c := credentials{"AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "us-east-1", "service"}
	at := time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC)
	for _, row := range []struct{ method, kind, body, want string }{
		{"GET", "", "", "SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"POST", "", "", "SignedHeaders=host;x-amz-date, Signature=5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"POST", "application/x-www-form-urlencoded", "Param1=value1", "SignedHeaders=content-type;host;x-amz-date, Signature=ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
	} {
		r, err := http.NewRequest(row.method, "https://example.amazonaws.com/", strings.NewReader(row.body))
		if err != nil {
			t.Fatal(err)
		}
		if row.kind != "" {
			r.Header.Set("Content-Type", row.kind)
		}
		c.sign(r, row.body, at)
		if got := r.Header.Get("Authorization"); !strings.HasSuffix(got, row.want) || !strings.Contains(got, "Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request,") {
			t.Errorf("%s %q: %s", row.method, row.kind, got)
		}
	}
}

func text() message.Message {
	return message.Message{ID: "ours", Channel: message.SMS, To: "+447700900123", Sender: "Scouts", Body: "123456 is your code\n\n@a.example #123456"}
}

func amazon(t *testing.T, status int, answer string, form *url.Values) *SMS {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil || r.Method != http.MethodPost || r.URL.Path != "/" || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 Credential=AKID/") ||
			!strings.Contains(r.Header.Get("Authorization"), "x-amz-security-token") {
			t.Errorf("%s %s %v (%v)", r.Method, r.URL, r.Header, err)
		}
		*form = r.PostForm
		w.WriteHeader(status)
		fmt.Fprint(w, answer)
	}))
	t.Cleanup(s.Close)
	sms, err := New(Config{Region: "eu-west-2", AccessKeyID: "AKID", SecretAccessKey: "s3cret", SessionToken: "temporary", Endpoint: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	return sms
}

const taken = `<PublishResponse xmlns="https://sns.amazonaws.com/doc/2010-03-31/"><PublishResult><MessageId>567910cd-659e-55d4-8ccb-5aaf14679dc0</MessageId></PublishResult></PublishResponse>`

func TestATextIsWhatSNSAsksFor(t *testing.T) {
	var form url.Values
	receipt, err := amazon(t, 200, taken, &form).Send(t.Context(), text())
	if err != nil || receipt != "567910cd-659e-55d4-8ccb-5aaf14679dc0" {
		t.Fatal(receipt, err)
	}
	for name, want := range map[string]string{"Action": "Publish", "Version": "2010-03-31", "PhoneNumber": "+447700900123", "Message": text().Body,
		"MessageAttributes.entry.1.Name": "AWS.SNS.SMS.SMSType", "MessageAttributes.entry.1.Value.StringValue": "Transactional",
		"MessageAttributes.entry.2.Name": "AWS.SNS.SMS.SenderID", "MessageAttributes.entry.2.Value.StringValue": "Scouts", "MessageAttributes.entry.2.Value.DataType": "String"} {
		if form.Get(name) != want {
			t.Errorf("%s is %q", name, form.Get(name))
		}
	}
	if len(form) != 10 {
		t.Errorf("there is more in it: %v", form)
	}
}

func TestWhatSNSsErrorsMean(t *testing.T) {
	wrong := func(code string) string {
		return `<ErrorResponse><Error><Type>Sender</Type><Code>` + code + `</Code><Message>Invalid parameter: +447700900123</Message></Error></ErrorResponse>`
	}
	for name, row := range map[string]struct {
		status int
		answer string
		want   error
	}{
		"a wrong number":           {400, wrong("InvalidParameter"), message.Permanent(nil)},
		"the person said stop":     {400, wrong("OptedOut"), message.Permanent(nil)},
		"too many":                 {400, wrong("Throttling"), nil},
		"a wrong key":              {403, wrong("InvalidClientTokenId"), nil},
		"a fault of theirs":        {500, wrong("InternalError"), message.Doubtful(nil)},
		"a fault without a code":   {502, "", message.Doubtful(nil)},
		"200 with an error inside": {200, wrong("Throttling"), nil},
		"200 with something else":  {200, "<html>", message.Doubtful(nil)},
	} {
		var form url.Values
		_, err := amazon(t, row.status, row.answer, &form).Send(t.Context(), text())
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		marked := strings.HasPrefix(fmt.Sprintf("%T", err), "message.")
		if marked != (row.want != nil) || marked && fmt.Sprintf("%T", err) != fmt.Sprintf("%T", row.want) {
			t.Errorf("%s: %T %v", name, err, err)
		}
		for _, canary := range []string{"7700900123", "123456", "s3cret", "AKID"} {
			if strings.Contains(err.Error(), canary) {
				t.Errorf("%q stands in the error %v", canary, err)
			}
		}
	}
}

func TestSettingsOfSNS(t *testing.T) {
	_, err := New(Config{Region: "London", Endpoint: "http://sns.example"})
	for _, want := range []string{"region", "access key", "https://"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s is not told: %v", want, err)
		}
	}
	if sms, err := New(Config{Region: "eu-west-2", AccessKeyID: "a", SecretAccessKey: "b"}); err != nil || sms.base != "https://sns.eu-west-2.amazonaws.com/" {
		t.Errorf("%v %v", sms, err)
	}
}
