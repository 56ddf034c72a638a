// The command go is the Go sample: token, send, receive, and a webhook, with
// openapi/client and the standard library.
package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"switchboard/openapi/client"
)

func main() {
	if err := run(context.Background()); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context) error {
	api := env("SWITCHBOARD_URL", "http://127.0.0.1:8081")
	server := &client.Client{BaseURL: api, AppID: env("APP_ID", "666666"), AppKey: env("APP_KEY", "master")}
	// Your back end mints a token for each user that has signed in to it.
	tokens := map[string]string{}
	for _, user := range []string{"ann", "ben"} {
		token, err := server.MintToken(ctx, client.MintTokenBody{Session: client.ID(user), Platform: new(int64(1))})
		if err != nil {
			return err
		}
		tokens[user] = token
	}
	made, err := server.InnerCreate(ctx, client.InnerCreateBody{ConversationType: new(int64(3)), Sessions: []client.ID{"ann", "ben"}}, client.InnerCreateParams{})
	if err != nil {
		return err
	}
	ann := &client.Client{BaseURL: api, Token: tokens["ann"]}
	_, err = ann.GatewaySend(ctx, client.GatewaySendBody{ConversationID: made.ConversationID, Type: new(int64(1)), Content: new("hello")}, client.GatewaySendParams{IdempotencyKey: "first of " + made.ConversationID})
	if failure := (*client.Error)(nil); errors.As(err, &failure) {
		return fmt.Errorf("not sent, code %d: %w", failure.Code, err)
	} else if err != nil {
		return err
	}
	fmt.Println("sent")
	content, err := receive(ctx, api, tokens["ben"], made.ConversationID)
	if err != nil {
		return err
	}
	fmt.Println("received:", content)
	if secret := os.Getenv("WEBHOOK_SECRET"); secret != "" {
		if verify(secret, os.Getenv("WEBHOOK_ID"), os.Getenv("WEBHOOK_TIMESTAMP"), os.Getenv("WEBHOOK_SIGNATURE"), []byte(os.Getenv("WEBHOOK_BODY"))) {
			fmt.Println("webhook ok")
		} else {
			fmt.Println("webhook refused")
		}
	}
	return nil
}

// receive polls for the first text of a conversation; each poll goes on where the last
// one ended.
func receive(ctx context.Context, api, token, conversation string) (string, error) {
	for since := "22222-2222-2222-222"; ; {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"/notify?protoc=poll&since="+url.QueryEscape(since), nil)
		if err != nil {
			return "", err
		}
		req.Header.Set("Authorization", "Bearer "+token)
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return "", err
		}
		var answer struct {
			Code     int // a close code, or one of the gateway's
			Error    string
			Msg      []client.GatewayMessage
			Position string
		}
		err = json.NewDecoder(res.Body).Decode(&answer)
		res.Body.Close()
		if err != nil || answer.Code != 0 {
			return "", errors.Join(err, fmt.Errorf("code %d: %s", answer.Code, answer.Error))
		}
		for _, m := range answer.Msg {
			if m.ConversationID == conversation && m.Type == 1 {
				return m.Content, nil
			}
		}
		since = answer.Position
	}
}

// verify says whether a webhook is ours and of the last five minutes.
func verify(secret, id, timestamp, signatures string, body []byte) bool {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	seconds, timeErr := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || timeErr != nil || time.Since(time.Unix(seconds, 0)).Abs() > 5*time.Minute {
		return false
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, timestamp, body)
	want := []byte("v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	for given := range strings.FieldsSeq(signatures) {
		if hmac.Equal([]byte(given), want) {
			return true
		}
	}
	return false
}

func env(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}
