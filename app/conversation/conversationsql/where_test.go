package conversationsql_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"testing"
	"time"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// FuzzWhereReachesNothingButItsOwnApp: whatever a query says, it is refused by
// name or it is a valid statement that shows the caller's own conversations.
func FuzzWhereReachesNothingButItsOwnApp(f *testing.F) {
	for _, seed := range []string{
		`[["conv_id","=","x"]]`, `[["conv_type","in",[1,"3",4]],["client_id","!=","Tom"]]`, `[["user_id","in",["Tom","Jerry"]]]`,
		`[["ctime",">=","2020-08-21 07:16:37"],["mtime","<",1599927082],["ctime","!=",1599927082012]]`,
		`[["conv_id","=","' OR 1=1 --"]]`, `[["conv_id = '' OR 1=1 --","=","x"]]`, `[["conv_id","= '' OR 1=1 --","x"]]`,
		`[["conv_creater_id","=","x') OR ('1'='1"]]`, `[["conv_type","=","1 OR 1=1"]]`, `[["conv_id","in",["a) OR (1=1"]]]`,
		`[["conv_id","=","?"],["conv_id","=","$1"]]`, `[["conv_id","=","\u0000"]]`, `[["conv_id","=",{"$ne":""}]]`, `[["conv_id","=",null]]`,
		`[["conv_type","=",9223372036854775808]]`, `[["conv_type","=",1e400]]`, `[["ctime","=",-1]]`, `[[[[]]]]`, `{}`, `null`, ``, `[]`, `[["conv_id","=","\ud800"]]`,
	} {
		f.Add([]byte(seed))
	}
	s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(sqldbtest.Open(f, sqldbtest.SQLite(f)))})
	for _, app := range []string{"mine", "other"} {
		c := conversation.Caller{App: app, Rules: conversation.Typed}
		if _, _, err := s.Create(context.Background(), c, conversation.Draft{Type: 3, Creator: "Tom", Members: []string{"Jerry"}}); err != nil {
			f.Fatal(err)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		w, err := conversation.ParseWhere(raw)
		if err != nil {
			if !errors.Is(err, conversation.ErrBadFormat) && !errors.Is(err, conversation.ErrMissing) {
				t.Fatal(err)
			}
			return
		}
		for user, most := range map[string]int{"": 1, "Tom": 1, "Stranger": 0} {
			p, err := s.Find(context.Background(), conversation.Caller{App: "mine", User: user, Rules: conversation.Typed}, w, 1, 100)
			if err != nil {
				t.Fatal(err)
			}
			if p.Total > most || len(p.Items) != p.Total {
				t.Fatalf("%q as %q found %d", raw, user, p.Total)
			}
			for _, c := range p.Items {
				if c.App != "mine" {
					t.Fatalf("%q found another app's conversation", raw)
				}
			}
		}
	})
}

func TestWhereIsUnderstood(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		s := conversation.New(conversation.Config{}, conversation.Deps{Store: conversationsql.New(db)})
		tom := group(t, s, "Tom", "Jerry")
		ann := group(t, s, "Ann")
		if _, err := s.SetExt(context.Background(), server, where(t, `[["conv_id","=",%q]]`, ann), json.RawMessage(`{"a":1}`)); err != nil {
			t.Fatal(err)
		}
		d, err := s.Detail(context.Background(), server, tom)
		if err != nil {
			t.Fatal(err)
		}
		second := d.Created.Truncate(time.Second)
		at, next, before := second.Format(time.DateTime), second.Add(2*time.Second).Format(time.DateTime), second.Add(-time.Second).Format(time.DateTime)
		for _, q := range []struct {
			where string
			want  int
		}{
			{fmt.Sprintf(`[["conv_id","=",%q]]`, tom), 1},
			{fmt.Sprintf(`[["conv_id","!=",%q]]`, tom), 1},
			{fmt.Sprintf(`[["conv_id","in",[%q,%q,"x"]]]`, tom, ann), 2},
			{`[["conv_type","=",3]]`, 2}, {`[["conv_type","=","3"]]`, 2}, {`[["conv_type","<",3]]`, 0}, {`[["conv_type",">=",3]]`, 2}, {`[["conv_type","IN",[1,2]]]`, 0},
			{`[["conv_creater_id","=","Tom"]]`, 1}, {`[["client_id","=","Jerry"]]`, 1}, {`[["user_id","=","Jerry"]]`, 1}, {`[["client_id","!=","Jerry"]]`, 1},
			{`[["client_id","in",["Jerry","Ann"]]]`, 2}, {`[["client_id","=","Jerry"],["conv_creater_id","=","Ann"]]`, 0},
			{fmt.Sprintf(`[["ctime",">=",%q]]`, at), 2}, {fmt.Sprintf(`[["ctime","<",%q]]`, at), 0}, {fmt.Sprintf(`[["ctime",">",%q]]`, next), 0},
			{fmt.Sprintf(`[["ctime",">",%q],["ctime","<=",%q]]`, before, next), 2},
			{fmt.Sprintf(`[["ctime","<=",%d]]`, second.Unix()+2), 2}, {fmt.Sprintf(`[["ctime",">",%d]]`, second.UnixMilli()-1), 2},
			{fmt.Sprintf(`[["mtime",">=",%q]]`, at), 1}, {`[["mtime","!=","2001-01-01 00:00:00"]]`, 1}, {`[]`, 2},
		} {
			p, err := s.Find(context.Background(), server, where(t, "%s", q.where), 1, 20)
			if err != nil || p.Total != q.want || len(p.Items) != q.want {
				t.Errorf("%s: found %d, %v; want %d", q.where, p.Total, err, q.want)
			}
		}
		if n, err := s.SetExt(context.Background(), as("Tom"), where(t, `[["conv_type","=",3]]`), nil); err != nil || n != 1 {
			t.Errorf("a user changed %d conversations, %v; want the own one", n, err)
		}
		if _, err := s.SetExt(context.Background(), server, nil, nil); !errors.Is(err, conversation.ErrMissing) {
			t.Errorf("an update of everything: %v", err)
		}
	})
}

func where(t *testing.T, format string, args ...any) conversation.Where {
	t.Helper()
	w, err := conversation.ParseWhere(fmt.Appendf(nil, format, args...))
	if err != nil {
		t.Fatal(err)
	}
	return w
}
