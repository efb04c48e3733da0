// When a packet arrived, by the kernel's clock: what the reader was busy with does not count.

package phone

import (
	"net"
	"syscall"
	"time"
	"unsafe"
)

func stampArrivals(conn *net.UDPConn) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) { set = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_TIMESTAMP, 1) }); err != nil {
		return err
	}
	return set
}

func arrival(control []byte) time.Time {
	messages, err := syscall.ParseSocketControlMessage(control)
	if err != nil {
		return time.Now()
	}
	for _, m := range messages {
		if m.Header.Level == syscall.SOL_SOCKET && m.Header.Type == syscall.SO_TIMESTAMP && len(m.Data) >= int(unsafe.Sizeof(syscall.Timeval{})) {
			stamp := (*syscall.Timeval)(unsafe.Pointer(&m.Data[0]))
			return time.Unix(stamp.Unix())
		}
	}
	return time.Now()
}
