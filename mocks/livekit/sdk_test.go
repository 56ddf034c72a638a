package livekit

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"switchboard/vendors/livekit/livekittest"
)

// script drives the mock by LiveKit's own packages: the server SDK, which speaks JSON,
// and the messages' protobuf by hand. It prints one line for each thing that holds.
const script = `
import { AccessToken, DataPacket_Kind, EgressClient, EncodedFileOutput, RoomServiceClient, WebhookReceiver } from "livekit-server-sdk";
import * as pb from "@livekit/protocol";
import fs from "node:fs";
const [url, key, secret, hooks] = process.argv.slice(2);
const rooms = new RoomServiceClient(url, key, secret), egress = new EgressClient(url, key, secret);
const say = (what, value) => console.log(what, JSON.stringify(value, (_, v) => typeof v === "bigint" ? String(v) : v));
const refused = async call => { try { await call; return "taken"; } catch (e) { return e.status + " " + e.code; } };
const made = await rooms.createRoom({ name: "sdk", emptyTimeout: 60, metadata: "m" });
say("created", [made.name, made.emptyTimeout, made.metadata, made.sid.slice(0, 3)]);
say("again", (await rooms.createRoom({ name: "sdk", emptyTimeout: 9 })).emptyTimeout);
say("stage", (await rooms.listParticipants("stage")).map(p => [p.identity, p.state, p.tracks.map(t => t.source)]));
const mic = (await rooms.getParticipant("stage", "known")).tracks[0];
say("muted", (await rooms.mutePublishedTrack("stage", "known", mic.sid, true)).muted);
say("unmuted", await refused(rooms.mutePublishedTrack("stage", "known", mic.sid, false)));
const changed = await rooms.updateParticipant("stage", "known", { permission: { canPublish: false, canSubscribe: true } });
say("permission", [changed.permission.canPublish, changed.permission.canSubscribe, changed.tracks.length]);
await rooms.sendData("stage", new TextEncoder().encode("hi"), DataPacket_Kind.RELIABLE, { topic: "t", destinationIdentities: ["known"] });
const started = await egress.startRoomCompositeEgress("stage", { file: new EncodedFileOutput({ filepath: "a.mp4" }) });
say("egress", [started.roomName, started.status, (await egress.listEgress({ roomName: "stage" })).length]);
say("stopped", (await egress.stopEgress(started.egressId)).status);
say("files", (await egress.listEgress({ roomName: "stage" }))[0].fileResults.map(f => f.filename));
await rooms.removeParticipant("stage", "known");
say("stranger", await refused(rooms.getParticipant("stage", "known")));
await rooms.deleteRoom("sdk");
say("rooms", (await rooms.listRooms()).map(r => [r.name, r.numParticipants]));
const token = new AccessToken(key, secret, { identity: "ann", name: "Ann" });
token.addGrant({ roomJoin: true, room: "stage", canPublish: false });
say("token", await token.toJwt());
const bearer = async grant => { const t = new AccessToken(key, secret); t.addGrant(grant); return t.toJwt(); };
const proto = async (method, grant, message, Answer) => {
  const r = await fetch(url + "/twirp/livekit.RoomService/" + method, { method: "POST", body: message.toBinary(),
    headers: { "Content-Type": "application/protobuf", Authorization: "Bearer " + await bearer(grant) } });
  if (r.headers.get("content-type") !== "application/protobuf") return await r.text();
  return Answer.fromBinary(new Uint8Array(await r.arrayBuffer()));
};
const room = await proto("CreateRoom", { roomCreate: true }, new pb.CreateRoomRequest({ name: "proto", maxParticipants: 7, departureTimeout: 3 }), pb.Room);
say("proto room", [room.name, room.maxParticipants, room.departureTimeout, room.creationTime > 0n]);
say("proto rooms", (await proto("ListRooms", { roomList: true }, new pb.ListRoomsRequest({ names: ["proto", "none"] }), pb.ListRoomsResponse)).rooms.length);
const admin = { roomAdmin: true, room: "stage" };
const peer = await proto("UpdateParticipant", admin, new pb.UpdateParticipantRequest({ room: "stage", identity: "peer", attributes: { a: "b" },
  permission: { canPublish: true, canSubscribe: true, canPublishSources: [pb.TrackSource.CAMERA, pb.TrackSource.MICROPHONE] } }), pb.ParticipantInfo);
say("proto peer", [peer.identity, peer.attributes, peer.permission.canPublishSources, peer.tracks.map(t => t.source)]);
say("proto refused", await proto("GetParticipant", admin, new pb.RoomParticipantIdentity({ room: "stage", identity: "nobody" }), pb.ParticipantInfo));
const receiver = new WebhookReceiver(key, secret);
const events = [];
for (const h of JSON.parse(fs.readFileSync(hooks))) { const e = await receiver.receive(h.body, h.authorization); events.push(e.event); }
say("webhooks", [...new Set(events)].sort());
`

