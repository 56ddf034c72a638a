package certify

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	mock "switchboard/mocks/livekit"
	"switchboard/vendors"
	"switchboard/vendors/livekit"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
)

// LiveKit is what holds at a LiveKit server itself with nobody in its rooms. A test that
// has people there takes Untried back.
func LiveKit(cfg livekit.Config) (vendortest.Fixture, error) {
	if cfg.BaseURL == "" {
		cfg.BaseURL = strings.Replace(cfg.URL, "ws", "http", 1)
	}
	f := livekitFixture(cfg)
	f.Untried = []string{vendors.OpRoomPermission, vendors.OpRoomMute} // of who is in the room, and nobody is
	return f, nil
}

func livekitFixture(cfg livekit.Config) vendortest.Fixture {
	lacks := []string{
		"Rooms.Ban", "Rooms.Calls", "MessageLookup", "UserImport", "Deletions", "Sessions", "Tokens", "Revoker", "Users", "Profiles", "Blacklist", "Messages", "Templates", "Broadcasts", "Recaller", "Editor", "History", "Notices", "Pushes",
		"Remarks", "Presence", "Words", "WordAdmin", "Translator", "Wallet", "Orders", "Groups", "GroupNames", "GroupOwners", "GroupLists", "MemberMutes", "GroupMutes",
		"ChatRooms", "ChatRoomMutes", "ChatRoomBlocks",
	}
	if !cfg.Egress {
		lacks = append(lacks, "Rooms.Recorder")
	}
	account := livekitAccount{cfg.APIKey, cfg.APISecret}
	return vendortest.Fixture{
		Open: func(baseURL string) (*vendors.Vendor, error) {
			own := cfg
			own.BaseURL = baseURL
			return livekit.Open("livekit", own, upstream.Options{})
		},
		BaseURL: cfg.BaseURL, Lacks: lacks,
		Traits:  vendors.Traits{Callbacks: vendors.CallbackTerms{Retries: 4, Ordered: true, Lossy: true}},
		Secrets: []vendors.Secret{cfg.APISecret},
		Known:   "known", Peer: "peer", Room: "stage",
		Bare:     []string{vendors.OpRoomKick, vendors.OpRoomDissolve, vendors.OpRoomPush, vendors.OpRoomData},
		Looks:    map[string]int{vendors.OpRoomPermission: 1, vendors.OpRoomMute: 1, vendors.OpRoomRecord: 2},
		NoAnswer: []string{vendors.OpRoomPush, vendors.OpRoomData},
		Limits:   livekitLimits(), Codes: livekitCodes(),
		Callbacks: account.callbacks(), SignsBody: true,
		Spoil: func(c vendortest.CallbackCase) *http.Request {
			return livekitAccount{account.key, "another secret of more than thirty-two characters"}.request(c.Body)
		},
	}
}

// livekitLimits are docs/vendors/livekit.md#limits once more.
func livekitLimits() vendors.Limits {
	out := vendors.Limits{
		vendors.OpRoomPush: {IDBytes: 256, Bytes: 12 << 10}, vendors.OpRoomData: {IDBytes: 256, Bytes: 15 << 10},
	}
	for _, op := range []string{
		vendors.OpRoomToken, vendors.OpRoomStatus, vendors.OpRoomUsers, vendors.OpRoomSpeakers, vendors.OpRoomKick, vendors.OpRoomDissolve,
		vendors.OpRoomPermission, vendors.OpRoomMute, vendors.OpRoomRecord, vendors.OpRoomRecordings,
	} {
		out[op] = vendors.Limit{IDBytes: 256}
	}
	return out
}

func livekitCodes() []vendortest.CodeCase {
	twirp := func(status int, code string, outcome vendors.Outcome, is error) vendortest.CodeCase {
		return vendortest.CodeCase{Status: status, Code: code, Outcome: outcome, Is: is, Body: fmt.Sprintf(`{"code":%q,"msg":"twirp error unknown: SECRET"}`, code)}
	}
	return []vendortest.CodeCase{
		twirp(400, "invalid_argument", vendors.DefiniteNo, vendors.ErrInvalid),
		twirp(400, "malformed", vendors.DefiniteNo, vendors.ErrInvalid),
		twirp(401, "unauthenticated", vendors.AuthFault, nil),
		twirp(404, "not_found", vendors.DefiniteNo, vendors.ErrNotFound),
		twirp(404, "bad_route", vendors.DefiniteNo, vendors.ErrUnsupported),
		twirp(408, "deadline_exceeded", vendors.Ambiguous, nil),
		twirp(409, "already_exists", vendors.DefiniteNo, vendors.ErrConflict),
		twirp(412, "failed_precondition", vendors.DefiniteNo, vendors.ErrUnsupported),
		twirp(429, "resource_exhausted", vendors.Throttled, nil),
		twirp(500, "internal", vendors.Ambiguous, nil),
		{Status: 500, Code: "internal", Outcome: vendors.DefiniteNo, Is: vendors.ErrUnsupported, Body: `{"code":"internal","msg":"twirp error unknown: egress not connected (redis required)"}`},
		twirp(501, "unimplemented", vendors.DefiniteNo, vendors.ErrUnsupported),
		twirp(503, "unavailable", vendors.Ambiguous, nil),
		twirp(500, "brand_new", vendors.Ambiguous, vendors.ErrUnknownCode),
	}
}

