// A request: what an app asks for, kept while the person signs in.
package app

import (
	"encoding/json"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/problem"
	"woggle/internal/session"
)

// Request is what an app asks for. The protocol has checked it, and knows that its answer will go to the app and to nobody
// else.
type Request struct {
	ID        string // empty while it is kept nowhere
	Protocol  string
	App       *App
	Data      json.RawMessage // the protocol's own: where the answer goes, and what it has to repeat
	Demand    Demand
	CreatedAt time.Time

	answered string // id of the user as whom the person said to go on
	bound    bool   // to a browser
	used     bool
}

// life is how long a request waits: as long as the longest sign-in.
const life = time.Hour

// Entry is somebody who arrives at an app.
type Entry struct {
	Request *Request
	Session *session.Session
	Token   string // id of what the app is given, or empty: by the audit trail, ours are told from forged ones (threat T75)
	desk    *Desk
	from    audit.Event // with where the person is and in which browser
}

// Arrive uses the request up and notes the visit, in the transaction that makes what the app is given. What the protocol
// wants to remember of the visit is data; an offline visit may go on after the person has signed out. Its error is Gone when
// the request was used already, or the session ended a moment ago.
func (e *Entry) Arrive(tx *db.Tx, data string, offline bool) (session.Visit, error) {
	if err := e.Spend(tx); err != nil {
		return session.Visit{}, err
	}
	visit, err := e.desk.Sessions.Visit(tx, e.Session, e.Request.App.ID, data, offline)
	if err != nil {
		return visit, err
	}
	event := e.from
	event.Type, event.Detail = audit.AppEntered, audit.Detail{"app": e.Request.App.ID, "name": e.Request.App.Name, "protocol": e.Request.Protocol}
	if e.Token != "" {
		event.Detail["token"] = e.Token
	}
	return visit, audit.Record(tx, event)
}

// Spend uses the request up, in the transaction that makes the answer: of two tabs, one gets it. One that was answered at
// once was kept nowhere, and has nothing to be used up. Its error is Gone when it was used already.
func (e *Entry) Spend(tx *db.Tx) error {
	if e.Request.ID == "" {
		return nil
	}
	spent, err := spendRequest(tx, e.Request.ID)
	if err == nil && !spent {
		err = problem.New(problem.Gone, "app.used")
	}
	return err
}
