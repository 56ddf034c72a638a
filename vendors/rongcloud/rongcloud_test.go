package rongcloud

import (
	"net/http"
	"testing"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

func TestOpenRefusesAConfigThatCannotWork(t *testing.T) {
	for name, spoil := range map[string]func(*Config){
		"no key":           func(c *Config) { c.AppKey = "" },
		"no secret":        func(c *Config) { c.AppSecret = "" },
		"command data":     func(c *Config) { c.CommandData = "xml" },
		"negative age":     func(c *Config) { c.CallbackAge = -1 },
		"base URL of none": func(c *Config) { c.BaseURL = "api.rong-api.com" },
	} {
		cfg := testConfig("http://127.0.0.1:1")
		spoil(&cfg)
		if _, err := Open("rongcloud", cfg, upstream.Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestBackupIsTheSameAccountAtTheOtherHost(t *testing.T) {
	cfg := testConfig("https://api.rong-api.com")
	if b := cfg.Backup(); b != nil {
		t.Errorf("a backup without a host: %v", b)
	}
	cfg.BackupURL = "https://api-b.rong-api.com"
	if b := cfg.Backup(); len(b) != 2 || b["base_url"] != cfg.BackupURL || b["backup_url"] != "" {
		t.Errorf("backup %v", b)
	}
}

func TestUnknownCodeIsClassedByItsStatusAlone(t *testing.T) {
	for status, want := range map[int]vendors.Outcome{
		200: vendors.Ambiguous, 400: vendors.DefiniteNo, 401: vendors.AuthFault, 403: vendors.AuthFault,
		429: vendors.Throttled, 430: vendors.DefiniteNo, 500: vendors.Ambiguous, 504: vendors.Ambiguous,
	} {
		err := check(upstream.Answer{Status: status, Body: []byte(`{"code":77777,"errorMessage":"new"}`)})
		e, ok := err.(*vendors.Error)
		if !ok || e.Outcome != want || e.Code != "77777" || e.Text != "new" {
			t.Errorf("status %d: %#v, want %s", status, err, want)
		}
	}
}

func TestSuccessIsACodeUnderAGoodStatus(t *testing.T) {
	for body, want := range map[string]bool{
		`{"code":200}`: true, `{"code":"200"}`: true, `{"code":10000}`: true,
		`{"code":1000}`: false, `{}`: false, `[]`: false, `{"code":null}`: false, `{"code":{}}`: false,
	} {
		if got := check(upstream.Answer{Status: http.StatusOK, Body: []byte(body)}) == nil; got != want {
			t.Errorf("%s: success %t, want %t", body, got, want)
		}
		if check(upstream.Answer{Status: http.StatusInternalServerError, Body: []byte(body)}) == nil {
			t.Errorf("%s under 500 is a success", body)
		}
	}
}

func TestCommandDataIsAnObjectOrAStringAsConfigured(t *testing.T) {
	for _, c := range []struct{ mode, data, want string }{
		{"object", `{"a":1}`, `{"name":"n","data":{"a":1}}`},
		{"object", "", `{"name":"n","data":{}}`},
		{"string", `{"a":"<b>"}`, `{"name":"n","data":"{\"a\":\"<b>\"}"}`},
		{"string", "", `{"name":"n","data":""}`},
	} {
		a := &adapter{cfg: Config{CommandData: c.mode}}
		typ, got, err := a.content("op", vendors.Content{Kind: vendors.Command, Name: "n", Data: []byte(c.data)})
		if err != nil || typ != "RC:CmdMsg" || got != c.want {
			t.Errorf("%s %q: %s %s %v, want %s", c.mode, c.data, typ, got, err, c.want)
		}
	}
}

func TestTemplateValueThatJSONWouldEscapeIsRefused(t *testing.T) {
	names := vendors.Template{Text: "hello {name}, {n} and {name}, but not {} or {{"}.Placeholders()
	if len(names) != 3 || names[0] != "name" || names[1] != "n" {
		t.Fatalf("placeholders %q", names)
	}
	for value, want := range map[string]error{
		"plain": nil, "<礼物> & 'co'": nil, `a "quote"`: vendors.ErrUnsupported, `back\slash`: vendors.ErrUnsupported, "a\nb": vendors.ErrUnsupported,
	} {
		filled, err := fill(names, map[string]string{"name": value, "n": "1", "unused": `"`})
		if err != want || (err == nil && filled["{name}"] != value) {
			t.Errorf("%q: %v, %v, want %v", value, filled, err, want)
		}
	}
	if _, err := fill(names, map[string]string{"name": "x"}); err != vendors.ErrInvalid {
		t.Errorf("a value is missing: %v", err)
	}
}
