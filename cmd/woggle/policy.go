// woggle policy: what the organisation has decided about the ways to sign in.
package main

import (
	"fmt"
	"strings"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/signin"
)

type policyCommand struct {
	Place `embed:""`

	Show policyShow `cmd:"" help:"Show what was decided."`
	Set  policySet  `cmd:"" help:"Decide; what is not named stays as it is."`
}

// AfterApply hands the place to the command below.
func (c *policyCommand) AfterApply(k *kong.Context) error {
	k.Bind(&c.Place)
	return nil
}

type policyShow struct {
	JSON bool `help:"Print JSON."`
}

// Run shows the policy.
func (c *policyShow) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		var policy signin.Policy
		err := o.db.View(p.ctx, func(tx *db.Tx) (err error) {
			policy, err = signin.PolicyNow(tx)
			return err
		})
		if err != nil {
			return err
		}
		return p.showPolicy(policy, c.JSON)
	})
}

func (p *program) showPolicy(policy signin.Policy, asJSON bool) error {
	if asJSON {
		return p.printJSON(policy)
	}
	fmt.Fprintln(p.out, "Second steps allowed:", kindList(policy.Allowed, "all"))
	fmt.Fprintln(p.out, "Asked in this order: ", kindList(policy.Order, "the strongest first"), "(each person's own default comes before)")
	if policy.Strongest {
		fmt.Fprintln(p.out, "In a browser that is not known, who has a passkey is asked for nothing weaker.")
	}
	if err := p.showMakers(policy); err != nil {
		return err
	}
	switch nudge := policy.Nudge; {
	case nudge.Off:
		fmt.Fprintln(p.out, "Nobody is reminded to add a second way in.")
	case nudge.Most > 0:
		fmt.Fprintf(p.out, "Who has one way in only is asked to add another; that can be put off %d times, for %d days each.\n", nudge.Most, nudge.Days())
	default:
		fmt.Fprintf(p.out, "Who has one way in only is asked to add another; that can be put off for %d days, as often as people like.\n", nudge.Days())
	}
	return nil
}

func kindList(kinds []signin.Kind, none string) string {
	if len(kinds) == 0 {
		return none
	}
	names := make([]string, len(kinds))
	for i, kind := range kinds {
		names[i] = string(kind)
	}
	return strings.Join(names, ", ")
}

type policySet struct {
	Allow     *string `placeholder:"KINDS" help:"The second steps that are allowed, as in passkey,authenticator,phone; all for all."`
	Order     *string `placeholder:"KINDS" help:"The order in which they are asked; strongest for the strongest first."`
	Strongest *bool   `negatable:"" help:"In a browser that is not known, ask who has a passkey for nothing weaker."`

	PasskeyMakers *string `placeholder:"FILE" help:"Only security keys of these makers may be added: their root certificates, PEM; any takes it back."`
	PasskeyModels *string `placeholder:"AAGUIDS" help:"And only these models of them; any for all of them."`

	Nudge   *bool `negatable:"" help:"Ask who has one way in only to add another."`
	Snooze  *int  `placeholder:"DAYS" help:"How long that can be put off."`
	Snoozes *int  `placeholder:"COUNT" help:"And how often; 0 is as often as people like."`
}

// Run changes the policy, and shows what it is then.
func (c *policySet) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		var policy signin.Policy
		err := o.db.Tx(p.ctx, func(tx *db.Tx) (err error) {
			if policy, err = signin.PolicyNow(tx); err != nil {
				return err
			}
			if err := c.change(&policy); err != nil {
				return err
			}
			return signin.SetPolicy(tx, audit.System, policy)
		})
		if err != nil {
			return err
		}
		return p.showPolicy(policy, false)
	})
}

func (c *policySet) change(policy *signin.Policy) (err error) {
	if c.Allow != nil {
		policy.Allowed = kindsTyped(*c.Allow, "all")
	}
	if c.Order != nil {
		policy.Order = kindsTyped(*c.Order, "strongest")
	}
	if c.Strongest != nil {
		policy.Strongest = *c.Strongest
	}
	if c.Nudge != nil {
		policy.Nudge.Off = !*c.Nudge
	}
	if c.Snooze != nil {
		policy.Nudge.Snooze = *c.Snooze
	}
	if c.Snoozes != nil {
		policy.Nudge.Most = *c.Snoozes
	}
	policy.Makers, err = c.makers(policy.Makers)
	return err
}

// kindsTyped reads a list of kinds; the word stands for an empty one. What is no kind is refused by the policy.
func kindsTyped(typed, word string) (kinds []signin.Kind) {
	if typed == word {
		return nil
	}
	for _, name := range strings.Split(typed, ",") {
		kinds = append(kinds, signin.Kind(strings.TrimSpace(name)))
	}
	return kinds
}
