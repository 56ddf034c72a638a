package conversationsql_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"switchboard/app/conversation"
	"switchboard/app/conversation/conversationsql"
	"switchboard/app/sqldb"
	"switchboard/app/sqldb/sqldbtest"
)

// model is the conversations of one app as plain maps.
type model struct {
	app   string
	users map[string]bool // value: banned
	convs map[string]*modelConv
	order []string // ids in order of creation
	keys  map[string]conversation.Message
	log   []conversation.Message // all messages that were ever stored, in order of their ids
	swept string                 // the id up to which they are gone
}

type modelConv struct {
	kind              int
	creator           string
	ext               string
	archived, deleted bool
	joinSeq           map[string]int64 // of the members there are
	messages          []conversation.Message
	pair              string
	removed           map[string]bool // who was put out by others
}

const modelLimit = 6

// TestRandomCommandsBehaveLikeTheModel runs two apps side by side: what one
// does must never show in the other.
func TestRandomCommandsBehaveLikeTheModel(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		store := conversationsql.New(db)
		s := conversation.New(conversation.Config{GroupMembers: modelLimit, RoomMembers: modelLimit + 2}, conversation.Deps{Store: store})
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			apps := []*model{newModel(fmt.Sprint("app-a-", run, time.Now().UnixNano())), newModel(fmt.Sprint("app-b-", run, time.Now().UnixNano()))}
			step := func(do func(*harness)) func(*rapid.T) {
				return func(t *rapid.T) {
					i := rapid.IntRange(0, 1).Draw(t, "app")
					do(&harness{T: t, s: s, store: store, m: apps[i], other: apps[1-i]})
				}
			}
			t.Repeat(map[string]func(*rapid.T){
				"create": step((*harness).create), "add": step((*harness).add), "remove": step((*harness).remove),
				"send": step((*harness).send), "send again": step((*harness).send), "send more": step((*harness).send), "ban": step((*harness).ban),
				"archive": step((*harness).archive), "delete": step((*harness).delete), "ext": step((*harness).ext),
				"sweep": step((*harness).sweep), "history": step((*harness).history), "page": step((*harness).page), "since": step((*harness).since),
				"find": step((*harness).find), "": step((*harness).check),
			})
		})
	})
}

func newModel(app string) *model {
	return &model{app: app, users: map[string]bool{}, convs: map[string]*modelConv{}, keys: map[string]conversation.Message{}}
}

// harness runs one command on the service and on the model.
type harness struct {
	*rapid.T
	s     *conversation.Service
	store *conversationsql.Store
	m     *model
	other *model
}

var people = []string{"ann", "bob", "cat", "dan", "eve", "fay", "gus", "hal"}

func (h *harness) person(what string) string { return rapid.SampledFrom(people).Draw(h.T, what) }

func (h *harness) somebody(what string) []string {
	return rapid.SliceOfN(rapid.SampledFrom(people), 1, 5).Draw(h.T, what)
}

// insider is mostly a member.
func (h *harness) insider(c *modelConv, what string) string {
	if c == nil || len(c.joinSeq) == 0 || rapid.IntRange(0, 5).Draw(h.T, "an outsider") == 0 {
		return h.person(what)
	}
	return rapid.SampledFrom(slices.Sorted(maps.Keys(c.joinSeq))).Draw(h.T, what)
}

// reader is the server or, mostly, a member.
func (h *harness) reader(c *modelConv) conversation.Caller {
	caller := conversation.Caller{App: h.m.app, Rules: conversation.Typed}
	if rapid.IntRange(0, 2).Draw(h.T, "the server") > 0 {
		caller.User = h.insider(c, "reader")
	}
	return caller
}

// caller is the server or a person.
func (h *harness) caller() conversation.Caller {
	c := conversation.Caller{App: h.m.app, Rules: conversation.Typed}
	if rapid.IntRange(0, 2).Draw(h.T, "as a user") == 0 {
		c.User = h.person("caller")
	}
	return c
}

