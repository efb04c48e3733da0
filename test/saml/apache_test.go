package saml

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// A program that never answers, or answers with a fault, ends its story in time, and the error says which it was.
func TestADeadProgramIsNotWaitedFor(t *testing.T) {
	over := make(chan struct{})
	asked := 0
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch asked++; {
		case r.URL.Path == "/hangs":
			<-over
		case r.URL.Path == "/faulty", asked < 3:
			http.Error(w, "no daemon", http.StatusInternalServerError)
		}
	}))
	defer web.Close()
	defer close(over)
	for path, want := range map[string]string{"/hangs": "Timeout exceeded", "/faulty": "status 500"} {
		begun := time.Now()
		page, err := answered(web.URL+path, 200*time.Millisecond)
		if err == nil || !strings.Contains(err.Error(), want) || time.Since(begun) > 20*time.Second {
			t.Errorf("%s: %v, %v after %s", path, page, err, time.Since(begun))
		}
	}
	asked = 0
	if page, err := answered(web.URL+"/slow", time.Minute); err != nil || page.Status != 200 || asked != 3 {
		t.Errorf("one that needs a moment: %v, %v after %d", page, err, asked)
	}
}
