// What a server of the demonstration has besides: the embedded telephone company.
package server

import (
	"context"
	"errors"
	"net/http"

	"woggle/internal/message"
	"woggle/internal/message/handset"
	"woggle/internal/message/speech"
	"woggle/internal/page"
)

// Demo is what makes a server a demonstration.
type Demo struct {
	Exchange *handset.Exchange
	People   func() any            // the sample accounts, for people.json
	Lines    func() []handset.Line // their numbers
	letters  *letterbox
}

// line is the telephone company as a provider.
type line struct {
	*handset.Exchange
	organisation string
}

// handsetCalls is the route of calls to the handset.
const handsetCalls = "handset-calls"

// demoRoutes are the providers of a demonstration.
func (s *Server) demoRoutes(organisation string) ([]message.Route, error) {
	s.demo.letters = &letterbox{now: s.db.Now, pages: s.pages}
	voice, err := speech.New("")
	if err != nil {
		return nil, err
	}
	s.demo.Exchange.Speech, s.demo.Exchange.OnReport, s.demo.Exchange.OnKeyed = voice, s.reportedCall, s.keyedCall
	company := line{s.demo.Exchange, organisation}
	return []message.Route{{Name: "handset", Channel: message.SMS, Provider: company}, {Name: handsetCalls, Channel: message.Voice, Provider: company},
		{Name: "letterbox", Channel: message.Email, Provider: s.demo.letters}}, s.pages.Add("server", demoPages)
}

// Send hands the message to the exchange, which takes every number.
func (l line) Send(_ context.Context, m message.Message) (receipt string, err error) {
	if m.Channel == message.SMS {
		receipt, err = l.Text(m.To, m.Body)
	} else {
		receipt, err = l.Call(l.call(m))
	}
	if err != nil {
		return "", message.Permanent(err)
	}
	return receipt, nil
}

func (l line) call(m message.Message) handset.Call {
	c := handset.Call{Reference: m.ID, To: m.To, Extension: m.Extension, Approve: m.Approve}
	if m.Approve {
		c.Speech = l.Speech.ApprovalCall(m.Locale, l.organisation, m.Name)
	} else {
		c.Speech = l.Speech.CodeCall(m.Locale, l.organisation, m.Name, m.Code)
	}
	return c
}

// reportedCall acts on key 9 in a call.
func (s *Server) reportedCall(ctx context.Context, id string) {
	err := s.outbox.Desk(handsetCalls).Report(ctx, message.Report{Message: id, Event: message.Unwanted})
	if err != nil && !errors.Is(err, message.ErrUnknown) {
		s.log.ErrorContext(ctx, "a reported call could not be acted on", "error", err)
	}
}

// keyedCall acts on the two keys of an approval.
func (s *Server) keyedCall(ctx context.Context, id, keys string) (right bool) {
	right, err := s.outbox.Desk(handsetCalls).Keyed(ctx, id, keys)
	if err != nil && !errors.Is(err, message.ErrUnknown) {
		s.log.ErrorContext(ctx, "the keys of a call could not be checked", "error", err)
	}
	return right
}

// mount adds the pages of the telephones. What a script reads is bare: it carries no cookie.
func (d *Demo) mount(pages *page.Renderer, bare func(string, http.HandlerFunc), guarded func(string, page.Handler)) error {
	phones, err := d.Exchange.Handler(pages, d.People, d.Lines)
	if err != nil {
		return err
	}
	bare("GET /handset/messages", phones.ServeHTTP)
	bare("GET /handset/people.json", phones.ServeHTTP)
	bare("GET /handset/changes", phones.ServeHTTP)
	show := func(w http.ResponseWriter, r *http.Request) error {
		phones.ServeHTTP(w, r)
		return nil
	}
	bare("GET /handset/letters.json", d.letters.list)
	guarded("GET /handset/letters", d.letters.show)
	guarded("GET /handset", show)
	guarded("GET /handset/", show)
	guarded("POST /handset/", show)
	return nil
}
