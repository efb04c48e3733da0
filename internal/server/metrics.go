// The figures for a monitoring system, in the text format that Prometheus reads. There is a page of them only where a token
// for it is set, because they tell when people sign in and what the organisation pays.
package server

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"woggle/internal/backup"
	"woggle/internal/keys/signing"
	"woggle/internal/message"
	"woggle/internal/message/bill"
)

// metrics answers who brings the token.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) {
	token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	given, wanted := sha256.Sum256([]byte(token)), sha256.Sum256([]byte(s.metricsToken))
	if s.metricsToken == "" || subtle.ConstantTimeCompare(given[:], wanted[:]) != 1 {
		say(w, http.StatusNotFound, "there is nothing here")
		return
	}
	figures, err := s.outbox.Figures(r.Context())
	if err != nil {
		s.logFailure(r, err)
		say(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	signs := map[signing.Use][]signing.Key{}
	for _, use := range signing.Uses {
		if signs[use], err = s.apps.keys.Published(r.Context(), use); err != nil {
			s.logFailure(r, err)
			say(w, http.StatusServiceUnavailable, "the database does not answer")
			return
		}
	}
	backups, err := backup.Read(r.Context(), s.db)
	if err != nil {
		s.logFailure(r, err)
		say(w, http.StatusServiceUnavailable, "the database does not answer")
		return
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	writeFigures(w, figures)
	writeKeys(w, signs, s.db.Now())
	writeBackups(w, backups)
}

// writeBackups writes what the last good backup was, as soon as there is one or should be.
func writeBackups(w io.Writer, s backup.State) {
	figure := func(name, help string, value float64) {
		fmt.Fprintf(w, "# HELP woggle_backup_%s %s\n# TYPE woggle_backup_%s gauge\nwoggle_backup_%s %.0f\n", name, help, name, name, value)
	}
	if !s.At.IsZero() {
		figure("last_good_seconds", "The instant that the last backup is of which was made and put back to test it, in seconds since 1970.", float64(s.At.Unix()))
		figure("bytes", "Its size.", float64(s.Size))
		figure("took_seconds", "How long making and testing it took.", s.Took.Seconds())
	}
	if failing := 0.0; !s.At.IsZero() || s.Failing() {
		if s.Failing() {
			failing = 1
		}
		figure("failing", "1 where the last try was in vain.", failing)
	}
}

// writeKeys writes how long the certificates of the signing keys are good for.
func writeKeys(w io.Writer, signs map[signing.Use][]signing.Key, now time.Time) {
	fmt.Fprint(w, "# HELP woggle_signing_certificate_seconds How long the certificate of a signing key is good for.\n# TYPE woggle_signing_certificate_seconds gauge\n")
	for _, use := range signing.Uses {
		for _, key := range signs[use] {
			fmt.Fprintf(w, "woggle_signing_certificate_seconds{use=%q,alg=%q,state=%q,key=%q} %.0f\n", use, key.Alg, key.State(), key.ID,
				key.Certificate.NotAfter.Sub(now).Seconds())
		}
	}
}

// writeFigures writes gauges: what is over is swept from the database, so that nothing here only grows.
func writeFigures(w io.Writer, f message.Figures) {
	family := func(name, help string) {
		fmt.Fprintf(w, "# HELP woggle_%s %s\n# TYPE woggle_%s gauge\n", name, help, name)
	}
	family("messages_day", "Times that a route was given a message in the last 24 hours, by the last that is known of it.")
	for _, r := range f.Routes {
		for _, outcome := range slices.Sorted(maps.Keys(r.Outcomes)) {
			fmt.Fprintf(w, "woggle_messages_day{route=%q,channel=%q,outcome=%q} %d\n", r.Route, r.Channel, outcome, r.Outcomes[outcome])
		}
	}
	family("codes_entered_day", "Codes that went by the route in the last 24 hours and were entered.")
	for _, r := range f.Routes {
		fmt.Fprintf(w, "woggle_codes_entered_day{route=%q,channel=%q} %d\n", r.Route, r.Channel, r.Entered)
	}
	family("message_cost_day", "What the messages of the last 24 hours cost, in the currency of the prices.")
	for _, r := range f.Routes {
		fmt.Fprintf(w, "woggle_message_cost_day{route=%q,channel=%q} %f\n", r.Route, r.Channel, float64(r.Cost)/float64(bill.Unit))
	}
	family("route_failing", "1 where other routes go first, because messages by this one do not arrive.")
	for _, r := range f.Routes {
		failing := 0
		if r.Failing {
			failing = 1
		}
		fmt.Fprintf(w, "woggle_route_failing{route=%q,channel=%q} %d\n", r.Route, r.Channel, failing)
	}
	family("messages_waiting", "Messages in the queue.")
	for _, lane := range slices.Sorted(maps.Keys(f.Waiting)) {
		fmt.Fprintf(w, "woggle_messages_waiting{lane=%q} %d\n", lane, f.Waiting[lane])
	}
	family("message_oldest_seconds", "How long the oldest message in the queue has been due.")
	fmt.Fprintf(w, "woggle_message_oldest_seconds %f\n", f.Oldest.Seconds())
}
