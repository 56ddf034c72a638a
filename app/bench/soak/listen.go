//go:build linux

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/fasthttp/websocket"
)

// frame is a message, a notice or a command, or what a resume begins with.
type frame struct {
	MsgID, ConversationID, FromSession, Content string
	Type                                        int

	Recovered *bool
	Position  string
}

const commandType = 100 // of frame.Type

// listener is one user's session on /notify, which goes from replica to replica, and back
// to one after every end, with the position that it has.
type listener struct {
	soak   *soak
	way    string // ws, sse or poll
	token  string
	last   string    // the position
	since  time.Time // when the session that there is now was opened
	handle func(f frame, since time.Time)
	missed func() // the server says that it cannot tell everything
}

// run listens until ctx ends.
func (l *listener) run(ctx context.Context, r *rand.Rand) {
	for ctx.Err() == nil {
		at := l.soak.replicas[r.IntN(len(l.soak.replicas))]
		stay, leave := context.WithTimeout(ctx, 2*time.Second+time.Duration(r.IntN(10_000))*time.Millisecond)
		var err error
		switch l.way {
		case "ws":
			err = l.websocket(stay, at)
		case "sse":
			err = l.stream(stay, at)
		default:
			err = l.poll(stay, at)
		}
		if stay.Err() == nil && err != nil {
			pause(ctx, 20*time.Millisecond+rand.N(200*time.Millisecond))
		}
		leave()
	}
}

// take handles one frame and moves the position.
func (l *listener) take(text []byte) error {
	var f frame
	if err := json.Unmarshal(text, &f); err != nil {
		return fmt.Errorf("%w in %.200s", err, text)
	}
	if f.Recovered != nil {
		l.begun(*f.Recovered, f.Position)
		return nil
	}
	if f.MsgID != "" && f.Type != commandType {
		l.last = f.MsgID
	}
	l.handle(f, l.since)
	return nil
}

func (l *listener) begun(recovered bool, position string) {
	l.since = time.Now()
	if !recovered {
		l.missed()
	}
	if position != "" {
		l.last = position
	}
}

func (l *listener) websocket(ctx context.Context, at *replica) error {
	q := url.Values{"protoc": {"ws"}, "token": {l.token}, "since": {l.last}}
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	conn, _, err := dialer.DialContext(ctx, "ws"+strings.TrimPrefix(at.url, "http")+"/notify?"+q.Encode(), nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	for {
		_, text, err := conn.ReadMessage()
		if err != nil {
			return err
		}
		if err := l.take(text); err != nil {
			return err
		}
	}
}

// open begins a stream or a poll.
func (l *listener) open(ctx context.Context, at *replica, q url.Values) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at.url+"/notify?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer "+l.token)
	res, err := at.http.Transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		_ = res.Body.Close()
		return nil, errors.New(res.Status)
	}
	return res, nil
}

func (l *listener) stream(ctx context.Context, at *replica) error {
	res, err := l.open(ctx, at, url.Values{"protoc": {"sse"}, "since": {l.last}})
	if err != nil {
		return err
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	lines.Buffer(nil, 4<<20)
	for lines.Scan() {
		if data, found := strings.CutPrefix(lines.Text(), "data: "); found {
			if err := l.take([]byte(data)); err != nil {
				return err
			}
		}
	}
	return errors.Join(lines.Err(), errors.New("the stream ended"))
}

func (l *listener) poll(ctx context.Context, at *replica) error {
	for ctx.Err() == nil {
		res, err := l.open(ctx, at, url.Values{"protoc": {"poll"}, "since": {l.last}})
		if err != nil {
			return err
		}
		var page struct {
			Msg       []json.RawMessage
			Recovered *bool
			Position  string
			Code      int
		}
		err = json.NewDecoder(res.Body).Decode(&page)
		_ = res.Body.Close()
		if err != nil || page.Recovered == nil {
			return fmt.Errorf("poll: %w, code %d", err, page.Code)
		}
		if !*page.Recovered {
			l.begun(false, page.Position)
		}
		for _, text := range page.Msg {
			if err := l.take(text); err != nil {
				return err
			}
		}
		if page.Position != "" {
			l.last = page.Position
		}
	}
	return nil
}
