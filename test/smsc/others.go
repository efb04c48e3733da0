// The message centre that others have written, as a program beside ours.
package smsc

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

// Password is what the message centre of others wants.
const Password = "secret"

// Others is a message centre that runs as a program of its own.
type Others struct {
	Addr  string
	Lines *bufio.Scanner // what it prints of each text, as JSON

	in      io.Closer
	command *exec.Cmd
}

// ErrMissing says what has to be there for it.
var ErrMissing = errors.New("the message centre smpp for Node is not there: apt-get install nodejs, npm ci --prefix test/smsc --ignore-scripts")

// StartOthers starts it; folder is where centre.js is. The words are those that it knows.
func StartOthers(folder string, words ...string) (*Others, error) {
	if _, err := exec.LookPath("node"); err != nil {
		return nil, ErrMissing
	}
	if _, err := os.Stat(filepath.Join(folder, "node_modules", "smpp")); err != nil {
		return nil, ErrMissing
	}
	o := &Others{command: exec.Command("node", append([]string{"centre.js"}, words...)...)}
	o.command.Dir, o.command.Stderr = folder, os.Stderr
	in, err := o.command.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := o.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := o.command.Start(); err != nil {
		return nil, err
	}
	o.in, o.Lines = in, bufio.NewScanner(out)
	var first struct{ Port int }
	if !o.Lines.Scan() || json.Unmarshal(o.Lines.Bytes(), &first) != nil {
		o.Stop()
		return nil, errors.New("the message centre of others did not say its port")
	}
	o.Addr = fmt.Sprintf("127.0.0.1:%d", first.Port)
	return o, nil
}

// Stop ends the program, which ends with its input.
func (o *Others) Stop() error {
	o.in.Close()
	return o.command.Wait()
}