// conv draws a conversation: mostly one of ours, else the other app's or none.
func (h *harness) conv() (string, *modelConv) {
	ids := h.m.order
	if len(ids) == 0 || rapid.IntRange(0, 7).Draw(h.T, "not ours") == 0 {
		ids = append([]string{"nowhere"}, h.other.order...)
	}
	id := rapid.SampledFrom(ids).Draw(h.T, "conversation")
	c := h.m.convs[id]
	if c != nil && c.deleted {
		c = nil
	}
	return id, c
}

func (h *harness) want(err, want error) bool {
	h.Helper()
	if !errors.Is(err, want) {
		h.Fatalf("got %v, want %v", err, want)
	}
	return want == nil
}

// entering is what stands against these people entering c.
func (h *harness) entering(c *modelConv, caller conversation.Caller, users []string) error {
	fresh := 0
	for _, u := range users {
		banned, known := h.m.users[u]
		switch {
		case banned:
			return conversation.ErrBanned
		case !known && !caller.Server():
			return conversation.ErrUnknownUser
		}
		if _, in := c.joinSeq[u]; !in {
			fresh++
		}
	}
	limit := modelLimit
	if c.kind == conversation.ChatRoom {
		limit += 2
	}
	if fresh > 0 && len(c.joinSeq)+fresh > limit {
		return conversation.ErrTooManyMembers
	}
	return nil
}

func (h *harness) enter(c *modelConv, users []string) {
	for _, u := range users {
		if _, known := h.m.users[u]; !known {
			h.m.users[u] = false
		}
		if _, in := c.joinSeq[u]; !in {
			c.joinSeq[u] = int64(len(c.messages))
			delete(c.removed, u)
		}
	}
}

func unique(users []string) []string {
	users = slices.Clone(users)
	slices.Sort(users)
	return slices.Compact(users)
}

// eitherOf: the store may name any of several reasons that hold at once.
func (h *harness) eitherOf(err error, want error, others ...error) bool {
	h.Helper()
	for _, o := range others {
		if want != nil && errors.Is(err, o) {
			return false
		}
	}
	return h.want(err, want)
}

func (h *harness) create() {
	caller := h.caller()
	d := conversation.Draft{Type: rapid.IntRange(0, 5).Draw(h.T, "type"), Creator: h.person("creator"), Members: h.somebody("members")}
	if d.Type == conversation.OneToOne && rapid.Bool().Draw(h.T, "usual pair") {
		d.Creator, d.Members = "ann", []string{"bob"}
	}
	if !caller.Server() {
		d.Creator = caller.User
	}
	got, isNew, err := h.s.Create(context.Background(), caller, d)
	users := unique(append(d.Members, d.Creator))
	if d.Type < 1 || d.Type > 4 || (d.Type == 1 && len(users) != 2) {
		h.want(err, conversation.ErrBadType)
		return
	}
	c, pair, known := &modelConv{kind: d.Type, creator: d.Creator, joinSeq: map[string]int64{}, removed: map[string]bool{}}, "", ""
	if d.Type == 1 {
		pair = fmt.Sprint(users)
		for id, old := range h.m.convs {
			if old.pair == pair && !old.deleted {
				c, known = old, id
			}
		}
	}
	want := h.entering(c, caller, users)
	if _, in := c.joinSeq[caller.User]; !in && c.removed[caller.User] {
		want = cmp.Or(want, conversation.ErrNotAllowed)
	}
	if !h.eitherOf(err, want, conversation.ErrBanned, conversation.ErrUnknownUser, conversation.ErrTooManyMembers, conversation.ErrNotAllowed) {
		return
	}
	if isNew != (known == "") || (known != "" && got.ID != known) {
		h.Fatalf("new %t, id %s; known as %q", isNew, got.ID, known)
	}
	h.enter(c, users)
	if c.pair = pair; known == "" {
		h.m.convs[got.ID] = c
		h.m.order = append(h.m.order, got.ID)
	}
}

