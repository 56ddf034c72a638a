package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/gorilla/websocket"
)

// switchboard talks to the gateway API, as its sandbox is configured.
type switchboard struct {
	address string
	tokens  sync.Map // by person
}

func openSwitchboard(cmd *exec.Cmd, address, dir string) (dialect, error) {
	cmd.Env = append(cmd.Env, "SWITCHBOARD_LISTEN="+address, "SWITCHBOARD_DATA_DIR="+filepath.Join(dir, "data"))
	return &switchboard{address: address}, nil
}

func (*switchboard) mark() string   { return `"Content":"` }
func (*switchboard) pong() []byte   { return nil }
func (*switchboard) health() string { return "/healthz" }

// call posts JSON and returns the answer's data.
func (s *switchboard) call(path string, body, data any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	res, err := client.Post("http://"+s.address+path, "application/json", strings.NewReader(string(text)))
	if err != nil {
		return err
	}
	defer res.Body.Close()
	answer, err := io.ReadAll(res.Body)
	if err != nil {
		return err
	}
	whole := struct {
		Code int
		Data any
	}{Data: data}
	if err := json.Unmarshal(answer, &whole); err != nil || res.StatusCode != http.StatusOK || whole.Code != 0 {
		return fmt.Errorf("%s: %d: %s", path, res.StatusCode, answer)
	}
	return nil
}

func (s *switchboard) room(people []string) (string, error) {
	var made struct{ ConversationID string }
	err := s.call("/inner/create_conversation", map[string]any{"conversation_type": 3, "sessions": people}, &made)
	return made.ConversationID, err
}

func (s *switchboard) token(person string) (token string, err error) {
	if known, ok := s.tokens.Load(person); ok {
		return known.(string), nil
	}
	err = s.call("/inner/get_token", map[string]any{"session": person, "platform": 1}, &token)
	s.tokens.Store(person, token)
	return token, err
}

func (s *switchboard) listen(person, _ string) (*websocket.Conn, error) {
	token, err := s.token(person)
	if err != nil {
		return nil, err
	}
	return dial("ws://" + s.address + "/notify?protoc=ws&token=" + url.QueryEscape(token))
}

func (s *switchboard) post(person, room, text string) (*http.Request, error) {
	token, err := s.token(person)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequest("POST", "http://"+s.address+"/send_msg",
		strings.NewReader(`{"conversation_id":"`+room+`","type":1,"content":"`+text+`"}`))
	if err == nil {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	return req, err
}

// rival talks to Centrifugo: clients over its JSON protocol, publishers over its HTTP API.
type rival struct{ address string }

const (
	rivalKey    = "key-of-the-measurement"
	rivalSecret = "secret-of-the-measurement"
)

func openCentrifugo(history bool) func(*exec.Cmd, string, string) (dialect, error) {
	return func(cmd *exec.Cmd, address, dir string) (dialect, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		number, err := strconv.Atoi(port)
		if err != nil {
			return nil, err
		}
		channel := map[string]any{"allow_subscribe_for_client": true}
		if history {
			channel["history_size"], channel["history_ttl"], channel["force_recovery"] = 1000, "300s", true
		}
		config, err := json.Marshal(map[string]any{
			"http_server": map[string]any{"address": host, "port": number},
			"client":      map[string]any{"token": map[string]any{"hmac_secret_key": rivalSecret}, "allowed_origins": []string{"*"}},
			"http_api":    map[string]any{"key": rivalKey},
			"channel":     map[string]any{"without_namespace": channel},
			"health":      map[string]any{"enabled": true},
			"prometheus":  map[string]any{"enabled": true}, // ours counts too
			"usage_stats": map[string]any{"disabled": true},
			"log":         map[string]any{"level": "error"},
		})
		if err != nil {
			return nil, err
		}
		cmd.Args = append(cmd.Args, "-c", filepath.Join(dir, "config.json"))
		return &rival{address}, os.WriteFile(filepath.Join(dir, "config.json"), config, 0o600)
	}
}

func (*rival) mark() string   { return `"data":"` }
func (*rival) pong() []byte   { return []byte("{}") }
func (*rival) health() string { return "/health" }

func (r *rival) room(people []string) (string, error) { return "room-of-" + people[0], nil }

func (r *rival) listen(person, room string) (*websocket.Conn, error) {
	claims := jwt.MapClaims{"sub": person, "exp": time.Now().Add(time.Hour).Unix()}
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, claims).SignedString([]byte(rivalSecret))
	if err != nil {
		return nil, err
	}
	conn, err := dial("ws://" + r.address + "/connection/websocket")
	if err != nil {
		return nil, err
	}
	for i, command := range []string{`"connect":{"token":"` + token + `"}`, `"subscribe":{"channel":"` + room + `"}`} {
		if err := conn.WriteMessage(websocket.TextMessage, fmt.Appendf(nil, `{"id":%d,%s}`, i+1, command)); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		_, answer, err := conn.ReadMessage()
		if err != nil || !strings.Contains(string(answer), fmt.Sprintf(`"id":%d`, i+1)) || strings.Contains(string(answer), `"error"`) {
			return nil, errors.Join(fmt.Errorf("%s: %s", command, answer), err, conn.Close())
		}
	}
	return conn, nil
}

func (r *rival) post(_, room, text string) (*http.Request, error) {
	req, err := http.NewRequest("POST", "http://"+r.address+"/api/publish", strings.NewReader(`{"channel":"`+room+`","data":"`+text+`"}`))
	if err == nil {
		req.Header.Set("X-API-Key", rivalKey)
		req.Header.Set("Content-Type", "application/json")
	}
	return req, err
}

var dialer = websocket.Dialer{ReadBufferSize: 4096, WriteBufferSize: 256, WriteBufferPool: &sync.Pool{}, HandshakeTimeout: patience}

func dial(where string) (*websocket.Conn, error) {
	conn, _, err := dialer.Dial(where, nil)
	return conn, err
}