// livekitAccount signs as the server does: its rule once more, apart from the
// adapter's.
type livekitAccount struct {
	key    string
	secret vendors.Secret
}

func (a livekitAccount) request(body []byte) *http.Request {
	sum, now := sha256.Sum256(body), time.Now().Unix()
	claims := fmt.Sprintf(`{"iss":%q,"nbf":%d,"exp":%d,"sha256":%q}`, a.key, now, now+300, base64.StdEncoding.EncodeToString(sum[:]))
	return &http.Request{
		Method: http.MethodPost, URL: &url.URL{Path: "/callbacks/livekit"},
		Header: http.Header{"Content-Type": {"application/webhook+json"}, "Authorization": {mock.Token(a.secret.Reveal(), claims)}},
	}
}

// callbacks are one of each kind of docs/vendors/livekit.md#webhooks, as a running
// server sent them.
func (a livekitAccount) callbacks() []vendortest.CallbackCase {
	at := time.Unix(1767225600, 0)
	one := func(name, body string, want ...vendors.Event) vendortest.CallbackCase {
		return vendortest.CallbackCase{Name: name, Body: []byte(body), Want: want, Request: a.request}
	}
	room := func(action, user, kind, reason string) vendors.Event {
		return vendors.Event{Kind: vendors.EventRoom, Action: action, At: at, From: user, Target: "stage", Session: "RM_1", Type: kind, Reason: reason}
	}
	const stage = `"room":{"sid":"RM_1","name":"stage","emptyTimeout":300,"creationTime":"1767225590"}`
	body := func(id, event, about string) string {
		return fmt.Sprintf(`{"event":%q,%s,"id":%q,"createdAt":"1767225600"}`, event, about, id)
	}
	user := func(id, event, more string) string {
		return body(id, event, stage+`,"participant":{"sid":"PA_1","identity":"alice","state":"ACTIVE","joinedAt":"1767225595"`+more+`}`)
	}
	track := func(id, event, track string) string {
		return body(id, event, `"room":{"sid":"RM_1","name":"stage"},"participant":{"sid":"PA_1","identity":"alice"},"track":`+track)
	}
	return []vendortest.CallbackCase{
		one("room", body("EV_1", "room_started", stage), room("created", "", "", "")),
		one("room's end", body("EV_2", "room_finished", stage), room("destroyed", "", "", "")),
		one("join", user("EV_3", "participant_joined", ""), room("joined", "alice", "", "")),
		one("leave", user("EV_4", "participant_left", `,"disconnectReason":"CLIENT_INITIATED"`), room("left", "alice", "", "")),
		one("put out", user("EV_5", "participant_left", `,"disconnectReason":"PARTICIPANT_REMOVED"`), room("left", "alice", "", "ejected")),
		one("lost", user("EV_6", "participant_left", `,"disconnectReason":"CONNECTION_TIMEOUT"`), room("left", "alice", "", "abnormal")),
		one("came in twice", user("EV_7", "participant_left", `,"disconnectReason":"DUPLICATE_IDENTITY"`), room("left", "alice", "", vendors.ReasonReplaced)),
		one("a reason of later days", user("EV_8", "participant_left", `,"disconnectReason":"BORED"`), room("left", "alice", "", "bored")),
		one("a recorder", user("EV_9", "participant_joined", `,"kind":"EGRESS"`)),
		one("microphone", track("EV_10", "track_published", `{"sid":"TR_1","source":"MICROPHONE","mimeType":"audio/red"}`), room("published", "alice", "microphone", "")),
		one("screen", track("EV_11", "track_unpublished", `{"sid":"TR_2","type":"VIDEO","source":"SCREEN_SHARE"}`), room("unpublished", "alice", "screen", "")),
		one("of nobody's concern", body("EV_12", "ingress_started", `"ingressInfo":{}`)),
		one("recording", body("EV_13", "egress_ended", `"egressInfo":{"egressId":"EG_1","roomId":"RM_1","roomName":"stage","status":"EGRESS_COMPLETE","fileResults":[{"filename":"a.mp4","location":"s3://b/a.mp4"}]}`),
			vendors.Event{Kind: vendors.EventRecording, Action: "ended", At: at, Target: "stage", Session: "RM_1", Content: []byte(`{"recording":"EG_1","status":"done","files":["s3://b/a.mp4"],"problem":""}`)}),
		one("recording that failed", body("EV_14", "egress_ended", `"egressInfo":{"egressId":"EG_1","roomId":"RM_1","roomName":"stage","status":"EGRESS_FAILED","error":"no disk"}`),
			vendors.Event{Kind: vendors.EventRecording, Action: "ended", At: at, Target: "stage", Session: "RM_1", Reason: "failed", Content: []byte(`{"recording":"EG_1","status":"failed","files":[],"problem":"no disk"}`)}),
	}
}