func (h *harness) add() {
	id, c := h.conv()
	caller, users := h.caller(), unique(h.somebody("members"))
	err := h.s.AddMembers(context.Background(), caller, id, users)
	if c == nil {
		h.want(err, conversation.ErrUnknownConversation)
		return
	}
	if _, in := c.joinSeq[caller.User]; !caller.Server() && !in {
		h.want(err, conversation.ErrNotMember)
		return
	}
	want := h.entering(c, caller, users)
	if c.pair != "" && slices.ContainsFunc(users, func(u string) bool { return !strings.Contains(c.pair, u) }) {
		want = cmp.Or(want, conversation.ErrBadType)
	}
	if h.eitherOf(err, want, conversation.ErrBanned, conversation.ErrUnknownUser, conversation.ErrTooManyMembers, conversation.ErrBadType) {
		h.enter(c, users)
	}
}

func (h *harness) remove() {
	id, c := h.conv()
	caller, users := h.caller(), unique(h.somebody("leaving"))
	failed, err := h.s.RemoveMembers(context.Background(), caller, id, users)
	switch {
	case c == nil && !errors.Is(err, conversation.ErrNotAllowed):
		h.want(err, conversation.ErrUnknownConversation)
		return
	case c == nil: // a deleted conversation still has a creator
		return
	case !caller.Server() && caller.User != c.creator && !(len(users) == 1 && users[0] == caller.User):
		h.want(err, conversation.ErrNotAllowed)
		return
	}
	h.want(err, nil)
	var absent []string
	for _, u := range users {
		if _, in := c.joinSeq[u]; !in {
			absent = append(absent, u)
		} else if c.removed[u] = u != caller.User || len(users) > 1; !c.removed[u] {
			delete(c.removed, u)
		}
		delete(c.joinSeq, u)
	}
	if !slices.Equal(failed, absent) {
		h.Fatalf("failed %v, want %v", failed, absent)
	}
}

func (h *harness) send() {
	id, c := h.conv()
	post := conversation.Post{
		Conversation: id, From: h.insider(c, "from"), Type: conversation.TextMessage,
		Text:      rapid.SampledFrom([]string{"hi", "ho", "ö 🎉", "'; DROP TABLE messages; --"}).Draw(h.T, "text"),
		Transient: rapid.IntRange(0, 5).Draw(h.T, "transient") == 0,
		ClientKey: rapid.SampledFrom([]string{"", "", "k1", "k2"}).Draw(h.T, "key"),
	}
	m, err := h.s.Send(context.Background(), conversation.Caller{App: h.m.app, Rules: conversation.Typed}, post)
	key := post.From + "/" + post.ClientKey
	if old, used := h.m.keys[key]; used && post.ClientKey != "" {
		if old.Conversation != id || old.Text != post.Text || old.Transient != post.Transient {
			h.want(err, conversation.ErrKeyReused)
		} else if h.want(err, nil); m.ID != old.ID || m.Seq != old.Seq || !m.At.Equal(old.At) {
			h.Fatalf("repeated send: %+v, first %+v", m, old)
		}
		return
	}
	if c == nil {
		h.want(err, conversation.ErrUnknownConversation)
		return
	}
	_, in := c.joinSeq[post.From]
	switch {
	case !in:
		h.want(err, conversation.ErrNotMember)
		return
	case h.m.users[post.From]:
		h.want(err, conversation.ErrBanned)
		return
	case c.archived:
		h.want(err, conversation.ErrArchived)
		return
	}
	h.want(err, nil)
	if n := len(h.m.log); n > 0 && m.ID <= h.m.log[n-1].ID {
		h.Fatalf("id %s after %s", m.ID, h.m.log[n-1].ID)
	}
	if post.ClientKey != "" {
		h.m.keys[key] = m
	}
	if post.Transient {
		if m.Seq != 0 {
			h.Fatalf("transient with seq %d", m.Seq)
		}
		return
	}
	if m.Seq != int64(len(c.messages))+1 {
		h.Fatalf("seq %d after %d", m.Seq, len(c.messages))
	}
	c.messages = append(c.messages, m)
	h.m.log = append(h.m.log, m)
}

