// The sandbox's stage: two people's phones over the gateway, what the mock vendors
// received, and what explain tells of each call.
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Client } from "../../../openapi/typescript/client.ts";
import { Realtime, type GatewayMessage, type State } from "../../../openapi/typescript/realtime.ts";
import { admin, mock, traced, type Call, type JournalEntry, type Session } from "./api.ts";
import { ask as explain, stateKind, Steps } from "./explain.tsx";
import { Badge, Card, Lead, Note, said, useLive } from "./parts.tsx";
import { Video, type Join } from "./video.tsx";
import { joined, number, t, time, told } from "./words.ts";

type Sandbox = NonNullable<Session["sandbox"]>;
type Traced = (call: Call) => void;
type Timed = Call & { at: string };

const people = ["1001", "1002"];
const quiet = /\/wallet$|\/inner\/get_token$|\/get_|\/pair\/info$/; // asked by the page itself, not by a person

export function Stage({ sandbox }: { sandbox: Sandbox }) {
  const [calls, setCalls] = useState<Timed[]>([]);
  const told: Traced = (call) => {
    if (!quiet.test(call.path)) setCalls((old) => [{ ...call, at: new Date().toISOString() }, ...old].slice(0, 30));
  };
  const backend = useMemo(() => new Client({ appId: sandbox.app, appKey: sandbox.key, fetch: traced(told) }), []);
  const [conversation, setConversation] = useState("");
  const [error, fail] = useState("");
  const [coinsTurn, turnCoins] = useState(0); // rises when coins may have changed
  const live = useLive(() => admin.ask("sessions", {}), 2000);
  const online = new Set(live.data?.sessions.map((s) => s.user));
  useEffect(() => {
    const quietly = new Client({ appId: sandbox.app, appKey: sandbox.key });
    quietly.ask("imCreate", { body: { client_id: people[0], to_client_ids: [people[1]], conv_type: 1 } }).then((made) => setConversation((made as { conv_id: string }).conv_id)).catch((e) => fail(said(e)));
  }, []);
  return (
    <>
      <Lead title={t("stage")} text={t("stageLead")} />
      {error && <Note kind="bad">{error}</Note>}
      <div class="stage">
        {people.map((user, i) => <Phone key={user} user={user} peer={people[1 - i]} sandbox={sandbox} conversation={conversation} peerOnline={online.has(people[1 - i])} coinsTurn={coinsTurn} told={told} onLive={live.again} />)}
        <div class="stack side">
          <Controls sandbox={sandbox} backend={backend} onCoins={() => turnCoins((n) => n + 1)} />
          <div class="panes"><Happened calls={calls} clear={() => setCalls([])} /><Received mocks={sandbox.mocks} /></div>
        </div>
      </div>
    </>
  );
}

// Pair is how the pairing stands on one phone.
interface Pair { kind: "idle" | "searching" | "offer" | "matched" | "call" | "liked" | "ended"; ask?: string; round?: number; peer?: number; asker?: boolean; call?: string; join?: Join }

