package vendortest

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"switchboard/vendors"
)

// effect says what sending an operation twice would do.
type effect string

const (
	reads   effect = "read"  // nothing
	once    effect = "once"  // the vendor de-duplicates, or the second changes nothing
	changes effect = "write" // something happens twice
)

// op is one operation of the port with arguments that the fixture knows.
type op struct {
	name   string // vendors.Op...
	need   string // capability
	effect effect
	call   func(context.Context, *vendors.Vendor) error
}

// ops are the operations that the vendor can do.
func (e *env) ops() []op {
	return slices.DeleteFunc(e.allOps(), func(o op) bool {
		return slices.Contains(e.Unsupported, o.name) || slices.Contains(e.Untried, o.name)
	})
}

// allOps are the operations of the capabilities that the vendor has.
func (e *env) allOps() []op {
	var out []op
	for _, group := range [][]op{e.imOps(), e.serviceOps(), e.setOps(), e.sessionOps(), e.deletionOps(), e.lookupOps(), e.reconcilerOps(), e.groupOps(), e.chatRoomOps(), e.broadcastOps(), e.conversationOps(), e.noticeOps(), e.roomReads(), e.roomWrites()} {
		for _, o := range group {
			if e.has[o.need] {
				out = append(out, o)
			}
		}
	}
	return out
}

// op finds an operation by name; false when the vendor does not have it.
func (e *env) op(name string) (op, bool) {
	for _, o := range e.ops() {
		if o.name == name {
			return o, true
		}
	}
	return op{}, false
}

// text is a message that every vendor can carry.
func (e *env) text(kind vendors.TargetKind, body string, to ...string) vendors.Message {
	return vendors.Message{Kind: kind, From: e.Peer, To: to, Content: vendors.Content{Kind: vendors.Text, Text: body}}
}

func (e *env) imOps() []op {
	out := []op{
		{vendors.OpTokenIssue, "Tokens", once, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Tokens.Issue(ctx, vendors.User{ID: e.Known, Name: "Known", Portrait: "https://portraits.example/known.png"})
			return err
		}},
		{vendors.OpTokenRevoke, "Revoker", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.Revoker.Revoke(ctx, []string{e.Known}, time.Now()))
		}},
		{vendors.OpSendTemplate, "Templates", changes, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Templates.SendTemplate(ctx, e.greeting(vendors.ToUsers))
			return err
		}},
		{vendors.OpRecall, "Recaller", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Recaller.Recall(ctx, vendors.Recall{Kind: vendors.ToUsers, From: e.Peer, Target: e.Known, Message: vendors.MessageRef{ID: "5FGT-7VA9-G4DD-4V5P", At: time.Now()}})
		}},
		{vendors.OpPresence, "Presence", reads, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.Presence.Statuses(ctx, []string{e.Known}))
		}},
	}
	for _, kind := range e.Kinds {
		out = append(out, op{vendors.OpSend(kind), "Messages", changes, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Messages.Send(ctx, e.text(kind, "hello", e.target(kind)))
			return err
		}})
	}
	return out
}

// aside is who is muted and blocked where each operation is tried by itself.
func (e *env) aside() string {
	if e.Bystander != "" {
		return e.Bystander
	}
	return e.Peer
}

// target is a target of kind that Known hears.
func (e *env) target(kind vendors.TargetKind) string {
	switch kind {
	case vendors.ToGroups:
		return e.Group
	case vendors.ToChatRooms:
		return e.Chat
	default:
		return e.Known
	}
}

func (e *env) serviceOps() []op {
	return []op{
		{vendors.OpWordList, "Words", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Words.ListWords(ctx)
			return err
		}},
		{vendors.OpWordChange, "WordAdmin", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.WordAdmin.AddWords(ctx, []vendors.Word{{Text: "badword"}})
		}},
		{vendors.OpTranslate, "Translator", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Translator.Translate(ctx, vendors.Translation{Text: "hello", From: "en", To: "zh"})
			return err
		}},
		{vendors.OpBalance, "Wallet", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Wallet.Balance(ctx, e.Known)
			return err
		}},
		{vendors.OpAdjust, "Wallet", once, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Wallet.Adjust(ctx, vendors.Adjustment{RequestID: "fixed-request-id", User: e.Known, Delta: 1, Reason: "gift"})
		}},
		{vendors.OpOrder, "Orders", once, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Orders.CreditOrder(ctx, e.order("fixed-request-id", 1))
		}},
	}
}

