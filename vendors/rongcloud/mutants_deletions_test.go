package rongcloud_test

import (
	"context"
	"time"

	"switchboard/vendors"
)

type (
	blocksOnly   struct{ wrong }
	deletesFirst struct{ wrong }
	saysDone     struct{ wrong }
)

// DeleteUsers shuts them out, and leaves what the vendor keeps.
func (b blocksOnly) DeleteUsers(ctx context.Context, users []string) ([]vendors.MemberResult, error) {
	rows, err := b.Vendor.Users.Block(ctx, users, time.Hour)
	for i := range rows {
		rows[i].State = vendors.MemberPending
	}
	return rows, err
}

func (d deletesFirst) DeleteUsers(ctx context.Context, users []string) ([]vendors.MemberResult, error) {
	rows, err := d.Vendor.Deletions.DeleteUsers(ctx, users[:min(len(users), 1)])
	for _, user := range users[min(len(users), 1):] {
		rows = append(rows, vendors.MemberResult{User: user, State: vendors.MemberPending})
	}
	return rows, err
}

func (s saysDone) DeleteUsers(ctx context.Context, users []string) ([]vendors.MemberResult, error) {
	rows, err := s.Vendor.Deletions.DeleteUsers(ctx, users)
	for i := range rows {
		rows[i].State = vendors.MemberAccepted
	}
	return rows, err
}

func deletionMutants() []mutant {
	const deleted = "DeletedUserIsGoneAloneAndAsDeclared"
	return []mutant{
		{name: "deletion is a block", caught: deleted, vendor: func(v *vendors.Vendor) { v.Deletions = blocksOnly{right(v)} }},
		{name: "deletes one of two", caught: deleted, vendor: func(v *vendors.Vendor) { v.Deletions = deletesFirst{right(v)} }},
		{name: "what is asked for is told as done", caught: deleted, vendor: func(v *vendors.Vendor) { v.Deletions = saysDone{right(v)} }},
		{name: "declares the id of who was deleted free", caught: deleted, vendor: func(v *vendors.Vendor) { v.Traits.Delete = vendors.DeletionNow }},
	}
}
