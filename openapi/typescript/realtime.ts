// Receives a user's messages by websocket, event stream or long poll. It comes back by
// itself where that is right, goes on after the last message that it has, and gives each
// tab a device of its own, so that tabs live beside each other.
import type { GatewayMessage } from "./generated.ts";
export type { GatewayMessage } from "./generated.ts";

export type Transport = "ws" | "sse" | "poll";

// Close codes. From 3500 on a client must not come back by itself.
export const Code = { shutdown: 3000, slow: 3001, internal: 3002, replaced: 3500, token: 3501, banned: 3502, badRequest: 3503, ended: 3504 } as const;

export type State = "idle" | "connecting" | "live" | "waiting" | "ended";

export interface RealtimeOptions {
  base?: string; // https://switchboard.example; empty: this page's origin
  token: string | (() => string | Promise<string>); // a function is asked again after 3501
  transports?: Transport[]; // tried in this order until one opens
  device?: string; // names this client among those of its user; empty: one for each tab
  since?: string; // go on after this message or position; empty: from now on
  onMessage: (message: GatewayMessage) => void;
  onState?: (state: State, detail: { transport: Transport; code?: number; reason?: string; retryInMs?: number }) => void;
  onGap?: () => void; // too much was missed: read the history
}

// What a poll answers where a socket is closed: it may meet a ban between two polls.
const closing: Record<number, number> = { 10007: Code.banned, 10101: Code.token };

const firstWait = 500; // ms before it comes back the first time; doubles
const longestWait = 30_000;
const remembered = 500; // ids of messages, against one that comes twice
const unanswered = 15_000; // ms until an attempt that nothing answers is given up

export class Realtime {
  private state: State = "idle";
  private position: string;
  private device = "";
  private attempts = 0; // failed ones since it was live
  private refreshed = false; // 3501 came since it was live
  private choice = 0; // which of the transports
  private turn = 0; // rises with each attempt: what an older one still says is not heard
  private seen = new Set<string>();
  private drop: () => void = () => {};
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly transports: Transport[];

  constructor(private readonly options: RealtimeOptions) {
    this.position = options.since ?? "";
    this.transports = options.transports?.length ? options.transports : ["ws", "sse", "poll"];
  }

  // Where it stands: what to name as since when the page is opened anew.
  get since(): string {
    return this.position;
  }

  start(): void {
    if (this.state !== "idle" && this.state !== "ended") return;
    globalThis.addEventListener?.("online", this.online);
    this.attempts = 0;
    void this.connect();
  }

  stop(): void {
    globalThis.removeEventListener?.("online", this.online);
    this.leave();
    this.become("idle");
  }

  private online = () => {
    if (this.state === "waiting") void this.connect();
  };

  // leave drops the connection or the waiting for one.
  private leave() {
    this.turn++;
    clearTimeout(this.timer);
    this.drop();
    this.drop = () => {};
  }

  private get transport(): Transport {
    return this.transports[this.choice % this.transports.length];
  }

  private become(state: State, detail: { code?: number; reason?: string; retryInMs?: number } = {}) {
    this.state = state;
    this.options.onState?.(state, { transport: this.transport, ...detail });
  }

  private async connect() {
    this.leave();
    const mine = this.turn;
    this.become("connecting");
    try {
      this.device ||= this.options.device || (await deviceOfThisTab());
      const { token } = this.options;
      const current = typeof token === "function" ? await token() : token;
      if (mine !== this.turn) return;
      this.timer = setTimeout(() => this.lost(mine), unanswered);
      if (this.transport === "ws") this.websocket(mine, current);
      else if (this.transport === "sse") this.events(mine, current);
      else void this.poll(mine, current);
    } catch (e) {
      this.lost(mine, 0, String(e));
    }
  }

  private address(protoc: Transport): string {
    const query = new URLSearchParams({ protoc, device: this.device, since: this.position });
    const base = this.options.base || globalThis.location?.origin || "";
    return (protoc === "ws" ? base.replace(/^http/, "ws") : base) + "/notify?" + query;
  }

  private websocket(mine: number, token: string) {
    const socket = new WebSocket(this.address("ws"), ["bearer", token]);
    this.drop = () => socket.close();
    socket.onmessage = (e) => this.frame(mine, JSON.parse(e.data));
    socket.onclose = (e) => this.lost(mine, e.code, e.reason);
  }

  private events(mine: number, token: string) {
    const stream = new EventSource(this.address("sse") + "&token=" + encodeURIComponent(token));
    this.drop = () => stream.close();
    stream.addEventListener("recovered", (e) => this.frame(mine, JSON.parse((e as MessageEvent).data)));
    stream.addEventListener("message", (e) => this.frame(mine, JSON.parse(e.data)));
    stream.addEventListener("close", (e) => {
      const { code, error } = JSON.parse((e as MessageEvent).data);
      this.lost(mine, code, error);
    });
    stream.onerror = () => this.lost(mine);
  }

