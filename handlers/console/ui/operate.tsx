// The operators' views, each over one path of /admin.
import { useState } from "preact/hooks";
import { admin, Failure, type Operations } from "./api.ts";
import { stateKind } from "./explain.tsx";
import { At, Badge, Card, Dialog, Lead, Note, said, Spark, Table, useLive, Waiting } from "./parts.tsx";
import { joined, keep, number, read, t, time, told, type Word } from "./words.ts";

const often = 2000; // ms between two looks

// Change asks for a name and a reason, which the audit keeps.
function Change({ title, act, onClose, fields, send }: { title: string; act?: string; onClose: () => void; fields: any; send: (by: string, reason: string) => Promise<unknown> }) {
  const [by, setBy] = useState(read("name") ?? "");
  const [reason, setReason] = useState("");
  const [error, fail] = useState("");
  const submit = async () => {
    try {
      await send(by, reason);
      keep("name", by);
      onClose();
    } catch (e) { fail(e instanceof Failure && e.status === 409 ? t("changedMeanwhile") : said(e)); }
  };
  return (
    <Dialog title={title} onClose={onClose} onSubmit={submit}>
      {fields}
      <label class="field">{t("yourName")}<input value={by} onInput={(e) => setBy(e.currentTarget.value)} required maxLength={100} autocomplete="name" /></label>
      <label class="field">{t("reason")}<input value={reason} onInput={(e) => setReason(e.currentTarget.value)} required maxLength={100} autocomplete="off" /></label>
      {error && <Note kind="bad">{error}</Note>}
      <div class="row"><button class="main" disabled={!by.trim() || !reason.trim()}>{act ?? t("switchRoute")}</button><button type="button" onClick={onClose}>{t("cancel")}</button></div>
    </Dialog>
  );
}

export function Vendors({ mayChange }: { mayChange: boolean }) {
  const live = useLive(() => admin.ask("vendors", {}), often);
  const [open, setOpen] = useState("");
  const [mode, setMode] = useState<"auto" | "open" | "closed" | "observe">("open");
  const [kind, setKind] = useState("");
  return (
    <>
      <Lead title={t("vendors")} text={t("vendorsLead")} />
      <Waiting of={live} />
      <div class="grid">
        {live.data?.vendors.map((v) => (
          <Card title={v.name} tools={<><Badge dot kind={v.healthy ? "ok" : "bad"}>{v.healthy ? t("healthy") : t("unhealthy")}</Badge>{mayChange && <button onClick={() => setOpen(v.name)}>{t("switchBreaker")}</button>}</>} flush>
            <div class="body stack">
              <div class="row small soft"><span>{t("inFlight")} <b>{v.in_flight}/{v.cap}</b></span><span>{t("retries")} <b>{number(v.retries)}</b></span><span>{t("keys")} <b>{v.keys}</b></span><span>{t("clock")} <b>{number(v.clock_ahead_ms, 1)} ms</b></span></div>
              <div class="row">{(v.breakers ?? []).map((b) => <Badge dot kind={b.state === "closed" ? "ok" : b.state === "open" ? "bad" : "warn"}>{joined(b.class, b.mode === "auto" ? told(b.state, "breaker ") : `${told(b.mode, "mode ")}, ${t("switched")}`)}</Badge>)}</div>
              {v.last_fault && <p class="small wrap"><span class="soft">{joined(t("lastFault"), "")}</span>{v.last_fault}</p>}
            </div>
            <Table figures label={`${v.name}: ${t("operations")}`} empty={t("neverCalled")} head={[t("operation"), { num: t("calls") }, { num: t("perSecond") }, { num: "p50 ms" }, { num: "p99 ms" }, { num: t("headRoom") }]}
              rows={(v.operations ?? []).map((o) => [<code>{o.op}</code>, <>{number(o.calls)}{o.failed > 0 && <> <Badge kind="bad">{number(o.failed)} {t("failures")}</Badge></>}</>, number(o.per_second, 1), number(o.p50_ms, 1), number(o.p99_ms, 1), o.head_room === null ? "–" : number(o.head_room)])} />
            {(v.unknown_codes ?? []).length > 0 && <Table figures label={t("unknownCodes")} head={[t("unknownCodes"), { num: t("count") }, t("sample"), t("last")]} rows={(v.unknown_codes ?? []).map((u) => [<code>{u.op} {u.code}</code>, number(u.count), u.sample, time(u.last)])} />}
          </Card>
        ))}
      </div>
      {open && (
        <Change title={joined(t("switchBreaker"), open)} onClose={() => { setOpen(""); live.again(); }} send={(by, reason) => admin.ask("setBreaker", { path: { vendor: open }, body: { by, reason, mode, class: kind || undefined } })}
          fields={<>
            <label class="field">{t("mode")}<select value={mode} onChange={(e) => setMode(e.currentTarget.value as typeof mode)}>{["auto", "open", "closed", "observe"].map((m) => <option>{m}</option>)}</select><span class="soft small">{t("modeHint")}</span></label>
            <label class="field">{t("class")}<select value={kind} onChange={(e) => setKind(e.currentTarget.value)}><option value="">{t("all")}</option>{["read", "write", "token", "control"].map((m) => <option>{m}</option>)}</select></label>
          </>} />
      )}
    </>
  );
}

