// The conversation: one command, and what the modem says to it.

package modem

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// conversation is an open port. Only the goroutine that runs the modem uses it.
type conversation struct {
	port  io.ReadWriteCloser
	lines chan string // what the modem says; closed when it is gone
	heard func(line string)
}

const mostLine = 1024

func converse(port io.ReadWriteCloser, heard func(string)) *conversation {
	c := &conversation{port: port, lines: make(chan string, 64), heard: heard}
	go c.listen()
	return c
}

// listen cuts what comes into lines. The prompt for a text has no end of line.
func (c *conversation) listen() {
	defer close(c.lines)
	var line []byte
	one := make([]byte, 256)
	for {
		n, err := c.port.Read(one)
		for _, b := range one[:n] {
			switch {
			case b == '\r' || b == '\n':
				if len(line) > 0 {
					c.lines <- string(line)
				}
				line = line[:0]
			case b == ' ' && string(line) == ">":
				c.lines <- ">"
				line = line[:0]
			case len(line) < mostLine:
				line = append(line, b)
			}
		}
		if err != nil {
			return
		}
	}
}

var (
	errSilent    = errors.New("the modem does not answer")
	errUnplugged = errors.New("the modem is gone")
)

// fault is an error that the modem names by number (+CMS ERROR, +CME ERROR).
type fault struct {
	kind   string
	number int
}

func (f fault) Error() string {
	return fmt.Sprintf("the modem answered +%s ERROR: %d", f.kind, f.number)
}

var faults = regexp.MustCompile(`^\+(CM[SE]) ERROR: *(\d+)$`)

// say writes a command and collects what the modem answers until OK, an error, or the prompt.
func (c *conversation) say(ctx context.Context, command string, within time.Duration) (answer []string, err error) {
	if _, err := io.WriteString(c.port, command); err != nil {
		return nil, errUnplugged
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	for {
		select {
		case line, open := <-c.lines:
			if !open {
				return answer, errUnplugged
			}
			found := faults.FindStringSubmatch(line)
			switch {
			case line == "OK" || line == ">":
				return answer, nil
			case line == "ERROR":
				return answer, fault{"CME", -1}
			case found != nil:
				number, _ := strconv.Atoi(found[2])
				return answer, fault{found[1], number}
			case strings.HasPrefix(line, "AT") || line == strings.TrimSpace(command): // an echo
			default:
				answer = append(answer, line)
				c.heard(line)
			}
		case <-timer.C:
			return answer, errSilent
		case <-ctx.Done():
			return answer, ctx.Err()
		}
	}
}

// at is a command with its answer of one line, without the name in front.
func (c *conversation) at(ctx context.Context, command string) (string, error) {
	lines, err := c.say(ctx, "AT"+command+"\r", usual)
	name, _, _ := strings.Cut(strings.TrimRight(command, "?"), "=")
	for _, line := range lines {
		if rest, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(rest), err
		}
	}
	return "", err
}
