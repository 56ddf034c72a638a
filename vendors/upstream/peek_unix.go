//go:build unix

package upstream

import (
	"errors"
	"io"
	"net"
	"syscall"
)

// canPeek: this system can look at a connection without reading from it.
const canPeek = true

var errNoSocket = errors.New("not a socket")

// peek reports whether c has unread bytes; io.EOF when the other end closed it.
func peek(c net.Conn) (bool, error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return false, errNoSocket
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return false, err
	}
	var n int
	var seen error
	err = raw.Read(func(fd uintptr) bool {
		var one [1]byte
		n, _, seen = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	})
	switch {
	case err != nil:
		return false, err
	case seen == syscall.EAGAIN || seen == syscall.EWOULDBLOCK:
		return false, nil
	case seen != nil:
		return false, seen
	case n == 0:
		return false, io.EOF
	}
	return true, nil
}