  private async poll(mine: number, token: string) {
    const asked = new AbortController();
    this.drop = () => asked.abort();
    if (this.position === "") this.position = await this.now(token, asked.signal);
    if (mine === this.turn) this.live();
    while (mine === this.turn) {
      let answer;
      try {
        const response = await fetch(this.address("poll"), { headers: { Authorization: "Bearer " + token }, signal: asked.signal, cache: "no-store" });
        answer = response.status === 204 ? { Msg: [], recovered: true, position: this.position } : await response.json();
        if (response.status === 429) return this.lost(mine, Code.internal, "too often");
      } catch {
        return this.lost(mine);
      }
      if (typeof answer.code === "number") return this.lost(mine, closing[answer.code] ?? answer.code, answer.error);
      if (mine !== this.turn) return;
      if (!answer.recovered) this.options.onGap?.();
      for (const message of answer.Msg) this.deliver(message);
      this.position = answer.position;
    }
  }

  // now asks an event stream for the position: a poll tells one only when something came.
  private async now(token: string, signal: AbortSignal): Promise<string> {
    const response = await fetch(this.address("sse"), { headers: { Authorization: "Bearer " + token }, signal });
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      text += value ?? "";
      const id = /^id: ?(.+)\n/m.exec(text);
      if (!done && !id) continue;
      void reader.cancel();
      return id && !id[1].includes("!") ? id[1] : "";
    }
  }

  // frame is a message, or what a session begins with.
  private frame(mine: number, frame: GatewayMessage & { recovered?: boolean; position?: string }) {
    if (mine !== this.turn) return;
    if (this.state === "connecting") this.live();
    if (frame.recovered === undefined) return this.deliver(frame);
    if (!frame.recovered) {
      this.options.onGap?.();
      this.position = frame.position ?? "";
    }
    this.position ||= frame.position ?? "";
  }

  private live() {
    clearTimeout(this.timer);
    this.attempts = 0;
    this.refreshed = false;
    this.become("live");
  }

  private deliver(message: GatewayMessage) {
    if (message.MsgId) {
      if (this.seen.has(message.MsgId)) return;
      this.seen.add(message.MsgId);
      if (this.seen.size > remembered) this.seen.delete(this.seen.values().next().value!);
      this.position = message.MsgId;
    }
    this.options.onMessage(message);
  }

  // lost decides whether to come back: never after 3500 and above, but with a new token
  // after 3501 where there is somebody to ask for one.
  private lost(mine: number, code = 0, reason = "") {
    if (mine !== this.turn) return;
    const wasLive = this.state === "live";
    this.leave();
    const renew = code === Code.token && typeof this.options.token === "function" && !this.refreshed;
    if (code >= Code.replaced && code < 4000 && !renew) {
      globalThis.removeEventListener?.("online", this.online);
      return this.become("ended", { code, reason });
    }
    this.refreshed ||= renew;
    if (!wasLive && !renew && ++this.attempts % 2 === 0) this.choice++; // two attempts each, then the next transport
    const wait = renew ? 0 : Math.min(longestWait, firstWait * 2 ** Math.min(this.attempts, 8)) * (0.5 + Math.random() / 2);
    this.become("waiting", { code, reason, retryInMs: Math.round(wait) });
    this.timer = setTimeout(() => void this.connect(), wait);
  }
}

// deviceOfThisTab is kept in sessionStorage, which a browser copies when a tab is
// duplicated: the tab that holds the lock of the name keeps it, another takes a new one.
let held: Promise<string> | undefined;
function deviceOfThisTab(): Promise<string> {
  return (held ??= takeDevice());
}

async function takeDevice(): Promise<string> {
  const fresh = () => crypto.getRandomValues(new Uint32Array(4)).join("-").slice(0, 60);
  const key = "switchboard-device";
  let storage: Storage | undefined;
  try {
    storage = globalThis.sessionStorage;
  } catch {} // a page may not be allowed to store anything
  const locks = globalThis.navigator?.locks;
  if (!storage || !locks) return fresh();
  for (let name = storage.getItem(key) ?? fresh(); ; name = fresh()) {
    const mine = await new Promise<boolean>((told) => {
      void locks.request("switchboard-" + name, { ifAvailable: true }, (lock) => {
        told(lock !== null);
        return lock && new Promise(() => {}); // until the tab closes
      });
    });
    if (!mine) continue;
    storage.setItem(key, name);
    return name;
  }
}