func (h *harness) ban() {
	u := h.person("user")
	banned := rapid.IntRange(0, 3).Draw(h.T, "banned") == 0
	err := h.s.Ban(context.Background(), conversation.Caller{App: h.m.app}, u, banned)
	if _, known := h.m.users[u]; !known {
		h.want(err, conversation.ErrUnknownUser)
		return
	}
	h.want(err, nil)
	h.m.users[u] = banned
}

func (h *harness) archive() {
	id, c := h.conv()
	archived := rapid.Bool().Draw(h.T, "archived")
	err := h.s.SetArchived(context.Background(), conversation.Caller{App: h.m.app}, []string{id}, archived)
	if c == nil {
		h.want(err, conversation.ErrUnknownConversation)
		return
	}
	h.want(err, nil)
	c.archived = archived
}

func (h *harness) delete() {
	if rapid.Bool().Draw(h.T, "not now") {
		return
	}
	id, c := h.conv()
	caller := h.caller()
	err := h.s.Delete(context.Background(), caller, id)
	switch {
	case c == nil:
		h.want(err, conversation.ErrUnknownConversation)
	case !caller.Server() && caller.User != c.creator:
		h.want(err, conversation.ErrNotAllowed)
	default:
		h.want(err, nil)
		c.deleted = true
	}
}

func (h *harness) ext() {
	id, c := h.conv()
	caller := h.caller()
	w := conversation.Where{{Field: conversation.FieldID, Op: conversation.Equal, Values: []any{id}}}
	ext := fmt.Sprintf(`{"n": %d}`, rapid.Int().Draw(h.T, "n"))
	n, err := h.s.SetExt(context.Background(), caller, w, json.RawMessage(ext))
	h.want(err, nil)
	if allowed := c != nil && (caller.Server() || caller.User == c.creator); (n == 1) != allowed {
		h.Fatalf("changed %d, allowed %t", n, allowed)
	} else if allowed {
		c.ext = ext
	}
}

// visible is what the caller sees of c, or why nothing.
func (h *harness) visible(c *modelConv, caller conversation.Caller) ([]conversation.Message, error) {
	if c == nil {
		return nil, conversation.ErrUnknownConversation
	}
	from, in := c.joinSeq[caller.User]
	if !caller.Server() && !in {
		return nil, conversation.ErrNotMember
	}
	return h.kept(c.messages[from:]), nil
}

// kept are those that were not swept away.
func (h *harness) kept(messages []conversation.Message) []conversation.Message {
	return slices.DeleteFunc(slices.Clone(messages), func(m conversation.Message) bool { return m.ID <= h.m.swept })
}

// sweep forgets what was said before some message, sometimes in several steps.
func (h *harness) sweep() {
	if len(h.m.log) == 0 || rapid.IntRange(0, 3).Draw(h.T, "not now") > 0 {
		return
	}
	before := conversation.TimeOfID(h.m.log[rapid.IntRange(0, len(h.m.log)-1).Draw(h.T, "before")].ID)
	limit := rapid.IntRange(1, 5).Draw(h.T, "limit")
	for n := limit; n >= limit; {
		var err error
		n, err = h.store.Sweep(context.Background(), h.m.app, before, limit)
		if h.want(err, nil); n > limit {
			h.Fatalf("%d at once, the limit is %d", n, limit)
		}
	}
	for _, m := range h.m.log {
		if conversation.TimeOfID(m.ID).Before(before) {
			h.m.swept = max(h.m.swept, m.ID)
		}
	}
}

