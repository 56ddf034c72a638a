// Package livekittest runs what LiveKit itself made beside tests: its server, and its
// client in a Chromium. It is imported by tests alone.
package livekittest

import (
	"cmp"
	_ "embed"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Variable names the server's program: livekit-server, as `go install
// github.com/livekit/livekit-server/cmd/server@v1.13.5` builds it.
const Variable = "SWITCHBOARD_TEST_LIVEKIT"

// The account of every server, and a second key pair of it for those that change it.
const (
	Key          = "APIswitchboard"
	Secret       = "livekit-s3cret-of-at-least-32-characters"
	SecondKey    = "APIsecond"
	SecondSecret = "another-s3cret-of-at-least-32-characters"
)

//go:embed livekit.yaml
var configuration string

// Options is how a server is set up.
type Options struct {
	Webhook      string // where events go; empty: nowhere
	RemoteUnmute bool
	Keys         map[string]string // secrets by key; nil: Key's alone
	WebhookKey   string            // signs webhooks; empty: Key
	Redis        string            // host:port; empty: none, and so no recording
}

// Server is a LiveKit server on loopback.
type Server struct {
	URL string // of the API, http://

	program, file string
	port, udp     int
	cmd           *exec.Cmd
	done          chan struct{} // closed when the process is gone
}

// Start runs a server until the test ends. Without a program to run the test is
// skipped.
func Start(t testing.TB, opt Options) *Server {
	t.Helper()
	program := os.Getenv(Variable)
	if program == "" {
		t.Skip("no LiveKit server: " + Variable + " names none")
	}
	s := &Server{program: program, file: filepath.Join(t.TempDir(), "livekit.yaml"), port: freePort(t), udp: freePort(t)}
	s.URL = fmt.Sprintf("http://127.0.0.1:%d", s.port)
	s.Configure(t, opt)
	s.Run(t)
	t.Cleanup(s.Kill)
	return s
}

// Configure sets the server up otherwise, from its next Run on.
func (s *Server) Configure(t testing.TB, opt Options) {
	t.Helper()
	keys, webhooks, redis := strconv.Quote(Key)+": "+strconv.Quote(Secret), "", ""
	if opt.Keys != nil {
		keys = ""
		for key, secret := range opt.Keys {
			keys += fmt.Sprintf("%q: %q, ", key, secret)
		}
	}
	if opt.Webhook != "" {
		webhooks = strconv.Quote(opt.Webhook)
	}
	if opt.Redis != "" {
		redis = "address: " + strconv.Quote(opt.Redis)
	}
	text := strings.NewReplacer("{port}", strconv.Itoa(s.port), "{udp}", strconv.Itoa(s.udp), "{keys}", keys, "{webhook_key}", cmp.Or(opt.WebhookKey, Key),
		"{webhook}", webhooks, "{unmute}", strconv.FormatBool(opt.RemoteUnmute), "{redis}", redis).Replace(configuration)
	if err := os.WriteFile(s.file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// freePort is one that is free for TCP and UDP both.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		port := l.Addr().(*net.TCPAddr).Port
		u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port})
		_ = l.Close()
		if err == nil {
			_ = u.Close()
			return port
		}
	}
	t.Fatal("no free port")
	return 0
}

// Run starts the server, again after a Kill, and waits until it answers.
func (s *Server) Run(t testing.TB) {
	t.Helper()
	log, err := os.OpenFile(s.file+".log", os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	s.cmd = exec.Command(s.program, "--config", s.file)
	s.cmd.Stdout, s.cmd.Stderr = log, log
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s.done = make(chan struct{})
	go func(cmd *exec.Cmd, done chan struct{}) { _ = cmd.Wait(); close(done) }(s.cmd, s.done)
	for limit := time.Now().Add(time.Minute); time.Now().Before(limit); time.Sleep(20 * time.Millisecond) {
		if res, err := http.Get(s.URL + "/"); err == nil {
			_ = res.Body.Close()
			return
		}
	}
	said, _ := os.ReadFile(s.file + ".log")
	t.Fatalf("the server does not answer:\n%s", said)
}

// Kill ends the server at once, as a power cut does.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	<-s.done
}
