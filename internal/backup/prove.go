// Proving that a backup can be put back.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"woggle/internal/audit"
	"woggle/internal/db"
	"woggle/internal/keys"
)

const scratch = ".restore-test-*"

// prove puts a backup into a database of its own, which is SQLite whatever it was made of, and throws that away. The rows must be those
// that were backed up, nothing may be wrong with the file, and what is wrong with the audit trail is told.
func prove(ctx context.Context, open func() (io.Reader, error), folder string, ring *keys.Ring,
	now func() time.Time) (m Manifest, trail []audit.Fault, err error) {
	removeLeft(folder, scratch, now())
	place, err := os.MkdirTemp(folder, scratch) // for nobody else
	if err != nil {
		return m, nil, err
	}
	defer os.RemoveAll(place)
	d, err := db.Open("sqlite:"+filepath.Join(place, "woggle.db"), now)
	if err != nil {
		return m, nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	err = d.Tx(ctx, func(tx *db.Tx) error {
		lines, err := open()
		if err != nil {
			return err
		}
		m, err = unpack(tx, lines)
		return err
	})
	if err != nil {
		return m, nil, err
	}
	if err := d.Ask(ctx, func(tx *db.Tx) error { return integrity(tx) }); err != nil {
		return m, nil, err
	}
	report, err := audit.Verify(func(look func(*db.Tx) error) error { return d.View(ctx, look) }, ring, "")
	return m, report.Faults, err
}

// integrity asks SQLite whether the file is sound.
func integrity(tx *db.Tx) error {
	answer, err := checkIntegrity(tx)
	if err == nil && answer != "ok" {
		err = fmt.Errorf("%w: SQLite says %s", ErrDamaged, answer)
	}
	return err
}