func (h *harness) same(got, want []conversation.Message) {
	h.Helper()
	if len(got) != len(want) {
		h.Fatalf("%d messages, want %d", len(got), len(want))
	}
	for i := range got {
		if g, w := fmt.Sprintf("%+v", got[i]), fmt.Sprintf("%+v", want[i]); g != w {
			h.Fatalf("message %d: %s, want %s", i, g, w)
		}
	}
}

func (h *harness) history() {
	id, c := h.conv()
	caller := h.reader(c)
	w := conversation.Window{
		AfterFrom: rapid.Bool().Draw(h.T, "after"), BeforeTo: rapid.Bool().Draw(h.T, "before"), Newest: rapid.Bool().Draw(h.T, "newest"),
		Descending: rapid.Bool().Draw(h.T, "desc"), Limit: rapid.IntRange(1, 5).Draw(h.T, "limit"),
	}
	if n := len(h.m.log); n > 0 {
		ids := []string{"", h.m.log[rapid.IntRange(0, n-1).Draw(h.T, "from")].ID}
		w.From = rapid.SampledFrom(ids).Draw(h.T, "from?")
		ids[1] = h.m.log[rapid.IntRange(0, n-1).Draw(h.T, "to")].ID
		w.To = rapid.SampledFrom(ids).Draw(h.T, "to?")
	}
	got, err := h.s.History(context.Background(), caller, id, w)
	all, want := h.visible(c, caller)
	if !h.want(err, want) {
		return
	}
	var in []conversation.Message
	for _, m := range all {
		if (w.From == "" || m.ID > w.From || m.ID == w.From && !w.AfterFrom) && (w.To == "" || m.ID < w.To || m.ID == w.To && !w.BeforeTo) {
			in = append(in, m)
		}
	}
	more := len(in) > w.Limit
	if more && w.Newest {
		in = in[len(in)-w.Limit:]
	} else if more {
		in = in[:w.Limit]
	}
	if w.Descending {
		slices.Reverse(in)
	}
	if h.same(got.Messages, in); got.More != more {
		h.Fatalf("more %t, want %t", got.More, more)
	}
}

func (h *harness) page() {
	id, c := h.conv()
	caller := h.reader(c)
	number, size := rapid.IntRange(1, 3).Draw(h.T, "page"), rapid.IntRange(1, 4).Draw(h.T, "size")
	got, err := h.s.MessagePage(context.Background(), caller, id, number, size)
	all, want := h.visible(c, caller)
	if !h.want(err, want) {
		return
	}
	all = slices.Clone(all)
	slices.Reverse(all)
	from := min((number-1)*size, len(all))
	if h.same(got.Items, all[from:min(from+size, len(all))]); got.Total != len(all) {
		h.Fatalf("total %d, want %d", got.Total, len(all))
	}
}

func (h *harness) since() {
	if len(h.m.log) == 0 {
		return
	}
	after, user := h.m.log[rapid.IntRange(0, len(h.m.log)-1).Draw(h.T, "after")].ID, h.person("user")
	if rapid.Bool().Draw(h.T, "all") {
		after = "22222-2222-2222-222"
	}
	if c := h.m.convs[h.m.log[len(h.m.log)-1].Conversation]; rapid.Bool().Draw(h.T, "of the newest") {
		user = h.insider(c, "member")
	}
	got, recovered, err := h.s.Since(context.Background(), h.m.app, user, after)
	h.want(err, nil)
	if after < h.m.swept {
		if recovered || len(got) > 0 {
			h.Fatalf("recovered after %s, and messages up to %s are gone", after, h.m.swept)
		}
		return
	}
	var want []conversation.Message
	for _, m := range h.m.log {
		c := h.m.convs[m.Conversation]
		if from, in := c.joinSeq[user]; in && !c.deleted && m.Seq > from && m.ID > after {
			want = append(want, m)
		}
	}
	if h.same(got, want); !recovered {
		h.Fatal("not recovered")
	}
}

