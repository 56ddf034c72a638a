package livekit

import (
	"strconv"
	"time"
)

func unix(t time.Time) string {
	if t.IsZero() {
		return "0"
	}
	return strconv.FormatInt(t.Unix(), 10)
}

// view is the room as an answer has it.
func (r *room) view() map[string]any {
	publishers := 0
	for _, p := range r.people {
		if len(p.tracks) > 0 {
			publishers++
		}
	}
	return map[string]any{
		"sid": r.sid, "name": r.name, "metadata": r.metadata, "empty_timeout": r.empty.Seconds(), "departure_timeout": r.departure.Seconds(),
		"max_participants": float64(r.max), "creation_time": unix(r.created), "creation_time_ms": strconv.FormatInt(r.created.UnixMilli(), 10),
		"num_participants": float64(len(r.people)), "num_publishers": float64(publishers),
	}
}

func (p *participant) view(state, reason string) map[string]any {
	tracks := []any{}
	for _, t := range p.tracks {
		tracks = append(tracks, t.view())
	}
	out := map[string]any{
		"sid": p.sid, "identity": p.identity, "name": p.name, "state": state, "metadata": p.metadata, "attributes": p.attributes, "tracks": tracks,
		"joined_at": unix(p.joined), "joined_at_ms": strconv.FormatInt(p.joined.UnixMilli(), 10), "version": float64(p.version),
		"permission": p.permission.view(), "is_publisher": len(tracks) > 0,
	}
	if reason != "" {
		out["disconnect_reason"] = reason
	}
	return out
}

func (p Permission) view() map[string]any {
	sources := []any{}
	for _, s := range p.Sources {
		sources = append(sources, s)
	}
	return map[string]any{
		"can_publish": p.Publish, "can_subscribe": p.Subscribe, "can_publish_data": p.Data, "can_publish_sources": sources,
		"hidden": p.Hidden, "recorder": p.Recorder, "can_update_metadata": p.UpdateMetadata,
	}
}

func (t *Track) view() map[string]any {
	kind, mime := "AUDIO", "audio/opus"
	if t.Source == Camera || t.Source == ScreenShare {
		kind, mime = "VIDEO", "video/VP8"
	}
	return map[string]any{"sid": t.SID, "type": kind, "source": t.Source, "muted": t.Muted, "mime_type": mime}
}
