package rongcloud

import (
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// entry is one property of a chat room.
type entry struct {
	value      string
	owner      string
	autoDelete bool // with its owner's leaving
	at         time.Time
}

const (
	maxEntryBatch = 10
	maxEntryValue = 4096
)

var entryKey = regexp.MustCompile(`^[A-Za-z0-9+=_-]{1,128}$`)

func (c *chatRoom) setEntry(key string, e entry) {
	c.entries[key] = e
	c.entryOrder = with(c.entryOrder, key)
}

func (c *chatRoom) removeEntry(key string) {
	delete(c.entries, key)
	c.entryOrder = without(c.entryOrder, key)
}

// setEntry sets one property. INVENTED: 23410 where there is no such room.
func (a *App) setEntry(r request) (reply, *failure) {
	c := a.room(r.text("chatroomId"), r.Now)
	if c == nil {
		return nil, fail(codeNoChatRoom, "The chat room does not exist")
	}
	c.setEntry(r.text("key"), entry{r.text("value"), r.text("userId"), r.yes("autoDelete"), r.Now})
	return reply{}, nil
}

func (a *App) setEntries(r request) (reply, *failure) {
	c := a.room(r.text("chatroomId"), r.Now)
	if c == nil {
		return nil, fail(codeNoChatRoom, "The chat room does not exist")
	}
	pairs, f := r.pairs("entryInfo")
	if f != nil {
		return nil, f
	}
	if len(pairs) > maxEntryBatch {
		return nil, badParameter("entryInfo", "has more than 10 properties")
	}
	for key, value := range pairs {
		if !entryKey.MatchString(key) || len([]rune(value)) > maxEntryValue {
			return nil, badParameter("entryInfo", "has a property out of bounds")
		}
	}
	for _, key := range slices.Sorted(maps.Keys(pairs)) {
		c.setEntry(key, entry{pairs[key], r.text("entryOwnerId"), r.yes("autoDelete"), r.Now})
	}
	return reply{}, nil
}

func removeEntry(_ *App, c *chatRoom, r request) { c.removeEntry(r.text("key")) }

// queryEntries answers texts throughout, as the Go SDK decodes them.
func (a *App) queryEntries(r request) (reply, *failure) {
	list := []reply{}
	c := a.room(r.text("chatroomId"), r.Now)
	if c == nil {
		return reply{"keys": list}, nil
	}
	for _, key := range c.entryOrder {
		if wanted := r.list("keys"); len(wanted) > 0 && !slices.Contains(wanted, key) {
			continue
		}
		e := c.entries[key]
		auto := "0"
		if e.autoDelete {
			auto = "1"
		}
		list = append(list, reply{
			"key": key, "value": e.value, "userId": e.owner, "autoDelete": auto, "lastSetTime": strconv.FormatInt(e.at.UnixMilli(), 10),
		})
	}
	return reply{"keys": list}, nil
}
