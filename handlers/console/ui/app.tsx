import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { session, signIn, signOut, type Session } from "./api.ts";
import { Data } from "./data.tsx";
import { Explain } from "./explain.tsx";
import { Audit, collect, Doubts, Owners, Pairing, Routes, Sessions, Vendors } from "./operate.tsx";
import { Badge, Note } from "./parts.tsx";
import { Stage } from "./stage.tsx";
import { current, keep, read, speak, t, type Word } from "./words.ts";

const views: Word[] = ["stage", "vendors", "routes", "doubts", "explain", "owners", "sessions", "pairing", "data", "audit"];

const Mark = () => (
  <svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#4f46e5" /><path d="M10 16L22 10M10 16L22 22" stroke="#fff" stroke-width="2" /><circle cx="10" cy="16" r="3.5" fill="#fff" /><circle cx="22" cy="10" r="3.5" fill="#fff" /><circle cx="22" cy="22" r="3.5" fill="#fff" /></svg>
);

// Shade is the sun or the moon: what the button switches to.
const Shade = ({ dark }: { dark: boolean }) => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{dark ? <><circle cx="12" cy="12" r="4.5" /><path d="M12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M5 19l2-2M17 7l2-2" /></> : <path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z" />}</svg>
);

function shade(next?: string) {
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const now = read("theme") ?? (dark ? "dark" : "light");
  const theme = next ?? now;
  if (next) keep("theme", next);
  if (read("theme")) document.documentElement.dataset.theme = theme;
  return theme;
}

function SignIn({ onDone }: { onDone: () => void }) {
  const [error, fail] = useState("");
  const [busy, setBusy] = useState(false);
  const submit = async (e: SubmitEvent) => {
    e.preventDefault();
    const field = (e.currentTarget as HTMLFormElement).elements.namedItem("key") as HTMLInputElement;
    setBusy(true);
    const status = await signIn(field.value);
    setBusy(false);
    field.value = "";
    if (status === 200) return onDone();
    fail(status === 401 ? t("wrongKey") : status === 429 ? t("tooOften") : status === 403 ? t("notFromHere") : t("failed"));
  };
  return (
    <div class="signin">
      <form class="card" onSubmit={submit}>
        <div class="brand"><Mark /><h1>Switchboard</h1></div>
        <p class="soft">{t("signInLead")}</p>
        <label class="field">{t("adminKey")}<input name="key" type="password" required autocomplete="current-password" /></label>
        {error && <Note kind="bad">{error}</Note>}
        <button class="main" disabled={busy}>{t("signIn")}</button>
        <p class="soft small">{t("signInHint")}</p>
      </form>
    </div>
  );
}

function App() {
  const [me, setMe] = useState<Session | null>(); // null: there was no answer
  const [hash, setHash] = useState(location.hash);
  const [, redraw] = useState(0);
  // In the sandbox the key is no secret: the page signs in by itself.
  const begin = async () => {
    try {
      let now = await session();
      if (now.sandbox && now.role === "" && (await signIn(now.sandbox.admin_key)) === 200) now = await session();
      setMe(now);
    } catch { setMe(null); }
  };
  useEffect(() => {
    const follow = () => { setHash(location.hash); document.getElementById("content")?.focus({ preventScroll: true }); };
    addEventListener("hashchange", follow);
    addEventListener("signedout", begin); // the session has ended
    void begin();
    return () => { removeEventListener("hashchange", follow); removeEventListener("signedout", begin); };
  }, []);
  useEffect(() => document.querySelector("nav [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" }), [hash, me?.role]);
  useEffect(() => (me && me.role !== "" ? collect() : undefined), [me?.role]);
  const tools = (
    <div class="row">
      {me?.role === "reader" && <Badge>{t("reader")}</Badge>}{me?.sandbox && <Badge kind="tint">{t("sandbox")}</Badge>}
      <button class="plain" lang={current() === "en" ? "zh-CN" : "en"} onClick={() => { speak(current() === "en" ? "zh" : "en"); redraw((n) => n + 1); }}>{t("language")}</button>
      <button class="plain" aria-label={t("theme")} title={t("theme")} onClick={() => { shade(shade() === "dark" ? "light" : "dark"); redraw((n) => n + 1); }}><Shade dark={shade() === "dark"} /></button>
      {me && me.role !== "" && !me.sandbox && <button class="plain" onClick={async () => { await signOut(); await begin(); }}>{t("signOut")}</button>}
    </div>
  );
  if (me === null) return <main class="signin"><div class="card"><div class="brand"><Mark /><h1>Switchboard</h1></div><Note kind="bad">{t("unreachable")}</Note><button class="main" onClick={begin}>{t("again")}</button></div></main>;
  if (!me) return <p class="empty">{t("loading")}</p>;
  const shown = me.role === "" ? [] : views.filter((v) => v !== "stage" || (me.sandbox && me.role === "admin"));
  const [name, rest] = hash.replace(/^#\/?/, "").split("/");
  const view = shown.includes(name as Word) ? (name as Word) : shown[0];
  const mayChange = me.role === "admin";
  document.title = view ? `${t(view)} · Switchboard` : "Switchboard";
  return (
    <>
      <a class="skip" href="#content" onClick={(e) => { e.preventDefault(); document.getElementById("content")?.focus(); }}>{t("skip")}</a>
      <header class="top">
        <span class="brand"><Mark />Switchboard</span>
        <nav aria-label="Switchboard">{shown.map((v) => <a href={"#/" + v} aria-current={v === view ? "page" : undefined}>{t(v)}</a>)}<a href="/docs">{t("docs")}</a></nav>
        {tools}
      </header>
      <main id="content" tabIndex={-1}>
        {me.role === "" && <SignIn onDone={begin} />}
        {view === "stage" && <Stage sandbox={me.sandbox!} />}
        {view === "vendors" && <Vendors mayChange={mayChange} />}
        {view === "routes" && <Routes mayChange={mayChange} />}
        {view === "doubts" && <Doubts />}
        {view === "explain" && <Explain request={safely(rest)} />}
        {view === "owners" && <Owners mayChange={mayChange} />}
        {view === "sessions" && <Sessions />}
        {view === "pairing" && <Pairing />}
        {view === "data" && <Data />}
        {view === "audit" && <Audit />}
      </main>
    </>
  );
}

function safely(text = "") {
  try { return decodeURIComponent(text); } catch { return ""; }
}

shade();
const place = document.getElementById("app")!;
place.replaceChildren();
render(<App />, place);
