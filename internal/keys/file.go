// The key file: made at the first start, readable by nobody else.
package keys

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

type file struct {
	About string    `json:"about"`
	Keys  []fileKey `json:"keys"`
}

type fileKey struct {
	ID     string    `json:"id"`
	Made   time.Time `json:"made"`
	Secret string    `json:"secret"`
}

const about = "The keys of this Woggle. Whoever has this file and the database can read every secret; without it the database is worthless. Back it up apart from the database."

// Load reads the ring from the file at path. A file that others can read is refused, because its keys may be known.
func Load(path string) (*Ring, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if info.Mode().Perm()&0o077 != 0 {
		return nil, fmt.Errorf("%s can be read by others; run: chmod 600 %s", path, path)
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var f file
	if err := json.Unmarshal(raw, &f); err != nil {
		return nil, fmt.Errorf("%s is not a key file: %w", path, err)
	}
	ids, secrets := make([]string, len(f.Keys)), make([][]byte, len(f.Keys))
	for i, k := range f.Keys {
		ids[i] = k.ID
		if secrets[i], err = base64.StdEncoding.DecodeString(k.Secret); err != nil {
			return nil, fmt.Errorf("%s: the key %q is damaged", path, k.ID)
		}
	}
	ring, err := New(ids, secrets)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return ring, nil
}

// LoadOrCreate reads the ring at path, or makes the file with one new key and tells so. Of two nodes that start at
// once on one disk, one makes the file and the other reads it.
func LoadOrCreate(path string, now time.Time) (ring *Ring, created bool, err error) {
	ring, err = Load(path)
	if !errors.Is(err, fs.ErrNotExist) {
		return ring, false, err
	}
	if err := create(path, now); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, false, fmt.Errorf("making the key file: %w", err)
	} else if err == nil {
		created = true
	}
	ring, err = Load(path)
	return ring, created, err
}

// create writes the file whole under another name and then links it, so that no reader ever sees half of it and no
// second writer replaces it.
func create(path string, now time.Time) error {
	secret := make([]byte, rootSize)
	rand.Read(secret)
	raw, err := json.MarshalIndent(file{About: about, Keys: []fileKey{{
		ID: "k" + now.UTC().Format("20060102"), Made: now.UTC(), Secret: base64.StdEncoding.EncodeToString(secret),
	}}}, "", "  ")
	if err != nil {
		return err
	}
	draft, err := os.CreateTemp(filepath.Dir(path), ".keys-*") // CreateTemp makes it 0600
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name())
	if _, err := draft.Write(append(raw, '\n')); err != nil {
		return errors.Join(err, draft.Close())
	}
	if err := errors.Join(draft.Sync(), draft.Close()); err != nil {
		return err
	}
	if err := os.Link(draft.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes the file's name outlive a power cut: a database that was written with a key that is gone is lost.
func syncFolder(path string) error {
	folder, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
