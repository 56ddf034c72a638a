package ordered

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// A set visits what a sorted list of the same values would hold from a place on.
func TestASetIsASortedList(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		set, list := NewSet[int](), map[Place]int{}
		place := func() Place {
			return Place{rapid.Int64Range(-3, 3).Draw(t, "key"), uint64(rapid.IntRange(0, 3).Draw(t, "tie"))}
		}
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				at, v := place(), rapid.Int().Draw(t, "value")
				set.Put(at, v)
				list[at] = v
			},
			"remove": func(*rapid.T) {
				at := place()
				set.Remove(at)
				delete(list, at)
			},
			"": func(t *rapid.T) {
				from := place()
				var all, want, got []int
				min, _, some := set.Min()
				for key := int64(-3); key <= 3; key++ {
					for tie := uint64(0); tie <= 3; tie++ {
						v, ok := list[Place{key, tie}]
						if !ok {
							continue
						}
						if len(all) == 0 && min != (Place{key, tie}) {
							t.Fatalf("the first stands at %v, not at %v", min, Place{key, tie})
						}
						if all = append(all, v); key > from.Key || key == from.Key && tie >= from.Tie {
							want = append(want, v)
						}
					}
				}
				set.From(from, func(v int) bool { got = append(got, v); return true })
				if set.Len() != len(list) || some != (len(list) > 0) || !slices.Equal(got, want) {
					t.Fatalf("from %v: %v, want %v", from, got, want)
				}
			},
		})
	})
}

func TestNextIsTheFirstPlaceBehind(t *testing.T) {
	for at, want := range map[Place]Place{{1, 2}: {1, 3}, {1, 1<<64 - 1}: {2, 0}} {
		if got := at.Next(); got != want {
			t.Errorf("behind %v is %v, not %v", at, got, want)
		}
	}
}
