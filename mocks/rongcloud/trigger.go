package rongcloud

import (
	"encoding/json"
	"fmt"
	"net/url"
)

// action is the body of what the admin API makes clients do.
type action struct {
	ClientMessage
	User string `json:"user"`
	Yes  bool   `json:"yes"`
	Room string `json:"room"`
}

// trigger serves POST /_mock/callbacks/{name}: a client's action, with the
// callbacks that follow from it, or a callback with exactly the given body: a
// JSON object of texts for those that are forms. It runs inside Namespace.Do.
func (a *App) trigger(name string, body []byte) error {
	switch name {
	case CallbackMessage, CallbackPreSend:
		var members map[string]string
		if err := json.Unmarshal(body, &members); err != nil {
			return fmt.Errorf("the body of %s must be a JSON object of texts", name)
		}
		form := url.Values{}
		for k, v := range members {
			form.Set(k, v)
		}
		a.Callbacks.Send(formCallback(name, members["fromUserId"], form))
		return nil
	case CallbackOnline, CallbackChatRoom, CallbackRTC:
		if !json.Valid(body) {
			return fmt.Errorf("the body of %s must be JSON", name)
		}
		a.tell(name, "", json.RawMessage(body))
		return nil
	}
	return a.act(name, body)
}

// act is one action of a client.
func (a *App) act(name string, body []byte) error {
	var in action
	if err := json.Unmarshal(body, &in); err != nil {
		return fmt.Errorf("the body must be a JSON object: %w", err)
	}
	now := a.Clock.Now()
	switch name {
	case "client.online":
		a.connect(a.user(in.User), now)
	case "client.offline":
		a.disconnect(a.user(in.User), presenceOffline, now)
	case "client.send":
		_, err := a.clientSend(in.ClientMessage)
		return err
	case "client.friend.answer":
		if !a.answerFriend(in.User, in.From, in.Yes) {
			return fmt.Errorf("%s did not ask %s", in.From, in.User)
		}
	case "client.chatroom.join":
		c := a.openRoom(in.Room, now)
		if c.blocked[in.User].After(now) {
			return ErrRoomBlocked
		}
		a.enter(c, in.User, now)
	case "client.chatroom.leave":
		if c := a.room(in.Room, now); c != nil {
			a.leave(c, byCall, now, in.User)
		}
	case "client.rtc.join":
		c := a.openRTC(in.Room)
		if !a.mayJoinRTC(c, in.User, now) {
			return ErrRoomBlocked
		}
		a.joinRTC(c, in.User, now)
	case "client.rtc.leave":
		if c := a.rtc[in.Room]; c != nil {
			a.leaveRTC(c, now, in.User)
		}
	default:
		return fmt.Errorf("no callback and no client action is named %q", name)
	}
	return nil
}
