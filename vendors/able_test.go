package vendors

import (
	"context"
	"errors"
	"slices"
	"testing"
)

// alone has nothing but the one ability that a test gives it.
type alone struct{ err error }

func (a alone) Send(context.Context, Message) (Receipt, error)              { return Receipt{}, nil }
func (a alone) SendTemplate(context.Context, Template) (Receipt, error)     { return Receipt{}, a.err }
func (a alone) Recall(context.Context, Recall) error                        { return a.err }
func (a alone) Broadcast(context.Context, Broadcast) (id string, err error) { return "", a.err }

func TestWhatNobodyOnTheRouteCanIsRefusedBeforeAnyCall(t *testing.T) {
	asked := []string{}
	ask := func(r *Router, q Request) error {
		asked = asked[:0]
		_, err := ViaAble(t.Context(), r, q, "messages.template", func(v *Vendor) Templates { return v.Templates },
			func(ctx context.Context, v *Vendor, able Templates) (Receipt, error) {
				asked = append(asked, v.Name)
				return able.SendTemplate(ctx, Template{})
			})
		return err
	}
	plain := &Vendor{Name: "plain", Messages: alone{}}
	able := &Vendor{Name: "able", Messages: alone{}, Templates: alone{}}
	away := &Vendor{Name: "away", Messages: alone{}, Templates: alone{err: &Error{Outcome: NotSent}}}
	router := func(route ...string) *Router {
		r, err := NewRouter([]*Vendor{plain, able, away}, map[Capability][]string{CapMessages: route})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	q := Request{Capability: CapMessages, Effect: Write}

	var unable *UnableError
	if err := ask(router("plain"), q); !errors.As(err, &unable) || !errors.Is(err, ErrUnsupported) || len(asked) != 0 ||
		!slices.Equal(unable.Unable, []string{"plain"}) || !slices.Equal(unable.Able, []string{"able", "away"}) {
		t.Errorf("%v after asking %v", err, asked)
	}
	if err := ask(router("plain", "able"), q); err != nil || !slices.Equal(asked, []string{"able"}) {
		t.Errorf("who cannot is not passed over: %v after asking %v", err, asked)
	}
	if err := ask(router("away", "plain"), q); OutcomeOf(err) != NotSent || errors.Is(err, ErrUnsupported) || !slices.Equal(asked, []string{"away"}) {
		t.Errorf("an outage is not one any more: %v after asking %v", err, asked)
	}
	q.Account = "plain"
	if err := ask(router("plain", "able"), q); !errors.As(err, &unable) || !slices.Equal(unable.Unable, []string{"plain"}) {
		t.Errorf("another account than the one that was named: %v", err)
	}
	q.Account = "nobody"
	if err := ask(router("plain", "able"), q); !errors.As(err, &unable) || len(unable.Unable) != 0 {
		t.Errorf("an account that is none: %v", err)
	}
}

func TestEveryAbilityIsFoundByItsName(t *testing.T) {
	v := &Vendor{Name: "able", Templates: alone{}}
	for _, name := range Abilities() {
		if v.HasAbility(name) != slices.Contains(v.Can(), name) {
			t.Errorf("%s", name)
		}
	}
	if v.HasAbility("messages.telepathy") {
		t.Error("an ability that there is not")
	}
}
