#!/usr/bin/env bash
# Token, send, receive, and a webhook, with curl and openssl. It needs no JSON tool.
set -euo pipefail
API=${SWITCHBOARD_URL:-http://127.0.0.1:8081}
server=(-H "app-id: ${APP_ID:-666666}" -H "app-key: ${APP_KEY:-master}" -H 'Content-Type: application/json')
field() { sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }
token() { curl -sf "$API/inner/get_token" "${server[@]}" -d "{\"session\":\"$1\",\"platform\":1}" | field data; }

# Your back end mints a token for each user that has signed in to it.
ANN=$(token ann) BEN=$(token ben)
conversation=$(curl -sf "$API/inner/create_conversation" "${server[@]}" -d '{"conversation_type":3,"sessions":["ann","ben"]}' | field ConversationId)

# Ann sends. A repeat with the same Idempotency-Key sends once.
sent=$(curl -sf "$API/send_msg" -H "Authorization: Bearer $ANN" -H "Idempotency-Key: first of $conversation" -H 'Content-Type: application/json' \
  -d "{\"conversation_id\":\"$conversation\",\"type\":1,\"content\":\"hello\"}")
case $sent in *'"code":0'*) echo "sent" ;; *) echo "not sent: $sent" && exit 1 ;; esac

# Ben receives by a poll that begins before the first message; a client goes on with
# the position of the last answer.
received=$(curl -sf "$API/notify?protoc=poll&since=22222-2222-2222-222" -H "Authorization: Bearer $BEN")
case $received in *'"Content":"hello"'*) echo "received: hello" ;; *) echo "nothing came: $received" && exit 1 ;; esac

# verify SECRET ID TIMESTAMP SIGNATURES BODY: is this webhook ours, and of the last five minutes?
verify() {
  local key want
  key=$(printf %s "${1#whsec_}" | base64 -d | od -An -tx1 | tr -d ' \n')
  want=$(printf %s "$2.$3.$5" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | base64)
  [ $(($(date +%s) - $3)) -le 300 ] && [ $(($3 - $(date +%s))) -le 300 ] && case " $4 " in *" v1,$want "*) true ;; *) false ;; esac
}
if [ -n "${WEBHOOK_SECRET:-}" ]; then
  verify "$WEBHOOK_SECRET" "$WEBHOOK_ID" "$WEBHOOK_TIMESTAMP" "$WEBHOOK_SIGNATURE" "$WEBHOOK_BODY" && echo "webhook ok" || echo "webhook refused"
fi
