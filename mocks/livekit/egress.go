package livekit

import (
	"slices"
	"strconv"
	"time"

	"switchboard/mocks/mock"
)

// recording is one egress. It is active at once, and its file is written when it is
// stopped.
type recording struct {
	id, room, roomID, status, path string
	started, ended                 time.Time
}

func nanos(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.UnixNano(), 10)
}

func (e *recording) view() map[string]any {
	out := map[string]any{
		"egress_id": e.id, "room_id": e.roomID, "room_name": e.room, "status": e.status, "started_at": nanos(e.started), "ended_at": nanos(e.ended),
		"updated_at": nanos(e.started),
	}
	if e.status == "EGRESS_COMPLETE" {
		out["file_results"] = []any{map[string]any{"filename": e.path, "location": e.path, "started_at": nanos(e.started), "ended_at": nanos(e.ended)}}
	}
	return out
}

// notConnected is what a server without Redis says of all recordings.
func notConnected() mock.Answer { return fail("internal", "egress not connected (redis required)") }

func (a *App) startEgress(c *mock.Call) mock.Answer {
	if a.cfg.NoEgress {
		return a.nobody()
	}
	path := ""
	if outputs, _ := c.JSON["file_outputs"].([]any); len(outputs) > 0 {
		first, _ := outputs[0].(map[string]any)
		path, _ = first["filepath"].(string)
	} else if file, given := c.JSON["file"].(map[string]any); given {
		path, _ = file["filepath"].(string)
	} else {
		return fail("invalid_argument", "twirp error unknown: request has missing or invalid field: output")
	}
	e := &recording{id: a.sid("EG_"), room: text(c, "room_name"), status: "EGRESS_ACTIVE", path: path, started: c.Now}
	if r := a.rooms[e.room]; r != nil {
		e.roomID = r.sid
	}
	a.egress = append(a.egress, e)
	a.tell("egress_started", map[string]any{"egress_info": e.view()}, "")
	return ok(c, e.view())
}

func (a *App) listEgress(c *mock.Call) mock.Answer {
	if a.cfg.NoEgress {
		return notConnected()
	}
	found, active := []any{}, c.JSON["active"] == true
	for _, e := range a.egress {
		if (text(c, "room_name") == "" || e.room == text(c, "room_name")) && (text(c, "egress_id") == "" || e.id == text(c, "egress_id")) && (!active || e.status == "EGRESS_ACTIVE") {
			found = append(found, e.view())
		}
	}
	return ok(c, map[string]any{"items": found})
}

func (a *App) stopEgress(c *mock.Call) mock.Answer {
	if a.cfg.NoEgress {
		return notConnected()
	}
	i := slices.IndexFunc(a.egress, func(e *recording) bool { return e.id == text(c, "egress_id") })
	switch {
	case i < 0:
		return fail("not_found", "twirp error unknown: egress does not exist")
	case a.egress[i].status != "EGRESS_ACTIVE":
		return fail("failed_precondition", "twirp error unknown: egress with status "+a.egress[i].status+" cannot be stopped")
	}
	e := a.egress[i]
	e.status, e.ended = "EGRESS_COMPLETE", c.Now
	a.tell("egress_ended", map[string]any{"egress_info": e.view()}, "")
	ending := e.view()
	ending["status"] = "EGRESS_ENDING"
	return ok(c, ending)
}

// Recordings lists a room's, oldest first: id and status.
func (a *App) Recordings(room string) (out [][2]string) {
	a.Do(func() {
		for _, e := range a.egress {
			if e.room == room {
				out = append(out, [2]string{e.id, e.status})
			}
		}
	})
	return out
}
