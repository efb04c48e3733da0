// The routes of messages: their wiring, what calls make other chapters do, and the addresses at which providers call back.
package server

import (
	"context"
	"net/http"
	"sync"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/message"
)

// lettersAtOnce is how many letters are on their way to the mail server at a time.
const lettersAtOnce = 4

// addRoutes makes the routes of all channels.
func (s *Server) addRoutes(o Options) error {
	var routes []message.Route
	if o.Routes != nil {
		made, err := o.Routes(s.outbox.Desk)
		if err != nil {
			return err
		}
		routes = made
	}
	if o.SMTP != nil {
		letters := *o.SMTP
		letters.Organisation, letters.Text = o.Brand.Name, s.pages.Locales.Text
		mail, err := message.NewSMTP(letters)
		if err != nil {
			return err
		}
		routes = append(routes, message.Route{Name: "smtp", Channel: message.Email, Provider: mail, AtOnce: lettersAtOnce})
	}
	if o.Demo != nil {
		mine, err := s.demoRoutes(o.Brand.Name)
		if err != nil {
			return err
		}
		routes = append(routes, mine...)
	}
	s.hooked = map[string]http.Handler{}
	for _, r := range routes {
		if hook, ok := r.Provider.(http.Handler); ok {
			s.hooked[r.Name] = http.StripPrefix("/callback/"+r.Name, hook)
		}
	}
	s.outbox.Use(routes, message.Hooks{
		Unwanted: func(tx *db.Tx, challenge string) error { return s.phones.Reported(tx, challenge) },
		Keyed:    func(tx *db.Tx, challenge, keys string) (bool, error) { return s.phones.Keyed(tx, challenge, keys) },
		Alarm:    s.alarm,
	})
	return nil
}

// alarms are what the administrators are told of, with the event that stays in the trail.
var alarms = map[message.AlarmKind]audit.Type{message.Spending: audit.SpendingAlarm, message.Pumping: audit.RangeClosed,
	message.Asking: audit.OriginClosed, message.PriceMissing: audit.PriceMissing}

// alarm records what the outbox noticed, and writes to the administrators.
func (s *Server) alarm(tx *db.Tx, a message.Alarm) error {
	detail, args := audit.Detail{}, []any{}
	for name, value := range a.Detail {
		detail[name] = value
		args = append(args, name, value)
	}
	if err := audit.Record(tx, audit.Event{Type: alarms[a.Kind], Actor: audit.System, Detail: detail}); err != nil {
		return err
	}
	return s.flow.Warn(tx, "signin.notice."+string(a.Kind), args...)
}

// mostCallback bounds what a provider sends, in bytes.
const mostCallback = 64 << 10

// callback hands a provider's request to the route that it names. The route checks who asks; there is no visitor here.
func (s *Server) callback(w http.ResponseWriter, r *http.Request) {
	hook, known := s.hooked[r.PathValue("route")]
	if !known {
		say(w, http.StatusNotFound, "there is no such route")
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, mostCallback)
	w.Header().Set("Cache-Control", "no-store")
	hook.ServeHTTP(w, r)
}

// Figures tell how messages go.
func (s *Server) Figures(ctx context.Context) (message.Figures, error) {
	if err := s.outbox.Refresh(ctx); err != nil {
		return message.Figures{}, err
	}
	return s.outbox.Figures(ctx)
}

// tryEvery is how often it is looked what became of a message that is tried.
const tryEvery = 250 * time.Millisecond

// handOver is how long another node has for taking a message that is tried: it looks every 5 seconds.
const handOver = 6 * time.Second

// Try sends one message and tells what is known of it, again and again, until its end is known or the context ends. If
// another node runs, that one sends it, because it has what cannot be had twice: the modem, or the one connection that a
// provider allows. This node sends it only if nobody else did.
func (s *Server) Try(ctx context.Context, m message.Message, told func(message.Record)) (last message.Record, err error) {
	running, stop := context.WithCancel(ctx)
	var work sync.WaitGroup
	defer work.Wait()
	defer stop()
	var id string
	err = s.db.Tx(ctx, func(tx *db.Tx) (err error) {
		id, err = s.outbox.Enqueue(tx, m)
		return err
	})
	if err != nil {
		return last, err
	}
	again, alone := time.NewTicker(tryEvery), time.NewTimer(handOver)
	defer again.Stop()
	defer alone.Stop()
	for {
		err := s.db.View(context.WithoutCancel(ctx), func(tx *db.Tx) (err error) {
			last, _, err = message.Find(tx, id)
			return err
		})
		if err != nil {
			return last, err
		}
		told(last)
		if last.Ended() {
			return last, nil
		}
		select {
		case <-again.C:
		case <-alone.C:
			if last.Waiting() {
				work.Go(func() { s.outbox.Run(running) })
			}
		case <-ctx.Done():
			return last, nil
		}
	}
}
