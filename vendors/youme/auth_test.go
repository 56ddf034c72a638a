package youme_test

import (
	"testing"

	mockyoume "switchboard/mocks/youme"
	"switchboard/vendors"
	"switchboard/vendors/upstream"
	"switchboard/vendors/youme"
)

func TestRefusedCredentialsAreAnAlarmWhenTheirCodesAreNamed(t *testing.T) {
	far, err := mockyoume.Start(mockyoume.Config{
		Account: mockyoume.Account{AppKey: "YOUME1", AppSecret: "talk-s3cret", AppID: 1000, Identifier: "admin"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = far.Close() })
	for want, codes := range map[vendors.Outcome][]string{
		vendors.AuthFault:  {"90001", "90003", "90004"}, // the mock's own, since YouMe publishes none
		vendors.DefiniteNo: nil,
	} {
		v, err := youme.Open("youme", youme.Config{
			AppKey: "YOUME1", AppSecret: "another", AppID: 1000, Identifier: "admin",
			BaseURL: far.URL, IdentityCommand: "change_user_ Identity", AuthCodes: codes,
		}, upstream.Options{})
		if err != nil {
			t.Fatal(err)
		}
		_, err = v.Rooms.List.ListRooms(t.Context(), "")
		if got := vendors.OutcomeOf(err); got != want {
			t.Errorf("codes %q: %s, want %s (%v)", codes, got, want, err)
		}
		if alarmed := !v.Connection.Health().LastAuth.IsZero(); alarmed != (want == vendors.AuthFault) {
			t.Errorf("codes %q: alarm %t", codes, alarmed)
		}
		v.Close()
	}
}