func TestOfficialPackagesTakeTheMockForLiveKit(t *testing.T) {
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("no node is installed")
	}
	modules := livekittest.Modules(t)
	type hook struct {
		Body          string `json:"body"`
		Authorization string `json:"authorization"`
	}
	var mu sync.Mutex // guards hooks
	var hooks []hook
	target := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		hooks = append(hooks, hook{string(body), r.Header.Get("Authorization")})
	}))
	defer target.Close()
	m, err := Start(Config{CheckAnswers: true, Webhooks: target.URL, NoAnswer: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	app := m.Default()
	for _, user := range []string{"known", "peer"} {
		app.Enter("stage", user)
		app.Publish("stage", user, Microphone)
	}
	app.Leave("stage", "peer", "CONNECTION_TIMEOUT")
	app.Enter("stage", "peer")
	app.Publish("stage", "peer", Microphone)
	told := func() int { mu.Lock(); defer mu.Unlock(); return len(hooks) }
	for end := time.Now().Add(30 * time.Second); told() < 9 && time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
	}
	dir := t.TempDir()
	file, program := filepath.Join(dir, "hooks.json"), filepath.Join(dir, "sdk.mjs")
	mu.Lock()
	raw, err := json.Marshal(hooks)
	mu.Unlock()
	if err == nil {
		err = os.WriteFile(file, raw, 0o600)
	}
	if err == nil {
		err = os.WriteFile(program, []byte(script), 0o600)
	}
	if err == nil {
		err = os.Symlink(filepath.Join(modules, "node_modules"), filepath.Join(dir, "node_modules"))
	}
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(node, program, m.URL, app.Credential("api_key"), app.Credential("api_secret"), file).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	said := map[string]string{}
	for line := range strings.Lines(string(out)) {
		if words := strings.SplitN(strings.TrimSpace(line), " ", 2); len(words) == 2 && strings.HasPrefix(words[0], "proto") {
			rest := strings.SplitN(words[1], " ", 2)
			said[words[0]+" "+rest[0]] = rest[1]
		} else if len(words) == 2 {
			said[words[0]] = words[1]
		}
	}
	for what, want := range map[string]string{
		"created": `["sdk",60,"m","RM_"]`, "again": `60`, "stage": `[["known",2,[2]],["peer",2,[2]]]`, "muted": `true`, "unmuted": `"412 failed_precondition"`,
		"permission": `[false,true,0]`, "egress": `["stage",1,1]`, "stopped": `2`, "files": `["a.mp4"]`, "stranger": `"404 not_found"`, "rooms": `[["stage",1]]`,
		"proto room": `["proto",7,3,true]`, "proto rooms": `1`, "proto peer": `["peer",{"a":"b"},[1,2],[2]]`,
		"proto refused": `"{\"code\":\"not_found\",\"msg\":\"twirp error unknown: participant does not exist\"}"`,
		"webhooks":      `["participant_joined","participant_left","room_started","track_published","track_unpublished"]`,
	} {
		if said[what] != want {
			t.Errorf("%s: %s, want %s", what, said[what], want)
		}
	}
	if got := app.Inbox("known"); len(got) != 1 || string(got[0].Data) != "hi" || got[0].Topic != "t" || !got[0].Reliable {
		t.Errorf("known got %+v", got)
	}
	claims, ok := app.Read(strings.Trim(said["token"], `"`))
	if !ok || claims.Identity != "ann" || claims.Name != "Ann" || claims.Room != "stage" || claims.Publish || !claims.Subscribe {
		t.Errorf("the SDK's token gives %+v, let in: %t", claims, ok)
	}
	if err := app.Journal.Breaches(); err != nil {
		t.Error(err)
	}
}
