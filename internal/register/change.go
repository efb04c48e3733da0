// A change: what an import does, or did.
package register

import (
	"time"

	"woggle/internal/problem"
)

// State says how far a change has come.
type State string

// The states.
const (
	staging  State = "staging" // its steps are still being written
	Staged   State = "staged"  // computed, and nothing has happened
	Applying State = "applying"
	Applied  State = "applied"
	Stopped  State = "stopped" // before its end; what was done was taken back
	Undoing  State = "undoing"
	Undone   State = "undone"
)

// How long a change is kept.
const (
	previewLife = 24 * time.Hour
	UndoLife    = 30 * 24 * time.Hour // from then on it cannot be undone any more
)

// Change is an import.
type Change struct {
	ID        string
	State     State
	Actor     string
	File      string // its name
	Whole     bool   // everybody is in the file: who is not has left
	Counts    Counts
	CreatedAt time.Time
	AppliedAt time.Time // zero: it was not
	UndoneAt  time.Time

	basis       int64
	steps, done int64
	mapping     Mapping
}

// Undoable tells whether the change can still be undone.
func (c Change) Undoable(now time.Time) bool {
	return c.State == Applied && now.Before(c.AppliedAt.Add(UndoLife))
}

// Counts are how many people and groups a change is about.
type Counts struct {
	Joined    int `json:"joined,omitempty"`
	Returned  int `json:"returned,omitempty"`
	Changed   int `json:"changed,omitempty"`
	Moved     int `json:"moved,omitempty"`
	Left      int `json:"left,omitempty"`
	Unchanged int `json:"unchanged,omitempty"`
	Groups    int `json:"groups,omitempty"`  // made
	Refused   int `json:"refused,omitempty"` // rows and leavers that are not applied
	Warned    int `json:"warned,omitempty"`  // applied, with something that somebody should know
	Kept      int `json:"kept,omitempty"`    // after an undo: what it left as it is
}

// People is how many people the change changes.
func (c Counts) People() int { return c.Joined + c.Returned + c.Changed + c.Moved + c.Left }

// Kind says what a step does.
type Kind string

// The kinds of steps.
const (
	GroupAdded Kind = "group"
	Joined     Kind = "joined"
	Returned   Kind = "returned"
	Changed    Kind = "changed"
	Moved      Kind = "moved" // to other groups, and nothing else
	Left       Kind = "left"
)

// count is where a kind is counted.
func (c *Counts) count(kind Kind) *int {
	return map[Kind]*int{GroupAdded: &c.Groups, Joined: &c.Joined, Returned: &c.Returned, Changed: &c.Changed, Moved: &c.Moved,
		Left: &c.Left}[kind]
}

// Step is what a change does to one person or group.
type Step struct {
	Position int64
	Line     int // row in the file; 0: not in it
	Kind     Kind
	Subject  string // id of the user or group
	Name     string // for people to read
	Edits    []Edit
}

// Edit is one detail, before and after.
type Edit struct {
	What   string `json:"w"`
	Before string `json:"b,omitempty"`
	After  string `json:"a,omitempty"`
	Label  string `json:"l,omitempty"` // of a group: its name
}

// What an edit may be about, besides fields ("field:" and the id) and groups ("group:" and the id; yes or nothing).
const (
	Number   = "number"
	Username = "username"
	Email    = "email"
	Given    = "given_name"
	Family   = "family_name"
	Status   = "status"
	Phone    = "phone"
	Started  = "started"
	Leaves   = "leaves"

	inField = "field:"
	inGroup = "group:"

	// Of no interest to people: what the register itself has to remember, and what must not have changed in between.
	gone   = "gone"
	put    = "put"
	role   = "role"
	frozen = "frozen"
)

// Shown tells whether people want to know of the edit.
func (e Edit) Shown() bool {
	return e.Before != e.After && e.What != gone && e.What != put
}

// Trouble is a row that is not applied, or that somebody should look at; or what an undo left as it is.
type Trouble struct {
	Line     int // row in the file; 0: not in it
	Name     string
	Refused  bool
	Problems []*problem.Problem
	Cells    []string // of a row that is refused, for the repair file
}
