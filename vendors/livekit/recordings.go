package livekit

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// egress is a recording as the server answers it, and, in camel case, as a webhook
// reports it.
type egress struct {
	ID        string        `json:"egress_id"`
	Room      string        `json:"room_name"`
	Status    string        `json:"status"`
	StartedAt upstream.Text `json:"started_at"` // Unix nanoseconds
	EndedAt   upstream.Text `json:"ended_at"`
	Error     string        `json:"error"`
	Files     []file        `json:"file_results"`
}

type file struct {
	Filename string `json:"filename"`
	Location string `json:"location"`
}

var egressStates = map[string]vendors.RecordingStatus{
	"EGRESS_STARTING": vendors.RecordingStarting, "EGRESS_ACTIVE": vendors.RecordingActive, "EGRESS_ENDING": vendors.RecordingEnding,
	"EGRESS_COMPLETE": vendors.RecordingDone, "EGRESS_FAILED": vendors.RecordingFailed, "EGRESS_ABORTED": vendors.RecordingFailed,
	"EGRESS_LIMIT_REACHED": vendors.RecordingDone, // stopped by a limit of the account, and written
}

func (e egress) info() (vendors.RecordingInfo, bool) {
	out := vendors.RecordingInfo{ID: e.ID, Room: e.Room, Status: egressStates[e.Status], Problem: e.Error, StartedAt: nanos(e.StartedAt), EndedAt: nanos(e.EndedAt)}
	for _, f := range e.Files {
		if f.Location == "" {
			f.Location = f.Filename
		}
		out.Files = append(out.Files, f.Location)
	}
	return out, e.ID != "" && out.Status != ""
}

func nanos(t upstream.Text) time.Time {
	n, err := t.Int()
	if err != nil || n <= 0 {
		return time.Time{}
	}
	return time.Unix(0, n).UTC()
}

// StartRecording has the egress service record all of the room into one file. The
// room is asked for first: the server takes a recording of a room that is not there. So
// is egress itself, since a server without it says so to this question at once, and to
// the other after 23 s as if it were away. That nobody takes the recording up is no
// outage of the server.
func (a *adapter) StartRecording(ctx context.Context, r vendors.Recording) (vendors.RecordingInfo, error) {
	op := vendors.OpRoomRecord
	if !r.Audio && !r.Video {
		return vendors.RecordingInfo{}, a.refuse(op, vendors.ErrInvalid, "neither sound nor picture is to be recorded")
	}
	s, err := a.status(ctx, op, r.Room)
	switch {
	case err != nil:
		return vendors.RecordingInfo{}, vendors.BeforeWrite(err)
	case s.State == vendors.RoomAbsent:
		return vendors.RecordingInfo{}, a.refuse(op, vendors.ErrNotFound, "no such room")
	}
	if _, err := a.egresses(ctx, op, map[string]any{"room_name": r.Room, "active": true}); err != nil {
		return vendors.RecordingInfo{}, vendors.BeforeWrite(err)
	}
	path := r.Path
	if path == "" {
		path = a.cfg.RecordingPath
	}
	body := map[string]any{
		"room_name": r.Room, "layout": r.Layout, "audio_only": !r.Video, "video_only": !r.Audio,
		"file_outputs": []any{map[string]any{"filepath": path}},
	}
	call := a.call(op, upstream.Control, startEgress, "", body, "egress_id")
	call.Object = func(e *vendors.Error) bool { return e.Code == noAnswer }
	return a.recording(ctx, call)
}

// StopRecording ends one; its file is written after that.
func (a *adapter) StopRecording(ctx context.Context, id string) (vendors.RecordingInfo, error) {
	op := vendors.OpRoomRecordStop
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{id}}); err != nil {
		return vendors.RecordingInfo{}, err
	}
	return a.recording(ctx, a.call(op, upstream.Control, stopEgress, "", map[string]any{"egress_id": id}, "egress_id"))
}

func (a *adapter) recording(ctx context.Context, call upstream.Call) (vendors.RecordingInfo, error) {
	var out egress
	if err := a.up.Do(ctx, call, &out); err != nil {
		return vendors.RecordingInfo{}, err
	}
	info, readable := out.info()
	if !readable {
		return vendors.RecordingInfo{}, a.unreadable(call.Op)
	}
	return info, nil
}

// Recordings lists those of a room, newest first.
func (a *adapter) Recordings(ctx context.Context, room string) ([]vendors.RecordingInfo, error) {
	op := vendors.OpRoomRecordings
	if err := limits.Check(a.name, op, vendors.Size{IDs: []string{room}}); err != nil {
		return nil, err
	}
	items, err := a.egresses(ctx, op, map[string]any{"room_name": room})
	if err != nil {
		return nil, err
	}
	list := make([]vendors.RecordingInfo, len(items))
	for i, e := range items {
		info, readable := e.info()
		if !readable {
			return nil, a.unreadable(op)
		}
		list[i] = info
	}
	slices.SortStableFunc(list, func(x, y vendors.RecordingInfo) int { return y.StartedAt.Compare(x.StartedAt) })
	return list, nil
}

func (a *adapter) egresses(ctx context.Context, op string, which map[string]any) ([]egress, error) {
	var out struct {
		Items []egress `json:"items"`
	}
	err := a.up.Do(ctx, a.call(op, upstream.Read, listEgress, "", which, "items"), &out)
	return out.Items, err
}

// recordingContent is a recording as an event tells it.
func recordingContent(i vendors.RecordingInfo) json.RawMessage {
	raw, _ := json.Marshal(map[string]any{"recording": i.ID, "status": i.Status, "files": orEmpty(i.Files), "problem": i.Problem})
	return raw
}
