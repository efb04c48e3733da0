// A row of the file: what it says of a person, and what is wrong with it.
package register

import (
	"errors"
	"slices"
	"strings"
	"unicode/utf8"

	"woggle/internal/directory"
	"woggle/internal/problem"
	"woggle/internal/register/sheet"
)

// wish is what a row says of a person. An empty cell says nothing: it never takes away what is here.
type wish struct {
	row      sheet.Row
	key      string            // by which the person is known, as it is written
	values   map[string]string // by what an edit can be about
	groups   [][]string        // paths
	problems []*problem.Problem
	refused  bool

	protected bool // a name or an address was left as it is
}

// refuse keeps the row from being applied.
func (w *wish) refuse(field, key string, args ...problem.Args) {
	w.problems = append(w.problems, problem.Field(field, "register.row."+key, args...))
	w.refused = true
}

// warn tells something that somebody should know.
func (w *wish) warn(field, key string, args ...problem.Args) {
	w.problems = append(w.problems, problem.Field(field, "register.row."+key, args...))
}

// reader reads rows by a mapping.
type reader struct {
	Mapping
	fields     map[string]directory.Field
	monthFirst []bool // for each column: whether its days are written so
}

func newReader(m Mapping, fields []directory.Field, rows []sheet.Row) *reader {
	r := &reader{Mapping: m, fields: map[string]directory.Field{}, monthFirst: make([]bool, len(m.Columns))}
	for _, f := range fields {
		r.fields[f.ID] = f
	}
	for column, what := range m.Columns {
		if r.isDay(what) {
			r.monthFirst[column] = monthFirst(rows, column)
		}
	}
	return r
}

func (r *reader) isDay(what string) bool {
	return what == Started || what == Leaves || r.fields[strings.TrimPrefix(what, inField)].Kind == directory.Date
}

// monthFirst tells how a column writes days: the way in which more of them can be read, and in doubt as the British do.
func monthFirst(rows []sheet.Row, column int) bool {
	british, american := 0, 0
	for _, row := range rows {
		if _, ok := day(row.Cell(column), false); ok {
			british++
		}
		if _, ok := day(row.Cell(column), true); ok {
			american++
		}
	}
	return american > british
}

// read reads one row.
func (r *reader) read(row sheet.Row) *wish {
	w := &wish{row: row, values: map[string]string{}}
	for column, what := range r.Columns {
		cell := directory.Tidy(row.Cell(column))
		if what == "" || cell == "" {
			continue
		}
		heading := r.Headings[column]
		if strings.ContainsRune(cell, utf8.RuneError) {
			w.refuse(heading, "broken", problem.Args{"text": cell})
			continue
		}
		if what == r.key() {
			w.key = cell
		}
		r.take(w, column, what, cell, heading)
	}
	if w.key == "" {
		w.refuse("", "no-key")
	}
	return w
}

// take takes what a cell says.
func (r *reader) take(w *wish, column int, what, cell, heading string) {
	var err error
	switch what {
	case Number:
		err = directory.CheckPersonName(cell)
	case Username:
		if err = directory.CheckUsername(cell); err != nil && foreign(cell) {
			w.refuse(heading, "look-alike-letters", problem.Args{"text": cell})
			return
		}
	case Given, Family:
		err = directory.CheckPersonName(cell)
	case FullName:
		given, family := split(cell)
		err = errors.Join(directory.CheckPersonName(given), directory.CheckPersonName(family))
		w.fill(Given, given)
		w.fill(Family, family)
	case Email:
		err = directory.CheckEmail(cell)
	case Phone:
		if (directory.Field{ID: Phone, Kind: directory.Phone}).Check(cell) != nil {
			w.warn(heading, "phone", problem.Args{"text": cell})
			return
		}
	case Started, Leaves:
		at, ok := day(cell, r.monthFirst[column])
		if !ok {
			w.refuse(heading, "day", problem.Args{"text": cell})
			return
		}
		cell = at
	case Groups:
		w.groups = append(w.groups, r.paths(cell)...)
		return
	default:
		cell, err = r.detail(strings.TrimPrefix(what, inField), cell, r.monthFirst[column])
	}
	var known *problem.Problem
	if errors.As(err, &known) {
		known.Field = heading
		w.problems, w.refused = append(w.problems, known), true
		return
	}
	if what != FullName {
		w.values[what] = cell
	}
}

// fill sets a part of a whole name, unless a column of its own has said it.
func (w *wish) fill(what, value string) {
	if value != "" && w.values[what] == "" {
		w.values[what] = value
	}
}

// foreign tells whether a user name has other letters than plain ones, with which it could look like another.
func foreign(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool { return r > '~' })
}

// yes and no, as people and programs write them.
var (
	yes = []string{"yes", "y", "true", "1", "x", "ie", "oes", "ydy", "ydw"}
	no  = []string{"no", "n", "false", "0", "na", "nac oes", "nac ydy"}
)

// detail is the value of a field in the form in which it is stored.
func (r *reader) detail(id, cell string, monthFirst bool) (string, error) {
	f := r.fields[id]
	switch f.Kind {
	case directory.Date:
		if at, ok := day(cell, monthFirst); ok {
			cell = at
		}
	case directory.YesNo:
		switch word := strings.ToLower(cell); {
		case slices.Contains(yes, word):
			cell = "yes"
		case slices.Contains(no, word):
			cell = "no"
		}
	case directory.Choice:
		for _, option := range f.Options {
			if strings.EqualFold(option, cell) {
				cell = option
			}
		}
	}
	cell = f.Tidy(cell)
	return cell, f.Check(cell)
}

// looks tells whether a cell looks like what its column is said to be.
func (r *reader) looks(what, cell string) bool {
	lettered := strings.ContainsFunc(cell, func(r rune) bool { return r > '9' })
	switch what {
	case Email:
		return strings.Contains(cell, "@")
	case Given, Family, FullName:
		return lettered && !strings.Contains(cell, "@")
	case Number:
		return !strings.Contains(cell, "@") && utf8.RuneCountInString(cell) <= 40
	case Username:
		return !strings.Contains(strings.TrimSpace(cell), " ")
	case Phone:
		return (directory.Field{ID: Phone, Kind: directory.Phone}).Check(cell) == nil
	case Groups:
		return !strings.Contains(cell, "@")
	}
	if r.isDay(what) {
		_, british := day(cell, false)
		_, american := day(cell, true)
		return british || american
	}
	return true
}

// looked is how many rows are looked at to judge a column.
const looked = 2000

// misplaced are the columns that hold something else than they are said to: told once, and not for every row.
func (r *reader) misplaced(rows []sheet.Row) (all []*problem.Problem) {
	for column, what := range r.Columns {
		if what == "" {
			continue
		}
		filled, right, example := 0, 0, ""
		for _, row := range rows[:min(len(rows), looked)] {
			cell := row.Cell(column)
			if cell == "" {
				continue
			}
			if filled++; r.looks(what, cell) {
				right++
			} else if example == "" {
				example = cell
			}
		}
		if filled > 0 && 2*right < filled {
			all = append(all, problem.Field(r.Headings[column], "register.column.misplaced",
				problem.Args{"column": r.Headings[column], "what": what, "example": cut(example)}))
		}
	}
	return all
}

// cut is the beginning of a text, to be shown.
func cut(text string) string {
	if runes := []rune(text); len(runes) > 60 {
		return string(runes[:60]) + "…"
	}
	return text
}
