// woggle message test: one real text or call, and what becomes of it.
package main

import (
	"context"
	"fmt"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/message"
)

type messageTest struct {
	Number string        `arg:"" help:"The telephone to text or to call, as people type it."`
	Call   bool          `help:"Call it, instead of texting."`
	Route  string        `placeholder:"NAME" help:"By this route (the one that a code would go by)."`
	Name   string        `placeholder:"NAME" help:"With --call: whom the call is for."`
	Wait   time.Duration `default:"60s" help:"How long to wait for what becomes of it (${default})."`
}

// testLife is how long the message is worth sending.
const testLife = 2 * time.Minute

// Run sends the message and prints what happens, until the provider has told its end.
func (c *messageTest) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		number, err := o.number(c.Number)
		if err != nil {
			return err
		}
		if c.Route != "" {
			if err := o.site.Phones.only(c.Route); err != nil {
				return err
			}
		}
		m := message.Message{Channel: message.SMS, Purpose: message.Code, To: number.E164, Hint: number.Masked(), ExpiresAt: time.Now().Add(testLife), Locale: "en",
			Body: "This is a test of " + message.Fold(o.site.Brand.Name) + "."}
		if c.Call {
			m.Channel, m.Body, m.Code, m.Name, m.Extension = message.Voice, "", "123456", c.Name, number.Extension
		}
		if !o.site.Phones.serves(m.Channel) {
			return fmt.Errorf("there is no route for this: name the routes file in the settings, and a route with channel = %q in it", m.Channel)
		}
		s, err := o.server(p)
		if err != nil {
			return err
		}
		ctx, stop := context.WithTimeout(p.ctx, c.Wait)
		defer stop()
		var last string
		record, err := s.Try(ctx, m, func(r message.Record) {
			if line := progress(r); line != last {
				fmt.Fprintln(p.out, line)
				last = line
			}
		})
		if err != nil {
			return err
		}
		fmt.Fprintf(p.out, "Cost: %s %s\n", o.currency(), record.Cost)
		if record.State != "sent" {
			return fmt.Errorf("the message was not sent: it is %s", record.State)
		}
		return nil
	})
}

// only leaves no route but that.
func (p *Phones) only(name string) error {
	if p != nil {
		for _, r := range p.routes {
			if r.route.Name == name {
				p.routes = []routeSetting{r}
				return nil
			}
		}
	}
	return fmt.Errorf("there is no route %q in the routes file", name)
}

// progress is what is known of a message, in a line.
func progress(r message.Record) string {
	if len(r.Tries) == 0 {
		return "waiting"
	}
	t := r.Tries[len(r.Tries)-1]
	line := fmt.Sprintf("%s: %s after %s", t.Route, t.Outcome, t.Ended.Sub(t.Began).Round(time.Millisecond))
	if !t.Told.IsZero() {
		line = fmt.Sprintf("%s: %s after %s", t.Route, t.Outcome, t.Told.Sub(t.Began).Round(time.Millisecond))
	}
	if t.Cause != "" {
		line += " (" + t.Cause + ")"
	}
	return line
}
