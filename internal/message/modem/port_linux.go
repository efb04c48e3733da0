// The port: a terminal device that passes bytes as they are.

package modem

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

var errTaken = errors.New("another program has the modem")

// open opens the device: 8 data bits, no parity, one stop bit, no echo, no translation, 115200 bits a second, which a
// USB modem does not heed.
func open(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_NOCTTY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	raw, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return nil, err
	}
	var set error
	err = raw.Control(func(fd uintptr) {
		// Two programs at one modem would read each other's answers, and each would give the PIN.
		if set = unix.Flock(int(fd), unix.LOCK_EX|unix.LOCK_NB); set != nil {
			set = errTaken
			return
		}
		var t *unix.Termios
		if t, set = unix.IoctlGetTermios(int(fd), unix.TCGETS); set != nil {
			return
		}
		t.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
		t.Oflag &^= unix.OPOST
		t.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
		t.Cflag = t.Cflag&^(unix.CSIZE|unix.PARENB|unix.CBAUD|unix.CSTOPB) | unix.CS8 | unix.CREAD | unix.CLOCAL | unix.B115200
		t.Ispeed, t.Ospeed = unix.B115200, unix.B115200
		t.Cc[unix.VMIN], t.Cc[unix.VTIME] = 1, 0
		set = unix.IoctlSetTermios(int(fd), unix.TCSETS, t)
	})
	if err == nil {
		err = set
	}
	if err != nil {
		f.Close()
		if errors.Is(err, errTaken) {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		return nil, fmt.Errorf("%s is not a terminal device: %w", path, err)
	}
	return f, nil
}
