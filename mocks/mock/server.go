package mock

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// Server is a running mock on a TCP port.
type Server struct {
	URL    string // "http://127.0.0.1:43210"
	http   *http.Server
	close  func() // ends what would keep requests from finishing
	served chan error
}

// Listen serves h on addr; empty: a free loopback port. onClose runs first when
// the server closes.
func Listen(addr string, h http.Handler, onClose func()) (*Server, error) {
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Server{
		URL:    "http://" + reachable(l.Addr()),
		http:   &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute},
		close:  onClose,
		served: make(chan error, 1),
	}
	go func() { s.served <- s.http.Serve(l) }()
	return s, nil
}

// reachable is the address for a client on this machine: one that stands for all
// addresses is no address to call.
func reachable(a net.Addr) string {
	tcp, ok := a.(*net.TCPAddr)
	if ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", tcp.Port)
	}
	return a.String()
}

// Close lets running requests finish for up to two seconds, cuts off the rest
// and returns once nothing of the server runs.
func (s *Server) Close() error {
	s.close()
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = s.http.Close()
	}
	if e := <-s.served; !errors.Is(e, http.ErrServerClosed) {
		err = errors.Join(err, e)
	}
	s.served <- http.ErrServerClosed
	return err
}
