package rongcloud_test

import (
	"errors"
	"testing"

	mock "switchboard/mocks/rongcloud"
	"switchboard/vendors"
	"switchboard/vendors/rongcloud"
	"switchboard/vendors/upstream"
)

// broadcasts broadcasts one text after the other and returns how each ended.
func broadcasts(t *testing.T, cfg mock.Config, onlineOnly bool, times int) []error {
	t.Helper()
	cfg.Account = mock.Account{AppKey: key, AppSecret: secret}
	m, err := mock.Start(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	v, err := rongcloud.Open("rongcloud", rongcloud.Config{AppKey: key, AppSecret: secret, BaseURL: m.URL, CommandData: "object"}, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Close)
	errs := make([]error, times)
	for i := range errs {
		_, errs[i] = v.Broadcasts.Broadcast(t.Context(), vendors.Broadcast{
			From: "system", Content: vendors.Content{Kind: vendors.Text, Text: "hello all"}, OnlineOnly: onlineOnly,
		})
	}
	return errs
}

func TestBroadcastWithoutTheServiceIsUnsupported(t *testing.T) {
	for _, onlineOnly := range []bool{false, true} {
		err := broadcasts(t, mock.Config{Off: []mock.Service{mock.Broadcast}}, onlineOnly, 1)[0]
		var e *vendors.Error
		if !errors.As(err, &e) || e.Outcome != vendors.DefiniteNo || e.Code != "1009" || !errors.Is(err, vendors.ErrUnsupported) {
			t.Errorf("online only %t: %v, want code 1009 as unsupported", onlineOnly, err)
		}
	}
}

func TestVendorCountsTheBroadcastsOfAnHour(t *testing.T) {
	errs := broadcasts(t, mock.Config{}, false, 3)
	if errs[0] != nil || errs[1] != nil || vendors.OutcomeOf(errs[2]) != vendors.Throttled {
		t.Errorf("%v: want two broadcasts and a throttled one", errs)
	}
}
