package conversationsql_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// BenchmarkSend is durable messages: to one conversation, or spread over 500.
// The naive pool does the least that keeps a conversation's order: it counts
// the conversation up and inserts the message.
func BenchmarkSend(b *testing.B) {
	for _, store := range sqldbtest.Stores {
		for _, convs := range []int{1, 500} {
			for _, writers := range []int{1, 4, 16, 64, 128} {
				name := map[int]string{1: "hot", 500: "spread"}[convs]
				b.Run(fmt.Sprintf("%s/%s/%d", store.Name, name, writers), func(b *testing.B) {
					cfg := store.Config(b)
					s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(sqldbtest.Open(b, cfg))})
					ids := make([]string, convs)
					for i := range ids {
						ids[i] = group(b, s, "Tom", "Jerry")
					}
					plain := sqldbtest.Pool(b, cfg, writers)
					var id atomic.Int64 // of naive messages, over all rounds
					sqldbtest.Compare(b, writers, func(w, n int) error {
						_, err := s.Send(context.Background(), as("Tom"), conversation.Post{
							Conversation: ids[(w*7919+n)%convs], Type: conversation.TextMessage, Text: "HELLO !",
						})
						return err
					}, func(w, n int) error {
						return naiveSend(plain, cfg, ids[(w*7919+n)%convs], fmt.Sprint(id.Add(1)))
					})
				})
			}
		}
	}
}

func naiveSend(db *sql.DB, cfg sqldb.Config, conv, id string) error {
	return sqldbtest.InTx(db, func(tx *sql.Tx) error {
		if _, err := tx.Exec(sqldbtest.Rebind(cfg, "UPDATE conversations SET last_seq = last_seq + 1, last_us = ? WHERE id = ?"), time.Now().UnixMicro(), conv); err != nil {
			return err
		}
		var seq int64
		if err := tx.QueryRow(sqldbtest.Rebind(cfg, "SELECT last_seq FROM conversations WHERE id = ?"), conv).Scan(&seq); err != nil {
			return err
		}
		_, err := tx.Exec(sqldbtest.Rebind(cfg, `INSERT INTO messages (conv_id, seq, app_id, msg_id, sender, type, status, content, url, no_sync, mention_all, mentions, at_us)
			VALUES (?, ?, '666666', ?, 'Tom', -1, 0, 'HELLO !', '', 0, 0, '', ?)`), conv, seq, id, time.Now().UnixMicro())
		return err
	})
}

// A sanity check of the benchmark itself, so that it cannot compare nothing.
func TestTheBenchmarksSendsAreRealMessages(t *testing.T) {
	cfg := sqldbtest.SQLite(t)
	s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(sqldbtest.Open(t, cfg))})
	conv := group(t, s, "Tom")
	db, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: filepath.Join(cfg.DataDir, "switchboard.db")}).EscapedPath())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i := range 3 {
		if err := naiveSend(db, cfg, conv, fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if m := say(t, s, conv, "Tom", "x"); m.Seq != 4 {
		t.Errorf("seq %d after three naive sends", m.Seq)
	}
}