// LiveKitMock is a mock with two users in one room.
func LiveKitMock(t vendortest.T) vendortest.Fixture {
	t.Helper()
	account := mock.Account{APIKey: "APIswitchboard", APISecret: "livekit-s3cret-of-at-least-32-characters"}
	m, err := mock.Start(mock.Config{Account: account, CheckAnswers: true, NoAnswer: time.Second})
	if err != nil {
		t.Fatalf("mock: %v", err)
	}
	t.Cleanup(func() { _ = m.Close() })
	f := livekitFixture(livekit.Config{APIKey: account.APIKey, APISecret: vendors.Secret(account.APISecret), BaseURL: m.URL, Egress: true, RecordingPath: "recordings/{room_name}"})
	app := m.Default()
	fill := func(room string) {
		if !slices.Contains(app.Members(room), f.Known) {
			app.Enter(room, f.Known)
		}
		if len(app.Tracks(room, f.Peer)) == 0 {
			app.Enter(room, f.Peer)
			app.Publish(room, f.Peer, mock.Microphone) // what is muted has to be sent
		}
	}
	fill(f.Room)
	f.Restore = func() { fill(f.Room); app.Unmute(f.Room, f.Peer) }
	f.Far = livekitFarEnd(app, fill)
	return f
}

var livekitSources = map[vendors.Media]string{vendors.Microphone: mock.Microphone, vendors.Camera: mock.Camera, vendors.Screen: mock.ScreenShare}

func livekitFarEnd(app *mock.App, fill func(room string)) vendortest.FarEnd {
	publish := func(room, user string, media ...vendors.Media) {
		app.Silence(room, user)
		for _, m := range media {
			app.Publish(room, user, livekitSources[m])
		}
	}
	return vendortest.FarEnd{
		RoomUsers: app.Members, Session: app.Session, Publish: publish,
		Remake: func(room string) { app.Destroy(room); fill(room) },
		JoinGrant: func(token string) (vendors.JoinGrant, bool) {
			c, ok := app.Read(token)
			return vendors.JoinGrant{
				Room: c.Room, User: vendors.User{ID: c.Identity, Name: c.Name}, Permission: livekitPermission(c.Permission), Admin: c.Admin, Hidden: c.Hidden,
				For: time.Until(c.Expires),
			}, ok
		},
		Permission: func(room, user string) vendors.Permission { return livekitPermission(app.Permission(room, user)) },
		Muted: func(room, user string) (out []vendors.Media) {
			for _, m := range vendors.AllMedia() {
				if slices.ContainsFunc(app.Tracks(room, user), func(t mock.Track) bool { return t.Source == livekitSources[m] && t.Muted }) {
					out = append(out, m)
				}
			}
			return out
		},
		SetSpeakers: func(room string, users ...string) {
			for _, user := range app.Members(room) {
				publish(room, user)
			}
			for _, user := range users {
				publish(room, user, vendors.Microphone)
			}
		},
		Packets: func(user string) (out []vendors.RoomPacket) {
			for _, p := range app.Inbox(user) {
				out = append(out, vendors.RoomPacket{Room: p.Room, Topic: p.Topic, Data: p.Data, Reliable: p.Reliable, To: p.To})
			}
			return out
		},
		RoomTexts: func(room string) []vendors.RoomText { return livekitTexts(app, room) },
		Recordings: func(room string) (out []vendors.RecordingInfo) {
			for _, r := range app.Recordings(room) {
				status := vendors.RecordingDone
				if r[1] == "EGRESS_ACTIVE" {
					status = vendors.RecordingActive
				}
				out = append(out, vendors.RecordingInfo{ID: r[0], Room: room, Status: status})
			}
			return out
		},
	}
}

// livekitPermission reads the mock's permission: every source, or those that are named.
func livekitPermission(p mock.Permission) vendors.Permission {
	out := vendors.Permission{Subscribe: p.Subscribe, Data: p.Data}
	for _, m := range vendors.AllMedia() {
		if p.Publish && (len(p.Sources) == 0 || slices.Contains(p.Sources, livekitSources[m])) {
			out.Publish = append(out.Publish, m)
		}
	}
	return out
}

// livekitTexts are known's, each addressed to all when peer has it as well.
func livekitTexts(app *mock.App, room string) (out []vendors.RoomText) {
	for _, p := range app.Inbox("known") {
		if p.Topic == "switchboard.text" && p.Room == room && p.Reliable {
			var text struct{ From, Text string }
			_ = json.Unmarshal(p.Data, &text) // an unreadable one shows as empty
			to := ""
			if len(p.To) == 1 {
				to = p.To[0]
			}
			out = append(out, vendors.RoomText{Room: room, From: text.From, To: to, Text: text.Text})
		}
	}
	return out
}
