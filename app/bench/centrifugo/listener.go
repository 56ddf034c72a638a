package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

var began = time.Now() // of the clock in messages

// text is what the n-th message of a sender says: who sent it, its number and when.
func text(sender, n int) string {
	return fmt.Sprintf("%d %d %d", sender, n, time.Since(began).Microseconds())
}

// listener counts what one websocket gets, and sees that each sender's messages come
// once and in order.
type listener struct {
	conn *websocket.Conn
	p    *process
	came chan struct{} // gets something for each message, where somebody waits for it

	mu   sync.Mutex // guards what follows
	last [publishers]int64
	took []time.Duration
	err  error
}

func listen(p *process, person, room string) (*listener, error) {
	conn, err := p.listen(person, room)
	if err != nil {
		return nil, err
	}
	return &listener{conn: conn, p: p}, nil
}

// read works until the connection ends. It shares the processors with what is measured,
// so it keeps its buffer.
func (l *listener) read() {
	mark, pong := []byte(l.p.mark()), l.p.pong()
	var buffer bytes.Buffer
	for {
		_, message, err := l.conn.NextReader()
		if err != nil {
			return
		}
		buffer.Reset()
		if _, err := buffer.ReadFrom(message); err != nil {
			return
		}
		frame := buffer.Bytes()
		if len(pong) > 0 && bytes.Equal(frame, pong) {
			_ = l.conn.WriteMessage(websocket.TextMessage, pong)
		}
		for { // a frame of Centrifugo may have more than one message
			_, after, found := bytes.Cut(frame, mark)
			if !found {
				break
			}
			text, rest, _ := bytes.Cut(after, []byte(`"`))
			l.take(text)
			frame = rest
		}
	}
}

func (l *listener) take(text []byte) {
	sender, rest, _ := bytes.Cut(text, []byte(" "))
	nth, at, found := bytes.Cut(rest, []byte(" "))
	who, n, sent := number(sender), number(nth), number(at)
	if !found || who < 0 || who >= publishers || n < 0 || sent < 0 {
		return // it is none of ours
	}
	l.mu.Lock()
	if want := l.last[who] + 1; n != want {
		l.err = fmt.Errorf("message %d of sender %d came where %d had to come", n, who, want)
	}
	l.last[who] = n
	l.took = append(l.took, time.Since(began)-time.Duration(sent)*time.Microsecond)
	l.mu.Unlock()
	if l.came != nil {
		l.came <- struct{}{}
	}
}

// number reads digits; -1: there is something else.
func number(text []byte) (n int64) {
	for _, c := range text {
		if c < '0' || c > '9' {
			return -1
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

func (l *listener) count() (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.took), l.err
}

// listeners are many; of opens them side by side.
type listeners []*listener

func openAll(p *process, people []string, room func(i int) string) (listeners, error) {
	all, errs := make(listeners, len(people)), make([]error, len(people))
	var wg sync.WaitGroup
	some := make(chan struct{}, 32) // at once
	for i, person := range people {
		some <- struct{}{}
		wg.Go(func() {
			all[i], errs[i] = listen(p, person, room(i))
			<-some
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		all.close()
		return nil, err
	}
	return all, nil
}

func (all listeners) read() {
	for _, l := range all {
		go l.read()
	}
}

func (all listeners) close() {
	for _, l := range all {
		if l != nil {
			_ = l.conn.Close()
		}
	}
}

// wait returns when each has got n messages.
func (all listeners) wait(n int) error {
	for limit := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		missing := 0
		for _, l := range all {
			got, err := l.count()
			if err != nil {
				return err
			}
			if got > n {
				return fmt.Errorf("%d messages came of %d", got, n)
			}
			missing += n - got
		}
		if missing == 0 {
			return nil
		}
		if time.Now().After(limit) {
			return fmt.Errorf("%d messages have not come", missing)
		}
	}
}

func (all listeners) took() (took []time.Duration) {
	for _, l := range all {
		l.mu.Lock()
		took = append(took, l.took...)
		l.mu.Unlock()
	}
	return took
}

// say sends and waits for the answer.
func say(p *process, person, room, text string) error {
	req, err := p.post(person, room, text)
	if err != nil {
		return err
	}
	res, err := client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err == nil && (res.StatusCode != http.StatusOK || bytes.Contains(answer, []byte(`"error"`))) {
		err = fmt.Errorf("%d %s", res.StatusCode, answer)
	}
	return err
}