type Switches = Operations["routes"]["answer"];
type Route = Switches["routes"][string];

// spelled is a route as one writes it, shown is how one reads it.
const spelled = (r?: Route): string => {
  if (!r?.vendors?.length) return "–";
  const weighted = r.vendors.some((v) => v.weight);
  return (r.mode && r.mode !== "ordered" ? r.mode + "/" : "") + r.vendors.map((v) => (weighted ? `${v.vendor}=${v.weight ?? 0}` : v.vendor)).join(",");
};

const shown = (r?: Route): string => {
  const vendors = r?.vendors ?? [], sum = vendors.reduce((n, v) => n + (v.weight ?? 0), 0);
  if (r?.mode && r.mode !== "ordered" && r.mode !== "weighted") return spelled(r);
  return sum > 0 ? vendors.map((v) => `${v.vendor} ${number(((v.weight ?? 0) / sum) * 100)}%`).join(" · ") : vendors.map((v) => v.vendor).join(" → ") || "–";
};

export function Routes({ mayChange }: { mayChange: boolean }) {
  const live = useLive(() => admin.ask("routes", {}), often);
  const [capability, choose] = useState("");
  const [text, setText] = useState("");
  const table = live.data;
  const names = Object.keys(table?.routes ?? {}).sort();
  const send = (by: string, reason: string) => {
    const routes: Record<string, string | Route> = { ...table!.switched };
    if (text.trim()) routes[capability] = text.trim();
    else delete routes[capability];
    return admin.ask("setRoutes", { body: { by, reason, version: table!.version, routes } });
  };
  return (
    <>
      <Lead title={t("routes")} text={t("routesLead")} tools={table && <Badge>{t("version")} {table.version}</Badge>} />
      <Waiting of={live} />
      {table && (
        <Card title={t("routes")} flush bare>
          <Table label={t("routes")} head={[t("capability"), t("goesTo"), t("state"), ""]}
            rows={names.map((name) => [<code>{name}</code>, <b>{shown(table.routes[name])}</b>, table.switched[name] ? <Badge kind="warn">{t("byHand")}</Badge> : <span class="soft small">{t("asConfigured")}</span>,
              mayChange ? <button aria-label={`${t("switchRoute")} ${name}`} onClick={() => { choose(name); setText(table.switched[name] ? spelled(table.switched[name]) : spelled(table.routes[name]).replace("–", "")); }}>{t("switchRoute")}</button> : ""])} />
        </Card>
      )}
      {capability && table && (
        <Change title={joined(t("switchTitle"), capability)} onClose={() => { choose(""); live.again(); }} send={send}
          fields={<label class="field">{t("route")}<input value={text} onInput={(e) => setText(e.currentTarget.value)} spellcheck={false} autocomplete="off" /><span class="soft small">{t("routeHint")}</span></label>} />
      )}
    </>
  );
}

