package youme

import (
	"net/url"
	"strconv"
	"time"

	"switchboard/mocks/mock"
)

// The commands of this file are called by the vendor's demos and test tools, which
// show what they send and hardly anything of the answers (docs/vendors/youme.md#im-commands).
// INVENTED: the members of every answer; a rank is empty, as nobody scores here; a
// stream's URL names it and is nowhere.

const (
	rankDays  = 35 // that a rank may span: the vendor's test tool asks for more to be refused
	dayLayout = "20060102"
)

// Notice is a notice that was planned for a channel.
type Notice struct{ Channel, Title, Content string }

// Notices returns the planned notices by their id.
func (a *App) Notices() map[int64]Notice {
	all := map[int64]Notice{}
	a.Do(func() {
		for id, n := range a.notices {
			all[id] = n
		}
	})
	return all
}

func (a *App) sure(payload map[string]any) mock.Answer {
	answer := a.ok(nil)
	body := answer.Body.(map[string]any)
	for name, value := range payload {
		body[name] = value
	}
	return answer
}

func (a *App) addNotice(c *mock.Call) mock.Answer {
	in, _ := c.JSON["Notice"].(map[string]any)
	member := func(name string) string { s, _ := in[name].(string); return s }
	a.serial++
	a.notices[int64(a.serial)] = Notice{Channel: member("ChannelID"), Title: member("Title"), Content: member("Content")}
	return a.sure(map[string]any{"NoticeID": a.serial})
}

// deleteNotice takes an id that is not there for one that is gone.
func (a *App) deleteNotice(c *mock.Call) mock.Answer {
	list, _ := c.JSON["Notice"].([]any)
	for _, item := range list {
		notice, _ := item.(map[string]any)
		if id, ok := notice["NoticeID"].(float64); ok {
			delete(a.notices, int64(id))
		}
	}
	return a.sure(nil)
}

// day reads YYYYMMDD; days to come are refused.
func (a *App) day(c *mock.Call, field string) (time.Time, bool) {
	day, err := time.ParseInLocation(dayLayout, text(c, field), a.cfg.Zone)
	return day, err == nil && !day.After(c.Now)
}

func (a *App) anchorRank(c *mock.Call) mock.Answer {
	from, ok := a.day(c, "StartDate")
	to, alsoOK := a.day(c, "EndDate")
	if !ok || !alsoOK || to.Before(from) || to.After(from.AddDate(0, 0, rankDays)) {
		return fail(codeField)
	}
	return a.sure(map[string]any{"Total": 0, "RankList": []any{}})
}

func (a *App) userRank(c *mock.Call) mock.Answer {
	if _, ok := a.day(c, "Date"); !ok || a.badID(text(c, "UserID")) {
		return fail(codeField)
	}
	return a.sure(map[string]any{"Total": 0, "RankList": []any{}})
}

func (a *App) imRoomUsers(c *mock.Call) mock.Answer {
	users := []listed{}
	for _, user := range a.imChannels[text(c, "RoomID")] {
		users = append(users, listed{user})
	}
	return a.sure(map[string]any{"Total": len(users), "UserList": users})
}

func (a *App) setRTMP(*mock.Call) mock.Answer { return a.sure(nil) }

func (a *App) publishURL(c *mock.Call) mock.Answer { return a.streamURL(c, "publish") }
func (a *App) playURL(c *mock.Call) mock.Answer    { return a.streamURL(c, "play") }

func (a *App) streamURL(c *mock.Call, use string) mock.Answer {
	u := url.URL{Scheme: "rtmp", Host: use + ".youme.invalid", Path: "/" + text(c, "Hub") + "/" + text(c, "StreamKey")}
	if seconds, given := number(c, "Expire"); given {
		u.RawQuery = "expire=" + strconv.FormatInt(c.Now.Unix()+min(seconds, 1<<32), 10)
	}
	return a.sure(map[string]any{"Url": u.String()})
}

func (a *App) videoHistory(*mock.Call) mock.Answer {
	return a.sure(map[string]any{"ActivityList": []any{}})
}

func (a *App) savePlayback(c *mock.Call) mock.Answer { return a.streamURL(c, "play") }
