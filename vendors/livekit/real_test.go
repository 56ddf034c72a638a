package livekit_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/app/certify"
	mock "switchboard/mocks/livekit"
	"switchboard/vendors"
	"switchboard/vendors/livekit"
	"switchboard/vendors/livekit/livekittest"
	"switchboard/vendors/vendortest"
)

// deployment is a running server with people of a Chromium in one of its rooms.
type deployment struct {
	*livekittest.Server
	people *livekittest.Browser
	room   string
	turn   *sync.Mutex // one at a time seats the people
}

// ask calls the server's API past the adapter.
func (d deployment) ask(t vendortest.T, method, grant string, body, out any) int {
	t.Helper()
	now := time.Now().Unix()
	raw, _ := json.Marshal(body) // texts and numbers
	req, _ := http.NewRequest(http.MethodPost, d.URL+"/twirp/livekit.RoomService/"+method, bytes.NewReader(raw))
	req.Header.Set("Content-Type", "application/json")
	claims := fmt.Sprintf(`{"iss":%q,"exp":%d,"video":{%s}}`, livekittest.Key, now+60, grant)
	req.Header.Set("Authorization", "Bearer "+mock.Token(livekittest.Secret, claims))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	defer res.Body.Close()
	answer, _ := io.ReadAll(res.Body)
	if out != nil && res.StatusCode == http.StatusOK {
		if err := json.Unmarshal(answer, out); err != nil {
			t.Fatalf("%s: %s", method, answer)
		}
	}
	return res.StatusCode
}

// person is somebody in a room as the server says.
type person struct {
	Identity   string
	State      string
	Permission struct {
		CanSubscribe   bool     `json:"can_subscribe"`
		CanPublish     bool     `json:"can_publish"`
		CanPublishData bool     `json:"can_publish_data"`
		Sources        []string `json:"can_publish_sources"`
	}
	Tracks []struct {
		Source string
		Muted  bool
	}
}

func (d deployment) persons(t vendortest.T) []person {
	t.Helper()
	var out struct{ Participants []person }
	d.ask(t, "ListParticipants", fmt.Sprintf(`"roomAdmin":true,"room":%q`, d.room), map[string]string{"room": d.room}, &out)
	return out.Participants
}

func (d deployment) person(t vendortest.T, user string) (p person) {
	t.Helper()
	for _, p := range d.persons(t) {
		if p.Identity == user {
			return p
		}
	}
	return p
}

func (d deployment) session(t vendortest.T) string {
	t.Helper()
	var out struct{ Rooms []struct{ Sid string } }
	d.ask(t, "ListRooms", `"roomList":true`, map[string]any{"names": []string{d.room}}, &out)
	if len(out.Rooms) == 0 {
		return ""
	}
	return out.Rooms[0].Sid
}

// until waits for what the server takes a moment to know.
func until(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for limit := time.Now().Add(time.Minute); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}

// seat has both users in the room with all rights, the second with an open microphone:
// who is so already is left alone.
func (d deployment) seat(t *testing.T, users ...string) {
	d.turn.Lock()
	defer d.turn.Unlock()
	for i, user := range users {
		media := []string{}
		if i == 1 {
			media = []string{"microphone"}
		}
		var here bool
		d.people.Ask(t, &here, "present", d.room, user)
		p := d.person(t, user)
		if here && p.State == "ACTIVE" && p.Permission.CanPublish && p.Permission.CanSubscribe && p.Permission.CanPublishData && len(p.Permission.Sources) == 0 {
			if len(media) > 0 && (len(p.Tracks) != 1 || p.Tracks[0].Muted) {
				d.publish(t, user, media...)
			}
			continue
		}
		claims := fmt.Sprintf(`{"iss":%q,"sub":%q,"exp":%d,"video":{"roomJoin":true,"room":%q}}`, livekittest.Key, user, time.Now().Add(time.Hour).Unix(), d.room)
		d.people.Ask(t, nil, "join", strings.Replace(d.URL, "http", "ws", 1), mock.Token(livekittest.Secret, claims), d.room, user, media)
	}
	until(t, "everybody is in the room", func() bool {
		return !slices.ContainsFunc(users, func(u string) bool { return d.person(t, u).State != "ACTIVE" })
	})
	until(t, "the microphone is heard", func() bool { return len(d.person(t, users[1]).Tracks) == 1 })
}

func (d deployment) publish(t *testing.T, user string, media ...string) {
	d.people.Ask(t, nil, "send", d.room, user, append([]string{}, media...))
	until(t, "the tracks are known", func() bool {
		tracks := d.person(t, user).Tracks
		return len(tracks) == len(media) && !slices.ContainsFunc(tracks, func(t struct {
			Source string
			Muted  bool
		}) bool {
			return t.Muted
		})
	})
}

var realSources = map[vendors.Media]string{vendors.Microphone: "MICROPHONE", vendors.Camera: "CAMERA", vendors.Screen: "SCREEN_SHARE"}

