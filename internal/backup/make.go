// Making a backup.
package backup

import (
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/keys"
)

// Maker makes backups of a database.
type Maker struct {
	DB         *db.DB
	Keys       *keys.Ring
	Recipients []age.Recipient // who can read them; the server is not among them
	Version    string          // of the program
	Scratch    string          // a folder that nobody else can read, with as much room as the database takes

	create func(folder string) (file, error) // nil: a file on the disk
}

// file is a draft of a backup.
type file interface {
	io.ReadWriteSeeker
	Name() string
	Truncate(size int64) error
	Sync() error
	Close() error
}

// Made is a backup that was made and tested.
type Made struct {
	Manifest
	Path   string
	Size   int64         // bytes
	Digest string        // SHA-256 of the file, in hex
	Wrote  time.Duration // how long that took
	Tested time.Duration // and that
	Trail  []audit.Fault // what is wrong with the audit trail in it; that is no fault of the backup
}

const (
	prefix = "woggle-"
	suffix = ".backup"
	drafts = ".woggle-*.draft"
	stamp  = "20060102-150405"
)

// Make makes a backup in a folder, or as a file that is not there yet, and tests it. Only what has passed gets its name, so that a
// folder has whole ones only, whatever happens meanwhile.
func (m *Maker) Make(ctx context.Context, to string) (made Made, err error) {
	began := time.Now()
	if len(m.Recipients) == 0 {
		return made, errors.New("nobody could read the backup: name a recipient")
	}
	if made.Path, err = m.place(to); err != nil {
		return made, err
	}
	folder := filepath.Dir(made.Path)
	removeLeft(folder, drafts, m.DB.Now())
	f, err := m.draft(folder)
	if err != nil {
		return made, err
	}
	defer os.Remove(f.Name()) // after it got its name there is nothing to remove
	defer f.Close()
	// Besides the recipients there is a key that lives as long as this call. With it the file can be read back as it stands on the
	// disk, though the server cannot read it later.
	own, err := age.GenerateX25519Identity()
	if err != nil {
		return made, err
	}
	if made.Manifest, err = m.write(ctx, f, own); err != nil {
		return made, fmt.Errorf("the backup could not be written: %w", err)
	}
	made.Wrote = time.Since(began)
	if err := m.test(ctx, f, own, &made); err != nil {
		return made, fmt.Errorf("the backup was made, but could not be put back, so that it is worth nothing: %w", err)
	}
	made.Tested = time.Since(began) - made.Wrote
	return made, finish(f, made.Path)
}

// errThere says that a backup would go over something else. It is a slip of whoever asked, and no failure of backups.
var errThere = errors.New("this is there already: name a folder, or a file that is not there")

// draft makes a file that nobody else can read.
func (m *Maker) draft(folder string) (file, error) {
	if m.create != nil {
		return m.create(folder)
	}
	return os.CreateTemp(folder, drafts)
}

// In is the path of a backup of that instant in a folder, which need not be there: who names a folder that is not mounted gets an error,
// and no file of its name.
func In(folder string, at time.Time) string {
	return filepath.Join(folder, prefix+at.UTC().Format(stamp)+suffix)
}

