package product

import (
	"context"
	"encoding/base64"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/rooms"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// permission replaces what a user in a room may do.
func (h Rooms) permission(c *fiber.Ctx) error {
	var in struct {
		User handlers.UserID `json:"user"`
		rights
	}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if err := in.User.Check("user"); err != nil {
		return err
	}
	may, err := in.rights.permission()
	if err != nil {
		return err
	}
	return h.permit(c, rooms.Change{Room: room, Users: []string{string(in.User)}, Permission: may})
}

func (h Rooms) permit(c *fiber.Ctx, change rooms.Change) error {
	app := middleware.AppOf(c).ID
	return h.through(c, vendors.OpRoomPermission, &change, func(ctx context.Context, where rooms.At) error {
		return h.Rooms.Permit(ctx, app, where, change)
	})
}

func (h Rooms) mute(c *fiber.Ctx) error {
	in := struct {
		User  handlers.UserID   `json:"user"`
		Media vendors.Media     `json:"media"`
		Muted handlers.FlexBool `json:"muted"`
	}{Media: vendors.Microphone, Muted: true}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if err := in.User.Check("user"); err != nil {
		return err
	}
	if _, err := (rights{Publish: []vendors.Media{in.Media}}).permission(); err != nil {
		return handlers.Invalid("media: one of %v", vendors.AllMedia())
	}
	m := vendors.MediaMute{Room: room, User: string(in.User), Media: in.Media, Muted: bool(in.Muted)}
	change := rooms.Change{Room: room, Users: []string{m.User}, Media: m.Media, Digest: digestOf(m)}
	return write(h, c, vendors.OpRoomMute, change, "mute users in a room", func(r vendors.Rooms) vendors.RoomMute { return r.Mute },
		func(ctx context.Context, v vendors.RoomMute) error { return v.MuteMedia(ctx, m) })
}

const maxTopic = 128 // bytes

// data sends bytes to those in a room, or to some of them.
func (h Rooms) data(c *fiber.Ctx) error {
	in := struct {
		To       handlers.UserIDs  `json:"to"`
		Topic    string            `json:"topic"`
		Data     string            `json:"data"`
		Reliable handlers.FlexBool `json:"reliable"`
	}{Reliable: true}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(in.Data)
	if err != nil || len(raw) == 0 {
		return handlers.Invalid("data: bytes in base64 are required")
	}
	if len(in.Topic) > maxTopic {
		return handlers.Invalid("topic: at most %d bytes", maxTopic)
	}
	p := vendors.RoomPacket{Room: room, Topic: in.Topic, Data: raw, Reliable: bool(in.Reliable)}
	if len(in.To) > 0 {
		if p.To, err = userIDs(in.To); err != nil {
			return err
		}
	}
	p.Key = middleware.AppOf(c).ID + "/" + middleware.IDOf(c)
	change := rooms.Change{Room: room, Users: p.To, Digest: digestOf(in)}
	return write(h, c, vendors.OpRoomData, change, "send data into a room", func(r vendors.Rooms) vendors.RoomData { return r.Data },
		func(ctx context.Context, v vendors.RoomData) error { return v.SendData(ctx, p) })
}

func recording(r vendors.Rooms) vendors.RoomRecorder { return r.Recorder }

// recordingView is a recording. Times are Unix seconds, null when it has not come so far.
type recordingView struct {
	ID        string                  `json:"id"`
	Room      string                  `json:"room"`
	Status    vendors.RecordingStatus `json:"status"`
	StartedAt *int64                  `json:"started_at"`
	EndedAt   *int64                  `json:"ended_at"`
	Files     []string                `json:"files"`
	Problem   *string                 `json:"problem"`
}

func viewRecording(r vendors.RecordingInfo) recordingView {
	out := recordingView{ID: r.ID, Room: r.Room, Status: r.Status, Files: orEmpty(r.Files), Problem: orNull(r.Problem)}
	if !r.StartedAt.IsZero() {
		at := r.StartedAt.Unix()
		out.StartedAt = &at
	}
	if !r.EndedAt.IsZero() {
		at := r.EndedAt.Unix()
		out.EndedAt = &at
	}
	return out
}

func (h Rooms) recordings(c *fiber.Ctx) error {
	room, err := handlers.PathID(c, "room")
	if err != nil {
		return err
	}
	found, err := read(h, c, "record rooms", recording, func(ctx context.Context, v vendors.RoomRecorder) ([]vendors.RecordingInfo, error) {
		return v.Recordings(ctx, room)
	})
	if err != nil {
		return err
	}
	out := make([]recordingView, len(found))
	for i, r := range found {
		out[i] = viewRecording(r)
	}
	return success(c, fiber.Map{"recordings": out})
}

func (h Rooms) record(c *fiber.Ctx) error {
	in := struct {
		Layout string            `json:"layout"`
		Audio  handlers.FlexBool `json:"audio"`
		Video  handlers.FlexBool `json:"video"`
		Path   string            `json:"path"`
	}{Audio: true, Video: true}
	room, err := h.decodeIn(c, &in)
	if err != nil {
		return err
	}
	if !in.Audio && !in.Video {
		return handlers.Invalid("audio or video is required")
	}
	r := vendors.Recording{Room: room, Layout: in.Layout, Audio: bool(in.Audio), Video: bool(in.Video), Path: in.Path}
	return h.recorded(c, vendors.OpRoomRecord, rooms.Change{Room: room, Digest: digestOf(r)},
		func(ctx context.Context, v vendors.RoomRecorder) (vendors.RecordingInfo, error) {
			return v.StartRecording(ctx, r)
		})
}

func (h Rooms) stopRecording(c *fiber.Ctx) error {
	room, err := h.decodeIn(c, &struct{}{})
	if err != nil {
		return err
	}
	id, err := handlers.PathID(c, "recording")
	if err != nil {
		return err
	}
	return h.recorded(c, vendors.OpRoomRecordStop, rooms.Change{Room: room, Digest: digestOf(id)},
		func(ctx context.Context, v vendors.RoomRecorder) (vendors.RecordingInfo, error) {
			return rooms.StopRecording(ctx, v, room, id)
		})
}

// recorded is write for what answers a recording.
func (h Rooms) recorded(c *fiber.Ctx, op string, change rooms.Change, do func(context.Context, vendors.RoomRecorder) (vendors.RecordingInfo, error)) error {
	at, err := h.at(c)
	if err != nil {
		return err
	}
	change.Vendor = at.Vendor
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: op, Vendor: h.Rooms.Keeper(c.UserContext(), at), Payload: change}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		var got vendors.RecordingInfo
		err := rooms.Write(ctx, h.Rooms, at, "record rooms", recording, func(ctx context.Context, v vendors.RoomRecorder) (err error) {
			got, err = do(ctx, v)
			return err
		})
		if err != nil {
			return nil, err
		}
		return viewRecording(got), nil
	})
}
