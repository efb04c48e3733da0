package problem_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"woggle/internal/problem"
)

func TestTheVisitorAndTheLogReadTwoThings(t *testing.T) {
	cause := errors.New("dial tcp 10.0.0.7: refused")
	err := fmt.Errorf("sending: %w", problem.New(problem.Busy, "sms.busy", problem.Args{"minutes": 2}).Because(cause).After(time.Minute))
	p := problem.Of(err)
	if p.Kind != problem.Busy || p.Key != "sms.busy" || p.Args["minutes"] != 2 || p.Wait != time.Minute {
		t.Errorf("the visitor reads %+v", p)
	}
	if !errors.Is(err, cause) || !strings.Contains(err.Error(), cause.Error()) {
		t.Errorf("the log reads %v", err)
	}
	if !problem.Is(err, problem.Busy) || problem.Is(err, problem.Limited) {
		t.Error("the kind is not told apart")
	}
}

// Whatever nobody classified is our fault, and the visitor gets no detail of it.
func TestAnUnknownErrorTellsNothing(t *testing.T) {
	cause := errors.New("pq: relation users does not exist")
	p := problem.Of(cause)
	if p.Kind != problem.Internal || p.Kind.Status() != http.StatusInternalServerError || p.Args != nil || p.Field != "" {
		t.Errorf("the visitor reads %+v", p)
	}
	if strings.Contains(p.Key, "users") || !errors.Is(p, cause) {
		t.Errorf("key %q, cause %v", p.Key, errors.Unwrap(p))
	}
	if (&problem.Problem{}).Kind != problem.Internal {
		t.Error("a problem without a kind is taken for harmless")
	}
	if problem.Is(cause, problem.Internal) || problem.Is(nil, problem.Internal) {
		t.Error("Is found a problem where there is none")
	}
}

func TestAFieldOfAForm(t *testing.T) {
	p := problem.Field("phone", "phone.wrong")
	if p.Kind != problem.Invalid || p.Field != "phone" || p.Error() != "phone.wrong" {
		t.Errorf("%+v", p)
	}
}

func TestEveryKindHasAnErrorStatus(t *testing.T) {
	for kind := problem.Internal; kind <= problem.Misdirected; kind++ {
		if status := kind.Status(); status < 400 || http.StatusText(status) == "" {
			t.Errorf("kind %d has status %d", kind, status)
		}
	}
}
