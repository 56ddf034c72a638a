//go:build linux

package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"switchboard/openapi/client"
)

const (
	appID    = "soak"
	appKey   = "key-of-the-soaked-app"
	adminKey = "key-of-the-soaked-admin"
)

// replica is one process of the product. It comes back to its address.
type replica struct {
	name, url string
	http      *http.Client
	start     func() (*exec.Cmd, error)

	mu    sync.Mutex
	cmd   *exec.Cmd     // guarded by mu; nil: it does not run
	ended chan struct{} // guarded by mu; closed when cmd has ended
}

// openReplica starts replica i until it is ready.
func (s *soak) openReplica(i int) (*replica, error) {
	address, _, err := freeAddress()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("replica-%d", i)
	env := s.environment(address)
	r := &replica{name: name, url: "http://" + address, http: newHTTP()}
	r.start = func() (*exec.Cmd, error) {
		log, err := os.OpenFile(filepath.Join(s.dir, name+".log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		defer log.Close()
		cmd := exec.Command(s.program)
		cmd.Env, cmd.Stdout, cmd.Stderr = env, log, log
		if err := child(cmd, ""); err != nil {
			return nil, err
		}
		return cmd, cmd.Start()
	}
	if err := r.run(); err != nil {
		return nil, err
	}
	return r, r.ready(context.Background(), 2*time.Minute, false)
}

// environment is what replicas are configured by: the program's own and nothing of the
// product's that this process was started with.
func (s *soak) environment(address string) (env []string) {
	for _, pair := range os.Environ() {
		if !strings.HasPrefix(pair, "SWITCHBOARD_") && !strings.HasPrefix(pair, "OTEL_") {
			env = append(env, pair)
		}
	}
	set := map[string]string{
		"LISTEN": address, "DATA_DIR": filepath.Join(s.dir, "data"), "DRAIN_DELAY": "1s",
		"APPS":      fmt.Sprintf(`[{"id":%q,"key":%q,"jwt_secret":"secret-of-the-soaked-app-0123456789"}]`, appID, appKey),
		"ADMIN_KEY": adminKey,
		// Routes: messages, groups and presence at RongCloud, coins at LinkV.
		"RONGCLOUD_APP_KEY": "soak", "RONGCLOUD_APP_SECRET": "rong-secret", "RONGCLOUD_BASE_URL": "http://" + s.vendors.rongRelay.address,
		"LINKV_LIVE_APP_ID": "LM1234567890123456789012", "LINKV_LIVE_APP_SECRET": "live-secret",
		"LINKV_BASE_URL": "http://" + s.vendors.liveRelay.address, "LINKV_LIVE_BASE_URL": "http://" + s.vendors.liveRelay.address,
		// What is in doubt is told unknown while the run settles.
		"LEDGER_FIRST_CHECK": "500ms", "LEDGER_GIVE_UP": "20s",
		"PAIRING_KEYS": "free:0s,call_watchdog:15s",
	}
	if s.store != nil {
		set["DATABASE_URL"] = s.store.url
	}
	if s.bus != nil {
		set["BUS_URL"] = s.bus.url
	}
	for name, value := range set {
		env = append(env, "SWITCHBOARD_"+name+"="+value)
	}
	return env
}

// run starts the process where none runs.
func (r *replica) run() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd != nil {
		select {
		case <-r.ended:
		default:
			return nil // another fault had it started
		}
	}
	cmd, err := r.start()
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	r.cmd, r.ended = cmd, ended
	go func() { _ = cmd.Wait(); close(ended) }()
	return nil
}

// signal sends sig and waits for the process to end, by force in the end.
func (r *replica) signal(sig syscall.Signal, patience time.Duration) (ended bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return true
	}
	_ = r.cmd.Process.Signal(sig)
	select {
	case <-r.ended:
		ended = true
	case <-time.After(patience):
		_ = r.cmd.Process.Kill()
		<-r.ended
	}
	r.cmd = nil
	r.http.CloseIdleConnections()
	return ended
}

func (r *replica) kill() { r.signal(syscall.SIGKILL, time.Second) }

// died says whether the process ended although nobody ended it, and whether it said why:
// a panic does not.
func (r *replica) died() (dead, said bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return false, false
	}
	select {
	case <-r.ended:
		return true, r.cmd.ProcessState.ExitCode() == 1
	default:
		return false, false
	}
}

// ready waits until the replica says that it is. One that was begun while its store was
// away says so and ends: it is begun again.
func (r *replica) ready(ctx context.Context, patience time.Duration, away bool) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	last := "no answer"
	for {
		if text, err := r.get(ctx, "/readyz"); err == nil {
			return nil
		} else if text != "" {
			last = text
		}
		if dead, said := r.died(); dead && said && away {
			if err := r.run(); err != nil { // as whoever runs it would
				return err
			}
		} else if dead {
			return fmt.Errorf("%s ended by itself, see its log", r.name)
		}
		if !pause(ctx, 100*time.Millisecond) {
			return fmt.Errorf("%s is not ready after %s: %s", r.name, patience, last)
		}
	}
}

// get reads a page of the operators'.
func (r *replica) get(ctx context.Context, path string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.url+path, nil)
	if err != nil {
		return "", err
	}
	req.Header.Set("admin-key", adminKey)
	res, err := r.http.Do(req)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode != http.StatusOK {
		err = errors.New(res.Status)
	}
	return string(body), err
}

// as calls the replica for a user, or for the app's back end when token is empty.
func (r *replica) as(token string, through http.RoundTripper) *client.Client {
	c := &client.Client{BaseURL: r.url, HTTP: r.http, Token: token}
	if token == "" {
		c.AppID, c.AppKey = appID, appKey
	}
	if through != nil {
		c.HTTP = &http.Client{Transport: through, Timeout: r.http.Timeout}
	}
	return c
}

// level is what a replica holds.
type level struct{ goroutines, files, heap, resident float64 }

// level reads it, after a collection of garbage.
func (r *replica) level(ctx context.Context) (l level, err error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	if _, err := r.get(ctx, "/admin/debug/pprof/heap?gc=1"); err != nil {
		return level{}, fmt.Errorf("collecting garbage: %w", err)
	}
	page, err := r.get(ctx, "/metrics")
	if err != nil {
		return level{}, fmt.Errorf("metrics: %w", err)
	}
	for lines := bufio.NewScanner(strings.NewReader(page)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), " ")
		to := map[string]*float64{
			"go_goroutines": &l.goroutines, "process_open_fds": &l.files, "go_memstats_heap_alloc_bytes": &l.heap, "process_resident_memory_bytes": &l.resident,
		}[name]
		if to != nil {
			if *to, err = strconv.ParseFloat(value, 64); err != nil {
				return level{}, err
			}
		}
	}
	return l, nil
}
