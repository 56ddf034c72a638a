// Made by openapi/generate from realtime.ts. DO NOT EDIT.
var __defProp = Object.defineProperty;
var __defNormalProp = (obj, key, value) => key in obj ? __defProp(obj, key, { enumerable: true, configurable: true, writable: true, value }) : obj[key] = value;
var __publicField = (obj, key, value) => __defNormalProp(obj, typeof key !== "symbol" ? key + "" : key, value);

// typescript/realtime.ts
var Code = { shutdown: 3e3, slow: 3001, internal: 3002, replaced: 3500, token: 3501, banned: 3502, badRequest: 3503, ended: 3504 };
var closing = { 10007: Code.banned, 10101: Code.token };
var firstWait = 500;
var longestWait = 3e4;
var remembered = 500;
var unanswered = 15e3;
var Realtime = class {
  constructor(options) {
    __publicField(this, "options", options);
    __publicField(this, "state", "idle");
    __publicField(this, "position");
    __publicField(this, "device", "");
    __publicField(this, "attempts", 0);
    // failed ones since it was live
    __publicField(this, "refreshed", false);
    // 3501 came since it was live
    __publicField(this, "choice", 0);
    // which of the transports
    __publicField(this, "turn", 0);
    // rises with each attempt: what an older one still says is not heard
    __publicField(this, "seen", /* @__PURE__ */ new Set());
    __publicField(this, "drop", () => {
    });
    __publicField(this, "timer");
    __publicField(this, "transports");
    __publicField(this, "online", () => {
      if (this.state === "waiting") void this.connect();
    });
    this.position = options.since ?? "";
    this.transports = options.transports?.length ? options.transports : ["ws", "sse", "poll"];
  }
  // Where it stands: what to name as since when the page is opened anew.
  get since() {
    return this.position;
  }
  start() {
    if (this.state !== "idle" && this.state !== "ended") return;
    globalThis.addEventListener?.("online", this.online);
    this.attempts = 0;
    void this.connect();
  }
  stop() {
    globalThis.removeEventListener?.("online", this.online);
    this.leave();
    this.become("idle");
  }
  // leave drops the connection or the waiting for one.
  leave() {
    this.turn++;
    clearTimeout(this.timer);
    this.drop();
    this.drop = () => {
    };
  }
  get transport() {
    return this.transports[this.choice % this.transports.length];
  }
  become(state, detail = {}) {
    this.state = state;
    this.options.onState?.(state, { transport: this.transport, ...detail });
  }
  async connect() {
    this.leave();
    const mine = this.turn;
    this.become("connecting");
    try {
      this.device || (this.device = this.options.device || await deviceOfThisTab());
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
  address(protoc) {
    const query = new URLSearchParams({ protoc, device: this.device, since: this.position });
    const base = this.options.base || globalThis.location?.origin || "";
    return (protoc === "ws" ? base.replace(/^http/, "ws") : base) + "/notify?" + query;
  }
  websocket(mine, token) {
    const socket = new WebSocket(this.address("ws"), ["bearer", token]);
    this.drop = () => socket.close();
    socket.onmessage = (e) => this.frame(mine, JSON.parse(e.data));
    socket.onclose = (e) => this.lost(mine, e.code, e.reason);
  }
  events(mine, token) {
    const stream = new EventSource(this.address("sse") + "&token=" + encodeURIComponent(token));
    this.drop = () => stream.close();
    stream.addEventListener("recovered", (e) => this.frame(mine, JSON.parse(e.data)));
    stream.addEventListener("message", (e) => this.frame(mine, JSON.parse(e.data)));
    stream.addEventListener("close", (e) => {
      const { code, error } = JSON.parse(e.data);
      this.lost(mine, code, error);
    });
    stream.onerror = () => this.lost(mine);
  }
  async poll(mine, token) {
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
  async now(token, signal) {
    const response = await fetch(this.address("sse"), { headers: { Authorization: "Bearer " + token }, signal });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (; ; ) {
      const { done, value } = await reader.read();
      text += value ?? "";
      const id = /^id: ?(.+)\n/m.exec(text);
      if (!done && !id) continue;
      void reader.cancel();
      return id && !id[1].includes("!") ? id[1] : "";
    }
  }
  // frame is a message, or what a session begins with.
  frame(mine, frame) {
    if (mine !== this.turn) return;
    if (this.state === "connecting") this.live();
    if (frame.recovered === void 0) return this.deliver(frame);
    if (!frame.recovered) {
      this.options.onGap?.();
      this.position = frame.position ?? "";
    }
    this.position || (this.position = frame.position ?? "");
  }
  live() {
    clearTimeout(this.timer);
    this.attempts = 0;
    this.refreshed = false;
    this.become("live");
  }
  deliver(message) {
    if (message.MsgId) {
      if (this.seen.has(message.MsgId)) return;
      this.seen.add(message.MsgId);
      if (this.seen.size > remembered) this.seen.delete(this.seen.values().next().value);
      this.position = message.MsgId;
    }
    this.options.onMessage(message);
  }
  // lost decides whether to come back: never after 3500 and above, but with a new token
  // after 3501 where there is somebody to ask for one.
  lost(mine, code = 0, reason = "") {
    if (mine !== this.turn) return;
    const wasLive = this.state === "live";
    this.leave();
    const renew = code === Code.token && typeof this.options.token === "function" && !this.refreshed;
    if (code >= Code.replaced && code < 4e3 && !renew) {
      globalThis.removeEventListener?.("online", this.online);
      return this.become("ended", { code, reason });
    }
    this.refreshed || (this.refreshed = renew);
    if (!wasLive && !renew && ++this.attempts % 2 === 0) this.choice++;
    const wait = renew ? 0 : Math.min(longestWait, firstWait * 2 ** Math.min(this.attempts, 8)) * (0.5 + Math.random() / 2);
    this.become("waiting", { code, reason, retryInMs: Math.round(wait) });
    this.timer = setTimeout(() => void this.connect(), wait);
  }
};
var held;
function deviceOfThisTab() {
  return held ?? (held = takeDevice());
}
async function takeDevice() {
  const fresh = () => crypto.getRandomValues(new Uint32Array(4)).join("-").slice(0, 60);
  const key = "switchboard-device";
  let storage;
  try {
    storage = globalThis.sessionStorage;
  } catch {
  }
  const locks = globalThis.navigator?.locks;
  if (!storage || !locks) return fresh();
  for (let name = storage.getItem(key) ?? fresh(); ; name = fresh()) {
    const mine = await new Promise((told) => {
      void locks.request("switchboard-" + name, { ifAvailable: true }, (lock) => {
        told(lock !== null);
        return lock && new Promise(() => {
        });
      });
    });
    if (!mine) continue;
    storage.setItem(key, name);
    return name;
  }
}
export {
  Code,
  Realtime
};
