// Comparing: what the file says against what is there.
package register

import (
	"context"
	"slices"
	"strings"

	"woggle/internal/db"
	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/register/sheet"
)

// comparer makes the steps and troubles of a file. It reads people a few hundred at a time: each of them is looked at once more when
// the step is done, so that they need not be of one instant.
type comparer struct {
	*reader
	ask    Ask
	db     *db.DB
	today  string
	tree   *tree
	out    *staged
	counts Counts

	seen     map[string]int    // rows by key; the first
	doubled  map[string]int    // keys that stand in several rows that differ: the second row
	mails    map[string]int    // first rows by address
	phones   map[string]int    // first rows by number
	taken    map[string]bool   // user names given in this import
	next     map[string]int    // the number behind a user name that was taken
	present  map[string]bool   // users whom the file has
	leaders  map[string]string // skeletons of user names of administrators and helpers
	keyless  int               // rows of which nobody knows whose they are
	adminsUp int               // active administrators who stay
}

// scan goes through the file once before any row is compared: what stands in it twice, and which groups.
func (c *comparer) scan(rows []sheet.Row) {
	column := slices.Index(c.Columns, c.key())
	first := map[string]sheet.Row{}
	for _, row := range rows {
		key := directory.Canonical(row.Cell(column))
		if key != "" {
			if before, twice := first[key]; twice {
				if slices.Equal(before.Cells, row.Cells) {
					continue
				}
				c.doubled[key] = row.Number
			} else {
				first[key], c.seen[key] = row, row.Number
			}
		}
		for i, what := range c.Columns {
			if what == Groups {
				for _, path := range c.paths(row.Cell(i)) {
					c.tree.learn(path)
				}
			}
		}
	}
}

// rows compares some rows.
func (c *comparer) rows(ctx context.Context, rows []sheet.Row) error {
	wishes := make([]*wish, len(rows))
	for i, row := range rows {
		wishes[i] = c.read(row)
	}
	found, err := c.find(ctx, wishes)
	if err != nil {
		return err
	}
	for _, w := range wishes {
		if err := c.row(ctx, w, found); err != nil {
			return err
		}
	}
	return nil
}

// row compares one row, and puts out what comes of it.
func (c *comparer) row(ctx context.Context, w *wish, f *found) error {
	key := directory.Canonical(w.key)
	switch {
	case key == "":
		c.keyless++
	case c.seen[key] != w.row.Number && c.doubled[key] == 0:
		c.counts.Unchanged++ // word for word what another row says
		return nil
	case c.doubled[key] != 0:
		other := c.seen[key]
		if other == w.row.Number {
			other = c.doubled[key]
		}
		w.refuse("", "twice", problem.Args{"key": w.key, "other": other})
	}
	p := c.person(w, f)
	if p != nil {
		c.present[p.user.ID] = true
	}
	if w.refused {
		return c.trouble(w, p)
	}
	return c.step(ctx, w, p, f)
}

// step puts out the step of a row that can be read, if it changes anything.
func (c *comparer) step(ctx context.Context, w *wish, before *person, f *found) error {
	kind := Changed
	if before == nil {
		if leaves := w.values[Leaves]; leaves != "" && leaves <= c.today {
			c.counts.Unchanged++ // has left before ever coming
			return nil
		}
		kind, before = Joined, nobody(db.NewID())
		if err := c.name(ctx, w, f); err != nil {
			return err
		}
	}
	after := before.clone()
	if kind == Joined {
		after.user.Status = directory.Active
	}
	c.wanted(w, before, after)
	if err := c.regroup(w, after); err != nil {
		return err
	}
	left := after.entry.leaves != "" && after.entry.leaves <= c.today
	switch {
	case left && before.entry.gone == "":
		if kind = Left; !c.leave(w, before, after) {
			return c.trouble(w, before)
		}
	case !left && before.entry.gone != "":
		if after.entry.gone = ""; before.entry.gone == "yes" && before.user.Status == directory.Disabled {
			kind, after.user.Status = Returned, directory.Active
		}
	}
	if kind != Joined && before.user.Status == directory.Disabled && after.user.Status == directory.Disabled && !left && before.entry.gone == "" {
		w.warn("", "kept-out")
	}
	return c.put(w, kind, before, after)
}

// put puts out the step from before to after.
func (c *comparer) put(w *wish, kind Kind, before, after *person) error {
	if w.refused {
		return c.trouble(w, before)
	}
	edits := difference(before, after)
	if len(edits) == 0 && !w.protected {
		c.counts.Unchanged++
		return nil
	}
	if before.user.Frozen() && kind != Left { // nothing of theirs may be changed until an administrator has looked into it
		w.refuse("", "frozen")
		return c.trouble(w, before)
	}
	if kind == Changed && !slices.ContainsFunc(edits, func(e Edit) bool { return e.Shown() && !strings.HasPrefix(e.What, inGroup) }) &&
		slices.ContainsFunc(edits, func(e Edit) bool { return strings.HasPrefix(e.What, inGroup) }) {
		kind = Moved
	}
	c.shared(w, before, after)
	if len(w.problems) > 0 {
		c.counts.Warned++
		if err := c.out.trouble(Trouble{Line: w.row.Number, Name: after.name(), Problems: w.problems}); err != nil {
			return err
		}
	}
	if len(edits) == 0 {
		c.counts.Unchanged++
		return nil
	}
	*c.counts.count(kind)++
	return c.out.step(Step{Line: w.row.Number, Kind: kind, Subject: after.user.ID, Name: after.name(), Edits: edits})
}

