package groups

import (
	"context"

	"switchboard/app/owners"
	"switchboard/vendors"
)

func groupsOf(v *vendors.Vendor) vendors.Groups { return v.Groups }

func (s *Service) rename(ctx context.Context, r owners.Record, c Change) (owners.Record, error) {
	err := do(ctx, s, r, "groups.rename", func(v *vendors.Vendor) vendors.GroupNames { return v.GroupNames },
		func(ctx context.Context, v vendors.GroupNames) error {
			return v.RenameGroup(ctx, r.VendorID, c.Name, c.By)
		})
	if err != nil {
		return r, err
	}
	r.Name = c.Name
	return r, s.noteMade(ctx, r, c.Op(), func(r *owners.Record) { r.Name = c.Name })
}

func (s *Service) transfer(ctx context.Context, r owners.Record, c Change) (owners.Record, error) {
	out := r
	_, err := s.wished(ctx, r, c, []string{""}, func() (_ []vendors.MemberResult, err error) {
		out, err = s.handOver(ctx, r, c)
		return nil, err
	})
	return out, err
}

// handOver makes the call that makes somebody else the owner.
func (s *Service) handOver(ctx context.Context, r owners.Record, c Change) (owners.Record, error) {
	to := c.Users[0]
	err := do(ctx, s, r, "groups.transfer", func(v *vendors.Vendor) vendors.GroupOwners { return v.GroupOwners },
		func(ctx context.Context, v vendors.GroupOwners) error {
			return v.TransferGroup(ctx, r.VendorID, c.By, to)
		})
	if err != nil {
		return r, err
	}
	r.Person = to
	return r, s.noteMade(ctx, r, c.Op(), func(r *owners.Record) { r.Person = to })
}

// end ends r, and notes that it is gone, also when the vendor knows it no more. Our id
// is free then.
func (s *Service) end(ctx context.Context, r owners.Record, c Change) error {
	err := s.endAt(ctx, r, c)
	if err != nil && !notThere(err) {
		return err
	}
	if failed := s.noteGone(ctx, r); failed != nil && err == nil {
		return unwritten(r, c.Op(), failed)
	}
	return err
}

func (s *Service) endAt(ctx context.Context, r owners.Record, c Change) error {
	if r.Kind == owners.ChatRoom {
		return do(ctx, s, r, "chatrooms", func(v *vendors.Vendor) vendors.ChatRooms { return v.ChatRooms },
			func(ctx context.Context, v vendors.ChatRooms) error { return v.DestroyChatRoom(ctx, r.VendorID) })
	}
	return do(ctx, s, r, "groups", groupsOf, func(ctx context.Context, v vendors.Groups) error { return v.DismissGroup(ctx, r.VendorID, c.By) })
}

// noteGone writes down that the vendor has r no more.
func (s *Service) noteGone(ctx context.Context, r owners.Record) error {
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if r.Version == 0 {
		return nil
	}
	if err := s.owners.Ended(ctx, r); err != nil {
		return err
	}
	return s.bars.FreeAll(ctx, r.Key)
}

// noteMade writes down what was changed of r.
func (s *Service) noteMade(ctx context.Context, r owners.Record, op string, edit func(*owners.Record)) error {
	if r.Version == 0 {
		return nil
	}
	ctx, cancel := afterwards(ctx)
	defer cancel()
	if err := s.owners.Update(ctx, r.Key, edit); err != nil {
		return unwritten(r, op, err)
	}
	return nil
}