// far looks into the server and into the pages of the people.
func (d deployment) far(t *testing.T, users ...string) vendortest.FarEnd {
	media := func(list []vendors.Media) (out []string) {
		for _, m := range list {
			out = append(out, string(m))
		}
		return append([]string{}, out...)
	}
	seen := map[string]int{}
	for _, user := range users {
		seen[user] = len(d.packets(t, user))
	}
	return vendortest.FarEnd{
		RoomUsers: func(string) (out []string) {
			for _, p := range d.persons(t) {
				out = append(out, p.Identity)
			}
			return out
		},
		Session: func(string) string { return d.session(t) },
		Remake: func(string) {
			d.ask(t, "DeleteRoom", `"roomCreate":true`, map[string]string{"room": d.room}, nil)
			until(t, "the room is gone", func() bool { return d.session(t) == "" })
			d.seat(t, users...)
		},
		JoinGrant: func(token string) (vendors.JoinGrant, bool) { return d.grant(t, token) },
		Permission: func(_, user string) vendors.Permission {
			p := d.person(t, user).Permission
			out := vendors.Permission{Subscribe: p.CanSubscribe, Data: p.CanPublishData}
			for _, m := range vendors.AllMedia() {
				if p.CanPublish && (len(p.Sources) == 0 || slices.Contains(p.Sources, realSources[m])) {
					out.Publish = append(out.Publish, m)
				}
			}
			return out
		},
		Packets: func(user string) []vendors.RoomPacket { return d.packets(t, user)[seen[user]:] },
		RoomTexts: func(string) (out []vendors.RoomText) {
			peers := d.packets(t, users[1])[seen[users[1]]:]
			for _, p := range d.packets(t, users[0])[seen[users[0]]:] {
				var text vendors.RoomText
				if p.Topic == "switchboard.text" && json.Unmarshal(p.Data, &text) == nil {
					if text.Room, text.To = d.room, users[0]; slices.ContainsFunc(peers, func(q vendors.RoomPacket) bool { return bytes.Equal(p.Data, q.Data) }) {
						text.To = ""
					}
					out = append(out, text)
				}
			}
			return out
		},
		Publish: func(_, user string, list ...vendors.Media) { d.publish(t, user, media(list)...) },
		Muted: func(_, user string) (out []vendors.Media) {
			for _, track := range d.person(t, user).Tracks {
				for m, source := range realSources {
					if track.Source == source && track.Muted {
						out = append(out, m)
					}
				}
			}
			return out
		},
		SetSpeakers: func(_ string, speaking ...string) {
			for _, user := range users {
				if slices.Contains(speaking, user) {
					d.publish(t, user, "microphone")
				} else {
					d.publish(t, user)
				}
			}
		},
	}
}

// packets are what the user's client received so far.
func (d deployment) packets(t *testing.T, user string) (out []vendors.RoomPacket) {
	d.people.Ask(t, &out, "packets", d.room, user)
	return out
}

// grant reads a join token, which the server has to take.
func (d deployment) grant(t *testing.T, token string) (g vendors.JoinGrant, in bool) {
	res, err := http.Get(d.URL + "/rtc/validate?access_token=" + token)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	claims, err := base64.RawURLEncoding.DecodeString(strings.Split(token, ".")[1])
	if err != nil || res.StatusCode != http.StatusOK {
		return g, false
	}
	var c struct {
		Identity, Name string
		Exp            int64
		Video          struct {
			Room                                                        string
			RoomAdmin, CanPublish, CanSubscribe, CanPublishData, Hidden bool
			CanPublishSources                                           []string
		}
	}
	if err := json.Unmarshal(claims, &c); err != nil {
		t.Fatal(err)
	}
	g = vendors.JoinGrant{Room: c.Video.Room, User: vendors.User{ID: c.Identity, Name: c.Name}, Admin: c.Video.RoomAdmin, Hidden: c.Video.Hidden, For: time.Until(time.Unix(c.Exp, 0))}
	g.Subscribe, g.Data = c.Video.CanSubscribe, c.Video.CanPublishData
	for _, m := range vendors.AllMedia() {
		if c.Video.CanPublish && slices.Contains(c.Video.CanPublishSources, strings.ToLower(realSources[m])) {
			g.Publish = append(g.Publish, m)
		}
	}
	return g, true
}

// TestConformanceOfARunningServer holds the adapter to the whole contract at LiveKit's
// own server, with LiveKit's own client as the people in the room.
func TestConformanceOfARunningServer(t *testing.T) {
	t.Parallel()
	server, people := livekittest.Start(t, livekittest.Options{}), livekittest.Open(t)
	base, err := certify.LiveKit(livekit.Config{APIKey: livekittest.Key, APISecret: livekittest.Secret, BaseURL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	turn := &sync.Mutex{}
	vendortest.Run(t, func(t *testing.T) vendortest.Fixture {
		f, d := base, deployment{server, people, base.Room, turn}
		f.Untried = nil
		f.Far, f.CountsLag = d.far(t, f.Known, f.Peer), 5*time.Second
		f.Restore = func() { d.seat(t, f.Known, f.Peer) }
		f.Seed = func(vendortest.T) { d.seat(t, f.Known, f.Peer) }
		return f
	})
}
