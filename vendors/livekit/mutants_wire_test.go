package livekit_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"switchboard/app/certify"
	"switchboard/vendors"
	"switchboard/vendors/vendortest"
)

// telltale keeps of a refusal what the server said, which repeats the token.
type telltale struct {
	vendors.RoomDissolve
	token *atomic.Value
}

func (w telltale) DissolveRoom(ctx context.Context, room string) error {
	err := w.RoomDissolve.DissolveRoom(ctx, room)
	var fault *vendors.Error
	if token, _ := w.token.Load().(string); errors.As(err, &fault) && fault.Status == 401 && token != "" {
		told := *fault
		told.Text = "invalid token: " + token
		return &told
	}
	return err
}

// The traps of docs/vendors/livekit.md, each as an adapter that falls into it: the suite
// has to notice.
func TestEveryTrapOfTheServerIsNoticed(t *testing.T) {
	t.Parallel()
	plain := func(x vendortest.Exchange) (int, []byte) {
		status, answer, _ := x.Ask()
		return status, answer
	}
	for name, m := range map[string]struct {
		caught string
		serve  func(vendortest.Exchange) (int, []byte)
		spoil  func(*vendors.Vendor, *atomic.Value)
	}{
		"an absent room is an outage": {"AbsentRoomIsNoOutage", func(x vendortest.Exchange) (int, []byte) {
			var in struct{ Names []string }
			if _ = json.Unmarshal(x.Content, &in); len(in.Names) == 1 { // it never believes that the room is not there
				return 200, fmt.Appendf(nil, `{"rooms":[{"sid":"RM_1","name":%q,"num_participants":0}]}`, in.Names[0])
			}
			return plain(x)
		}, nil},
		"a write is made again in another region": {"WriteIsNeverRepeatedByItself", func(x vendortest.Exchange) (int, []byte) {
			status, answer, ok := x.Ask()
			if !ok || status >= 500 {
				status, answer, _ = x.Ask()
			}
			return status, answer
		}, nil},
		"a refused token is shown": {"NoErrorHoldsASecretOrAnAddress", plain, func(v *vendors.Vendor, token *atomic.Value) {
			v.Rooms.Dissolve = telltale{v.Rooms.Dissolve, token}
		}},
		"to put out is to keep out": {"EveryHoldIsOfTheKindsDeclared", plain, func(v *vendors.Vendor, _ *atomic.Value) {
			v.Rooms.Kick = forgetful{v.Rooms.Kick}
		}},
		"and is declared as such": {"TraitsAreAsDocumented", plain, func(v *vendors.Vendor, _ *atomic.Value) {
			v.Traits.Kick = vendors.HoldTimed
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			certified := func(wrong bool) vendortest.Report {
				only := func(check string) bool { return check == m.caught }
				return vendortest.Certify(t.Context(), "livekit", "mock", only, func(t vendortest.T) vendortest.Fixture {
					f := certify.LiveKitMock(t)
					open := f.Open
					f.Open = func(baseURL string) (*vendors.Vendor, error) {
						if !wrong {
							return open(baseURL)
						}
						var token atomic.Value
						v, err := open(vendortest.Between(t, baseURL, func(x vendortest.Exchange) (int, []byte) {
							_, bearer, _ := strings.Cut(x.Header.Get("Authorization"), " ")
							token.Store(bearer)
							return m.serve(x)
						}))
						if err == nil && m.spoil != nil {
							m.spoil(v, &token)
						}
						return v, err
					}
					return f
				})
			}
			if r := certified(false); r.Count(vendortest.Passed) != 1 {
				t.Fatalf("the right adapter does not pass: %+v", r.Cases)
			}
			if r := certified(true); r.Count(vendortest.Failed) != 1 {
				t.Errorf("survived %s", m.caught)
			}
		})
	}
}
