// woggle microsoft365 federate and rollback: every request is shown before it is made.
package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/app/microsoft365"
	"woggle/internal/app/microsoft365/graph"
)

type microsoft365Federate struct {
	Domain   string   `arg:"" optional:"" help:"The domain."`
	Rollover bool     `help:"Make the next signing key, which signs in a week, and tell Microsoft of it for all domains."`
	Despite  []string `placeholder:"CHECK" help:"Go on although this check fails. May be given several times."`
	Go       bool     `name:"go" help:"Do it."`
	JSON     bool     `help:"Print JSON."`
}

// moveRow is a change as it is printed.
type moveRow struct {
	Domain   string                `json:"domain"`
	Checks   []microsoft365.Result `json:"checks"`   // that stand against it
	Requests []requestRow          `json:"requests"` // empty: it is so already
	Rollback string                `json:"rollback"` // script
	Done     bool                  `json:"done"`
}

type requestRow struct {
	Method string          `json:"method"`
	Path   string          `json:"path"`
	Body   json.RawMessage `json:"body,omitempty"`
}

func rowOfMove(move *microsoft365.Move, done bool) (moveRow, error) {
	row := moveRow{Domain: move.Domain.Name, Checks: append([]microsoft365.Result{}, move.Checks...), Requests: []requestRow{}, Done: done}
	for _, r := range move.Requests {
		one := requestRow{Method: r.Method, Path: r.Path}
		if r.Body != nil {
			body, err := json.Marshal(r.Body)
			if err != nil {
				return row, err
			}
			one.Body = body
		}
		row.Requests = append(row.Requests, one)
	}
	return row, nil
}

// Run shows the way back, what stands against the change, and the requests; with --go it makes them.
func (c *microsoft365Federate) Run(p *program, k *kong.Context, place *Place) error {
	return p.tenants(k, place, func(m *microsoft365.Manager) error {
		switch {
		case c.Rollover && c.Domain == "":
			return c.rollover(p, m)
		case c.Rollover:
			return errors.New("one key signs for all domains: leave the domain out")
		case c.Domain == "":
			return errors.New("name the domain")
		}
		rollback, err := m.Script(p.ctx, "rollback", c.Domain)
		if err != nil {
			return err
		}
		move, err := m.Away(p.ctx, c.Domain)
		if err != nil {
			return err
		}
		refused := move.Refused(c.Despite)
		if c.Go && len(refused) == 0 {
			// The way back is printed before the change is made: afterwards it may be too late.
			if !c.JSON {
				p.printWayBack(rollback)
			}
			if err := move.Go(p.ctx, c.Despite); err != nil {
				return err
			}
		}
		done := c.Go && len(refused) == 0
		if c.JSON {
			row, err := rowOfMove(move, done)
			if err != nil {
				return err
			}
			row.Rollback = rollback
			if err := p.printJSON(row); err != nil {
				return err
			}
			return toldIf(c.Go && !done)
		}
		if !done {
			p.printWayBack(rollback)
			p.printRequests(move.Requests)
			p.printResults(move.Checks)
		}
		c.printEnd(p, move, done, refused)
		return toldIf(c.Go && !done)
	})
}

func toldIf(failed bool) error {
	if failed {
		return errTold
	}
	return nil
}

func (c *microsoft365Federate) printEnd(p *program, move *microsoft365.Move, done bool, refused []microsoft365.Result) {
	switch {
	case len(move.Requests) == 0:
		fmt.Fprintf(p.out, "%s is as it is to be; nothing was changed.\n", move.Domain.Name)
	case done:
		fmt.Fprintf(p.out, "Done. It may take minutes, at times two hours, until Microsoft sends everybody of %s here.\nTry one person now, in a private window.\n", move.Domain.Name)
	case len(refused) > 0:
		fmt.Fprintf(p.out, "\nNothing was changed, because of what is wrong above. Put it right first. Only if you know better: --despite %s\n", refused[0].Check)
	default:
		fmt.Fprintf(p.out, "\nNothing was changed. To do it: woggle microsoft365 federate %s --go\n", move.Domain.Name)
	}
}

func (p *program) printWayBack(script string) {
	fmt.Fprintf(p.out, "# The way back. Keep it as rollback.ps1 on another computer than this one.\n%s\n# The end of rollback.ps1.\n\n", script)
}

func (p *program) printRequests(requests []graph.Request) {
	for _, r := range requests {
		fmt.Fprintf(p.out, "%s\n\n", r)
	}
}

// rollover makes the next key and tells Microsoft for every domain that is federated.
func (c *microsoft365Federate) rollover(p *program, m *microsoft365.Manager) error {
	domains, err := m.Names(p.ctx)
	if err != nil {
		return err
	}
	if !c.Go {
		fmt.Fprintf(p.out, "It would make the next signing key, which signs in a week, and tell Microsoft of it, for those that are federated of: %s.\nNothing was changed. To do it: woggle microsoft365 federate --rollover --go\n", strings.Join(domains, ", "))
		return nil
	}
	at, err := m.Rollover(p.ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(p.out, "The next key signs from %s on. Until then Microsoft has to know its certificate.\n", at.Local().Format("2006-01-02 15:04"))
	failed := false
	for _, d := range domains {
		move, err := m.Renew(p.ctx, d)
		if errors.Is(err, microsoft365.ErrManaged) {
			continue
		}
		if err == nil {
			err = move.Go(p.ctx, nil)
		}
		if err != nil {
			failed = true
			fmt.Fprintf(p.err, "woggle: Microsoft was NOT told for %s: %v\n    If it is federated, do it before %s, or nobody of it can sign in: woggle microsoft365 federate %s --go, or the script rollover\n",
				d, err, at.Local().Format("2006-01-02 15:04"), d)
			continue
		}
		fmt.Fprintf(p.out, "Microsoft was told for %s.\n", d)
	}
	if !failed {
		fmt.Fprintf(p.out, "After %s, take the old one out: woggle microsoft365 federate DOMAIN --go\n", at.Local().Format(time.DateOnly))
	}
	return toldIf(failed)
}

type microsoft365Rollback struct {
	Domain string `arg:"" help:"The domain."`
	Go     bool   `name:"go" help:"Do it."`
	JSON   bool   `help:"Print JSON."`
}

// Run gives the domain back.
func (c *microsoft365Rollback) Run(p *program, k *kong.Context, place *Place) error {
	return p.tenants(k, place, func(m *microsoft365.Manager) error {
		move, err := m.Back(p.ctx, c.Domain)
		if err != nil {
			return err
		}
		if c.Go {
			if err := move.Go(p.ctx, nil); err != nil {
				return err
			}
		}
		if c.JSON {
			row, err := rowOfMove(move, c.Go)
			if err != nil {
				return err
			}
			return p.printJSON(row)
		}
		if c.Go {
			_, err = fmt.Fprintf(p.out, "%s is Microsoft's again. It may take minutes, at times two hours.\nPeople sign in there with the password that they have there. Who has none needs one: woggle microsoft365 script rollback %s, then run it with -Passwords\n", move.Domain.Name, move.Domain.Name)
			return err
		}
		p.printRequests(move.Requests)
		_, err = fmt.Fprintf(p.out, "Nothing was changed. To do it: woggle microsoft365 rollback %s --go\n", move.Domain.Name)
		return err
	})
}
