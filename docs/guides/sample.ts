// Token, send, receive, and a webhook, with the clients of openapi/typescript. It runs in
// Node from 20 on: node --experimental-strip-types (22 and newer), or bundled.
import { createHmac, timingSafeEqual } from "node:crypto";
import { Client } from "../../openapi/typescript/client.ts";
import { Realtime } from "../../openapi/typescript/realtime.ts";

const base = process.env.SWITCHBOARD_URL ?? "http://127.0.0.1:8081";
const server = new Client({ base, appId: process.env.APP_ID ?? "666666", appKey: process.env.APP_KEY ?? "master" });

// Your back end mints a token for each user that has signed in to it.
const token = (session: string) => server.ask("mintToken", { body: { session, platform: 1 } });

// verify: is this webhook ours, and of the last five minutes? Body is the text that came.
export function verify(secret: string, id: string, timestamp: string, signatures: string, body: string): boolean {
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  const want = Buffer.from("v1," + createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64"));
  const fresh = Math.abs(Date.now() / 1000 - Number(timestamp)) <= 300;
  return fresh && signatures.split(" ").some((given) => given.length === want.length && timingSafeEqual(Buffer.from(given), want));
}

const ann = new Client({ base, token: () => token("ann") });
const { ConversationID: conversation } = await server.ask("innerCreate", { body: { conversation_type: 3, sessions: ["ann", "ben"] } });

const ben = new Realtime({
  base,
  token: () => token("ben"),
  device: "sample",
  transports: typeof WebSocket === "undefined" ? ["poll"] : undefined, // Node before 22 has none
  onState: async (state) => {
    if (state !== "live") return;
    await ann.ask("gatewaySend", { body: { conversation_id: conversation, type: 1, content: "hello" }, header: { "Idempotency-Key": "first of " + conversation } });
    console.log("sent");
  },
  onMessage: (message) => {
    if (message.ConversationID !== conversation || message.Type !== 1) return;
    console.log("received: " + message.Content);
    ben.stop();
  },
});
ben.start();

const { WEBHOOK_SECRET: secret, WEBHOOK_ID: id, WEBHOOK_TIMESTAMP: timestamp, WEBHOOK_SIGNATURE: signature, WEBHOOK_BODY: body } = process.env;
if (secret) console.log(verify(secret, id!, timestamp!, signature!, body!) ? "webhook ok" : "webhook refused");
