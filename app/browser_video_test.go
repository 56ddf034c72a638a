package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/livekit/livekittest"
)

// startWithLiveKit runs the sandbox beside LiveKit's own server.
func startWithLiveKit(t *testing.T) *process {
	t.Helper()
	server := livekittest.Start(t, livekittest.Options{})
	return start(t, func(c *Config) {
		c.LiveKit.URL, c.LiveKit.APIKey, c.LiveKit.APISecret = strings.Replace(server.URL, "http", "ws", 1), livekittest.Key, vendors.Secret(livekittest.Secret)
		c.Pairing.Keys = map[string]string{"free": "0s", "connect_timeout": "5m", "confirm_timeout": "5m"}
	})
}

// theRoom is the only one that LiveKit has, and how many users are in it.
func (p *process) theRoom(t *testing.T) (name string, users int) {
	t.Helper()
	var list struct {
		Rooms []struct {
			Room  string
			Users int
		}
	}
	p.do(t, request{Method: "GET", Path: "/api/server/rooms?vendor=livekit", Header: serverKey}).decode(t, &list)
	if len(list.Rooms) != 1 {
		return "", 0
	}
	return list.Rooms[0].Room, list.Rooms[0].Users
}

const (
	firstPhone, secondPhone = ".stage > .phone:nth-of-type(1)", ".stage > .phone:nth-of-type(2)"
	clientsLoaded           = `performance.getEntriesByType("resource").filter(e=>e.name.endsWith("/console/livekit.js")).length`
	framesSeen              = `Math.min(...[".phone:nth-of-type(1)",".phone:nth-of-type(2)"].map(s=>(document.querySelector(s+" video.theirs")?.getVideoPlaybackQuality().totalVideoFrames)||0))`
)

// call goes from the ask to the call on the stage's two phones.
func (b *tab) call(t *testing.T) {
	t.Helper()
	b.holds(t, "both phones are live", `document.querySelectorAll(".phone button.on[aria-pressed=true]").length>=2`)
	b.press(t, secondPhone, "Take calls")
	b.press(t, firstPhone, "Find somebody to talk to")
	b.press(t, secondPhone, "Accept")
	b.press(t, secondPhone, "Begin the call")
	b.press(t, firstPhone, "Begin the call")
}

func TestTheStageShowsARealCall(t *testing.T) {
	t.Parallel()
	p := startWithLiveKit(t)
	for _, c := range []struct {
		name, says string
		flags      []string
	}{
		{"with a camera", "Picture only", []string{"--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream", "--allow-loopback-in-peer-connection"}},
		{"without one", "No camera here", []string{"--allow-loopback-in-peer-connection"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := browse(t, c.flags...)
			b.size(t, 1440, 1000)
			b.open(t, p.URL+"/")
			var loaded, before int
			if b.eval(t, clientsLoaded, &loaded); loaded != 0 {
				t.Error("LiveKit's client is loaded before anybody calls")
			}
			b.call(t)
			b.holds(t, "each sees ten frames of the other", framesSeen+">=10")
			b.holds(t, "it says whose picture it is", `[...document.querySelectorAll(".video")].every(e=>e.innerText.includes("`+c.says+`"))`)
			room, users := "", 0
			until(t, "both are in one room", func() bool { room, users = p.theRoom(t); return users == 2 })
			b.shoot(t, "video-"+strings.ReplaceAll(c.name, " ", "-"))
			if c.name == "with a camera" {
				b.press(t, firstPhone, "Draw instead")
				b.holds(t, "the drawn picture is on", `document.querySelector(".video button[aria-pressed=true]")`)
				b.press(t, "header.top", "中文")
				b.press(t, firstPhone, inLanguage(t, "zh", "")("Draw instead"))
				b.holds(t, "the camera is on again", `document.querySelector(".video button[aria-pressed=false]")&&!document.querySelector(".video button[aria-pressed=true]")`)
				b.press(t, firstPhone, inLanguage(t, "zh", "")("Draw instead"))
				b.press(t, "header.top", "English")
				b.holds(t, "the drawn picture is on again", `document.querySelector(".video button[aria-pressed=true]")`)
				b.eval(t, framesSeen, &before)
				b.holds(t, "frames go on", framesSeen+">"+strconv.Itoa(before+10)+`||document.querySelector(".phone:nth-of-type(2) video.theirs").getVideoPlaybackQuality().totalVideoFrames>`+strconv.Itoa(before+10))
			}
			b.press(t, firstPhone, "Like, and pay")
			// A call that ends within SWITCHBOARD_PAIRING_SKEW_MAX of its like, 250 ms, may cost nothing.
			liked := time.Now()
			until(t, "the call is long enough to cost", func() bool { return time.Since(liked) > time.Second })
			b.press(t, firstPhone, "Hang up")
			b.holds(t, "both phones are free and show no picture", `!document.querySelector(".video") && [...document.querySelectorAll(".phone")].every(e=>e.innerText.includes("Find somebody to talk to"))`)
			until(t, "the room has ended", func() bool {
				var state struct{ State string }
				_ = json.Unmarshal(p.do(t, request{Method: "GET", Path: "/api/server/rooms/" + room + "?vendor=livekit", Header: serverKey}).Data, &state)
				return state.State == "absent"
			})
			paid := "984"
			if c.name == "with a camera" {
				paid = "992"
			}
			b.holds(t, "the asker sees that a minute is paid", `document.querySelector("`+firstPhone+` .bar").innerText.includes("`+paid+` coins")`)
			b.clean(t, c.name)
		})
	}
}

