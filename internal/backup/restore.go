// Putting a backup back.
package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"filippo.io/age"

	"woggle/internal/db"
)

// Restore puts a backup into a database, which was brought up to date, all of it or nothing: who interrupts it finds what was there before.
// If there are people in it, their number must be that in replace. After the rows are in and the schema is up to date, after decides
// in the same transaction whether it can stay.
func Restore(ctx context.Context, d *db.DB, path string, identities []age.Identity, replace int64, after func(*db.Tx) error) (m Manifest, err error) {
	f, err := os.Open(path)
	if err != nil {
		return m, err
	}
	defer f.Close()
	err = d.Tx(ctx, func(tx *db.Tx) error {
		if err := mayReplace(tx, replace); err != nil {
			return err
		}
		lines, err := decrypt(f, identities...)
		if err != nil {
			return err
		}
		if m, err = unpack(tx, lines); err != nil {
			return err
		}
		if err := tx.Upgrade(); err != nil {
			return err
		}
		return after(tx)
	})
	return m, err
}

// PeopleError says that there are people whom a restore would put away.
type PeopleError struct{ People int64 }

func (e PeopleError) Error() string {
	return fmt.Sprintf("there are people in this database: %d", e.People)
}

// mayReplace tells whether the database may be overwritten.
func mayReplace(tx *db.Tx, replace int64) error {
	names, err := db.Schemas()
	if err != nil {
		return err
	}
	switch number, err := tx.Schema(); {
	case err != nil:
		return err
	case number > len(names):
		return errNewer
	}
	people, err := countPeople(tx)
	if err == nil && people > 0 && people != replace {
		err = PeopleError{people}
	}
	return err
}

// ReadIdentities reads a file of secret keys, as age-keygen and NewIdentity write it.
func ReadIdentities(path string) ([]age.Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	all, err := age.ParseIdentities(io.LimitReader(f, 1<<20))
	if err != nil {
		return nil, errors.New(path + " holds no secret key of age")
	}
	return all, nil
}
