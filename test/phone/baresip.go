// A telephone that others have made.

package phone

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// packages are the Debian packages of the programs.
var packages = map[string]string{"baresip": "baresip-core", "pocketsphinx_batch": "pocketsphinx", "sox": "sox", "sipp": "sip-tester"}

// Missing tells which of the programs are not installed, and what to do; nil if all are.
func Missing(programs ...string) error {
	var missing []string
	for _, program := range programs {
		if _, err := exec.LookPath(program); err != nil {
			missing = append(missing, packages[program])
		}
		if program == "pocketsphinx_batch" {
			if _, err := os.Stat(model); err != nil {
				missing = append(missing, "pocketsphinx-en-us")
			}
		}
	}
	if len(missing) == 0 {
		return nil
	}
	return fmt.Errorf("please install %s, as Debian calls them", strings.Join(missing, ", "))
}

// Phone is a running baresip. It picks up whoever calls.
type Phone struct {
	Address string // where it is called: host:port, over UDP

	folder  string
	program *exec.Cmd
	stdin   io.Closer
	control net.Conn
	ended   chan struct{}

	mu      sync.Mutex
	events  []event
	changed chan struct{} // closed at every event
	began   time.Time     // when the recording did
	pressed time.Time     // when the last key was
}

// event is what baresip tells.
type event struct {
	Type string `json:"type"`
}

// Start starts the telephone with that number, which knows these codecs, in this order, such as PCMU and PCMA. What it needs
// and records is in the folder.
func Start(folder, number string, codecs ...string) (*Phone, error) {
	calls, err := free("udp")
	if err != nil {
		return nil, err
	}
	control, err := free("tcp")
	if err != nil {
		return nil, err
	}
	// Named by its address, baresip takes the loopback interface that it would not take by its name.
	config := fmt.Sprintf(`sip_listen %s
net_interface 127.0.0.1
rtp_ports 30000-31999
audio_player aubridge,nil
audio_source aubridge,nil
audio_alert aubridge,nil
ausrc_srate 8000
auplay_srate 8000
snd_path %s
ctrl_tcp_listen %s
module_path %s
module g711.so
module aubridge.so
module sndfile.so
module_tmp uuid.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
`, calls, folder, control, modules())
	account := "<sip:" + number + "@127.0.0.1;transport=udp>;regint=0;answermode=auto;audio_codecs=" + strings.Join(codecs, ",") + "\n"
	for name, text := range map[string]string{"config": config, "accounts": account, "contacts": ""} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			return nil, err
		}
	}
	p := &Phone{Address: calls, folder: folder, ended: make(chan struct{}), changed: make(chan struct{})}
	if err := p.start(control); err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// modules is where Debian puts baresip's modules.
func modules() string {
	if found, _ := filepath.Glob("/usr/lib/*/baresip/modules"); len(found) > 0 {
		return found[0]
	}
	return "/usr/lib/baresip/modules"
}

