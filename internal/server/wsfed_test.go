package server_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"woggle/internal/app"
	"woggle/internal/db"
	"woggle/internal/db/dbtest"
	"woggle/internal/directory"
	"woggle/internal/message"
	"woggle/internal/method/phone"
)

const (
	entraRealm  = "urn:federation:MicrosoftOnline"
	entraIssuer = "https://id.northwold.example/wsfed/northwold.example"
	multi       = "http://schemas.microsoft.com/claims/multipleauthn"
	byPassword  = "http://schemas.microsoft.com/ws/2008/06/identity/authenticationmethod/password"
)

// party is a relying party in another language (test/wsfed), which judges what it is given.
type party struct {
	s    *site
	base string
}

// party starts a relying party that expects what the map says.
func (s *site) party(expected map[string]any) *party {
	s.t.Helper()
	script := filepath.Join("..", "..", "test", "wsfed", "party.js")
	if _, err := os.Stat(filepath.Join(filepath.Dir(script), "node_modules", "xml-crypto")); err != nil {
		dbtest.Need(s.t, errors.New("the relying party's modules are not installed (make tools)"))
	}
	web := s.nodes[0].web.URL
	expected["metadata"], expected["passive"] = web+"/FederationMetadata/2007-06/FederationMetadata.xml", web+"/wsfed"
	argument, err := json.Marshal(expected)
	if err != nil {
		s.t.Fatal(err)
	}
	command := exec.Command("node", script, string(argument))
	command.Stderr = os.Stderr
	lifeline, err := command.StdinPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		dbtest.Need(s.t, err)
	}
	s.t.Cleanup(func() {
		lifeline.Close() // it ends with its input
		command.Wait()
	})
	var said struct{ Port int }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	p := &party{s, fmt.Sprintf("http://127.0.0.1:%d", said.Port)}
	p.tick()
	return p
}

// tick sets its clock by ours.
func (p *party) tick() {
	p.s.t.Helper()
	p.get("/clock?now=" + url.QueryEscape(p.s.clock.Now().Format(time.RFC3339Nano)))
}

func (p *party) get(path string) string {
	p.s.t.Helper()
	response, err := http.Get(p.base + path)
	if err != nil {
		p.s.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.s.t.Fatal(err)
	}
	return string(body)
}

// request is a new request of the party's, which no browser has sent.
func (p *party) request(demands ...string) url.Values {
	p.s.t.Helper()
	p.tick()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(p.base + "/start?" + queryOf(demands))
	if err != nil {
		p.s.t.Fatal(err)
	}
	response.Body.Close()
	to, err := response.Location()
	if err != nil {
		p.s.t.Fatal(err)
	}
	return to.Query()
}

func queryOf(pairs []string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return query.Encode()
}

// start goes to the party's own page, which sends the browser to us with a request.
func (b *browser) start(p *party, demands ...string) *browser {
	b.s.t.Helper()
	p.tick()
	return b.open(p.base + "/start?" + queryOf(demands))
}

// code enters the code that was sent.
func (b *browser) code() *browser {
	b.s.t.Helper()
	return b.fill("Verify", "one-time-code", b.s.code(mobile))
}

// hand presses the button of the page that posts itself.
func (b *browser) hand(p *party) *browser {
	b.s.t.Helper()
	p.tick()
	return b.fill("", "wresult")
}

// judged is what the party made of the answer.
type judged struct {
	Name, Method string
	Instant      time.Time
	Rounds       int
	Claims       map[string][]string
}

func (b *browser) accepted() (j judged) {
	b.s.t.Helper()
	b.sees("accepted")
	_, raw, _ := strings.Cut(b.page.Text, "accepted")
	if err := json.Unmarshal([]byte(raw), &j); err != nil {
		b.s.t.Fatalf("%v: %s", err, b.page.Text)
	}
	return j
}

// app registers a relying party.
func (s *site) wsfed(id string, settings map[string]any, change ...func(*app.App)) {
	s.t.Helper()
	raw, err := json.Marshal(settings)
	if err != nil {
		s.t.Fatal(err)
	}
	a := &app.App{ID: id, Name: "Microsoft 365", Protocol: "wsfed", Launch: "https://www.microsoft365.com/", Settings: raw}
	for _, c := range change {
		c(a)
	}
	s.tx(func(tx *db.Tx) error { return app.Put(tx, "system", a) })
	for _, n := range s.nodes {
		n.server.Apps().Catalogue.Forget()
	}
}

// entra is Aisha, who has a phone, and Microsoft 365, to which her domain signs in here.
func (s *site) entra() (user directory.User, p *party) {
	s.t.Helper()
	user = s.member("aisha")
	s.phoneOf(user, mobile, phone.Mobile, message.SMS)
	p = s.party(map[string]any{"realm": entraRealm, "issuer": entraIssuer, "upn": "aisha@northwold.example", "id": strings.ReplaceAll(user.ID, "-", "")})
	s.wsfed("m365", map[string]any{"realm": entraRealm, "replies": []string{p.base + "/login.srf"},
		"domains": map[string]string{"northwold.example": entraIssuer}})
	return user, p
}

func TestAMemberSignsInToMicrosoft365(t *testing.T) {
	each(t, func(s *site) {
		_, p := s.entra()
		b := s.browser().start(p, "username", "aisha@northwold.example")
		b.fill("Next", "username", "aisha").fill("Next", "current-password", passphrase)
		begun := s.clock.Now()
		s.clock.Advance(30 * time.Second)
		j := b.code().hand(p).accepted()
		if j.Method != multi || j.Rounds != 0 || !j.Instant.Equal(begun) {
			t.Errorf("%+v", j)
		}
		// Later, in the same browser, nothing is asked, and the times are still those of the proofs.
		s.clock.Advance(40 * time.Minute)
		if again := b.start(p).hand(p).accepted(); !again.Instant.Equal(begun) {
			t.Errorf("signed in at %s, told %s", begun, again.Instant)
		}
	})
}
