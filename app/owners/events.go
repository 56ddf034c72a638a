package owners

import (
	"context"

	"switchboard/vendors"
)

// kindOf is what an event's Target names; "" for what has no owner.
func kindOf(e vendors.Event) Kind {
	switch {
	case e.Kind == vendors.EventChatRoom || e.TargetKind == vendors.ToChatRooms:
		return ChatRoom
	case e.Kind == vendors.EventRoom:
		return Room
	case e.TargetKind == vendors.ToGroups:
		return Group
	}
	return ""
}

// Translate puts our ids and the app in events of vendors, which speak of groups and
// rooms by their own. apps names those that an account may serve: where it is one, its
// events are that app's. A chat room that its vendor has ended is gone from then on.
func (s *Service) Translate(ctx context.Context, events []vendors.Event, apps func(account string) []string) error {
	for i := range events {
		e := &events[i]
		if own := apps(e.Vendor); e.App == "" && len(own) == 1 {
			e.App = own[0]
		}
		kind := kindOf(*e)
		if kind == "" {
			continue
		}
		r, found, err := s.store.ByVendor(ctx, e.Vendor, kind, e.Target)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		e.App, e.Target = r.App, r.ID
		if kind == ChatRoom && e.Kind == vendors.EventChatRoom && e.Action == "destroyed" && r.State == Made && r.Made.Before(e.At) {
			if err := s.Ended(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}
