// woggle card: printed cards of numbered one-time codes.
package main

import (
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/alecthomas/kong"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/method/card"
	"woggle/internal/paper"
	"woggle/internal/signin"
)

type cardCommand struct {
	Place `embed:""`

	Issue  cardIssue  `cmd:"" help:"Make a card for a person, or for each person of a group, as a PDF to print."`
	List   cardList   `cmd:"" help:"List cards."`
	Revoke cardRevoke `cmd:"" help:"End a card that is lost; the person is signed out everywhere."`
}

// AfterApply hands the place to the command below.
func (c *cardCommand) AfterApply(k *kong.Context) error {
	k.Bind(&c.Place)
	return nil
}

// whose are one person or the people of a group.
type whose struct {
	Username string `arg:"" optional:"" help:"User name."`
	Group    string `placeholder:"NAME" help:"Everybody in this group."`
}

// Validate is called by the parser.
func (c whose) Validate() error {
	if (c.Username == "") == (c.Group == "") {
		return errors.New("name a person, or a group with --group NAME")
	}
	return nil
}

// people are those who are meant, in the order of their user names.
func (c whose) people(tx *db.Tx) ([]directory.User, error) {
	if c.Group == "" {
		user, err := person(tx, c.Username)
		return []directory.User{user}, err
	}
	group, err := groupNamed(tx, c.Group)
	if err != nil {
		return nil, err
	}
	var all []directory.User
	for after := ""; ; after = all[len(all)-1].Username {
		some, err := directory.List(tx, after, rowsAtOnce, group)
		if all = append(all, some...); err != nil || len(some) < rowsAtOnce {
			return all, err
		}
	}
}

type cardIssue struct {
	whose `embed:""`
	From  string `placeholder:"YYYY-MM-DD" help:"The first day on which it works (today)."`
	Until string `required:"" placeholder:"YYYY-MM-DD" help:"The last day on which it works."`
	Codes int    `default:"12" placeholder:"N" help:"How many codes stand on it, 1 to 12 (${default})."`
	PDF   string `required:"" placeholder:"FILE" help:"Where the page to print is written: a new file."`
}

// days are the moments between which the card works: days are the organisation's.
func (c *cardIssue) days(zone *time.Location, now time.Time) (from, until time.Time, err error) {
	if zone == nil {
		zone = time.UTC
	}
	from = now
	if c.From != "" {
		if from, err = time.ParseInLocation(time.DateOnly, c.From, zone); err != nil {
			return from, until, fmt.Errorf("--from %q is not written as 2027-08-01", c.From)
		}
	}
	if until, err = time.ParseInLocation(time.DateOnly, c.Until, zone); err != nil {
		return from, until, fmt.Errorf("--until %q is not written as 2027-08-14", c.Until)
	}
	return from, until.AddDate(0, 0, 1), nil
}

// Run makes all the cards or none. The file is opened first: cards that cannot be printed would have to be revoked.
func (c *cardIssue) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		from, until, err := c.days(o.site.Zone, o.db.Now())
		if err != nil {
			return err
		}
		s, err := o.server(p)
		if err != nil {
			return err
		}
		file, err := os.OpenFile(c.PDF, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if err != nil {
			return fmt.Errorf("the cards cannot be written: %w", err)
		}
		defer file.Close()
		var cards []paper.Card
		var skipped []string
		err = o.db.Tx(p.ctx, func(tx *db.Tx) error {
			cards, skipped = nil, nil // of a run before
			people, err := c.people(tx)
			if err != nil {
				return err
			}
			for _, user := range people {
				if user.Status != directory.Active || user.Frozen() {
					skipped = append(skipped, user.Username)
					continue
				}
				printed, err := s.GiveCard(tx, audit.System, user, from, until, c.Codes)
				if err != nil {
					return fmt.Errorf("%s: %s", user.Username, sentence(err))
				}
				cards = append(cards, printed)
			}
			if len(cards) == 0 {
				return errors.New("there is nobody who could use a card")
			}
			return nil
		})
		if err != nil {
			return errors.Join(err, os.Remove(c.PDF))
		}
		pdf, err := s.PrintCards(cards, "", o.db.Now())
		if err == nil {
			_, err = file.Write(pdf)
		}
		if err = errors.Join(err, file.Close()); err != nil {
			return fmt.Errorf("the cards were made, but could not be written; end them with woggle card revoke: %w", err)
		}
		for _, name := range skipped {
			fmt.Fprintf(p.err, "%s has no card: the account is closed, or frozen.\n", name)
		}
		_, err = fmt.Fprintf(p.out, "%s in %s. Print it, hand them out, and delete the file: it is shown only here.\n", count(len(cards), "card"), c.PDF)
		return err
	})
}

type cardList struct {
	whose `embed:""`
	JSON  bool `help:"Print JSON."`
}

// cardRow is a card as lists show it.
type cardRow struct {
	Username string    `json:"username"`
	Card     string    `json:"card"`
	Left     int       `json:"codes_left"`
	From     time.Time `json:"from"`
	Until    time.Time `json:"until"`
	State    string    `json:"state"` // works, not yet, over, disabled
}

func rowOfCard(user directory.User, e signin.Enrolled, now time.Time) cardRow {
	r := cardRow{Username: user.Username, Card: e.Hint, Left: card.Left(e), From: e.StartsAt, Until: e.ExpiresAt, State: "works"}
	switch {
	case !e.ExpiresAt.After(now):
		r.State = "over"
	case !e.DisabledAt.IsZero():
		r.State = "disabled"
	case e.StartsAt.After(now):
		r.State = "not yet"
	}
	return r
}

// Run lists the cards of a person or a group.
func (c *cardList) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		rows := []cardRow{}
		err := o.db.View(p.ctx, func(tx *db.Tx) error {
			rows = rows[:0] // of a run before
			people, err := c.people(tx)
			if err != nil {
				return err
			}
			for _, user := range people {
				cards, err := signin.Cards(tx, user.ID)
				if err != nil {
					return err
				}
				for _, e := range cards {
					rows = append(rows, rowOfCard(user, e, tx.Now))
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if c.JSON {
			return p.printJSON(rows)
		}
		table := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
		for _, r := range rows {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", r.Username, r.Card, count(r.Left, "code"), r.From.Local().Format("2006-01-02 15:04"),
				r.Until.Local().Format("2006-01-02 15:04"), r.State)
		}
		return table.Flush()
	})
}

type cardRevoke struct {
	Username string `arg:"" help:"User name."`
	Card     string `arg:"" help:"The number of the card, as in 7K."`
}

// Run ends a card.
func (c *cardRevoke) Run(p *program, k *kong.Context, place *Place) error {
	return p.work(k, place, func(o *office) error {
		s, err := o.server(p)
		if err != nil {
			return err
		}
		err = o.change(p.ctx, c.Username, func(tx *db.Tx, user directory.User) error {
			return s.EndCard(tx, audit.System, user, c.Card)
		})
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.out, "Card %s of %s works no more, and they are signed out everywhere.\n", c.Card, c.Username)
		return err
	})
}
