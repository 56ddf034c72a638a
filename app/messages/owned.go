package messages

import (
	"context"

	"switchboard/vendors"
)

// Locate tells which account has a group or a chat room of the app of ctx, and the
// account's own name for it.
type Locate = func(ctx context.Context, kind vendors.TargetKind, id string) (account, vendorID string, err error)

// WithOwners is the service for groups and chat rooms that belong to accounts: messages
// to them go to their owners, whatever the route says, by the vendors' names for them.
func (s *Service) WithOwners(locate Locate) *Service {
	return &Service{routes: s.routes, locate: locate, wishes: s.wishes, introduced: s.introduced}
}

// owned reports whether targets of the kind have owners.
func (s *Service) owned(kind vendors.TargetKind) bool {
	return s.locate != nil && (kind == vendors.ToGroups || kind == vendors.ToChatRooms)
}

// sendOwned is Send for targets with owners: one send for each account. A target that
// nobody has fails alone.
func (s *Service) sendOwned(ctx context.Context, by vendors.Request, m vendors.Message) (vendors.Receipt, error) {
	to := m.To
	out := vendors.Receipt{Targets: make([]vendors.TargetResult, len(to))}
	names, places, order := map[string][]string{}, map[string][]int{}, []string{}
	for i, id := range to {
		out.Targets[i].Target = id
		account, name, err := s.locate(ctx, m.Kind, id)
		if err != nil {
			out.Targets[i].Err = err
			continue
		}
		if names[account] == nil {
			order = append(order, account)
		}
		names[account], places[account] = append(names[account], name), append(places[account], i)
	}
	for _, account := range order {
		by.Account = account
		m.To = names[account]
		receipt, err := s.sendAll(ctx, by, vendors.OpSend(m.Kind), m.To, func(ctx context.Context, v *vendors.Vendor, some []int) (vendors.Receipt, error) {
			m := m
			m.To = pick(names[account], some)
			return v.Messages.Send(ctx, m)
		})
		for i, at := range places[account] {
			id := out.Targets[at].Target
			if i < len(receipt.Targets) {
				out.Targets[at] = receipt.Targets[i]
			} else {
				out.Targets[at].Err = err
			}
			out.Targets[at].Target = id
		}
	}
	return out, failureOf(out)
}

// named is the account's own name for what r's message was sent to. What is not known
// is taken by the name that it has.
func (s *Service) named(ctx context.Context, r Ref) Ref {
	r.Target = s.nameAt(ctx, r.Account, r.Kind, r.Target)
	return r
}

func (s *Service) nameAt(ctx context.Context, account string, kind vendors.TargetKind, id string) string {
	if !s.owned(kind) {
		return id
	}
	if has, name, err := s.locate(ctx, kind, id); err == nil && has == account {
		return name
	}
	return id
}
