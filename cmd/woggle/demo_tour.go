// The guided tour that a demonstration begins with.
package main

import (
	"fmt"
	"io"
	"text/tabwriter"

	"woggle/internal/directory/sample"
)

// stops are the states in the order of the tour, and what there is to see.
var stops = []struct {
	state sample.State
	see   string
}{
	{sample.New, "signs in for the first time, and adds a phone or an app"},
	{sample.Phone, "gets a code by text"},
	{sample.Landline, "gets a call at home; shares the phone"},
	{sample.App, "types the code of an authenticator app; admin administers"},
	{sample.Details, "is asked for a detail that is missing"},
	{sample.Locked, "is locked out by an administrator"},
	{sample.Disabled, "has left"},
}

// tour tells where to go, and as whom.
func tour(out io.Writer, base, apps string, accounts []account) {
	fmt.Fprintf(out, `%s, a county that does not exist. Nothing that you do here reaches anybody.

  Sign in        %s
  The apps       %s                sample apps: open one, and sign in to it
  The phones     %s/handset             texts arrive and calls ring here
  The letters    %s/handset/letters     so does what would be e-mail

  Everybody's password is  %s

`, sample.Organisation, base, apps, base, base, demoPassword)
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, stop := range stops {
		for i, a := range first(accounts, stop.state, 2) {
			see := stop.see
			if i > 0 {
				see = "the same"
			}
			fmt.Fprintf(table, "  %s\t%s\t%s\n", a.Username, a.Phone, see)
		}
	}
	table.Flush()
	fmt.Fprintf(out, "\n  All %d accounts, with the secrets of the apps: %s/handset/people.json\n  Stop with Ctrl+C; everything is gone then.\n\n",
		len(accounts), base)
}

func first(accounts []account, state sample.State, count int) (some []account) {
	for _, a := range accounts {
		if a.State == state && len(some) < count {
			some = append(some, a)
		}
	}
	return some
}
