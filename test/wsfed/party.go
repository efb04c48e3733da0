// The relying party.
package wsfed

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
	"testing"
	"time"

	"woggle/internal/db/dbtest"
)

// Party is a running relying party, which ends with its test.
type Party struct {
	Base string // its address, without a slash at the end
	t    testing.TB
}

// Expected is what it demands of an answer; party.js says what stands in it.
type Expected map[string]any

// Start starts a party. The folder is where party.js is, and provider our own address.
func Start(t testing.TB, folder, provider string, expected Expected) *Party {
	t.Helper()
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "xml-crypto")); err != nil {
		dbtest.Need(t, errors.New("the modules of the relying party are not installed (npm ci --prefix test/wsfed --ignore-scripts)"))
	}
	expected["metadata"], expected["passive"] = provider+"/FederationMetadata/2007-06/FederationMetadata.xml", provider+"/wsfed"
	argument, err := json.Marshal(expected)
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("node", "party.js", string(argument))
	command.Dir, command.Stderr = folder, os.Stderr
	lifeline, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		dbtest.Need(t, err)
	}
	t.Cleanup(func() {
		lifeline.Close() // it ends with its input
		command.Wait()
	})
	var said struct{ Port int }
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &said)
	}
	if err != nil {
		t.Fatalf("the relying party did not say its port: %v", err)
	}
	return &Party{Base: fmt.Sprintf("http://127.0.0.1:%d", said.Port), t: t}
}

// Clock sets its clock.
func (p *Party) Clock(now time.Time) {
	p.t.Helper()
	p.Get("/clock?" + Query("now", now.Format(time.RFC3339Nano)))
}

// Get is what stands on one of its pages.
func (p *Party) Get(path string) string {
	p.t.Helper()
	response, err := http.Get(p.Base + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return string(body)
}

// Start is the page that sends a browser to us, with these demands in its request.
func (p *Party) Start(demands ...string) string { return p.Base + "/start?" + Query(demands...) }

// Request is a new request of the party's, which no browser has sent.
func (p *Party) Request(demands ...string) url.Values {
	p.t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Get(p.Start(demands...))
	if err != nil {
		p.t.Fatal(err)
	}
	response.Body.Close()
	to, err := response.Location()
	if err != nil {
		p.t.Fatal(err)
	}
	return to.Query()
}

// Query makes a query of names and values.
func Query(pairs ...string) string {
	query := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		query.Set(pairs[i], pairs[i+1])
	}
	return query.Encode()
}