func (h *harness) find() {
	caller, who, kind := h.caller(), h.person("member"), rapid.IntRange(1, 4).Draw(h.T, "type")
	member := rapid.SampledFrom([]conversation.Op{conversation.Equal, conversation.NotEqual, conversation.In}).Draw(h.T, "op")
	typed := rapid.SampledFrom([]conversation.Op{conversation.Less, conversation.LessEqual, conversation.Greater, conversation.GreaterEqual, conversation.Equal, conversation.NotEqual}).Draw(h.T, "op on type")
	got, err := h.s.Find(context.Background(), caller, conversation.Where{
		{Field: conversation.FieldMember, Op: member, Values: []any{who}},
		{Field: conversation.FieldType, Op: typed, Values: []any{int64(kind)}},
	}, 1, 100)
	h.want(err, nil)
	var want []string
	for _, id := range h.m.order {
		c := h.m.convs[id]
		_, in := c.joinSeq[who]
		_, seen := c.joinSeq[caller.User]
		byType := map[conversation.Op]bool{
			conversation.Less: c.kind < kind, conversation.LessEqual: c.kind <= kind, conversation.Greater: c.kind > kind,
			conversation.GreaterEqual: c.kind >= kind, conversation.Equal: c.kind == kind, conversation.NotEqual: c.kind != kind,
		}[typed]
		if !c.deleted && in == (member != conversation.NotEqual) && byType && (seen || caller.Server()) {
			want = append(want, id)
		}
	}
	var ids []string
	for _, c := range got.Items {
		ids = append(ids, c.ID)
	}
	slices.Sort(ids)
	slices.Sort(want)
	if !slices.Equal(ids, want) || got.Total != len(want) {
		h.Fatalf("found %v of %d, want %v", ids, got.Total, want)
	}
}

// check compares all that is visible from outside.
func (h *harness) check() {
	if rapid.IntRange(0, 4).Draw(h.T, "look") > 0 {
		return
	}
	ctx, server := context.Background(), conversation.Caller{App: h.m.app}
	logged, err := h.s.After(ctx, h.m.app, "", 1000)
	h.want(err, nil)
	var log []conversation.Message
	for _, m := range logged {
		log = append(log, m.Message)
	}
	h.same(log, h.kept(h.m.log))
	last, err := h.s.LastID(ctx, h.m.app)
	if h.want(err, nil); len(h.m.log) > 0 && last != h.m.log[len(h.m.log)-1].ID {
		h.Fatalf("last id %q", last)
	}
	for id, c := range h.m.convs {
		d, err := h.s.Detail(ctx, server, id)
		h.want(err, nil)
		if d.Type != c.kind || d.Creator != c.creator || string(d.Ext) != c.ext || d.Archived != c.archived || d.Deleted != c.deleted ||
			d.Members != len(c.joinSeq) || d.Last.Seq != int64(len(c.messages)) {
			h.Fatalf("%+v, want %+v", d, c)
		}
		if c.deleted {
			continue
		}
		members, err := h.s.AllMembers(ctx, h.m.app, id)
		h.want(err, nil)
		for _, u := range members {
			if _, in := c.joinSeq[u]; !in {
				h.Fatalf("%s is a member of %s", u, id)
			}
		}
		if len(members) != len(c.joinSeq) {
			h.Fatalf("members %v, want %v", members, c.joinSeq)
		}
	}
	for _, u := range people {
		joined, err := h.s.Joined(ctx, h.m.app, u)
		h.want(err, nil)
		var want []string
		for _, id := range h.m.order {
			if _, in := h.m.convs[id].joinSeq[u]; in && !h.m.convs[id].deleted {
				want = append(want, id)
			}
		}
		slices.Sort(joined)
		slices.Sort(want)
		if !slices.Equal(joined, want) {
			h.Fatalf("%s joined %v, want %v", u, joined, want)
		}
	}
}