// The page may connect to LiveKit's server where there is one, and to nothing else.
func TestThePageMayCallNobodyElse(t *testing.T) {
	policy := func(p *process) string {
		return p.do(t, request{Method: "GET", Path: "/", Bad: true}).Header.Get("Content-Security-Policy")
	}
	with := func(url string) func(*Config) {
		return func(c *Config) {
			c.LiveKit.URL, c.LiveKit.APIKey, c.LiveKit.APISecret = url, livekittest.Key, vendors.Secret(livekittest.Secret)
		}
	}
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"mocks alone":         {nil, "connect-src 'self';"},
		"LiveKit":             {with("wss://rtc.example:7443/path?q"), "connect-src 'self' wss://rtc.example:7443;"},
		"no host of a policy": {with("ws://rtc.example;script-src"), "connect-src 'self';"},
		"keys of one's own":   {func(c *Config) { withKeys(c); with("wss://rtc.example")(c) }, "connect-src 'self';"},
	} {
		if got := policy(start(t, c.change)); !strings.Contains(got, c.want) || strings.Count(got, "script-src") != 1 {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// What is vendored is what its package has; the program passes the licences on.
func TestWhatThePageVendorsIsItsPackages(t *testing.T) {
	const vendored = "../handlers/console/ui/vendor/"
	client := filepath.Join(livekittest.Modules(t), "node_modules", "livekit-client")
	preact := filepath.Join(modules(t), "node_modules", "preact")
	for file, source := range map[string]string{
		"livekit-client.umd.js": filepath.Join(client, "dist", "livekit-client.umd.js"), "LICENSE-livekit-client": filepath.Join(client, "LICENSE"),
		"preact.mjs": filepath.Join(preact, "dist", "preact.mjs"), "hooks.mjs": filepath.Join(preact, "hooks", "dist", "hooks.mjs"),
		"jsxRuntime.mjs": filepath.Join(preact, "jsx-runtime", "dist", "jsxRuntime.mjs"), "LICENSE-preact": filepath.Join(preact, "LICENSE"),
	} {
		have, err := os.ReadFile(vendored + file)
		want, second := os.ReadFile(source)
		if strings.HasSuffix(file, ".mjs") { // without the line that names a source map
			want, _, _ = bytes.Cut(want, []byte("//# sourceMappingURL"))
		}
		if err != nil || second != nil || !bytes.Equal(bytes.TrimSpace(have), bytes.TrimSpace(want)) {
			t.Errorf("%s is not that of its package: %v %v", file, err, second)
		}
	}
	p := start(t, nil)
	served := get(t, p.URL+"/console/licences.txt")
	for _, words := range []string{"Jason Miller", "Apache License", "sdp-transform", "WebRTC project authors"} {
		if !strings.Contains(served, words) {
			t.Errorf("/console/licences.txt lacks %q", words)
		}
	}
	if got := p.do(t, request{Method: "GET", Path: "/console/LICENSE-preact", Bad: true}); got.Status != http.StatusNotFound {
		t.Errorf("%d", got.Status)
	}
}
