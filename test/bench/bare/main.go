// Bare is the yardstick of pages, starts and apps: net/http, one handler, and a page of a given size that says nothing. With the name
// of an algorithm, each request also commits one row to a SQLite database and makes one signature: the least that the sign-in to
// an app can cost.
package main

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/google/uuid"
	_ "modernc.org/sqlite"
)

func main() {
	if len(os.Args) != 3 && len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "usage: bare ADDRESS BYTES [RS256|ES256 FOLDER]")
		os.Exit(2)
	}
	size, err := strconv.Atoi(os.Args[2])
	work := func(context.Context) error { return nil }
	if err == nil && len(os.Args) == 5 {
		work, err = writing(os.Args[3], os.Args[4])
	}
	if err == nil {
		body := bytes.Repeat([]byte("."), size)
		err = http.ListenAndServe(os.Args[1], http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := work(r.Context()); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write(body)
		}))
	}
	fmt.Fprintln(os.Stderr, "bare:", err)
	os.Exit(1)
}

// writing commits a row and signs.
func writing(alg, folder string) (func(context.Context) error, error) {
	private, err := map[string]func() (crypto.Signer, error){
		"RS256": func() (crypto.Signer, error) { return rsa.GenerateKey(rand.Reader, 2048) },
		"ES256": func() (crypto.Signer, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) },
	}[alg]()
	if err != nil {
		return nil, err
	}
	// As anybody would write it: each write is a transaction of its own, on the disk before the answer.
	d, err := sql.Open("sqlite", "file:"+filepath.Join(folder, "bare.db")+"?_pragma=busy_timeout(2000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	_, err = d.Exec("CREATE TABLE IF NOT EXISTS yard (id TEXT PRIMARY KEY, at BIGINT NOT NULL)")
	return func(ctx context.Context) error {
		id := uuid.Must(uuid.NewV7()).String()
		if _, err := d.ExecContext(ctx, "INSERT INTO yard (id, at) VALUES ($1, $2)", id, time.Now().UnixMilli()); err != nil {
			return err
		}
		digest := sha256.Sum256([]byte(id))
		_, err := private.Sign(rand.Reader, digest[:], crypto.SHA256)
		return err
	}, err
}
