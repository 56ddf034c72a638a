// Package webhook posts signed events to a server of the app, by the Standard
// Webhooks scheme: it says who sent a payload and when, and which id a receiver
// recognizes a repetition by.
package webhook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"switchboard/vendors"
)

const (
	// Timeout is how long one post may take, the answer's body included.
	Timeout = 15 * time.Second

	maxAnswer = 64 << 10 // bytes of an answer that are read, so that its connection is used again
	maxIdle   = 32       // connections kept for the next posts
)

// Sender posts to one URL. It is safe for concurrent use.
type Sender struct {
	url    string
	signer *standardwebhooks.Webhook
	client *http.Client
}

// New makes a sender. Its errors begin with URL or SECRET, name no value, and are
// told all at once.
func New(target string, secret vendors.Secret) (*Sender, error) {
	u, urlErr := url.Parse(target)
	if urlErr != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		urlErr = errors.New("URL: must be http or https with a host")
	}
	signer, err := standardwebhooks.NewWebhook(secret.Reveal())
	if err != nil || secret == "" { // the library takes an empty key
		err = errors.New("SECRET: must be whsec_ and the key in base64")
	}
	if err := errors.Join(urlErr, err); err != nil {
		return nil, err
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = maxIdle
	return &Sender{url: target, signer: signer, client: &http.Client{
		Transport: transport, Timeout: Timeout,
		// A receiver's redirect would take the payload where nobody has configured it to go.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// Post makes one attempt. Repetitions of an event carry the same id. The error is
// nil for a 2xx answer alone; status is 0 when there was no answer. No error shows
// the URL, which may hold a secret.
func (s *Sender) Post(ctx context.Context, id string, payload []byte) (status int, err error) {
	now := time.Now()
	signature, err := s.signer.Sign(id, now, payload)
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, bytes.NewReader(payload))
	if err != nil {
		return 0, errNotReached
	}
	vendors.TraceOf(ctx).Tell(req.Header)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(standardwebhooks.HeaderWebhookID, id)
	req.Header.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(now.Unix(), 10))
	req.Header.Set(standardwebhooks.HeaderWebhookSignature, signature)
	res, err := s.client.Do(req)
	if err != nil {
		return 0, errNotReached
	}
	defer res.Body.Close()
	_, _ = io.CopyN(io.Discard, res.Body, maxAnswer)
	if res.StatusCode/100 != 2 {
		return res.StatusCode, fmt.Errorf("the receiver answered %d", res.StatusCode)
	}
	return res.StatusCode, nil
}

var errNotReached = errors.New("the receiver was not reached")

// Close closes the connections that are not in use.
func (s *Sender) Close() { s.client.CloseIdleConnections() }
