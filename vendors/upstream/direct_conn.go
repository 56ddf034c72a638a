package upstream

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxHead bounds the status line and the headers of an answer.
const maxHead = 1 << 20

var errBody = errors.New("the request's body is not as long as it said")

// directConn is one connection; between its taking and its return one goroutine
// has it.
type directConn struct {
	net.Conn                      // TLS where the scheme says so
	peek     func() (bool, error) // whether what is under it has unread bytes; io.EOF when the vendor closed it
	in       *bufio.Reader
	out      *bufio.Writer
	left     int64 // bytes that the vendor may still send before its headers end
	used     int   // exchanges that ended

	opened, idleSince time.Time
}

// Read holds the head of an answer inside maxHead.
func (c *directConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, errors.New("the answer's headers are too long")
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	c.left -= int64(n)
	return n, err
}

// exchange sends r and reads the head of the answer.
func (c *directConn) exchange(r *http.Request) (*http.Response, error) {
	c.left = maxHead
	if err := c.send(r); err != nil {
		return nil, err
	}
	for {
		res, err := http.ReadResponse(c.in, r)
		if err != nil {
			return nil, err
		}
		if res.StatusCode >= 200 {
			c.left = 1 << 62
			return res, nil
		}
	}
}

// send writes r, whose body has a known size, and marks it as sent as soon as the
// vendor may have read it. r.Write would do the same for requests of every
// kind.
func (c *directConn) send(r *http.Request) error {
	if r.Body != nil {
		defer r.Body.Close()
	}
	c.out.WriteString(r.Method)
	c.out.WriteByte(' ')
	c.out.WriteString(r.URL.RequestURI())
	c.out.WriteString(" HTTP/1.1\r\nHost: ")
	c.out.WriteString(r.URL.Host)
	if r.Body != nil {
		c.out.WriteString("\r\nContent-Length: ")
		c.out.WriteString(strconv.FormatInt(r.ContentLength, 10))
	}
	c.out.WriteString("\r\n")
	a := attemptOf(r.Context())
	_ = a.usual.Write(c.out) // a bufio.Writer keeps its first error for Flush
	a.req.Header.writeHeader(c.out)
	c.out.WriteString("\r\n")
	a.sent.Store(true)
	if r.Body == nil {
		return c.out.Flush()
	}
	n, err := io.Copy(c.out, r.Body)
	if err == nil && n != r.ContentLength {
		err = errBody
	}
	if err != nil {
		return err
	}
	return c.out.Flush()
}

// expire ends whatever waits for the vendor.
func (c *directConn) expire() { _ = c.SetDeadline(time.Unix(1, 0)) }

// alive reports whether the vendor has neither closed nor spoken since the last
// answer. What TLS alone has to say counts as spoken: it is rare between answers.
func (c *directConn) alive() bool {
	pending, err := c.peek()
	return err == nil && !pending
}