// place is the path of the new backup.
func (m *Maker) place(to string) (string, error) {
	info, err := os.Stat(to)
	switch {
	case err == nil && info.IsDir():
		to = In(to, m.DB.Now())
		if _, err := os.Lstat(to); err == nil {
			return "", fmt.Errorf("%s: %w", to, errThere)
		}
		return to, nil
	case err == nil:
		return "", fmt.Errorf("%s: %w", to, errThere)
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	if _, err := os.Stat(filepath.Dir(to)); err != nil {
		return "", fmt.Errorf("the folder for the backup is not there: %w", err)
	}
	return to, nil
}

// write packs the database, compresses and encrypts, and sees that it is on the disk.
func (m *Maker) write(ctx context.Context, f file, own *age.X25519Identity) (manifest Manifest, err error) {
	err = m.DB.View(ctx, func(tx *db.Tx) error {
		if err := rewind(f); err != nil { // the database may have us begin anew
			return err
		}
		if err := f.Truncate(0); err != nil {
			return err
		}
		manifest, err = m.encrypt(tx, f, own)
		return err
	})
	if err != nil {
		return manifest, err
	}
	return manifest, f.Sync()
}

func (m *Maker) encrypt(tx *db.Tx, to io.Writer, own *age.X25519Identity) (manifest Manifest, err error) {
	sealed, err := age.Encrypt(to, append([]age.Recipient{own.Recipient()}, m.Recipients...)...)
	if err != nil {
		return manifest, err
	}
	small, err := gzip.NewWriterLevel(sealed, gzip.BestSpeed)
	if err != nil {
		return manifest, err
	}
	if manifest, err = pack(tx, m.DB.Engine(), m.Version, small); err != nil {
		return manifest, err
	}
	if err := small.Close(); err != nil {
		return manifest, err
	}
	return manifest, sealed.Close()
}

// test reads the file back from the disk into a database of its own.
func (m *Maker) test(ctx context.Context, f file, own *age.X25519Identity, made *Made) error {
	if err := rewind(f); err != nil {
		return err
	}
	digest := sha256.New()
	size, err := io.Copy(digest, f)
	if err != nil {
		return err
	}
	made.Size, made.Digest = size, hex.EncodeToString(digest.Sum(nil))
	open := func() (io.Reader, error) { return decrypt(f, own) }
	proved, trail, err := prove(ctx, open, m.Scratch, m.Keys, m.DB.Now)
	if err != nil {
		return err
	}
	made.Trail = trail
	if proved.Head != made.Head {
		return fmt.Errorf("%w: it is of %s, and should be of %s", ErrDamaged, proved.At, made.At)
	}
	return nil
}

// digestOf is the SHA-256 of a file, in hex.
func digestOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	digest := sha256.New()
	_, err = io.Copy(digest, f)
	return hex.EncodeToString(digest.Sum(nil)), err
}

// decrypt opens a backup from its beginning.
func decrypt(f io.ReadSeeker, identities ...age.Identity) (io.Reader, error) {
	if err := rewind(f); err != nil {
		return nil, err
	}
	plain, err := age.Decrypt(f, identities...)
	var none *age.NoIdentityMatchError
	if errors.As(err, &none) {
		return nil, ErrIdentity
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	lines, err := gzip.NewReader(plain)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return lines, nil
}

// ErrIdentity says that a backup was encrypted for others.
var ErrIdentity = errors.New("this backup was encrypted for another key: " +
	"give the identity file whose public key stood in the settings when it was made")

func rewind(f io.Seeker) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

// finish gives the draft its name, and makes that outlive a power cut.
func finish(f file, path string) error {
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// leftAfter is when what another run was at is taken for left behind by one that was killed.
const leftAfter = 12 * time.Hour

// removeLeft removes what runs that were killed have left. What cannot be removed is in nobody's way.
func removeLeft(folder, pattern string, now time.Time) {
	left, _ := filepath.Glob(filepath.Join(folder, pattern))
	for _, path := range left {
		if info, err := os.Lstat(path); err == nil && now.Sub(info.ModTime()) > leftAfter {
			os.RemoveAll(path)
		}
	}
}

// Found is a backup in a folder.
type Found struct {
	Path string
	At   time.Time // of its name
	Size int64
}

// List lists the backups of a folder, the newest first.
func List(folder string) (all []Found, err error) {
	entries, err := os.ReadDir(folder)
	for i := len(entries) - 1; i >= 0; i-- { // by name, which is by time
		name := entries[i].Name()
		middle, begins := strings.CutPrefix(name, prefix)
		middle, ends := strings.CutSuffix(middle, suffix)
		at, wrong := time.Parse(stamp, middle)
		info, err := entries[i].Info()
		if begins && ends && wrong == nil && err == nil && info.Mode().IsRegular() {
			all = append(all, Found{filepath.Join(folder, name), at, info.Size()})
		}
	}
	return all, err
}

// Thin removes all but the newest backups of a folder.
func Thin(folder string, keep int) error {
	all, err := List(folder)
	if err != nil {
		return err
	}
	var failures []error
	for _, old := range all[min(keep, len(all)):] {
		failures = append(failures, os.Remove(old.Path))
	}
	return errors.Join(failures...)
}
