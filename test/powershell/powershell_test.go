// Package powershell_test has the scripts for administrators read by a grammar of PowerShell that is not ours.
package powershell_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"woggle/internal/app/microsoft365"
	"woggle/internal/app/microsoft365/graph"
	"woggle/internal/db/dbtest"
)

func TestTheScriptsArePowerShell(t *testing.T) {
	if _, err := os.Stat("node_modules/tree-sitter-powershell"); err != nil {
		dbtest.Need(t, errors.New("the grammar of PowerShell is not there: make tools"))
	}
	all := map[string]string{"a fault, to see that faults are seen": "if ($x { 'a'"}
	for _, name := range []string{"Northwold Scouts", "O'Brien’s ‘Cubs‛", "$(throw 'x')", "'; throw 'x", "a\nthrow"} {
		for _, which := range microsoft365.Scripts {
			base, _ := url.Parse("https://signin.northwold.example")
			s := microsoft365.Script{Tenant: microsoft365.Tenant{ID: name, Cloud: graph.Global}, Domain: microsoft365.Domain{Name: name, Issuer: name, Protocol: microsoft365.SAML},
				Organisation: name, Base: base, Certificates: microsoft365.Certificates{Current: []byte("now")}, At: time.Unix(0, 0)}
			text, err := s.Write(which)
			if err != nil {
				t.Fatal(err)
			}
			all[which+" with "+name] = text
		}
	}
	input, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	// The optimising compiler would work for minutes on a grammar that is used once.
	command := exec.CommandContext(t.Context(), "node", "--liftoff-only", "parse.mjs")
	command.Stdin = bytes.NewReader(input)
	var trouble strings.Builder
	command.Stderr = &trouble
	output, err := command.Output()
	if err != nil {
		t.Fatalf("%v\n%s", err, trouble.String())
	}
	var faults map[string][]string
	if err := json.Unmarshal(output, &faults); err != nil {
		t.Fatal(err)
	}
	for name, found := range faults {
		if !strings.HasPrefix(name, "a fault") {
			t.Errorf("%s:\n%s", name, strings.Join(found, "\n"))
		}
	}
	if len(faults) == 0 {
		t.Error("a fault was not seen")
	}
}
