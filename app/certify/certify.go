// Package certify holds vendors to the contract outside go test: a fixture for
// each, for its mock in this process and for the vendor itself. It is the one
// package outside tests that may know vendors, mocks and the suite at once.
package certify

import (
	"context"
	"fmt"
	"net/url"

	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// Account certifies a vendor itself with the checks that only accepts, all for
// nil. Nothing can look into its state: f has no FarEnd, and what needs one stays
// unchecked. It registers two users, makes a group and a chat room, sends
// messages, broadcasts, mutes people, adds coins and changes words: use an
// account made for tests.
func Account(ctx context.Context, vendor string, f vendortest.Fixture, only func(check string) bool) (vendortest.Report, error) {
	u, err := url.Parse(f.BaseURL)
	if err != nil {
		return vendortest.Report{}, fmt.Errorf("%s: the base URL cannot be read", vendor)
	}
	if err := seed(ctx, f); err != nil {
		return vendortest.Report{}, fmt.Errorf("preparing the account: %w", err)
	}
	return vendortest.Certify(ctx, vendor, u.Host, only, func(vendortest.T) vendortest.Fixture { return f }), nil
}

// seed makes the users, the group and the chat room that f names, as far as the
// vendor has a call for it. What is there already is no error to any of them.
func seed(ctx context.Context, f vendortest.Fixture) error {
	v, err := f.Open(f.BaseURL)
	if err != nil {
		return err
	}
	defer v.Close()
	others := []string{f.Peer}
	if f.Bystander != "" {
		others = append(others, f.Bystander)
	}
	for _, user := range append(others, f.Known) {
		if v.Tokens == nil {
			break
		}
		if _, err := v.Tokens.Issue(ctx, vendors.User{ID: user, Name: user}); err != nil {
			return err
		}
	}
	if v.Groups != nil && f.Group != "" {
		if _, err := v.Groups.CreateGroup(ctx, vendors.Group{ID: f.Group, Name: f.Group, Creator: f.Known, Members: others}); err != nil {
			return err
		}
	}
	if v.ChatRooms != nil && f.Chat != "" {
		_, err := v.ChatRooms.CreateChatRoom(ctx, f.Chat, f.Chat)
		return err
	}
	return nil
}
