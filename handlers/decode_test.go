package handlers

import (
	"fmt"
	"testing"

	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"
)

// What is cut out by hand must be what the whole body says.
func TestWrappedParametersAreThoseOfTheWholeBody(t *testing.T) {
	app := fiber.New()
	for body, want := range map[string]string{
		`{"param":{"a":1}}`:             "1",
		` {"param": {"a":1} } `:         "1",
		`{ "param" : {"a":1}}`:          "1",
		`{"param":{"a":1},"a":2}`:       "1",
		`{"param":{"a":1},"param":{}}`:  "0", // the last of two counts
		`{"a":2,"param":{"a":1}}`:       "1",
		`{"a":2}`:                       "2",
		`{"param":{"param":{"a":1}}}`:   "0", // one wrapping, not two
		`{"param":null}`:                "0",
		`{"param":null,"a":2}`:          "0",
		`{"param":{"a":1}`:              "the body is not valid JSON",
		`{"param":{"a":1}}}`:            "the body is not valid JSON",
		`{"param":}`:                    "the body is not valid JSON",
		`{"param":{"a":1}{"a":2}}`:      "the body is not valid JSON",
		`{"param":[]}`:                  "the parameters must be a JSON object",
		`{"param":{"a":"x"}}`:           "a: a JSON string does not fit",
		`{"param":{"a":"x"},"other":1}`: "a: a JSON string does not fit",
	} {
		c := app.AcquireCtx(&fasthttp.RequestCtx{})
		c.Request().SetBodyString(body)
		var in struct {
			A int `json:"a"`
		}
		got := ""
		if err := DecodeParams(c, &in); err != nil {
			got = err.Error()
		} else {
			got = fmt.Sprint(in.A)
		}
		if got != want {
			t.Errorf("%s: %s, want %s", body, got, want)
		}
		app.ReleaseCtx(c)
	}
}

func TestAFieldOfTheWrongTypeIsNamed(t *testing.T) {
	for body, want := range map[string]string{
		`{"uid":1.5}`:              "uid: text or a whole number is required",
		`{"uid":-1}`:               "uid: text or a whole number is required",
		`{"uid":{"a":1}}`:          "uid: text or a whole number is required",
		`{"limit":"many"}`:         "limit: a whole number is required",
		`{"limit":[]}`:             "limit: a whole number is required",
		`{"uids":["a",true]}`:      "uids: text or a whole number is required",
		`{"page":{"from":0.5}}`:    "from: a whole number is required",
		`{"kinds":[1]}`:            "kinds: a JSON number does not fit",
		`{"page":{"from":1},"b":}`: "the body is not valid JSON",
		`{"uid":7,"limit":"20"}`:   "",
	} {
		var in struct {
			UID   UserID       `json:"uid"`
			UIDs  []UserID     `json:"uids"`
			Limit FlexInt      `json:"limit"`
			Kinds StringOrList `json:"kinds"`
			Page  struct {
				From FlexInt `json:"from"`
			} `json:"page"`
		}
		got := ""
		if err := DecodeBytes([]byte(body), &in); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}
