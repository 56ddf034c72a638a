// What several views are made of. Every text from outside becomes a text node: nothing
// here writes HTML.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "./api.ts";
import { number, t, when } from "./words.ts";

// Card has no head where it is the page's only one: the page's own says the same.
export function Card({ title, tools, children, flush, bare }: { title: string; tools?: ComponentChildren; children: ComponentChildren; flush?: boolean; bare?: boolean }) {
  return (
    <section class="card" aria-label={title}>
      {!bare && <header><h2>{title}</h2>{tools}</header>}
      <div class={flush ? "" : "body"}>{children}</div>
    </section>
  );
}

export const Badge = ({ kind = "", dot, children }: { kind?: string; dot?: boolean; children: ComponentChildren }) => <span class={`badge ${kind} ${dot ? "dot" : ""}`}>{children}</span>;

export const Lead = ({ title, text, tools }: { title: string; text?: string; tools?: ComponentChildren }) => (
  <div class="lead"><div><h1>{title}</h1>{text && <p class="soft">{text}</p>}</div>{tools && <div class="row">{tools}</div>}</div>
);

// Table is a list of rows. On a narrow screen each row becomes a block of names and
// values, but a table of figures scrolls. A column without a name holds buttons.
export function Table({ label, head, rows, empty, figures }: { label: string; head: (string | { num: string })[]; rows: ComponentChildren[][]; empty?: string; figures?: boolean }) {
  if (rows.length === 0) return <p class="empty">{empty ?? t("nothing")}</p>;
  const name = (h: string | { num: string }) => (typeof h === "string" ? h : h.num), kind = (h: string | { num: string }) => (typeof h !== "string" ? "num" : h === "" ? "act" : undefined);
  return (
    <div class={figures ? "table" : "table blocks"} tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead><tr>{head.map((h) => (h === "" ? <td /> : <th scope="col" class={kind(h)}>{name(h)}</th>))}</tr></thead>
        <tbody>{rows.map((row) => <tr>{row.map((cell, i) => <td class={kind(head[i])} data-name={name(head[i])}>{cell}</td>)}</tr>)}</tbody>
      </table>
    </div>
  );
}

export const At = ({ at }: { at: string }) => <time class="nowrap" dateTime={at}>{when(at)}</time>;

export const Note = ({ kind = "", children }: { kind?: string; children: ComponentChildren }) => <p class={`note ${kind}`} role="status">{children}</p>;

// Spark draws numbers as a line over an area, from 0, and says below it how high it went, or what is given.
export function Spark({ values, label, below }: { values: number[]; label: string; below?: string }) {
  const top = Math.max(1, ...values), step = 100 / Math.max(1, values.length - 1);
  const shown = values.length > 1 ? values : [values[0] ?? 0, values[0] ?? 0];
  const line = shown.map((v, i) => `${i ? "L" : "M"}${(i * step).toFixed(2)} ${(30 - (v / top) * 28).toFixed(2)}`).join("");
  return (
    <>
      <svg class="spark" viewBox="0 0 100 31" preserveAspectRatio="none" role="img" aria-label={`${label}: ${values[values.length - 1] ?? 0}`}>
        <path class="area" d={`${line}L100 31L0 31Z`} />
        <path class="line" d={line} />
      </svg>
      <span class="soft small">{below ?? `${t("peak")} ${number(Math.max(0, ...values), 2)}`}</span>
    </>
  );
}

// Dialog closes by Escape too. However it closes, the focus is back where it was.
export function Dialog({ title, onClose, onSubmit, children }: { title: string; onClose: () => void; onSubmit: () => void; children: ComponentChildren }) {
  const at = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = at.current!, opener = document.activeElement as HTMLElement | null;
    dialog.addEventListener("close", onClose);
    dialog.showModal();
    return () => { dialog.removeEventListener("close", onClose); dialog.close(); opener?.focus(); };
  }, []);
  return <dialog ref={at} aria-label={title}><form method="dialog" onSubmit={(e) => { e.preventDefault(); onSubmit(); }}><h2>{title}</h2>{children}</form></dialog>;
}

// said is what a failure tells people.
export const said = (e: unknown): string => (e instanceof Failure ? `${e.message}${e.code ? ` (${e.code})` : ""}` : String((e as Error)?.message ?? e));

// useLive asks again and again while the page is looked at.
export function useLive<T>(ask: () => Promise<T>, every: number, deps: unknown[] = []): { data?: T; error?: string; again: () => void } {
  const [state, set] = useState<{ data?: T; error?: string }>({});
  const [turn, next] = useState(0);
  useEffect(() => {
    let gone = false, timer = 0;
    const run = async () => {
      if (!document.hidden) {
        try {
          const data = await ask();
          if (!gone) set({ data });
        } catch (e) {
          if (gone) return;
          if (e instanceof Failure && e.status === 401) dispatchEvent(new Event("signedout"));
          set((old) => ({ data: old.data, error: said(e) }));
        }
      }
      if (!gone) timer = window.setTimeout(run, every);
    };
    void run();
    return () => { gone = true; clearTimeout(timer); };
  }, [turn, ...deps]);
  return { ...state, again: () => next((n) => n + 1) };
}

export const Waiting = ({ of }: { of: { data?: unknown; error?: string } }) =>
  of.error ? <Note kind="bad">{of.error}</Note> : of.data === undefined ? <p class="empty">{t("loading")}</p> : null;