function Phone({ user, peer, sandbox, conversation, peerOnline, coinsTurn, told, onLive }: { user: string; peer: string; sandbox: Sandbox; conversation: string; peerOnline: boolean; coinsTurn: number; told: Traced; onLive: () => void }) {
  const token = useMemo(() => {
    const mint = new Client({ appId: sandbox.app, appKey: sandbox.key });
    return () => mint.ask("mintToken", { body: { session: user, platform: 1 } });
  }, []);
  const me = useMemo(() => new Client({ token, fetch: traced(told) }), []);
  const [state, setState] = useState<State>("idle");
  const [messages, setMessages] = useState<GatewayMessage[]>([]);
  const [coins, setCoins] = useState<number>();
  const [text, setText] = useState("");
  const [announced, announce] = useState(""); // the other's last message, for who hears the page
  const [open, setOpen] = useState(false);
  const [pair, setPair] = useState<Pair>({ kind: "idle" });
  const [error, fail] = useState("");
  const chat = useRef<HTMLDivElement>(null);
  const add = (all: GatewayMessage[]) => setMessages((old) => [...old, ...all.filter((m) => !old.some((o) => o.MsgId === m.MsgId))]);
  const wallet = () => me.ask("wallet", {}).then((w) => { setCoins(w.balance); return true; }, () => false);
  const attempt = (work: Promise<unknown>) => work.then(() => fail(""), (e) => fail(said(e)));

  // heard is a command of the product: docs/pairing.md has their names.
  const heard = ({ name, data }: { name: string; data: any }) => {
    if (name === "dispatch") setPair({ kind: "offer", ask: data.ask_no, round: data.round_no, peer: data.ask_uid });
    else if (name === "matched") setPair({ kind: "matched", ask: data.ask_no, round: data.round_no, peer: data.peer_uid, asker: String(data.ask_uid) === user });
    else if (name === "revoke" || name === "ended" || name === "end" || name === "cancel") { setPair((old) => (old.ask === data.ask_no ? { kind: "ended" } : old)); void wallet(); }
  };
  const line = useMemo(() => new Realtime({
    token, onState: (s) => { setState(s); onLive(); }, onGap: () => void load(),
    onMessage: (m) => {
      if (m.Type === 100) return heard(JSON.parse(m.Content));
      if (!m.ConversationID) return;
      add([m]);
      if (m.FromSession === peer) announce(m.Content);
    },
  }), []);
  const load = async () => { if (conversation) add((await me.ask("gatewayLast30", { body: { conversation_id: conversation } })).Msg.slice().reverse()); };
  useEffect(() => { line.start(); return () => line.stop(); }, []);
  useEffect(() => { // the vendor may be away: asked until it answers
    let timer = 0, over = false;
    const ask = () => void wallet().then((known) => { if (!known && !over) timer = window.setTimeout(ask, 2000); });
    ask();
    return () => { over = true; clearTimeout(timer); };
  }, [coinsTurn]);
  useEffect(() => { void load().catch(() => undefined); }, [conversation]);
  useEffect(() => { chat.current?.scrollTo(0, chat.current.scrollHeight); }, [messages, pair.kind]);
  useEffect(() => { // a call is charged a moment after its end
    if (pair.kind !== "ended") return;
    const timers = [1, 3, 8].map((s) => setTimeout(wallet, s * 1000));
    return () => timers.forEach(clearTimeout);
  }, [pair.kind]);
  useEffect(() => {
    if (!pair.ask || pair.kind === "ended") return;
    const timer = setInterval(() => {
      void me.call("pairInfo", { body: { ask_no: pair.ask! } }).then((a) => {
        if (a.code !== 0 || a.data.status !== 1) return;
        setPair((old) => (old.ask !== pair.ask || old.kind !== pair.kind ? old : { kind: pair.kind === "offer" ? "idle" : "ended" }));
        void wallet();
      }).catch(() => undefined);
      void wallet();
    }, 2000);
    return () => clearInterval(timer);
  }, [pair.ask, pair.kind]);

  const say = (e: Event) => {
    e.preventDefault();
    if (!text.trim()) return;
    void attempt(me.ask("gatewaySend", { body: { conversation_id: conversation, type: 1, content: text } }).then(() => setText("")));
  };
  // call tells the product that the call began; with LiveKit it is in the room that the
  // product has for it.
  const call = async () => {
    const at = { ask_no: pair.ask!, round_no: pair.round! };
    const join = sandbox.video ? await me.ask("issueRoomToken", { body: { ask_no: pair.ask! } }) : undefined;
    const room = join?.room ?? "room-" + pair.ask;
    await me.ask("pairCall", { body: { ...at, call_id: room, event: "started" } });
    setPair((old) => (old.ask === pair.ask && old.kind === "matched" ? { ...old, kind: "call", call: room, join } : old));
  };
  const connected = state === "live";
  const written = messages.filter((m) => m.FromSession !== ""); // the others are notices
  return (
    <section class="phone" aria-label={`${t("user")} ${user}`}>
      <div class="screen">
        <div class="bar">
          <span class={`face ${user === people[1] ? "b" : ""}`} aria-hidden="true">{user.slice(-2)}</span>
          <div class="grow"><b>{user}</b> <span class="soft small">{coins === undefined ? "" : `${number(coins)} ${t("coins")}`}</span><div class="small soft">{peer}: {peerOnline ? t("online") : t("offline")}</div></div>
          <button class="on" aria-pressed={connected} onClick={() => (state === "idle" || state === "ended" ? line.start() : line.stop())}>{state === "idle" || state === "ended" ? t("offline") : connected ? t("online") : "…"}</button>
        </div>
        <PairPanel pair={pair} available={open} error={error}
          onFind={() => attempt(me.ask("pairAsk", { body: {} }).then((a) => setPair((old) => (old.kind === "matched" ? old : { kind: "searching", ask: a.ask_no, asker: true }))))}
          onAvailable={() => attempt(me.ask("pairAvail", { body: { on: !open } }).then((a) => setOpen(a.on)))}
          onAnswer={(pass) => attempt(me.ask("pairAnswer", { body: { ask_no: pair.ask!, round_no: pair.round!, pass } }).then(() => { if (!pass) setPair({ kind: "idle" }); }))}
          onCall={() => attempt(call())}
          onLike={() => attempt(me.ask("pairConfirm", { body: { ask_no: pair.ask!, round_no: pair.round!, pass: true, peer_uid: pair.peer!, call_id: pair.call ?? "room-" + pair.ask } }).then(() => setPair({ ...pair, kind: "liked" })))}
          onEnd={() => attempt((pair.asker ? me.ask("pairCancel", { body: { ask_no: pair.ask! } }) : me.ask("pairCall", { body: { ask_no: pair.ask!, round_no: pair.round ?? 1, call_id: pair.call ?? "room-" + pair.ask, event: "ended" } })).then(() => { setPair({ kind: "ended" }); void wallet(); }))}>
          {(pair.kind === "call" || pair.kind === "liked") && (pair.join ? <Video user={user} peer={peer} join={pair.join} /> : <p class="soft small">{t("mockVideo")}</p>)}
        </PairPanel>
        <span class="unseen" role="status">{announced && `${peer}: ${announced}`}</span>
        <div class="chat" ref={chat} tabIndex={0} role="log" aria-live="off" aria-label={`${t("chatOf")} ${user}`}>
          {written.length === 0 && <p class="empty">{t("noMessages")}</p>}
          {written.map((m) => <div key={m.MsgId} class={`bubble ${m.FromSession === user ? "mine" : ""}`}>{m.Content}</div>)}
        </div>
        <form onSubmit={say}><input aria-label={`${t("messageOf")} ${user}`} placeholder={t("write")} value={text} onInput={(e) => setText(e.currentTarget.value)} maxLength={500} autocomplete="off" /><button class="main" disabled={!conversation}>{t("send")}</button></form>
      </div>
    </section>
  );
}

