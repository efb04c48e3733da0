package keys_test

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"woggle/internal/keys"
)

var now = time.Date(2027, time.February, 1, 9, 30, 0, 0, time.UTC)

func TestTheFirstStartMakesTheKeyFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	first, created, err := keys.LoadOrCreate(path, now)
	if err != nil || !created {
		t.Fatalf("the first start: created %t, %v", created, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode is %s, %v; only its owner may read it", info.Mode(), err)
	}
	second, created, err := keys.LoadOrCreate(path, now.AddDate(1, 0, 0))
	if err != nil || created {
		t.Fatalf("the second start: created %t, %v", created, err)
	}
	if got, err := second.Open(first.Seal([]byte("secret"), "row"), "row"); err != nil || string(got) != "secret" {
		t.Errorf("after a restart: %q, %v", got, err)
	}
	left, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(left) != 1 {
		t.Errorf("beside the key file lies %v, %v", left, err)
	}
}

// Each node is a process of its own. All must end up with the one key, whole, and one of them must have made it.
func TestManyNodesMakeTheKeyFileAtOnce(t *testing.T) {
	if path := os.Getenv("WOGGLE_TEST_KEY_FILE"); path != "" {
		ring, created, err := keys.LoadOrCreate(path, now)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Printf("node %t %s\n", created, hex.EncodeToString(ring.MAC("test")))
		return
	}
	path := filepath.Join(t.TempDir(), "keys.json")
	var nodes []*exec.Cmd
	var said []*strings.Builder
	for range 8 {
		node, out := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$"), &strings.Builder{}
		node.Env, node.Stdout, node.Stderr = append(os.Environ(), "WOGGLE_TEST_KEY_FILE="+path), out, out
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
		nodes, said = append(nodes, node), append(said, out)
	}
	makers, rings := 0, map[string]bool{}
	for i, node := range nodes {
		if err := node.Wait(); err != nil {
			t.Fatalf("%v: %s", err, said[i])
		}
		var created bool
		var ring string
		if _, err := fmt.Sscanf(said[i].String(), "node %t %s", &created, &ring); err != nil {
			t.Fatalf("%v: %s", err, said[i])
		}
		if created {
			makers++
		}
		rings[ring] = true
	}
	if makers != 1 || len(rings) != 1 {
		t.Errorf("%d nodes made the file, and there are %d different keys", makers, len(rings))
	}
}

func TestAKeyFileThatCannotBeUsedIsRefusedWithAReason(t *testing.T) {
	good := `{"keys":[{"id":"k1","secret":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="}]}`
	rules := []struct {
		what, content string
		mode          fs.FileMode
		says          string // what the person at the command line must read
	}{
		{"readable by the group", good, 0o640, "chmod 600"},
		{"readable by everybody", good, 0o604, "chmod 600"},
		{"writable by others", good, 0o602, "chmod 600"},
		{"empty", "", 0o600, "not a key file"},
		{"cut in the middle", good[:40], 0o600, "not a key file"},
		{"without keys", `{"keys":[]}`, 0o600, "at least one key"},
		{"with a short key", `{"keys":[{"id":"k1","secret":"AQEB"}]}`, 0o600, "32 bytes"},
		{"with a damaged key", `{"keys":[{"id":"k1","secret":"!"}]}`, 0o600, `"k1" is damaged`},
	}
	for _, rule := range rules {
		path := filepath.Join(t.TempDir(), "keys.json")
		if err := os.WriteFile(path, []byte(rule.content), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, rule.mode); err != nil {
			t.Fatal(err)
		}
		ring, created, err := keys.LoadOrCreate(path, now)
		if ring != nil || created || err == nil || !strings.Contains(err.Error(), rule.says) || !strings.Contains(err.Error(), path) {
			t.Errorf("a file %s: created %t, %v", rule.what, created, err)
		}
		if content, _ := os.ReadFile(path); string(content) != rule.content {
			t.Errorf("a file %s was changed", rule.what)
		}
	}
}

func TestAnAdministratorPutsANewKeyInFront(t *testing.T) {
	path := filepath.Join(t.TempDir(), "keys.json")
	before, _, err := keys.LoadOrCreate(path, now)
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	edited := strings.Replace(string(content), `"keys": [`,
		`"keys": [{"id": "k2", "secret": "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="},`, 1)
	if err := os.WriteFile(path, []byte(edited), 0o600); err != nil {
		t.Fatal(err)
	}
	after, err := keys.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := after.Open(before.Seal([]byte("secret"), "row"), "row"); err != nil || string(got) != "secret" {
		t.Errorf("what the old key sealed: %q, %v", got, err)
	}
	if sealed := after.Seal([]byte("secret"), "row"); !strings.HasPrefix(string(sealed), "v1.k2.") {
		t.Errorf("the new key does not seal: %.10q", sealed)
	}
}

func TestAFolderThatIsNotThere(t *testing.T) {
	_, created, err := keys.LoadOrCreate(filepath.Join(t.TempDir(), "gone", "keys.json"), now)
	if created || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("created %t, %v", created, err)
	}
}
