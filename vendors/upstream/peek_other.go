//go:build !unix

package upstream

import (
	"errors"
	"net"
)

// canPeek: this system cannot look at a connection without reading from it, so
// net/http's transport is used, which always reads.
const canPeek = false

func peeker(net.Conn) (func() (bool, error), error) { return nil, errors.ErrUnsupported }