function PairPanel({ pair, available, error, children, onFind, onAvailable, onAnswer, onCall, onLike, onEnd }: {
  pair: Pair; available: boolean; error: string; children?: ComponentChildren; onFind: () => void; onAvailable: () => void; onAnswer: (pass: boolean) => void; onCall: () => void; onLike: () => void; onEnd: () => void;
}) {
  const kind = pair.kind === "offer" ? "offer" : pair.kind === "call" || pair.kind === "liked" ? "call" : "";
  return (
    <div class={`pair ${kind}`}>
      <span role="status">
        {pair.kind === "idle" && <span class="soft">{t("idle")}</span>}{pair.kind === "ended" && <span class="soft">{t("ended")}</span>}
        {pair.kind === "searching" && t("searching")}{pair.kind === "offer" && <>{t("offerFrom")} <b>{pair.peer}</b></>}{pair.kind === "matched" && <>{t("connecting")} <b>{pair.peer}</b></>}
        {(pair.kind === "call" || pair.kind === "liked") && <>{t("inCall")} <b>{pair.peer}</b>{pair.kind === "liked" && <> · {t("liked")}</>}</>}
      </span>
      {children}
      <div class="row">
        {(pair.kind === "idle" || pair.kind === "ended") && <><button class="main" onClick={onFind}>{t("find")}</button><button class="on" aria-pressed={available} onClick={onAvailable}>{t("available")}</button></>}
        {pair.kind === "offer" && <><button class="main" onClick={() => onAnswer(true)}>{t("accept")}</button><button onClick={() => onAnswer(false)}>{t("decline")}</button></>}
        {pair.kind === "matched" && <button class="main" onClick={onCall}>{t("startCall")}</button>}
        {pair.kind === "call" && pair.asker && <button class="main" onClick={onLike}>{t("like")}</button>}
        {(pair.kind === "searching" || pair.kind === "matched" || pair.kind === "call" || pair.kind === "liked") && <button class="bad" onClick={onEnd}>{pair.kind === "searching" ? t("cancel") : t("hangUp")}</button>}
      </div>
      {error && <Note kind="bad">{error}</Note>}
    </div>
  );
}

const faults = [
  { name: "hang", action: { kind: "hang" } }, { name: "refuse", action: { kind: "status", status: 500 } },
  { name: "dropAfter", action: { kind: "drop", after: true } }, { name: "slow", action: { kind: "delay", wait: "600ms" } },
] as const;
const whatOf = { hang: "hangWhat", refuse: "refuseWhat", dropAfter: "dropWhat", slow: "slowWhat" } as const;