export function Doubts() {
  const live = useLive(() => admin.ask("doubts", {}), often);
  return (
    <>
      <Lead title={t("doubts")} text={t("doubtsLead")} tools={live.data && <Badge kind={live.data.writes.length ? "warn" : "ok"}>{live.data.writes.length}{live.data.more ? "+" : ""}</Badge>} />
      <Waiting of={live} />
      {live.data && <Card title={t("doubts")} flush bare>
        <Table label={t("doubts")} empty={t("noDoubts")} head={[t("operation"), t("state"), t("vendor"), t("app"), { num: t("checks") }, t("created"), t("request")]}
          rows={live.data.writes.map((w) => [<code>{w.op}</code>, <Badge kind={stateKind(w.state)}>{told(w.state)}</Badge>, w.vendor, w.app, w.checks, <At at={w.created} />, <a href={"#/explain/" + encodeURIComponent(w.request_id)}><code>{w.request_id}</code></a>])} />
      </Card>}
    </>
  );
}

type Owner = Operations["owners"]["answer"]["owners"][number];

export function Owners({ mayChange }: { mayChange: boolean }) {
  const [pages, setPages] = useState<string[]>([""]); // the cursors of the pages before, the last one's first
  const live = useLive(() => admin.ask("owners", { query: { limit: 50, cursor: pages[0] || undefined } }), 5000, [pages[0]]);
  const [moving, move] = useState<Owner>();
  const [account, setAccount] = useState("");
  const [vendorID, setVendorID] = useState("");
  return (
    <>
      <Lead title={t("owners")} text={t("ownersLead")} tools={live.data && <>{pages.length > 1 && <button onClick={() => setPages(pages.slice(1))}>{t("back")}</button>}{live.data.cursor && <button onClick={() => setPages([live.data!.cursor, ...pages])}>{t("more")}</button>}</>} />
      <Waiting of={live} />
      {live.data && <Card title={t("owners")} flush bare>
        <Table label={t("owners")} empty={t("noOwners")} head={[t("kind"), t("id"), t("account"), t("vendorId"), t("app"), t("state"), t("made"), ""]}
          rows={live.data.owners.map((o) => [told(o.kind), <code>{o.id}</code>, <b>{o.account}</b>, <code>{o.vendor_id}</code>, o.app, <Badge kind={o.state === "doubt" ? "warn" : ""}>{told(o.state)}</Badge>, <At at={o.made} />,
            mayChange ? <button aria-label={`${t("move")} ${o.kind} ${o.id}`} onClick={() => { move(o); setAccount(o.account); setVendorID(o.vendor_id); }}>{t("move")}</button> : ""])} />
      </Card>}
      {live.data && live.data.moves.length > 0 && <Card title={t("moves")} flush>
        <Table label={t("moves")} head={[t("at"), t("by"), t("reason"), t("kind"), t("id"), t("what")]}
          rows={live.data.moves.map((m) => [<At at={m.at} />, <b>{m.by}</b>, m.reason, told(m.kind), <code>{m.id}</code>, `${m.from.account} → ${m.to.account}`])} />
      </Card>}
      {moving && (
        <Change title={joined(t("moveTitle"), `${told(moving.kind)} ${moving.id}`)} act={t("move")} onClose={() => { move(undefined); live.again(); }}
          send={(by, reason) => admin.ask("moveOwner", { body: { by, reason, app: moving.app, kind: moving.kind as "group", id: moving.id, account, vendor_id: vendorID || undefined } })}
          fields={<>
            <p class="soft small">{t("moveHint")}</p>
            <label class="field">{t("account")}<input value={account} onInput={(e) => setAccount(e.currentTarget.value)} required autocomplete="off" /></label>
            <label class="field">{t("vendorId")}<input value={vendorID} onInput={(e) => setVendorID(e.currentTarget.value)} maxLength={128} autocomplete="off" /></label>
          </>} />
      )}
    </>
  );
}

