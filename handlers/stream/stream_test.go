package stream

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/problem"
	"switchboard/app/realtime"
	"switchboard/middleware"
	"switchboard/vendors"
)

func TestTheCloseCodeSaysWhetherToComeBack(t *testing.T) {
	for _, c := range []struct {
		err  error
		want realtime.Code
	}{
		{nil, realtime.None},
		{conversation.ErrBanned, realtime.Banned},
		{realtime.ErrStopping, realtime.Shutdown},
		{middleware.ErrNoToken, realtime.BadToken},
		{middleware.ErrOtherApp, realtime.BadToken},
		{middleware.ErrOtherUser, realtime.BadToken},
		{access.ErrToken, realtime.BadToken},
		{access.ErrTokenExpired, realtime.BadToken},
		{access.ErrUnknownApp, realtime.BadRequest},
		{conversation.ErrBadUserID, realtime.BadRequest},
		{problem.New(problem.Invalid, "the first frame must be a login"), realtime.BadRequest},
		{vendors.ErrNoVendor, realtime.Internal},
		{errors.New("the disk is full"), realtime.Internal},
	} {
		err := c.err
		if err != nil {
			err = fmt.Errorf("login: %w", err)
		}
		if got := CloseCode(err); got != c.want {
			t.Errorf("%v: %d, want %d", c.err, got, c.want)
		}
	}
}

func TestAWriterThatHangsIsWaitedForNoLongerThanSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLock()
		if !l.take(time.Second) {
			t.Fatal("a free lock is not given")
		}
		began := time.Now()
		if l.take(time.Second) || time.Since(began) != time.Second {
			t.Fatalf("given twice, after %v", time.Since(began))
		}
		l.give()
		if !l.take(time.Second) {
			t.Fatal("a lock that was given back is not given")
		}
	})
}

func TestAStreamTellsItsEventsAndWhyItEnds(t *testing.T) {
	server, client := net.Pipe()
	defer server.Close()
	defer client.Close()
	var out bytes.Buffer
	e := NewEvents(bufio.NewWriter(&out), server, nil, func(code realtime.Code) []byte { return fmt.Appendf(nil, "%d", code) })
	for _, step := range []func() error{
		func() error { return e.Begin("2", "recovered", []byte(`{"recovered":true}`)) },
		e.Ping,
		func() error { e.Close(realtime.Banned); return nil },
	} {
		if err := step(); err != nil {
			t.Fatal(err)
		}
	}
	want := fmt.Sprintf(": connected\nid: 2\n\nevent: recovered\ndata: {\"recovered\":true}\n\n: ping\nretry: 86400000\nid: 2!%[1]d\nevent: close\ndata: %[1]d\n\n", realtime.Banned)
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
