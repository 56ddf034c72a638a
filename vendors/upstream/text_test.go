package upstream

import (
	"encoding/json"
	"testing"
)

func TestTextTakesStringsAndNumbersExactly(t *testing.T) {
	for in, want := range map[string]string{
		`"123"`: "123", `123`: "123", `null`: "", `""`: "", `"0012"`: "0012", `-1.5e3`: "-1.5e3",
		`"\u0031\n"`: "1\n", "\"\xff\"": "\ufffd", `"你"`: "你",
		`115213496111983232934`: "115213496111983232934", // 21 digits, beyond any float
	} {
		var got Text
		if err := json.Unmarshal([]byte(in), &got); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v", in, got, err)
		}
	}
	for _, in := range []string{`{}`, `[1]`, `true`} {
		var got Text
		if json.Unmarshal([]byte(in), &got) == nil {
			t.Errorf("%s was read as %q", in, got)
		}
	}
	for in, want := range map[Text]int64{"12": 12, "-3": -3} {
		if got, err := in.Int(); err != nil || got != want {
			t.Errorf("%q: %d, %v", in, got, err)
		}
	}
	for _, in := range []Text{"", "1.5", "12 ", "9223372036854775808"} {
		if n, err := in.Int(); err == nil {
			t.Errorf("%q was read as %d", in, n)
		}
	}
}
