package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

// side is one of the two programs. open makes it a command that listens on address and
// keeps what it has in dir, and says how clients talk to it.
type side struct {
	name, binary string
	open         func(cmd *exec.Cmd, address, dir string) (dialect, error)
}

// dialect is how one program's clients talk.
type dialect interface {
	// room makes a room of these people and returns its name.
	room(people []string) (string, error)
	// listen opens a websocket of somebody who is in the room.
	listen(person, room string) (*websocket.Conn, error)
	// post is the request that says text in the room.
	post(person, room, text string) (*http.Request, error)
	// mark stands before the text of a message in a frame, and a quote behind it.
	mark() string
	// pong answers a ping that is a frame of the program's own; nil: it has none.
	pong() []byte
	health() string // its path
}

// process is a program that runs.
type process struct {
	dialect
	cmd     *exec.Cmd
	started time.Duration // until it answered
}

// client is that of all requests.
var client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}, Timeout: time.Minute}

const patience = time.Minute // for whatever has to come

// start runs the program of a side until stop.
func start(ctx context.Context, s side, dir string) (*process, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	p := &process{cmd: exec.CommandContext(ctx, s.binary)}
	p.cmd.Dir = dir
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	defer log.Close()
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.Env = environment()
	if p.dialect, err = s.open(p.cmd, address, dir); err != nil {
		return nil, err
	}
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for {
		res, err := client.Get("http://" + address + p.health())
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				p.started = time.Since(began)
				return p, nil
			}
		}
		if time.Since(began) > patience {
			text, _ := os.ReadFile(log.Name())
			return nil, errors.Join(fmt.Errorf("no answer: %v: %s", err, text), p.stop())
		}
		time.Sleep(time.Millisecond)
	}
}

// environment is ours without what would configure one of the programs.
func environment() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "SWITCHBOARD_") && !strings.HasPrefix(v, "CENTRIFUGO_") {
			env = append(env, v)
		}
	}
	return env
}

// stop ends the program and waits until it has ended.
func (p *process) stop() error {
	client.CloseIdleConnections()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	timer := time.AfterFunc(patience, func() { _ = p.cmd.Process.Kill() })
	defer timer.Stop()
	return p.cmd.Wait()
}

// processor is the time that the program has used of the processors.
func (p *process) processor() time.Duration {
	stat, _ := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	_, after, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(after)
	var user, system int64
	if len(fields) > 12 {
		_, _ = fmt.Sscan(fields[11], &user)
		_, _ = fmt.Sscan(fields[12], &system)
	}
	return time.Duration(user+system) * 10 * time.Millisecond // the unit of Linux
}

// resident is the program's memory in bytes.
func (p *process) resident() float64 {
	statm, _ := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	var total, pages float64
	_, _ = fmt.Sscan(string(statm), &total, &pages)
	return pages * float64(os.Getpagesize())
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

func milliseconds(d time.Duration) float64 { return float64(d) / 1e6 }

// syncTime is how long the disk takes to make a small write durable, the median of some
// that come one after the other, with a pause between: no message that is kept is answered
// sooner. A disk that had nothing to do in the pause takes longer.
func syncTime(dir string, pause time.Duration) (float64, error) {
	file, err := os.Create(filepath.Join(dir, "sync"))
	if err != nil {
		return 0, err
	}
	defer file.Close()
	var took []time.Duration
	for i := range int64(50) {
		began := time.Now()
		if _, err := file.WriteAt(make([]byte, 4096), i%4*4096); err != nil {
			return 0, err
		}
		if err := file.Sync(); err != nil {
			return 0, err
		}
		took = append(took, time.Since(began))
		time.Sleep(pause)
	}
	slices.Sort(took)
	return milliseconds(took[len(took)/2]), nil
}
