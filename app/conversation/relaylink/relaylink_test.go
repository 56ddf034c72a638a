package relaylink

import (
	"encoding/json"
	"testing"

	"switchboard/vendors"
)

func TestOurOwnCopiesAreKnownWhenTheVendorReportsThem(t *testing.T) {
	const mark = `{"conversation":"c","message":"EDCZL-SY32-243Y-VWQ","type":-1}`
	extra, _ := json.Marshal(map[string]string{"content": "hi", "extra": mark})
	for _, e := range []struct {
		event vendors.Event
		want  string
	}{
		{vendors.Event{Type: "RC:TxtMsg", Content: extra}, "EDCZL-SY32-243Y-VWQ"},
		{vendors.Event{Type: customType, Content: json.RawMessage(mark)}, "EDCZL-SY32-243Y-VWQ"},
		{vendors.Event{Type: "RC:TxtMsg", Content: json.RawMessage(`{"content":"EDCZL-SY32-243Y-VWQ","extra":"mine"}`)}, ""},
		{vendors.Event{Type: "RC:TxtMsg", Content: json.RawMessage(`"text"`)}, ""},
		{vendors.Event{Type: customType}, ""},
	} {
		if got := originalOf(e.event); got.Message != e.want {
			t.Errorf("%s %s: %+v", e.event.Type, e.event.Content, got)
		}
	}
}
