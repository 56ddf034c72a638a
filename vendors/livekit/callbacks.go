package livekit

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// webhook is an event as the server reports it: members in camel case, and those that
// are zero left out (docs/vendors/livekit.md#webhooks).
type webhook struct {
	Event     string        `json:"event"`
	ID        string        `json:"id"`
	CreatedAt upstream.Text `json:"createdAt"` // Unix seconds
	Room      struct {
		SID  string `json:"sid"`
		Name string `json:"name"`
	} `json:"room"`
	Participant struct {
		participant
		Reason string `json:"disconnectReason"`
	} `json:"participant"`
	Track  track `json:"track"`
	Egress struct {
		ID        string        `json:"egressId"`
		RoomID    string        `json:"roomId"`
		Room      string        `json:"roomName"`
		Status    string        `json:"status"`
		StartedAt upstream.Text `json:"startedAt"`
		EndedAt   upstream.Text `json:"endedAt"`
		Error     string        `json:"error"`
		Files     []file        `json:"fileResults"`
	} `json:"egressInfo"`
}

// Parse verifies the token in Authorization, whose sha256 is that of the body, and
// reads the one event. What concerns no person in a room is no event of ours.
func (a *adapter) Parse(r *http.Request, body []byte) ([]vendors.Event, error) {
	op := vendors.OpCallbackVerify
	if !a.signed(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "), body) {
		return nil, &vendors.Error{Vendor: a.name, Op: op, Outcome: vendors.AuthFault, Text: "the token is missing, not ours, too old, or of another body"}
	}
	var w webhook
	if json.Unmarshal(body, &w) != nil || w.Event == "" || w.ID == "" {
		return nil, a.refuse(op, vendors.ErrUnreadable, "no event of LiveKit's")
	}
	seconds, err := w.CreatedAt.Int()
	if err != nil {
		return nil, a.refuse(op, vendors.ErrUnreadable, "an event without a time")
	}
	e, ours := w.event()
	if !ours {
		return nil, nil
	}
	e.ID, e.Vendor, e.At = w.ID, a.name, time.Unix(seconds, 0).UTC()
	return []vendors.Event{e}, nil
}

// signed reports whether token is a fresh one over body, by one of our keys.
func (a *adapter) signed(token string, body []byte) bool {
	var c claims
	_, err := jwt.ParseWithClaims(token, &c, func(*jwt.Token) (any, error) {
		secret, known := a.cfg.secretOf(c.Issuer)
		if !known {
			return nil, jwt.ErrTokenInvalidIssuer
		}
		return []byte(secret), nil
	}, jwt.WithValidMethods([]string{algorithm}), jwt.WithExpirationRequired(), jwt.WithLeeway(leeway), jwt.WithTimeFunc(a.up.Now))
	sum := sha256.Sum256(body)
	want := base64.StdEncoding.EncodeToString(sum[:])
	return err == nil && subtle.ConstantTimeCompare([]byte(want), []byte(c.SHA256)) == 1
}

// actions are the events that are ours, by the server's name.
var actions = map[string]string{
	"room_started": "created", "room_finished": "destroyed", "participant_joined": "joined", "participant_left": "left",
	"track_published": "published", "track_unpublished": "unpublished",
	"egress_started": "started", "egress_updated": "updated", "egress_ended": "ended",
}

func (w webhook) event() (vendors.Event, bool) {
	action, known := actions[w.Event]
	e := vendors.Event{Kind: vendors.EventRoom, Action: action, Target: w.Room.Name, Session: w.Room.SID, From: w.Participant.Identity}
	about, _, _ := strings.Cut(w.Event, "_")
	switch about {
	case "egress":
		return w.recording(e), known && w.Egress.ID != ""
	case "room":
		e.From = ""
		return e, known && e.Target != ""
	case "track":
		e.Type = w.Track.medium()
	}
	if w.Event == "participant_left" {
		e.Reason = reason(w.Participant.Reason)
	}
	return e, known && e.Target != "" && e.From != "" && w.Participant.person()
}

// medium is what a track is of, in our words; the server's own for what we have none
// for.
func (t track) medium() string {
	for _, m := range vendors.AllMedia() {
		if t.of(m) {
			return string(m)
		}
	}
	return strings.ToLower(t.Source)
}

// reasons are why somebody left, in the words of vendors.Event; the server's own, in
// lower case, are kept for the rest. The user's own leaving is none.
var reasons = map[string]string{
	"CLIENT_INITIATED": "", "UNKNOWN_REASON": "", "PARTICIPANT_REMOVED": "ejected", "ROOM_DELETED": "destroyed", "ROOM_CLOSED": "destroyed",
	"DUPLICATE_IDENTITY": vendors.ReasonReplaced, "CONNECTION_TIMEOUT": "abnormal", "SIGNAL_CLOSE": "abnormal", "MEDIA_FAILURE": "abnormal", "STATE_MISMATCH": "abnormal",
	"JOIN_FAILURE": "abnormal", "SERVER_SHUTDOWN": "abnormal",
}

func reason(r string) string {
	if ours, known := reasons[r]; known {
		return ours
	}
	return strings.ToLower(r)
}

func (w webhook) recording(e vendors.Event) vendors.Event {
	info, _ := egress{
		ID: w.Egress.ID, Room: w.Egress.Room, Status: w.Egress.Status, StartedAt: w.Egress.StartedAt, EndedAt: w.Egress.EndedAt,
		Error: w.Egress.Error, Files: w.Egress.Files,
	}.info()
	if info.Status == "" {
		info.Status = vendors.RecordingStarting // zero, and so left out
	}
	e.Kind, e.From, e.Target, e.Session = vendors.EventRecording, "", w.Egress.Room, w.Egress.RoomID
	e.Content = recordingContent(info)
	if info.Status == vendors.RecordingFailed {
		e.Reason = "failed"
	}
	return e
}

// Reply acknowledges. The server asks nothing.
func (a *adapter) Reply([]vendors.Event, vendors.Verdict) vendors.Reply {
	return vendors.Reply{Status: http.StatusOK}
}
