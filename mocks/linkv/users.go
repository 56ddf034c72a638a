package linkv

import (
	"regexp"
	"strconv"
	"strings"
	"time"

	"switchboard/mocks/mock"
)

// getToken gives another token that is good beside earlier ones. Its code is
// text and the document shows three fields only.
func (a *App) getToken(c *mock.Call) mock.Answer {
	user := c.Get("userId")
	return mock.Answer{Code: codeOK, Body: map[string]any{
		"code": a.words.verdict(codeOK, false), "userId": user, "token": a.issue(user, c.Now),
	}}
}

func (a *App) issue(user string, now time.Time) string {
	token := a.Random.Hex(32)
	a.tokens[token] = issued{user: user, at: now}
	return token
}

const maxMinutes = 100 * 365 * 24 * 60 // of a block; more would not fit a time.Duration

// block keeps users from sending for so many minutes; without minute, for ever.
// INVENTED: that it also disconnects them.
func (a *App) block(c *mock.Call) mock.Answer {
	users, ok := a.users(c, "userIds")
	if !ok || !a.ours(c) {
		return a.words.fail(c, codeParameter)
	}
	until := c.Now.AddDate(100, 0, 0)
	if minutes, err := strconv.Atoi(c.Get("minute")); err == nil && minutes > 0 {
		until = c.Now.Add(time.Duration(min(minutes, maxMinutes)) * time.Minute)
	}
	for _, u := range users {
		a.blocked[u], a.online[u] = until, false
	}
	return a.words.im(c, codeOK, nil)
}

func (a *App) onlineStatus(c *mock.Call) mock.Answer {
	if !a.ours(c) {
		return a.words.fail(c, codeParameter)
	}
	data := 0
	if a.online[c.Get("userId")] {
		data = 1
	}
	return a.words.im(c, codeOK, map[string]any{"data": data})
}

func (a *App) addBlack(c *mock.Call) mock.Answer    { return a.black(c, true) }
func (a *App) removeBlack(c *mock.Call) mock.Answer { return a.black(c, false) }

func (a *App) black(c *mock.Call, add bool) mock.Answer {
	others, ok := a.users(c, "blackUserIds")
	if !ok {
		return a.words.fail(c, codeParameter)
	}
	user := c.Get("userId")
	if a.blacklist[user] == nil {
		a.blacklist[user] = map[string]bool{}
	}
	result := map[string]int{}
	for _, other := range others {
		a.blacklist[user][other] = add
		result[other] = 200
	}
	return a.words.im(c, codeOK, map[string]any{"messageSendResult": result})
}

var userID = regexp.MustCompile(`^[A-Za-z0-9+=_-]{1,64}$`)

// users reads a field of ids separated by commas; false when one of them
// cannot be a user's.
func (a *App) users(c *mock.Call, field string) ([]string, bool) {
	users := strings.Split(strings.Join(c.Values[field], ","), ",")
	for _, u := range users {
		if !userID.MatchString(u) {
			return nil, false
		}
	}
	return users, true
}

// ours reports whether the appId that the call names, if any, is the account's.
func (a *App) ours(c *mock.Call) bool {
	id, inPath := c.Params["appId"]
	if !inPath {
		id = c.Get("appId")
	}
	return id == "" || id == a.Credential("app_id")
}
