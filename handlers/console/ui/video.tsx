// The picture of a call on one phone of the stage: LiveKit's client, which is loaded
// when the first call begins, a camera or what stands for one, and the other's picture.
import { useEffect, useRef, useState } from "preact/hooks";
import { Note, said } from "./parts.tsx";
import { t } from "./words.ts";

export interface Join { url: string; token: string; room: string }

// What is used of livekit-client 2 (vendor/README.md).
interface Track { kind: string; attach(to: HTMLMediaElement): void; detach(from: HTMLMediaElement): void }
interface Room {
  connect(url: string, token: string): Promise<void>;
  disconnect(): Promise<void>;
  on(event: "trackSubscribed" | "trackUnsubscribed", then: (track: Track) => void): this;
  on(event: "disconnected", then: () => void): this;
  localParticipant: { publishTrack(track: MediaStreamTrack, options: object): Promise<unknown>; unpublishTrack(track: MediaStreamTrack): Promise<unknown> };
}
interface LiveKit { Room: new () => Room; setLogLevel(level: "silent"): void }

const clientFile = "/console/livekit.js";
const load = async (): Promise<LiveKit> => {
  await import(clientFile);
  const client = (globalThis as unknown as { LivekitClient: LiveKit }).LivekitClient;
  client.setLogLevel("silent"); // it logs a hang-up as an error; what fails is told by promises
  return client;
};

interface Source { track: MediaStreamTrack; drawn: boolean; stop: () => void }

// draw makes a picture that lives: where there is no camera, or nobody wants to be seen.
function draw(user: string): Source {
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 240 });
  const on = canvas.getContext("2d")!;
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const paint = () => {
    const now = new Date(), turn = calm ? 0 : now.getTime() / 900;
    on.fillStyle = `hsl(${(Number(user) * 137) % 360} 45% 32%)`;
    on.fillRect(0, 0, 320, 240);
    on.fillStyle = "#fff";
    on.beginPath();
    on.arc(160 + 90 * Math.cos(turn), 78 + 20 * Math.sin(2 * turn), 14, 0, 7);
    on.fill();
    on.font = "600 44px system-ui, sans-serif"; on.textAlign = "center";
    on.fillText(user, 160, 165);
    on.font = "18px system-ui, sans-serif";
    on.fillText(now.toLocaleTimeString("en-GB"), 160, 200);
  };
  paint();
  const timer = setInterval(paint, 66), track = canvas.captureStream(15).getVideoTracks()[0];
  return { track, drawn: true, stop: () => { clearInterval(timer); track.stop(); } };
}

// look opens the camera, or draws where there is none, nobody allows it, or the page
// may not ask because it did not come over https.
async function look(user: string, drawn: boolean): Promise<Source> {
  if (drawn) return draw(user);
  try {
    const stream = await navigator.mediaDevices.getUserMedia({ video: { width: 320, height: 240 } });
    const track = stream.getVideoTracks()[0];
    return { track, drawn: false, stop: () => track.stop() };
  } catch { return draw(user); }
}

// Video is in the room as long as it is on the page. There is no sound: two phones in
// one room would howl.
export function Video({ user, peer, join }: { user: string; peer: string; join: Join }) {
  const theirs = useRef<HTMLVideoElement>(null), mine = useRef<HTMLVideoElement>(null);
  const [room, enter] = useState<Room>();
  const [drawn, wantDrawn] = useState(false);
  const [source, shown] = useState<Source>();
  const [seen, see] = useState(false);
  const [error, fail] = useState("");

  useEffect(() => {
    let gone = false, mounted: Room | undefined;
    void load().then(async ({ Room }) => {
      if (gone) return;
      mounted = new Room();
      mounted.on("trackSubscribed", (track) => { if (track.kind === "video" && theirs.current) { track.attach(theirs.current); see(true); } });
      mounted.on("trackUnsubscribed", (track) => { if (theirs.current) track.detach(theirs.current); see(false); });
      mounted.on("disconnected", () => { see(false); enter(undefined); });
      await mounted.connect(join.url, join.token);
      if (!gone) enter(mounted);
    }).catch((e) => { if (!gone) fail(said(e)); });
    return () => { gone = true; void mounted?.disconnect(); };
  }, [join.token]);

  useEffect(() => {
    if (!room) return;
    let gone = false, sent: Source | undefined;
    const send = async () => {
      const found = await look(user, drawn);
      if (gone) return found.stop();
      sent = found;
      shown(found);
      if (mine.current) mine.current.srcObject = new MediaStream([found.track]);
      await room.localParticipant.publishTrack(found.track, { source: "camera", simulcast: false });
    };
    send().catch((e) => { if (!gone) fail(said(e)); });
    return () => {
      gone = true;
      shown(undefined);
      if (sent) void room.localParticipant.unpublishTrack(sent.track).catch(() => undefined).then(sent.stop);
    };
  }, [room, drawn]);

  return (
    <div class="video">
      <div class="views">
        <video ref={theirs} class="theirs" autoplay muted playsInline aria-label={`${t("pictureOf")} ${peer}`} />
        <video ref={mine} class="mine" autoplay muted playsInline aria-label={`${t("pictureOf")} ${user}`} />
        {!seen && <span class="wait small">{t("waitPicture")} {peer}</span>}
      </div>
      {source && <div class="row small"><span class="grow soft">{source.drawn && !drawn ? t("noCamera") : t("silent")}</span><button class="plain" aria-pressed={source.drawn} disabled={source.drawn && !drawn} onClick={() => wantDrawn(!drawn)}>{t("drawn")}</button></div>}
      {error && <Note kind="bad">{t("noVideo")}: {error}</Note>}
    </div>
  );
}
