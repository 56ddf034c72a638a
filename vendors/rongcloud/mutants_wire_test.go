package rongcloud_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"time"

	"switchboard/vendors"
)

func wireMutants() []mutant {
	sign := func(h http.Header, nonce, timestamp string) {
		h.Set("Nonce", nonce)
		h.Set("Timestamp", timestamp)
		h.Set("Signature", signature(secret, nonce, timestamp))
	}
	online := "PresenceFollowsTheFarEnd"
	return []mutant{
		{name: "signs nonce before secret", caught: online, wire: func(r *http.Request, _ url.Values) {
			r.Header.Set("Signature", signature("", r.Header.Get("Nonce")+secret, r.Header.Get("Timestamp")))
		}},
		{name: "signs in upper case", caught: online, wire: func(r *http.Request, _ url.Values) {
			r.Header.Set("Signature", strings.ToUpper(r.Header.Get("Signature")))
		}},
		{name: "timestamp of an hour ago", caught: online, wire: func(r *http.Request, _ url.Values) {
			sign(r.Header, r.Header.Get("Nonce"), fmt.Sprint(time.Now().Add(-time.Hour).UnixMilli()))
		}},
		{name: "stale nonce", caught: "CredentialsAreFreshForEveryRequest", wire: func(r *http.Request, _ url.Values) {
			sign(r.Header, "once-and-for-all", r.Header.Get("Timestamp"))
		}},
		{name: "idempotency key goes out", caught: "NoRequestHoldsASecretOrAKeyThatMakesItReplayed", wire: func(r *http.Request, _ url.Values) {
			r.Header.Set("Idempotency-Key", "1")
		}},
		{name: "secret on the wire", caught: "NoRequestHoldsASecretOrAKeyThatMakesItReplayed", wire: func(_ *http.Request, form url.Values) {
			form.Set("appSecret", secret)
		}},
		{name: "object name of another type", caught: "EveryContentKindArrivesAsTheVendorKnowsIt", wire: func(_ *http.Request, form url.Values) {
			if form.Get("objectName") == "RC:InfoNtf" {
				form.Set("objectName", "RC:TxtMsg")
			}
		}},
		{name: "mute in every group for one", caught: "MutedMemberIsMutedAloneUntilUnmuted", wire: func(r *http.Request, form url.Values) {
			if strings.Contains(r.URL.Path, "/group/user/gag/") {
				form.Del("groupId")
			}
		}},
		{name: "block in seconds for minutes", caught: "EveryHoldIsOfTheKindsDeclared", wire: func(_ *http.Request, form url.Values) {
			if form.Has("minute") {
				form.Set("minute", "216000")
			}
		}},
	}
}

type parseFunc func(*http.Request, []byte) ([]vendors.Event, error)

type wrongCallbacks struct {
	vendors.Callbacks
	parse parseFunc
}

func (w wrongCallbacks) Parse(r *http.Request, body []byte) ([]vendors.Event, error) {
	return w.parse(r, body)
}

// genuine is a request whose signature holds.
func genuine() *http.Request {
	timestamp := fmt.Sprint(time.Now().UnixMilli())
	nonce := rand.Text()
	q := url.Values{"nonce": {nonce}, "timestamp": {timestamp}, "signature": {signature(secret, nonce, timestamp)}}
	return httptest.NewRequest(http.MethodPost, "/?"+q.Encode(), nil)
}

// parses spoils Parse.
func parses(wrap func(right parseFunc) parseFunc) func(*vendors.Vendor) {
	return func(v *vendors.Vendor) { v.Callbacks = wrongCallbacks{v.Callbacks, wrap(v.Callbacks.Parse)} }
}

func callbackMutants() []mutant {
	events := func(spoil func(*vendors.Event)) func(*vendors.Vendor) {
		return parses(func(right parseFunc) parseFunc {
			return func(r *http.Request, body []byte) ([]vendors.Event, error) {
				out, err := right(r, body)
				for i := range out {
					spoil(&out[i])
				}
				return out, err
			}
		})
	}
	deliveries := 0
	return []mutant{
		{name: "believes any signature", caught: "CallbackSignedWithAnotherSecretIsAnAuthFault", vendor: parses(func(right parseFunc) parseFunc {
			return func(_ *http.Request, body []byte) ([]vendors.Event, error) {
				return right(genuine(), body)
			}
		})},
		{name: "believes no signature", caught: "UnsignedCallbackIsAnAuthFault", vendor: parses(func(right parseFunc) parseFunc {
			return func(r *http.Request, body []byte) ([]vendors.Event, error) {
				if r.URL.RawQuery == "" {
					r = genuine()
				}
				return right(r, body)
			}
		})},
		{name: "event id of its own each time", caught: "RedeliveredCallbackKeepsItsEventIDsAndNoOtherHasThem", vendor: events(func(e *vendors.Event) {
			deliveries++
			e.ID = fmt.Sprint(deliveries)
		})},
		{name: "one event id for all", caught: "RedeliveredCallbackKeepsItsEventIDsAndNoOtherHasThem", vendor: events(func(e *vendors.Event) { e.ID = "id" })},
		{name: "online and offline swapped", caught: "CallbackBecomesItsEvents", vendor: events(func(e *vendors.Event) {
			if e.Action == "online" {
				e.Action = "offline"
			}
		})},
		{name: "nonsense is no event and no error", caught: "SignedNonsenseIsADefiniteNo", vendor: parses(func(right parseFunc) parseFunc {
			return func(r *http.Request, body []byte) ([]vendors.Event, error) {
				out, err := right(r, body)
				if vendors.OutcomeOf(err) == vendors.DefiniteNo {
					return nil, nil
				}
				return out, err
			}
		})},
		{name: "pre-send check answered like the rest", caught: "CallbackIsAnsweredInTheVendorsForm", vendor: events(func(e *vendors.Event) {
			e.Kind = vendors.EventMessage
		})},
	}
}
