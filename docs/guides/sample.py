"""Token, send, receive, and a webhook, with Python's standard library."""

import base64
import hashlib
import hmac
import json
import os
import time
import urllib.request

API = os.environ.get("SWITCHBOARD_URL", "http://127.0.0.1:8081")
SERVER = {"app-id": os.environ.get("APP_ID", "666666"), "app-key": os.environ.get("APP_KEY", "master")}


class Failure(Exception):
    """An answer whose code is not 0."""


def call(path, body=None, headers=None):
    """Answers data; a body makes it a POST."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(API + path, data, {"Content-Type": "application/json", **(headers or {})})
    with urllib.request.urlopen(request, timeout=60) as response:
        answer = json.load(response)
    if answer.get("code", 0) != 0:
        raise Failure(answer)
    return answer.get("data", answer)


def token(user):
    """Your back end mints a token for each user that has signed in to it."""
    return call("/inner/get_token", {"session": user, "platform": 1}, SERVER)


def messages(user_token, since):
    """Yields what comes, by long polls; each goes on where the last one ended."""
    while True:
        answer = call(f"/notify?protoc=poll&since={since}", headers={"Authorization": "Bearer " + user_token})
        since = answer["position"]
        yield from answer["Msg"]


def verify(secret, headers, body, tolerance=300):
    """Is this webhook ours, and of the last five minutes? Body is the bytes that came."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(headers["webhook-timestamp"])) <= tolerance
    return fresh and any(hmac.compare_digest(want, given) for given in headers["webhook-signature"].split())


ann, ben = token("ann"), token("ben")
conversation = call("/inner/create_conversation", {"conversation_type": 3, "sessions": ["ann", "ben"]}, SERVER)["ConversationID"]
call("/send_msg", {"conversation_id": conversation, "type": 1, "content": "hello"}, {"Authorization": "Bearer " + ann, "Idempotency-Key": "first of " + conversation})
print("sent")
for message in messages(ben, "22222-2222-2222-222"):
    if message["ConversationID"] == conversation and message["Type"] == 1:
        print("received:", message["Content"])
        break

if "WEBHOOK_SECRET" in os.environ:
    given = {"webhook-" + name: os.environ["WEBHOOK_" + name.upper()] for name in ("id", "timestamp", "signature")}
    print("webhook ok" if verify(os.environ["WEBHOOK_SECRET"], given, os.environ["WEBHOOK_BODY"].encode()) else "webhook refused")