// shareOf tells how many of several calls were served, and why one was not.
function shareOf(all: PromiseSettledResult<unknown>[]): string {
  const refused = all.filter((a) => a.status === "rejected");
  return [`${all.length - refused.length}/${all.length}`, refused[0] && said(refused[0].reason)].filter(Boolean).join(" · ");
}

function Controls({ sandbox, backend, onCoins }: { sandbox: Sandbox; backend: Client; onCoins: () => void }) {
  const [vendor, choose] = useState(sandbox.mocks.includes("rongcloud") ? "rongcloud" : sandbox.mocks[0]);
  const [active, setActive] = useState<Record<string, string>>({}); // the fault that each vendor has
  const [answer, setAnswer] = useState<{ ok: boolean; text: string }>();
  const health = useLive(() => admin.ask("vendors", {}), 2000);
  const doubts = useLive(() => admin.ask("doubts", {}), 2000);
  const show = (work: Promise<string>) => work.then((text) => setAnswer({ ok: true, text }), (e) => setAnswer({ ok: false, text: said(e) })).then(() => { health.again(); doubts.again(); onCoins(); });
  const open = doubts.data?.writes.length ?? 0;
  useEffect(onCoins, [open]);
  // Faults outlive this page: the mocks know them.
  useEffect(() => {
    for (const name of sandbox.mocks) {
      void mock<{ action: { kind: string } }[]>(name, "faults").then(([rule]) => { if (rule) setActive((old) => ({ ...old, [name]: faults.find((f) => f.action.kind === rule.action.kind)?.name ?? rule.action.kind })); }, () => undefined);
    }
  }, []);
  const toggle = async (name: keyof typeof whatOf, action: object) => {
    if (active[vendor]) await mock(vendor, "faults", { method: "DELETE" });
    if (active[vendor] === name) return setActive(({ [vendor]: _, ...rest }) => rest);
    await mock(vendor, "faults", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ match: {}, action }) });
    setActive((old) => ({ ...old, [vendor]: name }));
  };
  const mend = async () => {
    for (const name of sandbox.mocks) await mock(name, "faults", { method: "DELETE" });
    setActive({});
  };
  const tip = () => backend.ask("sendTip", { body: { from: people[0], targets: [people[1]], msg: "you are connected" } });
  const user = useMemo(() => new Client({ token: () => new Client({ appId: sandbox.app, appKey: sandbox.key }).ask("mintToken", { body: { session: people[0], platform: 1 } }), fetch: (backend as any).options.fetch }), []);
  return (
    <Card title={t("breakIt")} tools={<div class="row">{health.data?.vendors.map((v) => <Badge dot kind={v.healthy ? (active[v.name] ? "warn" : "ok") : "bad"}>{v.name}{v.healthy ? "" : ` · ${t("unhealthy")}`}</Badge>)}{open > 0 && <a class="badge warn" href="#/doubts">{joined(t("doubts"), open)}</a>}</div>}>
      <div class="stack">
        <div class="row"><label class="row small soft">{t("vendor")} <select value={vendor} onChange={(e) => choose(e.currentTarget.value)}>{sandbox.mocks.map((m) => <option>{m}</option>)}</select></label><span class="grow soft small last">{t("breakLead")}</span><button onClick={() => void show(mend().then(() => t("done")))}>{t("mend")}</button></div>
        <div class="faults">{faults.map((f) => <button aria-pressed={active[vendor] === f.name} onClick={() => toggle(f.name, f.action).catch((e) => setAnswer({ ok: false, text: said(e) }))}>{t(f.name)}<small>{t(whatOf[f.name])}</small></button>)}</div>
        <div><h3>{t("tryIt")}</h3><p class="soft small">{t("tryLead")}</p></div>
        <div class="row">
          <button class="main" onClick={() => show(tip().then(() => t("done")))}>{t("tip")}</button>
          <button onClick={() => show(Promise.allSettled(Array.from({ length: 10 }, tip)).then(shareOf))}>{t("tips")}</button>
          <button onClick={() => show(backend.ask("adjustWallet", { body: { uid: people[0], delta: 10, request_id: "gift-" + Date.now() } }).then(() => t("done")))}>{t("give")}</button>
          <button onClick={() => show(user.ask("translate", { body: { text: ["hello " + new Date().toLocaleTimeString()], short: "zh" } }).then((a) => a.join(" ")))}>{t("translate")}</button>
          <button onClick={() => show(user.ask("beforeMessage", { body: { rc_msg: "RC:TxtMsg", peer_uid: people[1], content: "hello" } }).then(() => t("done")))}>{t("check")}</button>
        </div>
        {answer && <Note kind={answer.ok ? "ok" : "bad"}>{answer.text}</Note>}
      </div>
    </Card>
  );
}

