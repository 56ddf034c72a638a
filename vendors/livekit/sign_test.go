package livekit

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

var known = Config{APIKey: "APIswitchboard", APISecret: "secretsecretsecretsecretsecretsecret", BaseURL: "http://127.0.0.1:1"}

// The vector of docs/vendors/livekit.md#tokens: the claims count, whatever their order.
func TestATokenOfLiveKitsIsReadAsOurs(t *testing.T) {
	const given = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpc3MiOiJBUElzd2l0Y2hib2FyZCIsImV4cCI6MTcwMDAwMDYwMCwibmJmIjoxNzAwMDAwMDAwLCJpYXQiOjE3MDAwMDAwMDAsInZpZGVvIjp7InJvb21MaXN0Ijp0cnVlfX0.7DTXnXzL986TfNEYP_NmofFlueyhOWwUdUSLFzxk2rI"
	at := time.Unix(1700000100, 0)
	e := Explain(known, vendors.SignInput{Values: map[string][]string{"token": {"Bearer " + given}}, Now: at})[0]
	if len(e.Problems) != 0 || e.Digest != e.Given || e.Age != 100*time.Second {
		t.Errorf("%+v", e)
	}
	for what, in := range map[string]vendors.SignInput{
		"expired":       {Values: map[string][]string{"token": {given}}, Now: at.Add(time.Hour)},
		"not good yet":  {Values: map[string][]string{"token": {given}}, Now: at.Add(-time.Hour)},
		"changed":       {Values: map[string][]string{"token": {strings.Replace(given, "7DTX", "8DTX", 1)}}, Now: at},
		"no token":      {Now: at},
		"another's key": {Values: map[string][]string{"token": {sign(Config{APIKey: "other", APISecret: known.APISecret}, claims{}, "", at, time.Minute)}}, Now: at},
	} {
		if e := Explain(known, in)[0]; len(e.Problems) == 0 || strings.Contains(e.String(), known.APISecret.Reveal()) {
			t.Errorf("%s: %+v", what, e)
		}
	}
	var ours claims
	_, err := jwt.ParseWithClaims(sign(known, claims{Video: &videoGrant{RoomList: true}}, "", at, 10*time.Minute), &ours,
		func(*jwt.Token) (any, error) { return []byte(known.APISecret.Reveal()), nil }, jwt.WithTimeFunc(func() time.Time { return at }))
	if err != nil || !ours.Video.RoomList || ours.Issuer != known.APIKey || ours.ExpiresAt.Sub(ours.NotBefore.Time) != 10*time.Minute {
		t.Errorf("%+v, %v", ours, err)
	}
}

// The server repeats the whole token that it refuses.
func TestARefusedTokenStandsInNoError(t *testing.T) {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = w.Write([]byte("invalid token: " + strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ") + ", error: token signature is invalid"))
	}))
	defer srv.Close()
	cfg := known
	cfg.BaseURL = srv.URL
	v, err := Open("livekit", cfg, upstream.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	_, err = v.Rooms.List.ListRooms(t.Context(), "")
	var fault *vendors.Error
	if !errors.As(err, &fault) || fault.Outcome != vendors.AuthFault || strings.Contains(err.Error(), "eyJ") {
		t.Errorf("%v", err)
	}
}

func TestOneURLServesBothSides(t *testing.T) {
	for _, c := range []struct{ url, base, api, socket string }{
		{"wss://p.livekit.cloud", "", "https://p.livekit.cloud", "wss://p.livekit.cloud"},
		{"ws://10.0.0.1:7880", "http://inside:7880", "http://inside:7880", "ws://10.0.0.1:7880"},
		{"", "http://127.0.0.1:7880", "http://127.0.0.1:7880", "ws://127.0.0.1:7880"},
		{"https://p.livekit.cloud", "", "https://p.livekit.cloud", "wss://p.livekit.cloud"},
	} {
		cfg := Config{URL: c.url, BaseURL: c.base, APIKey: "k", APISecret: "s"}
		if cfg.base() != c.api || cfg.ClientURL() != c.socket || cfg.Validate() != nil {
			t.Errorf("%+v: %s, %s, %v", c, cfg.base(), cfg.ClientURL(), cfg.Validate())
		}
	}
	for setting, cfg := range map[string]Config{
		"URL": {APIKey: "k", APISecret: "s"}, "API_KEY": {URL: "ws://h", APISecret: "s"}, "API_SECRET": {URL: "ws://h", APIKey: "k"},
		"CALLBACK_API_SECRET": {URL: "ws://h", APIKey: "k", APISecret: "s", CallbackAPIKey: "c"}, "BASE_URL": {URL: "ws://h", BaseURL: "ftp://h", APIKey: "k", APISecret: "s"},
	} {
		var wrong *vendors.SettingError
		if err := cfg.Validate(); !errors.As(err, &wrong) || wrong.Setting != setting {
			t.Errorf("%s: %v", setting, err)
		}
	}
}
