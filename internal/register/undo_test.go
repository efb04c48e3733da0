package register

import (
	"strings"
	"testing"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
)

// What somebody has changed since is theirs: an undo leaves it, and says so.
func TestUndoLeavesWhatWasChangedSince(t *testing.T) {
	each(t, func(c *county) {
		c.imports(ask(head, "1,Aisha,Khan,aisha@northwold.example,Fenland District", "2,Tom,Underhay,tom@northwold.example,", "3,Mei,Lin,,", "7,Kasia,Nowak,,"))
		change := c.imports(ask(head, "1,Aisha,Marsh,khan@northwold.example,Coast District", "2,Tom,Underhill,tom@northwold.example,",
			"4,Colin,Mardle,,", "5,Pearl,Adeyemi,,", "6,Sam,Oduya,,Coast District", "7,Kasia,Nowak,,Brecks District").whole())
		c.tx(func(tx *db.Tx) error {
			aisha := c.user2(tx, "aisha.khan")
			aisha.Email = "her.own@northwold.example"
			if err := directory.Update(tx, aisha); err != nil {
				return err
			}
			if err := directory.MarkSignedIn(tx, c.user2(tx, "colin.mardle").ID); err != nil {
				return err
			}
			if err := directory.SetRole(tx, ruth, c.user2(tx, "pearl.adeyemi").ID, directory.Helper); err != nil {
				return err
			}
			if err := directory.SetStatus(tx, ruth, c.user2(tx, "mei.lin").ID, directory.Locked); err != nil {
				return err
			}
			coast, _, err := directory.GroupNamed(tx, "Coast District")
			if err != nil {
				return err
			}
			return directory.Join(tx, ruth, coast.ID, c.user2(tx, "tom.underhay").ID)
		})
		undone, err := c.Undo(background, ruth, change.ID)
		if err != nil {
			c.Fatal(err)
		}
		c.same("kept", undone.Counts.Kept, 5)
		c.same("told", c.told(change.ID), []string{"0 undo.changed", "5 undo.signed-in", "4 undo.signed-in", "2 undo.changed", "0 undo.group"})
		state := c.state()
		for _, want := range []string{
			"aisha.khan|her.own@northwold.example|Aisha Khan|member|active|[Fenland District]",
			"colin.mardle||Colin Mardle|member|disabled|[]|",
			"kasia.nowak||Kasia Nowak|member|active|[]|",
			"mei.lin||Mei Lin|member|locked|",
			"pearl.adeyemi||Pearl Adeyemi|helper|active|",
			"tom.underhay|tom@northwold.example|Tom Underhay|member|active|[Coast District]",
			"Coast District<"} {
			if !strings.Contains(state, want) {
				c.Errorf("there is no %s in\n%s", want, state)
			}
		}
		if strings.Contains(state, "sam.oduya") || strings.Contains(state, "Brecks District<") {
			c.Errorf("what nobody uses is still there:\n%s", state)
		}
	})
}

func TestUndoIsOnce(t *testing.T) {
	each(t, func(c *county) {
		before := c.state()
		change := c.imports(many(30))
		if _, err := c.Undo(background, ruth, change.ID); err != nil {
			c.Fatal(err)
		}
		c.same("undone", c.state(), before)
		_, err := c.Undo(background, ruth, change.ID)
		c.fails(err, problem.Gone, "register.done.undone")
		c.same("the same file again", c.imports(many(30)).Counts.Joined, 30)
	})
}

// What cannot be given back, because it is somebody else's by now or is gone, is left.
func TestUndoOfWhatIsTaken(t *testing.T) {
	each(t, func(c *county) {
		const head = "Membership number,User name,First name,Last name,Group"
		c.imports(ask(head, "1,aisha,Aisha,Khan,Fenland District", "2,tom,Tom,Underhay,"))
		change := c.imports(ask(head, "1,aisha.khan,Aisha,Khan,Brecks District", "2,tom,Thomas,Underhay,"))
		c.add(directory.User{Username: "aisha"})
		c.tx(func(tx *db.Tx) error {
			fenland, _, err := directory.GroupNamed(tx, "Fenland District")
			if err != nil {
				return err
			}
			return directory.RemoveGroup(tx, ruth, fenland.ID)
		})
		if _, err := c.Undo(background, ruth, change.ID); err != nil {
			c.Fatal(err)
		}
		state := c.state()
		for _, want := range []string{"aisha.khan||Aisha Khan|member|active|[]|", "tom||Tom Underhay|"} {
			if !strings.Contains(state, want) {
				c.Errorf("there is no %s in\n%s", want, state)
			}
		}
		c.same("told", c.told(change.ID), []string{"0 undo.taken"})
	})
}
