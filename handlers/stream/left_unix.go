//go:build unix

package stream

import (
	"errors"
	"net"
	"syscall"
)

// Left returns whether the client at the other end of conn is gone, which the server
// notices only when it reads: a poll whose client left must not take messages. Nil
// where that cannot be told. What the client sends next stays to be read.
func Left(conn net.Conn) func() bool {
	c, ok := conn.(syscall.Conn)
	if !ok {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return func() (left bool) {
		var next [1]byte
		err := raw.Control(func(fd uintptr) { // not Read, which heeds the deadline of the request
			n, _, err := syscall.Recvfrom(int(fd), next[:], syscall.MSG_PEEK)
			waits := errors.Is(err, syscall.EAGAIN) || errors.Is(err, syscall.EINTR)
			left = n <= 0 && !waits
		})
		return left || err != nil
	}
}
