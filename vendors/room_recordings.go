package vendors

import (
	"context"
	"time"
)

// RoomPacket is data sent into a room, to the users of To or, when that is empty,
// to everybody in it. Nothing is kept for those who come later.
type RoomPacket struct {
	Room     string
	To       []string
	Topic    string // by which clients tell packets apart
	Data     []byte
	Reliable bool // in order and repeated until received; otherwise sent once
	// Key is the same whenever this packet is sent again: a vendor that has a place
	// for it delivers one of them. Empty: none.
	Key string
}

// RoomData sends data into rooms.
type RoomData interface {
	SendData(ctx context.Context, p RoomPacket) error
}

// Recording asks for one file of what happens in a room.
type Recording struct {
	Room   string
	Layout string // the vendor's name for how the users are shown; empty: its own choice
	Audio  bool
	Video  bool
	Path   string // where the vendor puts the file; empty: as the account is configured
}

// RecordingStatus is how far a recording is.
type RecordingStatus string

// The states of a recording.
const (
	RecordingStarting RecordingStatus = "starting"
	RecordingActive   RecordingStatus = "active"
	RecordingEnding   RecordingStatus = "ending" // the file is being written
	RecordingDone     RecordingStatus = "done"
	RecordingFailed   RecordingStatus = "failed"
)

// RecordingInfo is one recording now.
type RecordingInfo struct {
	ID        string
	Room      string
	Status    RecordingStatus
	StartedAt time.Time // zero: not yet
	EndedAt   time.Time // zero: not yet
	Files     []string  // where the vendor put them
	Problem   string    // the vendor's words when it failed
}

// RoomRecorder records rooms.
type RoomRecorder interface {
	// StartRecording is a write: not repeated by itself after an ambiguous outcome.
	StartRecording(ctx context.Context, r Recording) (RecordingInfo, error)
	StopRecording(ctx context.Context, id string) (RecordingInfo, error)
	// Recordings lists those of a room that the vendor still knows, newest first.
	Recordings(ctx context.Context, room string) ([]RecordingInfo, error)
}
