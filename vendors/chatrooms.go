package vendors

import (
	"context"
	"time"
)

// ChatRooms keeps rooms that people enter and leave at will.
type ChatRooms interface {
	// CreateChatRoom makes the room. One that is there already is no error where the
	// vendor has none for it.
	CreateChatRoom(ctx context.Context, id, name string) (GroupRef, error)
	DestroyChatRoom(ctx context.Context, id string) error
	// ChatRoomUsers returns the users present now, those who came first when
	// the vendor lists only so many; ErrNotFound when there is no such room.
	ChatRoomUsers(ctx context.Context, id string) ([]string, error)
}

// ChatRoomMutes keeps people from talking in one chat room.
type ChatRoomMutes interface {
	// MuteInChatRoom holds for d; zero: until it is ended. See Traits.ChatRoomMute.
	MuteInChatRoom(ctx context.Context, room string, users []string, d time.Duration) ([]MemberResult, error)
	// UnmuteInChatRoom ends a mute early; who is not muted is no error.
	UnmuteInChatRoom(ctx context.Context, room string, users []string) ([]MemberResult, error)
}

// ChatRoomBlocks puts people out of one chat room and keeps them out.
type ChatRoomBlocks interface {
	// BlockFromChatRoom holds for d; zero: until it is ended. See Traits.ChatRoomBlock.
	BlockFromChatRoom(ctx context.Context, room string, users []string, d time.Duration) ([]MemberResult, error)
	// UnblockFromChatRoom lets users enter again; who is not blocked is no
	// error.
	UnblockFromChatRoom(ctx context.Context, room string, users []string) ([]MemberResult, error)
}
