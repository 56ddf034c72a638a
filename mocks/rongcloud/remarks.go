package rongcloud

import (
	"encoding/json"
	"slices"
	"strings"
)

// remark is the name that one user sees in notifications of another.
type remark struct{ id, text string }

func remarkOperations() []operation {
	return []operation{
		managed("/user/remarks/set.json", (*App).setRemarks),
		managed("/user/remarks/del.json", (*App).deleteUserRemark),
		managed("/user/remarks/get.json", (*App).userRemarks),
		managed("/user/blockPushPeriod/set.json", (*App).setQuiet),
		managed("/user/blockPushPeriod/get.json", (*App).getQuiet),
		managed("/user/blockPushPeriod/delete.json", (*App).deleteQuiet),
	}
}

const maxRemarks = 100 // in a call

// setRemarks reads a JSON list of {id, remark}; the Go SDK writes Id and Remark,
// which encoding/json takes as well.
func (a *App) setRemarks(r request) (reply, *failure) {
	var more []struct{ ID, Remark string }
	if json.Unmarshal([]byte(r.text("remarks")), &more) != nil || len(more) == 0 || len(more) > maxRemarks {
		return nil, badParameter("remarks", "is not a JSON array of 1 to 100 remarks")
	}
	u := a.user(r.text("userId"))
	for _, m := range more {
		if m.ID == "" {
			return nil, badParameter("remarks", "has a remark without id")
		}
		u.remarks = append(slices.DeleteFunc(u.remarks, func(o remark) bool { return o.id == m.ID }), remark{m.ID, m.Remark})
	}
	return reply{}, nil
}

// deleteUserRemark. INVENTED: 200 for one that there is not.
func (a *App) deleteUserRemark(r request) (reply, *failure) {
	u := a.user(r.text("userId"))
	u.remarks = slices.DeleteFunc(u.remarks, func(o remark) bool { return o.id == r.text("targetId") })
	return reply{}, nil
}

func (a *App) userRemarks(r request) (reply, *failure) {
	list := []reply{}
	all := a.user(r.text("userId")).remarks
	for _, one := range page(all, r.count("page", 1), r.count("size", 50)) {
		list = append(list, reply{"id": one.id, "remark": one.text})
	}
	return reply{"total": len(all), "users": list}, nil
}

// quiet is the time of day in which a user gets no push.
type quiet struct {
	start         string // HH:MM:SS, Beijing time
	period, level int    // minutes; 1: only messages that name the user push, 5: none
}

func (a *App) setQuiet(r request) (reply, *failure) {
	if !isTimeOfDay(r.text("startTime")) {
		return nil, badParameter("startTime", "is not HH:MM:SS")
	}
	a.user(r.text("userId")).quiet = quiet{r.text("startTime"), r.number("period", 0), r.number("level", 1)}
	return reply{}, nil
}

func isTimeOfDay(s string) bool {
	parts := strings.Split(s, ":")
	for i, p := range parts {
		if len(p) != 2 || strings.Trim(p, "0123456789") != "" || p >= "60" || i == 0 && p >= "24" {
			return false
		}
	}
	return len(parts) == 3
}

// getQuiet. INVENTED: a user without one has an empty start, 0 minutes and level 0.
func (a *App) getQuiet(r request) (reply, *failure) {
	q := a.user(r.text("userId")).quiet
	return reply{"data": reply{"startTime": q.start, "period": q.period, "unPushLevel": q.level}}, nil
}

func (a *App) deleteQuiet(r request) (reply, *failure) {
	a.user(r.text("userId")).quiet = quiet{}
	return reply{}, nil
}
