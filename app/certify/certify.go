// Package certify runs the vendor contract against a far end: a vendor's mock in
// this process or, with an account's credentials, the vendor itself. It is the
// one package outside tests that may know vendors, mocks and the suite at once.
package certify

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"switchboard/vendors"
	"switchboard/vendors/linkv"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/vendortest"
	"switchboard/vendors/youme"
)

// Accounts are the accounts to certify. One that is not configured is certified
// against its mock.
type Accounts struct {
	RongCloud rongcloud.Config
	LinkV     linkv.Config
	YouMe     youme.Config
}

// errTwoHosts: the suite's proxy stands in front of one host.
var errTwoHosts = errors.New("linkv: certify the IM and the live host one at a time, each with its own credentials only")

// Vendors are the names that Run takes.
func Vendors() []string { return []string{"rongcloud", "linkv", "youme"} }

// Run certifies one vendor with the checks that only accepts, all for nil. At
// the vendor itself it registers two users, makes a group and a chat room, sends
// messages, broadcasts, mutes people, adds coins and changes words: use an account made for tests.
func Run(ctx context.Context, vendor string, a Accounts, only func(check string) bool) (vendortest.Report, error) {
	switch vendor {
	case "rongcloud":
		if a.RongCloud.Configured() {
			return real(ctx, vendor, rongCloud(a.RongCloud), only)
		}
		return vendortest.Certify(ctx, vendor, "mock", only, RongCloudMock), nil
	case "linkv":
		if a.LinkV.LiveBaseURL != "" && a.LinkV.LiveBaseURL != a.LinkV.BaseURL {
			return vendortest.Report{}, errTwoHosts
		}
		if a.LinkV.Configured() {
			return real(ctx, vendor, linkV(a.LinkV), only)
		}
		return vendortest.Certify(ctx, vendor, "mock", only, func(t vendortest.T) vendortest.Fixture { return LinkVMock(t, false) }), nil
	case "youme":
		if a.YouMe.Configured() {
			return real(ctx, vendor, youMe(a.YouMe), only)
		}
		return vendortest.Certify(ctx, vendor, "mock", only, func(t vendortest.T) vendortest.Fixture { return YouMeMock(t, false) }), nil
	}
	return vendortest.Report{}, fmt.Errorf("no vendor named %q: one of %v", vendor, Vendors())
}

// real certifies against the vendor itself, into whose state nothing can look:
// f has no FarEnd, and what needs one stays unchecked.
func real(ctx context.Context, vendor string, f vendortest.Fixture, only func(string) bool) (vendortest.Report, error) {
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
	for _, user := range []string{f.Known, f.Peer} {
		if v.Tokens == nil {
			break
		}
		if _, err := v.Tokens.Issue(ctx, vendors.User{ID: user, Name: user}); err != nil {
			return err
		}
	}
	if v.Groups != nil && f.Group != "" {
		if err := v.Groups.CreateGroup(ctx, vendors.Group{ID: f.Group, Name: f.Group, Creator: f.Known, Members: []string{f.Peer}}); err != nil {
			return err
		}
	}
	if v.ChatRooms != nil && f.Chat != "" {
		return v.ChatRooms.CreateChatRoom(ctx, f.Chat, f.Chat)
	}
	return nil
}