// free is an address where nobody listens.
func free(network string) (string, error) {
	if network == "udp" {
		conn, err := net.ListenPacket("udp", "127.0.0.1:0")
		if err != nil {
			return "", err
		}
		defer conn.Close()
		return conn.LocalAddr().String(), nil
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

func (p *Phone) start(control string) error {
	p.program = exec.Command("baresip", "-4", "-f", p.folder)
	output, err := os.Create(filepath.Join(p.folder, "output"))
	if err != nil {
		return err
	}
	defer output.Close()
	p.program.Stdout, p.program.Stderr = output, output
	if p.stdin, err = p.program.StdinPipe(); err != nil { // without one it stops
		return err
	}
	if err := p.program.Start(); err != nil {
		return err
	}
	go func() {
		_ = p.program.Wait()
		close(p.ended)
	}()
	for began := time.Now(); ; {
		if p.control, err = net.Dial("tcp", control); err == nil {
			break
		}
		select {
		case <-p.ended:
			return p.failed("it does not start")
		case <-time.After(10 * time.Millisecond):
		}
		if time.Since(began) > 10*time.Second {
			return p.failed("it cannot be controlled")
		}
	}
	go p.listen()
	return nil
}

func (p *Phone) failed(what string) error {
	output, _ := os.ReadFile(filepath.Join(p.folder, "output"))
	return fmt.Errorf("baresip: %s:\n%s", what, output)
}

// listen reads what baresip tells, which are netstrings of JSON.
func (p *Phone) listen() {
	in := bufio.NewReader(p.control)
	for {
		length, err := in.ReadString(':')
		if err != nil {
			return
		}
		n, err := strconv.Atoi(strings.TrimSuffix(length, ":"))
		if err != nil || n > 1<<20 {
			return
		}
		text := make([]byte, n+1) // a comma ends it
		if _, err := io.ReadFull(in, text); err != nil {
			return
		}
		var e event
		if json.Unmarshal(text[:n], &e) == nil && e.Type != "" {
			p.note(e)
		}
	}
}

func (p *Phone) note(e event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e.Type == "CALL_ESTABLISHED" {
		p.began, p.pressed = time.Now(), time.Time{}
	}
	p.events = append(p.events, e)
	close(p.changed)
	p.changed = make(chan struct{})
}

// tell gives baresip a command.
func (p *Phone) tell(command, parameter string) error {
	text, err := json.Marshal(map[string]string{"command": command, "params": parameter})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.control, "%d:%s,", len(text), text)
	return err
}

// await waits for an event that has not been waited for.
func (p *Phone) await(ctx context.Context, kind string) error {
	for {
		p.mu.Lock()
		for i, e := range p.events {
			if e.Type == kind {
				p.events = p.events[i+1:]
				p.mu.Unlock()
				return nil
			}
		}
		changed := p.changed
		p.mu.Unlock()
		select {
		case <-changed:
		case <-p.ended:
			return p.failed("it ended")
		case <-ctx.Done():
			return p.failed("waited in vain for " + kind)
		}
	}
}

// Answered waits until a call was picked up.
func (p *Phone) Answered(ctx context.Context) error { return p.await(ctx, "CALL_ESTABLISHED") }

// Over waits until the call is over.
func (p *Phone) Over(ctx context.Context) error { return p.await(ctx, "CALL_CLOSED") }

// Press presses a key, which goes as a telephone event (RFC 4733).
func (p *Phone) Press(key rune) error {
	p.mu.Lock()
	p.pressed = time.Now()
	p.mu.Unlock()
	return p.tell("sndcode", string(key))
}

// HangUp hangs up.
func (p *Phone) HangUp() error { return p.tell("hangup", "") }

// Recording returns the name of a WAV file of what was heard in the last call since the last key was pressed. The call
// has to be over.
func (p *Phone) Recording(ctx context.Context) (string, error) {
	p.mu.Lock()
	skip := max(p.pressed.Sub(p.began), 0)
	p.mu.Unlock()
	for {
		whole, err := newest(filepath.Join(p.folder, "dump-*-dec.wav"))
		if err == nil {
			heard := filepath.Join(p.folder, "heard.wav")
			// The file is complete a moment after the call; until then sox has nothing to take.
			if _, err = run(ctx, "sox", whole, heard, "trim", fmt.Sprintf("%.3f", skip.Seconds())); err == nil {
				return heard, nil
			}
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return "", errors.Join(p.failed("nothing was recorded"), err)
		}
	}
}

func newest(pattern string) (name string, err error) {
	found, err := filepath.Glob(pattern)
	if err != nil {
		return "", err
	}
	var latest time.Time
	for _, f := range found {
		info, err := os.Stat(f)
		if err == nil && info.Size() > 44 && info.ModTime().After(latest) {
			name, latest = f, info.ModTime()
		}
	}
	if name == "" {
		return "", fmt.Errorf("there is no %s", filepath.Base(pattern))
	}
	return name, nil
}

// Close ends the telephone.
func (p *Phone) Close() {
	if p.control != nil {
		p.control.Close()
	}
	if p.stdin != nil {
		p.stdin.Close()
	}
	if p.program != nil && p.program.Process != nil {
		_ = p.program.Process.Kill()
		<-p.ended
	}
}
