// woggle restored: what to do after a backup was put back.
package main

import (
	"fmt"

	"github.com/alecthomas/kong"

	"woggle/internal/server"
)

type restoredCommand struct {
	Place `embed:""`
}

// Run ends all that the backup may have brought back, and tells what it cannot know.
func (c *restoredCommand) Run(p *program, k *kong.Context) error {
	return p.work(k, &c.Place, func(o *office) error {
		done, err := server.Restored(p.ctx, o.db)
		if err != nil {
			return err
		}
		p.printUndone(done)
		return nil
	})
}

// printUndone tells what is void, and what nobody can know.
func (p *program) printUndone(done server.Undone) {
	fmt.Fprintf(p.out, "Everybody is signed out. Void are access passes (%d), links (%d), first-use passwords, new passwords that waited, and the codes of apps up to now.\n",
		done.Passes, done.Links)
	if done.Sets+done.Cards > 0 {
		fmt.Fprintf(p.out, "Void are also sets of recovery codes (%d), whose owners make new ones, and printed cards (%d): woggle card issue makes new ones.\n",
			done.Sets, done.Cards)
	}
	if !done.Newest.IsZero() {
		fmt.Fprintf(p.out, "The newest event in this database is of %s. Whatever was changed later is lost: who was disabled since may sign in\n"+
			"again, and a phone that was removed since is back. Go through it with those whom it concerns.\n",
			done.Newest.Local().Format("2006-01-02 15:04"))
	}
}
