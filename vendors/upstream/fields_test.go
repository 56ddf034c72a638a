package upstream

import (
	"net/url"
	"reflect"
	"testing"

	"pgregory.net/rapid"
)

func TestEncodedFieldsAreReadBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f Fields
		want := url.Values{}
		for range rapid.IntRange(0, 6).Draw(t, "fields") {
			name := rapid.StringN(1, 4, -1).Draw(t, "name")
			values := rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "values")
			if want.Has(name) {
				continue
			}
			f, want[name] = f.With(name, values...), values
		}
		got, err := url.ParseQuery(f.Encode())
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Fatalf("%q is read as %v (%v), want %v", f.Encode(), got, err, want)
		}
	})
}

func TestCopiedFieldsAreTheAttemptsOwn(t *testing.T) {
	f := Fields{{"a", "1"}, {"b", "2"}}
	own := f.copied(1)
	own.Set("b", "3")
	own.Set("c", "4")
	if f.Get("b") != "2" || f.Get("c") != "" || len(f) != 2 {
		t.Errorf("the call's own fields became %v", f)
	}
	if own.Get("a") != "1" || own.Get("b") != "3" || own.Get("c") != "4" || len(own) != 3 {
		t.Errorf("the copy is %v", own)
	}
}

// One array holds all values: to add one to a name must not overwrite the next.
func TestHeaderValuesDoNotRunIntoEachOther(t *testing.T) {
	h := Fields{{"A", "1"}, {"B", "2"}}.header()
	h.Add("A", "3")
	if h.Get("B") != "2" {
		t.Errorf("%v", h)
	}
}