function Happened({ calls, clear }: { calls: Timed[]; clear: () => void }) {
  return (
    <Card title={t("happened")} tools={<button class="plain" onClick={clear}>{t("clear")}</button>} flush>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("happened")}>
        {calls.length === 0 ? <p class="empty">{t("noCalls")}</p> : <ul class="feed">{calls.map((c) => <Told key={c.id} call={c} />)}</ul>}
      </div>
    </Card>
  );
}

// Told asks explain until a write has ended, a few times for what explain does not know.
function Told({ call }: { call: Timed }) {
  const [found, set] = useState<Awaited<ReturnType<typeof explain>>>();
  useEffect(() => {
    let tries = 0, timer = 0;
    const look = async () => {
      const got = await explain(call.id).catch(() => undefined);
      set(got);
      const open = got?.writes.some((w) => w.state === "open" || w.state === "doubt");
      const known = got && got.writes.length + got.reads.length > 0;
      if (open || (!known && ++tries < 4)) timer = window.setTimeout(look, open ? 1500 : 300);
    };
    timer = window.setTimeout(look, 120);
    return () => clearTimeout(timer);
  }, []);
  const steps = [...(found?.writes.flatMap((w) => w.steps) ?? []), ...(found?.reads.flatMap((r) => r.steps) ?? [])];
  return (
    <li>
      <div class="head"><Badge kind={call.status < 400 && call.code === 0 ? "ok" : "bad"}>{call.code || call.status}</Badge><a class="wrap grow" href={"#/explain/" + call.id}><code>{call.path}</code></a>{found?.writes.map((w) => <Badge kind={stateKind(w.state)}>{told(w.state)}</Badge>)}<span class="soft small">{time(call.at)}</span></div>
      {steps.length > 0 ? <Steps steps={steps} /> : <p class="soft small">{t("noVendor")}</p>}
    </li>
  );
}

function Received({ mocks }: { mocks: string[] }) {
  const [entries, set] = useState<(JournalEntry & { vendor: string })[]>([]);
  useEffect(() => {
    let gone = false;
    // Short questions, one after the other: a browser has six connections for a host, in
    // all its tabs, and questions that wait would leave none for the page.
    void (async () => {
      for (const since: Record<string, number> = {}; !gone; await new Promise((f) => setTimeout(f, document.hidden ? 5000 : 1000))) {
        for (const vendor of mocks) {
          const fresh = await mock<JournalEntry[]>(vendor, `journal?since=${since[vendor] ?? 0}`).catch(() => []);
          if (gone) return;
          since[vendor] = fresh[fresh.length - 1]?.seq ?? since[vendor] ?? 0;
          if (fresh.length) set((old) => [...fresh.map((e) => ({ ...e, vendor })), ...old].sort((a, b) => b.at.localeCompare(a.at) || b.seq - a.seq).slice(0, 60));
        }
      }
    })();
    return () => { gone = true; };
  }, []);
  return (
    <Card title={t("received")} tools={<button class="plain" onClick={() => set([])}>{t("clear")}</button>} flush>
      <div class="scroll" tabIndex={0} role="region" aria-label={t("received")}>
        {entries.length === 0 && <p class="empty">{t("receivedLead")}</p>}
        <ul class="feed">
          {entries.map((e) => (
            <li key={e.vendor + e.seq}>
              <details>
                <summary class="wrap"><span class="head"><Badge kind="tint">{e.vendor}</Badge><code class="grow">{e.op || `${e.method} ${e.path}`}</code><span class="soft small">{time(e.at)}</span></span>
                  <span class="head">{(e.signature.ok || !e.fault) && <Badge kind={e.signature.ok ? "ok" : "bad"}>{e.signature.ok ? t("signed") : t("unsigned")}</Badge>}{e.fault && <Badge kind="warn">{joined(t("fault"), told(e.fault))}</Badge>}<span class="soft small">{[e.executed ? t("executed") : t("notExecuted"), e.status || "", e.code !== String(e.status) && e.code].filter(Boolean).join(" · ")}</span></span></summary>
                <pre>{[`${e.method} ${e.path}`, e.request, e.signature.canonical && `signed: ${e.signature.canonical}`, e.signature.reason ?? e.refused, e.answer].filter(Boolean).join("\n\n")}</pre>
              </details>
            </li>
          ))}
        </ul>
      </div>
    </Card>
  );
}
