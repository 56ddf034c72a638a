package handlers

import (
	"encoding/json"
	"strings"
	"testing"
)

// What is told apart as text elsewhere is not one number here.
func TestNumbersHaveOneSpelling(t *testing.T) {
	for raw, want := range map[string]string{
		`1`: "1", `"1"`: "1", `-5`: "-5", `"-5"`: "-5", `0`: "0", `"0"`: "0", `null`: "7", `9223372036854775807`: "9223372036854775807",
		`"+5"`: "", `"005"`: "", `"-0"`: "", `-0`: "", `""`: "", `" 5"`: "", `"5 "`: "", `"0x5"`: "", `"5.0"`: "", `5.0`: "", `1e3`: "", `"1_000"`: "",
		`9223372036854775808`: "", `true`: "", `"NaN"`: "", `[1]`: "", `{}`: "", `"\u0665"`: "",
	} {
		n := Int(7)
		err := json.Unmarshal([]byte(raw), &n)
		if (err != nil) != (want == "") || err == nil && want != jsonOf(t, n) {
			t.Errorf("%s: %d, %v", raw, n, err)
		}
	}
	for raw, want := range map[string]string{`true`: "1", `false`: "0", `"1"`: "1", `"+1"`: "", `"true"`: ""} {
		var n FlexInt
		if err := json.Unmarshal([]byte(raw), &n); (err != nil) != (want == "") || err == nil && want != jsonOf(t, n) {
			t.Errorf("%s: %d, %v", raw, n, err)
		}
	}
	for raw, want := range map[string]string{
		`true`: "true", `"true"`: "true", `1`: "true", `"1"`: "true", `false`: "false", `0`: "false", `"0"`: "false", `"false"`: "false",
		`null`: "false", `2`: "", `"yes"`: "", `""`: "", `[]`: "", `1.0`: "",
	} {
		var b FlexBool
		if err := json.Unmarshal([]byte(raw), &b); (err != nil) != (want == "") || err == nil && want != jsonOf(t, b) {
			t.Errorf("%s: %v, %v", raw, b, err)
		}
	}
	for raw, want := range map[string]string{
		`["a",2]`: `["a","2"]`, `"a"`: `["a"]`, `2`: `["2"]`, `null`: `null`, `[]`: `[]`, `1.5`: "", `true`: "", `{"a":1}`: "", `[[1]]`: "",
	} {
		var l UserIDs
		if err := json.Unmarshal([]byte(raw), &l); (err != nil) != (want == "") || err == nil && want != jsonOf(t, l) {
			t.Errorf("%s: %v, %v", raw, l, err)
		}
	}
}

func jsonOf(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestBodiesAreTextOrRefused(t *testing.T) {
	half := func(s string) string { return strings.ReplaceAll(s, "~", `\`) }
	for body, good := range map[string]bool{
		`{"a":"x"}`: true, half(`{"a":"~ud83d~ude00"}`): true, half(`{"a":"~~ud83d"}`): true, half(`{"a":"~u00e9~n~"~~"}`): true, `{"a":"é"}`: true,
		half(`{"a":"~ufffd"}`): true, half(`{"a":"~~~ud83d~ude00"}`): true,
		"{\"a\":\"\xff\xfe\"}": false, "{\"a\":\"\xc4\xe3\"}": false, "{\"\xff\":1}": false, "{\"a\":\"\xed\xa0\x80\"}": false,
		half(`{"a":"~ud83d"}`): false, half(`{"a":"~ude00"}`): false, half(`{"a":"~ud83dx~ude00"}`): false, half(`{"a":"~ude00~ud83d"}`): false,
		half(`{"a":"~ud83d~u0041"}`): false, half(`{"a":"~uD83D~n"}`): false, half(`{"~ud83d":1}`): false,
		half(`{"a":"~u0041~ud83d"}`): false,
	} {
		var v map[string]any
		if err := DecodeBytes([]byte(body), &v); (err == nil) != good {
			t.Errorf("%q: %v", body, err)
		}
	}
	for _, cut := range []string{half(`~`), half(`"~`), half(`"~u`), half(`"~ud8`), half(`"~ud83d`), half(`"~ud83d~`), half(`"~ud83d~u12`)} {
		_ = checkText([]byte(cut)) // the decoder refuses these
	}
}
