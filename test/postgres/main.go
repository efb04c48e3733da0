// Postgres runs a command with a private PostgreSQL beside it, which all its tests share: `postgres go test ./...`.
// Without PostgreSQL the command runs all the same, and its tests say what they miss.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"

	"woggle/internal/db/dbtest"
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) (status int) {
	if len(args) == 0 {
		fmt.Fprintln(os.Stderr, "postgres: name the command to run")
		return 2
	}
	command := exec.Command(args[0], args[1:]...)
	command.Stdin, command.Stdout, command.Stderr, command.Env = os.Stdin, os.Stdout, os.Stderr, os.Environ()
	address, stop, err := dbtest.StartCluster()
	switch {
	case err == nil:
		defer stop()
		command.Env = append(command.Env, "WOGGLE_TEST_POSTGRES="+address)
	case !errors.Is(err, dbtest.ErrMissing):
		fmt.Fprintln(os.Stderr, "postgres:", err)
		return 1
	}
	if err := command.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "postgres:", err)
		return 1
	}
	return 0
}
