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

// peeker returns a function that reports whether c has unread bytes; io.EOF when
// the other end closed it. One caller at a time.
func peeker(c net.Conn) (func() (bool, error), error) {
	s, ok := c.(syscall.Conn)
	if !ok {
		return nil, errNoSocket
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return nil, err
	}
	var (
		one  [1]byte
		n    int
		seen error
	)
	look := func(fd uintptr) bool {
		n, _, seen = syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		return true
	}
	return func() (bool, error) {
		err := raw.Read(look)
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
	}, nil
}
