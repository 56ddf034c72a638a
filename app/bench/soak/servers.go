//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"time"
)

// server is a program that is started, ended and started again on one port. A nil one is
// a server that there is not.
type server struct {
	name, url, address string
	args               []string
	as                 string         // the user it runs as, where we are root
	end                syscall.Signal // that ends it at once, without a word to its clients
	log                string
	cmd                *exec.Cmd // nil: it does not run
	ended              chan struct{}
}

// child makes cmd end with this process, however that ends, and run as name, where we
// are root and there is such a user.
func child(cmd *exec.Cmd, name string) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	if name == "" || os.Getuid() != 0 {
		return nil
	}
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return nil
}

// start runs the server until it answers.
func (s *server) start() error {
	log, err := os.OpenFile(s.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer log.Close()
	for began := time.Now(); ; {
		cmd := exec.Command(s.args[0], s.args[1:]...)
		cmd.Stdout, cmd.Stderr, cmd.Dir = log, log, "/"
		if err := child(cmd, s.as); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		if err := cmd.Start(); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		s.cmd, s.ended = cmd, make(chan struct{})
		go func(ended chan struct{}) { _ = cmd.Wait(); close(ended) }(s.ended)
		for s.alive() {
			if conn, err := net.DialTimeout("tcp", s.address, time.Second); err == nil {
				conn.Close()
				return nil
			}
			time.Sleep(20 * time.Millisecond)
		}
		// A database that was killed may find its last processes still ending.
		if time.Since(began) > time.Minute {
			return fmt.Errorf("%s does not start, see %s", s.name, s.log)
		}
		time.Sleep(200 * time.Millisecond)
	}
}

func (s *server) alive() bool {
	select {
	case <-s.ended:
		return false
	default:
		return true
	}
}

// kill ends the server at once.
func (s *server) kill() {
	if s == nil || s.cmd == nil {
		return
	}
	_ = s.cmd.Process.Signal(s.end)
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
		<-s.ended
	}
	s.cmd = nil
}

// freeAddress is below the range from which the kernel takes ports for clients: a server
// comes back to it.
func freeAddress() (address, port string, err error) {
	for range 1000 {
		port = strconv.Itoa(20000 + rand.IntN(10000))
		var l net.Listener
		if l, err = net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			return "127.0.0.1:" + port, port, l.Close()
		}
	}
	return "", "", err
}

// own makes a folder of the user's in dir.
func own(dir, name, owner string) (string, error) {
	path := filepath.Join(dir, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		return "", err
	}
	if owner == "" || os.Getuid() != 0 {
		return path, nil
	}
	u, err := user.Lookup(owner)
	if err != nil {
		return "", err
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	return path, os.Chown(path, uid, gid)
}

// once runs a program of the user's to its end.
func once(owner, program string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = "/"
	if err := child(cmd, owner); err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, out)
	}
	return nil
}

// postgresBin is where the newest PostgreSQL has its programs; empty: there is none.
func postgresBin() string {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	slices.Sort(found)
	if len(found) == 0 {
		return ""
	}
	return found[len(found)-1]
}

func openStore(kind, dir string) (*server, error) {
	if kind == "sqlite" {
		return nil, nil
	}
	address, port, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &server{name: kind, address: address, log: filepath.Join(dir, kind+".log")}
	if kind == "postgres" {
		err = s.postgres(dir, port)
	} else {
		err = s.mariadb(dir, port)
	}
	return s, err
}

func (s *server) postgres(dir, port string) error {
	bin := postgresBin()
	if bin == "" {
		return errors.New("PostgreSQL is not installed")
	}
	s.as, s.end = "postgres", syscall.SIGQUIT // its immediate stop, which leaves everything to the log
	data, err := own(dir, "postgres", s.as)
	if err != nil {
		return err
	}
	if err := once(s.as, bin+"/initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"); err != nil {
		return err
	}
	s.args = []string{bin + "/postgres", "-D", data, "-p", port, "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "max_connections=200"}
	if err := s.start(); err != nil {
		return err
	}
	s.url = "postgres://postgres@" + s.address + "/soak?sslmode=disable"
	return again(time.Minute, func() error {
		return once("", bin+"/psql", "-q", "-h", "127.0.0.1", "-p", port, "-U", "postgres", "-c", "create database soak")
	})
}

func (s *server) mariadb(dir, port string) error {
	s.as, s.end = "mysql", syscall.SIGKILL
	data, err := own(dir, "mysql", s.as)
	if err != nil {
		return err
	}
	if err := once(s.as, "mariadb-install-db", "--no-defaults", "--datadir="+data, "--auth-root-authentication-method=normal", "--skip-test-db"); err != nil {
		return err
	}
	s.args = []string{"mariadbd", "--no-defaults", "--datadir=" + data, "--port=" + port, "--bind-address=127.0.0.1", "--socket=" + data + "/server.sock", "--pid-file=" + data + "/server.pid"}
	if err := s.start(); err != nil {
		return err
	}
	s.url = "mysql://root@" + s.address + "/soak"
	return again(time.Minute, func() error {
		return once("", "mariadb", "-h", "127.0.0.1", "-P", port, "-u", "root", "-e", "create database if not exists soak")
	})
}

// again tries until it works or the time is over.
func again(limit time.Duration, try func() error) error {
	for began := time.Now(); ; time.Sleep(200 * time.Millisecond) {
		err := try()
		if err == nil || time.Since(began) > limit {
			return err
		}
	}
}

func openBus(kind, dir string) (*server, error) {
	if kind == "none" {
		return nil, nil
	}
	address, port, err := freeAddress()
	if err != nil {
		return nil, err
	}
	s := &server{name: kind, address: address, url: kind + "://" + address, end: syscall.SIGKILL, log: filepath.Join(dir, kind+".log")}
	if kind == "redis" {
		s.args = []string{"redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", dir}
	} else {
		s.args = []string{"nats-server", "-a", "127.0.0.1", "-p", port}
	}
	return s, s.start()
}
