// Package scim_test lets other people's code judge SCIM in both directions: receiver.js is a system that takes people, client.js
// one that sends them; both stand on SCIMMY for Node. They listen on, and ask, this computer only.
package scim_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/scim"
	"woggle/internal/app/scim/target"
	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/keys"
	"woggle/internal/outgoing"
	"woggle/internal/page"
	"woggle/internal/server"
)

// node is a program of the folder, ready to start.
func node(t *testing.T, words ...string) *exec.Cmd {
	t.Helper()
	_, err := exec.LookPath("node")
	if err == nil {
		_, err = os.Stat("node_modules/scimmy")
	}
	if err != nil {
		dbtest.Need(t, errors.New("SCIMMY for Node is not there: apt-get install nodejs, npm ci --prefix test/scim --ignore-scripts"))
	}
	command := exec.CommandContext(t.Context(), "node", words...)
	command.Stderr = t.Output()
	return command
}

func in(t *testing.T, d *db.DB, work func(tx *db.Tx) error) {
	t.Helper()
	if err := d.Tx(context.Background(), work); err != nil {
		t.Fatal(err)
	}
}

// The whole server, asked by a client that believes nobody but the standard.
func TestAClientOfOthersIsServed(t *testing.T) {
	d, _ := dbtest.Open(t)
	ring := keys.Random()
	var handler http.Handler
	listener := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	defer listener.Close()
	base, err := url.Parse(listener.URL)
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(server.Options{DB: d, Keys: ring, Base: base, Brand: page.Brand{Name: "Northwold", Colour: "#1f5f4a"}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		t.Fatal(err)
	}
	handler = s.Handler()
	var token string
	in(t, d, func(tx *db.Tx) (err error) {
		_, token, err = scim.Add(tx, ring, audit.System, "judge", 24*time.Hour)
		return err
	})
	client := node(t, "client.js", listener.URL+"/scim/v2", token)
	out, err := client.Output()
	if err != nil || strings.TrimSpace(string(out)) != "judged" {
		t.Errorf("%v: %s", err, out)
	}
}

// person is somebody as the receiver keeps them.
type person struct {
	ID, ExternalID, UserName string
	Active                   bool
	Name                     struct{ GivenName, FamilyName string }
	Emails                   []struct{ Value string }
	Enterprise               struct{ Department string } `json:"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"`
}

// kept is what the receiver keeps.
type kept struct {
	Users  []person
	Groups []struct {
		ID, DisplayName string
		Members         []struct{ Value string }
	}
}

// What Woggle sends is taken by a system that others have made, and means there what it means here.
func TestASystemOfOthersIsKeptInStep(t *testing.T) {
	const token = "let-woggle-in"
	receiver := node(t, "receiver.js", token)
	input, err := receiver.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := receiver.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := receiver.Start(); err != nil {
		t.Fatal(err)
	}
	defer receiver.Wait()
	defer input.Close()
	line, err := bufio.NewReader(output).ReadBytes('\n')
	var first struct{ Port int }
	if err != nil || json.Unmarshal(line, &first) != nil {
		t.Fatalf("the receiver does not say its port: %q, %v", line, err)
	}
	base := fmt.Sprintf("http://127.0.0.1:%d", first.Port)
	keeps := func() (k kept) {
		t.Helper()
		r, err := http.Get(base + "/kept")
		if err != nil {
			t.Fatal(err)
		}
		defer r.Body.Close()
		if err := json.NewDecoder(r.Body).Decode(&k); err != nil {
			t.Fatal(err)
		}
		return k
	}

	d, clock := dbtest.Open(t)
	ring := keys.Random()
	var ann, bob directory.User
	var fens directory.Group
	var to *target.Target
	in(t, d, func(tx *db.Tx) (err error) {
		if err := directory.AddField(tx, "x", directory.Field{ID: "department", Kind: directory.Text, Labels: map[string]string{"en": "Department"}}); err != nil {
			return err
		}
		if ann, err = directory.Add(tx, directory.User{Username: "ann", GivenName: "Ann", FamilyName: "Price", Email: "ann@example.org"}); err != nil {
			return err
		}
		if bob, err = directory.Add(tx, directory.User{Username: "bob"}); err != nil {
			return err
		}
		if err := directory.SetValues(tx, "x", ann, map[string]string{"department": "North"}); err != nil {
			return err
		}
		if fens, err = directory.AddGroup(tx, "Fens", ""); err != nil {
			return err
		}
		for _, u := range []directory.User{ann, bob} {
			if err := directory.Join(tx, "x", fens.ID, u.ID); err != nil {
				return err
			}
		}
		to, err = target.Add(tx, ring, "x", target.Target{Name: "wiki", Base: base + "/scim", Details: []string{"department"}}, token)
		return err
	})
	worker := &target.Worker{DB: d, Keys: ring, HTTP: outgoing.New(true), Log: slog.New(slog.NewTextHandler(t.Output(), nil))}
	run := func() target.Counts {
		t.Helper()
		counts, err := worker.Work(t.Context(), to.ID)
		if err != nil || counts.Refused > 0 {
			t.Errorf("sent: %+v, %v", counts, err)
			in(t, d, func(tx *db.Tx) error {
				all, err := target.List(tx)
				t.Logf("%+v", all[0].Refused)
				return err
			})
		}
		clock.Advance(time.Second)
		return counts
	}
	run()
	k := keeps()
	if len(k.Users) != 2 || len(k.Groups) != 1 || len(k.Groups[0].Members) != 2 {
		t.Fatalf("it keeps %+v", k)
	}
	if a := k.Users[0]; a.UserName != "ann" || a.ExternalID != ann.ID || !a.Active || a.Name.FamilyName != "Price" || a.Emails[0].Value != "ann@example.org" || a.Enterprise.Department != "North" {
		t.Errorf("it keeps %+v", a)
	}

	// Everything changes, or goes.
	in(t, d, func(tx *db.Tx) error {
		ann.FamilyName, ann.Email, ann.Username = "Pugh", "", "ann.pugh"
		return errors.Join(directory.Update(tx, ann), directory.SetValues(tx, "x", ann, map[string]string{"department": ""}),
			directory.SetStatus(tx, "x", bob.ID, directory.Disabled), directory.RenameGroup(tx, "x", fens.ID, "Fenland"))
	})
	run()
	k = keeps()
	i := slices.IndexFunc(k.Users, func(u person) bool { return u.ExternalID == bob.ID })
	if a := k.Users[1-i]; a.UserName != "ann.pugh" || a.Name.FamilyName != "Pugh" || len(a.Emails) != 0 || a.Enterprise.Department != "" || !a.Active {
		t.Errorf("it keeps %+v", a)
	}
	if k.Users[i].Active || k.Groups[0].DisplayName != "Fenland" || len(k.Groups[0].Members) != 1 {
		t.Errorf("it keeps %+v", k)
	}

	// A full compare of what is right changes nothing, and the end of a group ends it there.
	in(t, d, func(tx *db.Tx) error { return target.Compare(tx, to) })
	if counts := run(); counts.Made+counts.Ended+counts.Moved != 0 {
		t.Errorf("sent: %+v", counts)
	}
	in(t, d, func(tx *db.Tx) error { return directory.RemoveGroup(tx, "x", fens.ID) })
	run()
	if k := keeps(); len(k.Groups) != 0 || len(k.Users) != 2 {
		t.Errorf("it keeps %+v", k)
	}
}
