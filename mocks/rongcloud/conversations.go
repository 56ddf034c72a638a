package rongcloud

import (
	"time"
)

// talk names one conversation as one user has it. Without a target it stands for
// all of the user's conversations of that type.
type talk struct {
	user            string
	kind            int // a number of conversationTypes
	target, channel string
}

// setting is what was set for a talk.
type setting struct {
	notified bool // level or muted was set
	level    int  // docs/vendors/rongcloud-paths.md#conversations; 0: not set
	muted    bool // the older flag
	topped   bool // top was set
	top      bool
	topAt    time.Time
	cleared  time.Time // what is not newer is gone from the user's history
}

func conversationOperations() []operation {
	return []operation{
		managed("/conversation/notification/set.json", (*App).setNotification),
		managed("/conversation/notification/get.json", (*App).getNotification),
		managed("/conversation/type/notification/set.json", (*App).setNotification),
		managed("/conversation/type/notification/get.json", (*App).getNotification),
		managed("/conversation/top/set.json", (*App).setTop),
		managed("/conversation/attribute/get.json", (*App).conversationAttributes).reads(),
	}
}

// setting returns what is set for a talk, to be changed.
func (a *App) setting(t talk) *setting {
	if a.talks[t] == nil {
		a.talks[t] = &setting{}
	}
	return a.talks[t]
}

// talkOf reads whose conversation a call is about; the notification calls name the
// user requestId.
func talkOf(r request, user string) talk {
	t := talk{user: r.text(user), kind: r.number("conversationType", 0), target: r.text("targetId")}
	if t.kind == conversationTypes[Ultra] {
		t.channel = r.text("busChannel")
	}
	return t
}

// setNotification serves both the conversation and, without a target, its type.
// The level wins over the older flag; a flag alone resets the level, or it would
// have no effect.
func (a *App) setNotification(r request) (reply, *failure) {
	flag, level := r.text("isMuted") != "", r.text("unpushLevel") != ""
	if !flag && !level {
		return nil, badParameter("unpushLevel", "is required")
	}
	s := a.setting(talkOf(r, "requestId"))
	s.notified, s.level = true, r.number("unpushLevel", 0)
	if flag {
		s.muted = r.yes("isMuted")
	} else {
		s.muted = false
	}
	return reply{}, nil
}

// notice is the number that isMuted carries: the level, or without one the flag.
func (s *setting) notice() int {
	if s == nil {
		return 0
	}
	if s.level == 0 && s.muted {
		return 1
	}
	return s.level
}

func (a *App) getNotification(r request) (reply, *failure) {
	return reply{"isMuted": a.talks[talkOf(r, "requestId")].notice()}, nil
}

func (a *App) setTop(r request) (reply, *failure) {
	s := a.setting(talkOf(r, "userId"))
	s.topped, s.top, s.topAt = true, r.yes("setTop"), r.Now
	return reply{}, nil
}

// clearHistory hides what is not newer than a time, for the user; in a chat room
// for everybody.
func (a *App) clearHistory(r request) (reply, *failure) {
	t := talkOf(r, "fromUserId")
	if t.kind == conversationTypes[ChatRoom] {
		t.user = ""
	}
	until := r.Now
	if ms := r.number("msgTimestamp", 0); ms > 0 {
		until = time.UnixMilli(int64(ms))
	}
	if s := a.setting(t); until.After(s.cleared) {
		s.cleared = until
	}
	return reply{}, nil
}

// conversationAttributes leaves out what was never set.
func (a *App) conversationAttributes(r request) (reply, *failure) {
	t := talkOf(r, "userId")
	data := reply{"targetId": t.target, "conversationType": t.kind, "tags": a.tagsOf(t)}
	if s := a.talks[t]; s != nil {
		if s.topped {
			data["top"] = reply{"top": s.top, "topTime": s.topAt.UnixMilli()}
		}
		if s.notified {
			data["mute"] = reply{"mute": s.notice()}
		}
	}
	return reply{"data": data}, nil
}