// trouble puts out a row that is not applied.
func (c *comparer) trouble(w *wish, p *person) error {
	name := strings.TrimSpace(w.values[Given] + " " + w.values[Family])
	if p != nil && p.there() {
		name = p.name()
	}
	c.counts.Refused++
	return c.out.trouble(Trouble{Line: w.row.Number, Name: name, Refused: true, Problems: w.problems, Cells: w.row.Cells})
}

// name is how lists show a person: their name, and the user name by which they are found.
func (p *person) name() string {
	if name := p.user.Name(); name != p.user.Username {
		return name + " (" + p.user.Username + ")"
	}
	return p.user.Username
}

// wanted changes after as the row says.
func (c *comparer) wanted(w *wish, before, after *person) {
	for _, what := range sorted(w.values) {
		if what == Username && after.there() && directory.Canonical(w.values[what]) == directory.Canonical(before.user.Username) {
			continue // in another case: theirs already
		}
		after.set(Edit{What: what}, w.values[what])
	}
	if before.entry.number == "" {
		after.entry.number = w.key
	}
	if !before.there() || before.user.Role == directory.Member && !before.user.Frozen() {
		return
	}
	// With the address goes the link for a forgotten password: of those who may let others in, and of those who said that something
	// was not them, no file decides where it is sent.
	if before.user.Username != after.user.Username || before.user.Email != after.user.Email {
		after.user.Username, after.user.Email = before.user.Username, before.user.Email
		w.protected = true
		w.warn("", "protected")
	}
}

// regroup puts after into the groups of the row, and takes them out of those that the register put them in before.
func (c *comparer) regroup(w *wish, after *person) error {
	if len(w.groups) == 0 {
		return nil
	}
	var ids []string
	for _, path := range w.groups {
		id, name, err := c.tree.find(path)
		if problem.Is(err, problem.Invalid) {
			p := problem.Of(err)
			w.problems, w.refused = append(w.problems, problem.Field(strings.Join(path, " > "), p.Key, p.Args)), true
			return nil
		}
		if err != nil {
			return err
		}
		ids = append(ids, id)
		after.groups[id] = name
	}
	for _, id := range after.putIn() {
		if !slices.Contains(ids, id) {
			delete(after.groups, id)
		}
	}
	slices.Sort(ids)
	after.entry.put = strings.Join(slices.Compact(ids), " ")
	return nil
}

// difference is every detail that is not the same. Of somebody who was there it also has what must not change in between.
func difference(before, after *person) (edits []Edit) {
	all := []string{Number, Username, Given, Family, Email, Phone, Started, Leaves, Status}
	for _, id := range sorted(after.values) {
		all = append(all, inField+id)
	}
	for _, what := range append(all, gone, put) {
		if before.get(what) != after.get(what) {
			edits = append(edits, Edit{What: what, Before: before.get(what), After: after.get(what)})
		}
	}
	for _, id := range sorted(before.groups) {
		if _, in := after.groups[id]; !in {
			edits = append(edits, Edit{What: inGroup + id, Before: "yes", Label: before.groups[id]})
		}
	}
	for _, id := range sorted(after.groups) {
		if _, in := before.groups[id]; !in {
			edits = append(edits, Edit{What: inGroup + id, After: "yes", Label: after.groups[id]})
		}
	}
	if len(edits) > 0 && before.there() {
		for _, what := range []string{role, frozen} {
			edits = append(edits, Edit{What: what, Before: before.get(what), After: before.get(what)})
		}
	}
	return edits
}

// shared warns of what two people of the file have together. Families do.
func (c *comparer) shared(w *wish, before, after *person) {
	if before.user.Email != after.user.Email {
		if first := earlier(c.mails, directory.Canonical(after.user.Email), w.row.Number); first != 0 {
			w.warn("", "mail-shared", problem.Args{"text": after.user.Email, "other": first})
		}
	}
	if before.entry.phone != after.entry.phone {
		if first := earlier(c.phones, bare(after.entry.phone), w.row.Number); first != 0 {
			w.warn("", "phone-shared", problem.Args{"text": after.entry.phone, "other": first})
		}
	}
}

// earlier is the first row that has the value, or 0 if this is the first.
func earlier(rows map[string]int, value string, row int) int {
	if value == "" {
		return 0
	}
	if rows[value] == 0 {
		rows[value] = row
		return 0
	}
	return rows[value]
}

// bare is a telephone number without the signs and the country in front, in which it is written differently.
func bare(phone string) string {
	only := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	return only[max(0, len(only)-9):]
}
