package product

import (
	"context"
	"math"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/handlers"
	"switchboard/vendors"
)

func calls(r vendors.Rooms) vendors.UserCalls { return r.Calls }

// userRoom is what a user sends into a room now; bit rates are in kbit/s.
type userRoom struct {
	Room         string `json:"room"`
	Video        bool   `json:"video"`
	Audio        bool   `json:"audio"`
	FrameRate    int    `json:"frame_rate"`
	VideoBitRate int    `json:"video_bit_rate"`
	AudioBitRate int    `json:"audio_bit_rate"`
}

func (h Rooms) userRooms(c *fiber.Ctx) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	found, err := read(h, c, "tell the rooms of a user", calls,
		func(ctx context.Context, v vendors.UserCalls) ([]vendors.UserMedia, error) {
			return v.UserState(ctx, user)
		})
	if err != nil {
		return err
	}
	out := make([]userRoom, len(found))
	for i, m := range found {
		out[i] = userRoom{
			Room: m.Room, Video: m.Video, Audio: m.Audio,
			FrameRate: m.FrameRate, VideoBitRate: m.VideoBitRate, AudioBitRate: m.AudioBitRate,
		}
	}
	return success(c, fiber.Map{"rooms": out})
}

// The pages of a call history.
const (
	defaultPage = 50
	maxPage     = 100
)

// callRecord is one stay in a room. Times are Unix seconds; left_at is null
// when the vendor names none.
type callRecord struct {
	Room     string `json:"room"`
	JoinedAt int64  `json:"joined_at"`
	LeftAt   *int64 `json:"left_at"`
	Seconds  int64  `json:"seconds"`
}

// userCalls answers a page and the cursor of the next one, null after a page
// that is not full. A day is one of the vendor's own time zone.
func (h Rooms) userCalls(c *fiber.Ctx) error {
	user, err := handlers.PathID(c, "user")
	if err != nil {
		return err
	}
	q, err := page(c)
	if err != nil {
		return err
	}
	q.User = user
	found, err := read(h, c, "tell the calls of a user", calls,
		func(ctx context.Context, v vendors.UserCalls) ([]vendors.CallRecord, error) {
			return v.UserCalls(ctx, q)
		})
	if err != nil {
		return err
	}
	out := make([]callRecord, len(found))
	for i, r := range found {
		out[i] = callRecord{Room: r.Room, JoinedAt: r.JoinedAt.Unix(), Seconds: int64(r.Duration / time.Second)}
		if !r.LeftAt.IsZero() {
			left := r.LeftAt.Unix()
			out[i].LeftAt = &left
		}
	}
	var next *string
	if len(found) >= q.Limit {
		cursor := strconv.Itoa(q.From + len(found))
		next = &cursor
	}
	return success(c, fiber.Map{"calls": out, "next": next})
}

// page reads day, cursor and limit. The cursor is the number of the day's records
// that earlier pages had.
func page(c *fiber.Ctx) (vendors.CallQuery, error) {
	q := vendors.CallQuery{Day: c.Query("day"), Limit: defaultPage}
	if _, err := time.Parse(time.DateOnly, q.Day); err != nil {
		return q, handlers.Invalid("day: a date as YYYY-MM-DD is required")
	}
	if raw := c.Query("cursor"); raw != "" {
		from, ok := handlers.ParseInt(raw)
		if !ok || from < 0 || from > math.MaxInt32 {
			return q, handlers.Invalid("cursor: not one of ours")
		}
		q.From = int(from)
	}
	if raw := c.Query("limit"); raw != "" {
		limit, ok := handlers.ParseInt(raw)
		if !ok || limit < 1 || limit > maxPage {
			return q, handlers.Invalid("limit: a number from 1 to %d is required", maxPage)
		}
		q.Limit = int(limit)
	}
	return q, nil
}
