package rooms

import (
	"context"
	"slices"

	"switchboard/app/problem"
	"switchboard/vendors"
)

// ErrNoRecording: the recording is not one of the room's that the vendor still knows.
var ErrNoRecording = problem.New(problem.NotFound, "the room has no such recording")

// StopRecording ends a recording of the room. Vendors go by the recording's id alone, so
// the room's own are asked for first: another room's may be another app's.
func StopRecording(ctx context.Context, v vendors.RoomRecorder, room, id string) (vendors.RecordingInfo, error) {
	of, err := v.Recordings(ctx, room)
	if err != nil {
		return vendors.RecordingInfo{}, vendors.BeforeWrite(err)
	}
	if !slices.ContainsFunc(of, func(r vendors.RecordingInfo) bool { return r.ID == id }) {
		return vendors.RecordingInfo{}, ErrNoRecording
	}
	return v.StopRecording(ctx, id)
}