func (e *env) setOps() []op {
	return []op{
		{vendors.OpUserBlock, "Users", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.Users.Block(ctx, []string{e.aside()}, forAWhile(v.Traits.Block)))
		}},
		{vendors.OpUserUnblock, "Users", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.Users.Unblock(ctx, []string{e.aside()}))
		}},
		{vendors.OpBlacklist, "Blacklist", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.Blacklist.AddToBlacklist(ctx, e.Known, []string{e.Peer}))
		}},
		{vendors.OpGroup, "Groups", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.Groups.CreateGroup(ctx, vendors.Group{ID: "newgroup", Name: "New", Creator: e.Known, Members: []string{e.Peer}}))
		}},
		{vendors.OpChatRoom, "ChatRooms", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return errOf(v.ChatRooms.CreateChatRoom(ctx, "newroom", "New"))
		}},
		{vendors.OpChatRoomUsers, "ChatRooms", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.ChatRooms.ChatRoomUsers(ctx, e.Chat)
			return err
		}},
	}
}

func (e *env) roomReads() []op {
	return []op{
		{vendors.OpRoomList, "Rooms.List", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.List.ListRooms(ctx, "")
			return err
		}},
		{vendors.OpRoomStatus, "Rooms.Query", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.Query.RoomStatus(ctx, e.Room)
			return err
		}},
		{vendors.OpRoomUsers, "Rooms.Query", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.Query.RoomUsers(ctx, e.Room)
			return err
		}},
		{vendors.OpRoomSpeakers, "Rooms.Speakers", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.Speakers.RoomSpeakers(ctx, e.Room)
			return err
		}},
		{vendors.OpRoomRecordings, "Rooms.Recorder", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.Recorder.Recordings(ctx, e.Room)
			return err
		}},
		{vendors.OpRoomUserState, "Rooms.Calls", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.Calls.UserState(ctx, e.Known)
			return err
		}},
		{vendors.OpRoomUserCalls, "Rooms.Calls", reads, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.Calls.UserCalls(ctx, vendors.CallQuery{User: e.Known, Day: "2026-01-02", Limit: 10})
			return err
		}},
	}
}

func (e *env) roomWrites() []op {
	return []op{
		{vendors.OpRoomKick, "Rooms.Kick", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Rooms.Kick.KickUser(ctx, vendors.Kick{Room: e.Room, User: e.Peer, By: "operator"})
		}},
		{vendors.OpRoomBan, "Rooms.Ban", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Rooms.Ban.BanUsers(ctx, e.Room, []string{e.Peer}, forAWhile(v.Traits.Ban))
		}},
		{vendors.OpRoomUnban, "Rooms.Ban", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Rooms.Ban.UnbanUsers(ctx, e.Room, []string{e.Peer})
		}},
		{vendors.OpRoomDissolve, "Rooms.Dissolve", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Rooms.Dissolve.DissolveRoom(ctx, e.Room)
		}},
		{vendors.OpRoomPush, "Rooms.Push", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Rooms.Push.PushText(ctx, vendors.RoomText{Room: e.Room, From: e.Peer, Text: "hello"})
		}},
		{vendors.OpRoomData, "Rooms.Data", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Rooms.Data.SendData(ctx, vendors.RoomPacket{Room: e.Room, Topic: "topic", Data: []byte("hello"), Reliable: true})
		}},
		{vendors.OpRoomPermission, "Rooms.Permission", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Rooms.Permission.SetPermission(ctx, vendors.PermissionChange{Room: e.Room, User: e.Peer, Identity: vendors.IdentityListener})
		}},
		{vendors.OpRoomMute, "Rooms.Mute", changes, func(ctx context.Context, v *vendors.Vendor) error {
			return v.Rooms.Mute.MuteMedia(ctx, vendors.MediaMute{Room: e.Room, User: e.Peer, Media: vendors.Microphone, Muted: true})
		}},
		{vendors.OpRoomRecord, "Rooms.Recorder", changes, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.Recorder.StartRecording(ctx, vendors.Recording{Room: e.Room, Audio: true, Video: true})
			return err
		}},
		{vendors.OpRoomRecordStop, "Rooms.Recorder", changes, func(ctx context.Context, v *vendors.Vendor) error {
			_, err := v.Rooms.Recorder.StopRecording(ctx, "EG_none")
			return err
		}},
	}
}

// jsonOf is v as JSON, for contents.
func jsonOf(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return b
}
