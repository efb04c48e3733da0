// Package authenticator_test builds the web authenticator anew and compares the result with what is committed, and runs the
// tests of its sources. Both need Node; nothing else in Woggle does.
package authenticator_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"woggle/internal/db/dbtest"
)

const sources = "../../authenticator"

// npx runs a program of the app's own tools, in its folder.
func npx(t *testing.T, args ...string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(sources, "node_modules/vite")); err != nil {
		dbtest.Need(t, errors.New("the tools of the authenticator are not there: make tools"))
	}
	command := exec.CommandContext(t.Context(), "npx", append([]string{"--no-install"}, args...)...)
	command.Dir = sources
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
}

// Whoever reads the sources knows what runs on people's phones: the committed build is made of them, to the byte.
func TestTheCommittedBuildIsMadeOfTheSources(t *testing.T) {
	folder := t.TempDir()
	npx(t, "vite", "build", "--outDir", folder, "--emptyOutDir")
	fresh, committed := read(t, folder), read(t, filepath.Join(sources, "dist"))
	for name, body := range fresh {
		if !bytes.Equal(body, committed[name]) {
			t.Errorf("dist/%s is not what the sources give: npm run build in authenticator, and commit dist", name)
		}
	}
	for name := range committed {
		if fresh[name] == nil {
			t.Errorf("dist/%s is left over from another build", name)
		}
	}
}

func read(t *testing.T, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	tree := os.DirFS(folder)
	err := fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		files[name], err = fs.ReadFile(tree, name)
		return err
	})
	if err != nil || len(files) == 0 {
		t.Fatalf("%s: %d files, %v", folder, len(files), err)
	}
	return files
}

func TestTheSourcesAreSound(t *testing.T) {
	npx(t, "svelte-check", "--fail-on-warnings")
	npx(t, "vitest", "run")
}