export function Sessions() {
  const live = useLive(() => admin.ask("sessions", {}), often);
  return (
    <>
      <Lead title={t("sessions")} text={t("sessionsLead")} tools={live.data && <Badge kind="tint">{number(live.data.total)} {t("total")}</Badge>} />
      <Waiting of={live} />
      {live.data && <Card title={t("sessions")} flush bare>
        <Table label={t("sessions")} empty={t("noSessions")} head={[t("user"), t("app"), t("api"), t("device"), t("since"), { num: t("waitingMessages") }]}
          rows={live.data.sessions.map((s) => [<b>{s.user}</b>, s.app, s.polled ? `${s.api}, ${t("poll")}` : s.api, <code>{s.device}</code>, <At at={s.since} />, s.waiting])} />
      </Card>}
    </>
  );
}

const history = 150; // points of a chart: five minutes
type Pool = Operations["pairs"]["answer"]["pools"][number];
const figures: [Word, (p: Pool) => number][] = [
  ["waiting", (p) => (p.asks.searching ?? 0) + (p.asks.held ?? 0)], ["offers", (p) => p.asks.offered ?? 0],
  ["inCalls", (p) => (p.asks.connecting ?? 0) + (p.asks.preview ?? 0) + (p.asks.liked ?? 0)], ["fairness", (p) => 1 - p.gini_offers],
];

// The last minutes of every pool, kept while the page is open, whatever it shows.
const kept = new Map<string, number[][]>();

function remember(answer: Operations["pairs"]["answer"]) {
  for (const p of answer.pools) {
    const key = `${p.app}/${p.scene}`, lines = kept.get(key) ?? figures.map(() => []);
    kept.set(key, lines.map((line, i) => [...line, figures[i][1](p)].slice(-history)));
  }
  return answer;
}

// collect begins to remember; what it returns ends it.
export function collect(): () => void {
  const timer = setInterval(() => { if (!document.hidden && !location.hash.startsWith("#/pairing")) void admin.ask("pairs", {}).then(remember, () => undefined); }, often);
  return () => clearInterval(timer);
}

export function Pairing() {
  const live = useLive(() => admin.ask("pairs", {}).then(remember), often);
  return (
    <>
      <Lead title={t("pairing")} text={t("pairingLead")} />
      <Waiting of={live} />
      {live.data?.pools.length === 0 && <p class="empty">{t("noPools")}</p>}
      {live.data?.pools.map((p) => (
        <Card title={`${t("app")} ${p.app} · ${t("scene")} ${p.scene}`} tools={<span class="soft small">{joined(t("estimatedWait"), p.estimated_wait_ms ? `${number(p.estimated_wait_ms / 1000, 1)} s` : "–")}</span>}>
          <div class="stack">
            <div class="tiles">
              {figures.map(([name, of], i) => (
                <div class="card tile"><span class="soft small">{t(name)}</span><b>{number(of(p), 2)}</b>
                  <Spark label={t(name)} values={kept.get(`${p.app}/${p.scene}`)?.[i] ?? []} below={name === "fairness" ? t("fairnessWhat") : undefined} /></div>
              ))}
            </div>
            <div class="row"><span class="soft small">{joined(t("people"), "")}</span>{Object.entries(p.people).filter(([, n]) => n > 0).map(([state, n]) => <Badge>{told(state)} {number(n)}</Badge>)}</div>
          </div>
        </Card>
      ))}
    </>
  );
}

export function Audit() {
  const live = useLive(() => admin.ask("routes", {}), often);
  return (
    <>
      <Lead title={t("audit")} text={t("auditLead")} />
      <Waiting of={live} />
      {live.data && <Card title={t("audit")} flush bare>
        <Table label={t("audit")} empty={t("noAudit")} head={[{ num: t("version") }, t("at"), t("by"), t("reason"), t("what")]}
          rows={live.data.audit.map((a) => [a.version, <At at={a.at} />, <b>{a.by}</b>, a.reason, <details><summary>{t("look")}</summary><pre>{JSON.stringify(a.state, null, 1)}</pre></details>])} />
      </Card>}
    </>
  );
}
