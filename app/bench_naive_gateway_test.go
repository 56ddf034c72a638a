package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/gofiber/contrib/websocket"
	"github.com/gofiber/fiber/v2"
	_ "github.com/ncruces/go-sqlite3/driver"
)

// naiveGateway is the baseline of BenchmarkFanOut, and what one writes first: a
// send inserts one row over an ordinary pool and then encodes and writes the
// message for each websocket, one after the other, under one lock. It has the
// paths that the benchmark calls and nothing else; a token is the user's id.
func naiveGateway() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).Info("listening", "address", l.Addr().String())
	file := filepath.Join(os.Getenv("SWITCHBOARD_DATA_DIR"), "naive.db")
	db, err := sql.Open("sqlite3", file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=busy_timeout(5000)")
	if err == nil {
		_, err = db.Exec("CREATE TABLE messages (id INTEGER PRIMARY KEY, conversation TEXT, sender TEXT, content TEXT)")
	}
	if err != nil {
		panic(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	web := naiveRoutes(db)
	go func() {
		<-ctx.Done()
		os.Exit(0)
	}()
	panic(web.Listener(l))
}

func naiveRoutes(db *sql.DB) *fiber.App {
	var mu sync.Mutex // guards conns and every write to them
	var conns []*websocket.Conn
	web := fiber.New(fiber.Config{DisableStartupMessage: true})
	web.Post("/inner/get_token", func(c *fiber.Ctx) error {
		var in struct{ Session string }
		_ = json.Unmarshal(c.Body(), &in)
		return c.JSON(fiber.Map{"code": 0, "data": in.Session})
	})
	web.Post("/inner/create_conversation", func(c *fiber.Ctx) error {
		return c.JSON(fiber.Map{"code": 0, "data": fiber.Map{"ConversationId": "c", "ConversationID": "c"}})
	})
	web.Get("/notify", websocket.New(func(conn *websocket.Conn) {
		mu.Lock()
		conns = append(conns, conn)
		mu.Unlock()
		_, _, _ = conn.ReadMessage() // until the client leaves
	}))
	web.Post("/send_msg", func(c *fiber.Ctx) error {
		var in struct{ Content string }
		if err := json.Unmarshal(c.Body(), &in); err != nil {
			return err
		}
		row, err := db.Exec("INSERT INTO messages (conversation, sender, content) VALUES (?, ?, ?)", "c", c.Get("Authorization"), in.Content)
		if err != nil {
			return err
		}
		id, _ := row.LastInsertId()
		mu.Lock()
		defer mu.Unlock()
		for _, conn := range conns {
			frame, _ := json.Marshal(fiber.Map{
				"MsgId": fmt.Sprint(id), "ConversationID": "c", "FromSession": "u0", "SendTime": time.Now().UnixMicro(),
				"Status": 0, "Type": 1, "Content": in.Content,
			})
			_ = conn.WriteMessage(websocket.TextMessage, frame)
		}
		return c.JSON(fiber.Map{"code": 0, "data": fiber.Map{"MsgID": fmt.Sprint(id)}})
	})
	return web
}
