package handlers

import (
	"bytes"
	"encoding/json"
	"testing"
)

func TestSlipsOfTheDocumentsAreForgiven(t *testing.T) {
	for body, want := range map[string]string{
		`{"a": 1, // why` + "\n}":     `{"a":1}`,
		`{"a": [1, 2,], }`:            `{"a":[1,2]}`,
		`{"ids" ["x"], "b": true}`:    `{"ids":["x"],"b":true}`,
		`{"n" 7}`:                     `{"n":7}`,
		`{"url": "http://x/,}", }`:    `{"url":"http://x/,}"}`,
		`{"q": "a\"b, // c\\", "r"1}`: `{"q":"a\"b, // c\\","r":1}`,
	} {
		var got, expected any
		if err := json.Unmarshal(repairJSON([]byte(body)), &got); err != nil {
			t.Errorf("%s: %v, became %s", body, err, repairJSON([]byte(body)))
			continue
		}
		if err := json.Unmarshal([]byte(want), &expected); err != nil {
			t.Fatal(err)
		}
		a, _ := json.Marshal(got)
		b, _ := json.Marshal(expected)
		if !bytes.Equal(a, b) {
			t.Errorf("%s: %s, want %s", body, a, b)
		}
	}
	for _, body := range []string{`{`, `{"a"`, `{"a": }`, `nonsense`, `{"a": 1} {"b": 2}`, `"`, `"\`, `//`} {
		if err := DecodeBytes([]byte(body), &struct{}{}); err == nil {
			t.Errorf("%s was read", body)
		}
	}
}

func FuzzLenientLeavesJSONAsItIs(f *testing.F) {
	for _, seed := range []string{`{"a":[1,{"b":"//,]"}],"c":"\\\""}`, `[]`, `{"a" [1,],}`, `"`, `{"a":1,//x`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		out := repairJSON(body)
		if json.Valid(body) && !bytes.Equal(out, body) {
			t.Errorf("%q became %q", body, out)
		}
	})
}

func TestNumbersAndTextsOfClientsAreRead(t *testing.T) {
	for raw, want := range map[string]int{`1`: 1, `"2"`: 2, `true`: 1, `false`: 0, `null`: 7} {
		w := FlexInt(7)
		if err := json.Unmarshal([]byte(raw), &w); err != nil || int(w) != want {
			t.Errorf("%s: %d %v", raw, w, err)
		}
	}
	for _, raw := range []string{`"x"`, `1.5`, `{}`, `[]`, `""`} {
		w := FlexInt(7)
		if err := json.Unmarshal([]byte(raw), &w); err == nil {
			t.Errorf("%s was read as %d", raw, w)
		}
	}
}
