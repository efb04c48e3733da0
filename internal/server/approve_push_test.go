package server_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/message/push"
	"woggle/internal/message/push/pushtest"
)

// A push says that a sign-in waits, and nothing else; a subscription that is gone is forgotten; without one all goes on.
func TestThePhoneIsKnockedAt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB, clock *dbtest.Clock) {
		s := newSite(t, d, clock, 2)
		service := pushtest.New(t, clock.Now)
		_, h, _ := s.paired("aisha")
		subscription := service.Subscription("aisha")
		if got := h.subscribe(subscription); got.Status != 200 {
			t.Fatalf("subscribing gives %+v", got)
		}
		if n := s.count("SELECT count(*) FROM authenticator_devices WHERE push IS NOT NULL"); n != 1 {
			t.Fatal("the subscription was not kept")
		}
		b := s.asked("aisha")
		came := <-service.Got
		request := h.request()
		if came.Payload != `{"request":"`+request+`"}` || came.TTL != 60 || came.Urgency != "high" || came.Topic == "" || came.Subject != s.nodes[0].web.URL {
			t.Errorf("the push is %+v", came)
		}
		if strings.Contains(came.Payload, "Northwold") || strings.Contains(came.Payload, "aisha") {
			t.Error("the push says more")
		}
		// Both nodes send with one key, and browsers are told which.
		for node := range s.nodes {
			answer, err := http.Get(s.nodes[node].web.URL + "/authenticator/api/push")
			if err != nil {
				t.Fatal(err)
			}
			var told struct{ Key string }
			if err := json.NewDecoder(answer.Body).Decode(&told); err != nil {
				t.Fatal(err)
			}
			answer.Body.Close()
			if told.Key != came.Key {
				t.Errorf("node %d tells the key %s, and %s signs", node, told.Key, came.Key)
			}
		}
		h.say(request, "yes", b.number())
		b.press(typedThem)

		service.Answer(http.StatusGone)
		s.asked("aisha")
		for begun := time.Now(); s.count("SELECT count(*) FROM authenticator_devices WHERE push IS NOT NULL") > 0; {
			if time.Since(begun) > 10*time.Second {
				t.Fatal("a subscription that is gone is kept")
			}
		}
		if h.request() == request {
			t.Error("without a push the app does not hear of it")
		}
		s.clock.Advance(time.Minute)
		for name, change := range map[string]func(*push.Subscription){
			"no key": func(s *push.Subscription) { s.Keys.P256DH = "" }, "no address": func(s *push.Subscription) { s.Endpoint = "nowhere" }} {
			bad := subscription
			change(&bad)
			if got := h.subscribe(bad); got.Status != 400 || got.Error != "push" {
				t.Errorf("a subscription with %s gives %+v", name, got)
			}
		}
		if got := h.subscribe(subscription); got.Status != 200 {
			t.Errorf("subscribing anew gives %+v", got)
		}
		if got := h.subscribe(nil); got.Status != 200 || s.count("SELECT count(*) FROM authenticator_devices WHERE push IS NOT NULL") != 0 {
			t.Errorf("taking it back gives %+v", got)
		}
		// A service that answers nothing holds up nobody.
		slow := service.Subscription("slow")
		slow.Endpoint = "http://127.0.0.1:9/slow" // where nobody listens
		h.subscribe(slow)
		begun := time.Now()
		if s.asked("aisha"); time.Since(begun) > 5*time.Second {
			t.Error("the page waits for the push service")
		}
	})
}
