package rongcloud

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"switchboard/openapi"
)

// The table and the openapi say the same of every call: name, rate, unit,
// service and code of success.
func TestTheTableAgreesWithTheContract(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromData(openapi.RongCloud)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for _, o := range table() {
		method := o.method
		if method == "" {
			method = "POST"
		}
		op := doc.Paths.Value(o.path).GetOperation(method)
		if op == nil {
			t.Errorf("the openapi has no %s %s", method, o.path)
			continue
		}
		seen++
		var rates []string
		for _, r := range o.rates {
			rates = append(rates, fmt.Sprintf("%d/%s", r.units, short(r.per)))
		}
		for what, pair := range map[string][2]string{
			"name":    {o.name, op.OperationID},
			"rate":    {strings.Join(rates, ", "), extension(op, "x-rate")},
			"unit":    {o.unit, extension(op, "x-rate-unit")},
			"service": {string(o.service), extension(op, "x-service")},
			"code":    {fmt.Sprint(max(o.ok, codeOK)), successCode(op)},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s of %s: the table says %q, the openapi %q", what, o.path, pair[0], pair[1])
			}
		}
	}
	total := 0
	for _, item := range doc.Paths.Map() {
		total += len(item.Operations())
	}
	if seen != total {
		t.Errorf("the table has %d operations, the openapi %d", seen, total)
	}
}

func short(d time.Duration) string {
	switch d {
	case time.Minute:
		return "1m"
	case time.Hour:
		return "1h"
	case 24 * time.Hour:
		return "24h"
	}
	return d.String()
}

func extension(op *openapi3.Operation, name string) string {
	s, _ := op.Extensions[name].(string)
	return s
}

func successCode(op *openapi3.Operation) string {
	schema := op.Responses.Value("200").Value.Content.Get("application/json").Schema.Value
	if len(schema.OneOf) == 2 { // the other is a failure that goes out with status 200
		schema = schema.OneOf[1].Value
	}
	return fmt.Sprint(schema.Properties["code"].Value.Enum[0])
}

func TestTheOfficialSignatureVectorHolds(t *testing.T) {
	if got := digest("Y1W2MeFwwwRxa0", "14314", "1408710653000"); got != "30be0bbca9c9b2e27578701e9fda2358a814c88f" {
		t.Error(got)
	}
}

func TestTranslationIsFoundOrMarked(t *testing.T) {
	for _, c := range []struct{ text, source, target, want string }{
		{"hello", "en", "zh", "你好"},
		{"Hello!", "", "zh-CN", "你好"},
		{"world", "en", "zh", "世界"},
		{"hello world", "en", "zh", "你好世界"},
		{"thanks friend", "en", "zh", "谢谢 朋友"},
		{"你好", "zh", "en", "hello"},
		{"hello stranger", "en", "zh", "[zh] hello stranger"},
		{"hello", "en", "ja", "[ja] hello"},
		{"hello", "en", "en", "hello"},
		{"!", "en", "zh", "[zh] !"},
	} {
		if got := translation(c.text, c.source, c.target); got != c.want {
			t.Errorf("%q from %q to %q: %q, want %q", c.text, c.source, c.target, got, c.want)
		}
	}
}

func TestContentMustFitItsType(t *testing.T) {
	lenient, strict := &App{}, &App{cfg: Config{StrictCommandData: true}}
	for _, c := range []struct {
		objectName, content string
		ok, strictOK        bool
	}{
		{"RC:TxtMsg", `{"content":"x","extra":"y","user":{"id":"","name":"","icon":""}}`, true, true},
		{"RC:TxtMsg", `{"content":""}`, false, false},
		{"RC:TxtMsg", `{"text":"x"}`, false, false},
		{"RC:TxtMsg", `{"content":1}`, false, false},
		{"RC:TxtMsg", `hello`, false, false},
		{"RC:TxtMsg", `null`, false, false},
		{"RC:TxtMsg", `["content"]`, false, false},
		{"RC:CmdMsg", `{"name":"a","data":"{}"}`, true, true},
		{"RC:CmdMsg", `{"name":"a","data":{"b":1}}`, true, false},
		{"RC:CmdMsg", `{"name":"a","data":[1]}`, false, false},
		{"RC:CmdMsg", `{"name":"a"}`, false, false},
		{"RC:CmdMsg", `{"data":"a"}`, false, false},
		{"RC:CmdNtf", `{"name":"a"}`, true, true},
		{"RC:InfoNtf", `{"message":"hi"}`, true, true},
		{"RC:InfoNtf", `{"content":"hi"}`, false, false},
		{"RC:HQVCMsg", `{"remoteUrl":"u","duration":60}`, true, true},
		{"RC:HQVCMsg", `{"remoteUrl":"u","duration":61}`, false, false},
		{"RC:HQVCMsg", `{"remoteUrl":"u","duration":"60"}`, false, false},
		{"RC:SightMsg", `{"sightUrl":"u","duration":120}`, true, true},
		{"RC:SightMsg", `{"sightUrl":"u","duration":121}`, false, false},
		{"RC:ImgMsg", `{"content":"aGk=","imageUri":"u"}`, true, true},
		{"RC:ImgMsg", `{"content":"` + strings.Repeat("a", maxThumbnail+1) + `","imageUri":"u"}`, false, false},
		{"RC:LBSMsg", `{"latitude":1.5,"longitude":2}`, true, true},
		{"RC:TypSts", `{"typingContentType":"RC:TxtMsg"}`, true, true},
		{"RC:VCInvite", `{"callId":"c","mediaType":1,"inviteUserIds":["a"]}`, true, true},
		{"RC:Invented", `{"content":"x"}`, false, false},
		{"rc:own", `anything`, true, true},
		{"app:card", `{"a":1}`, true, true},
	} {
		if f := lenient.checkContent(c.objectName, c.content); (f == nil) != c.ok {
			t.Errorf("%s %.60s: %v", c.objectName, c.content, f)
		}
		if f := strict.checkContent(c.objectName, c.content); (f == nil) != c.strictOK {
			t.Errorf("strict: %s %.60s: %v", c.objectName, c.content, f)
		}
	}
}

// A window spends nothing when one of its companions refuses.
func TestARateRefusesWithoutSpending(t *testing.T) {
	a := &App{windows: map[string][]window{}}
	rates := []rate{{2, time.Hour}, {3, 24 * time.Hour}}
	now := time.Unix(1_700_000_000, 0)
	for i, step := range []struct {
		after time.Duration
		units int
		want  bool
	}{
		{0, 1, true}, {0, 2, false}, {0, 1, true}, {0, 1, false},
		{time.Hour, 1, true}, {0, 1, false}, // the day is full
		{time.Hour, 1, false}, {22 * time.Hour, 1, true},
	} {
		now = now.Add(step.after)
		if got := a.spend("x", rates, step.units, now); got != step.want {
			t.Errorf("step %d: %v", i, got)
		}
	}
}
