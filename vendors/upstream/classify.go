package upstream

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"switchboard/vendors"
)

// transportError classes a call that got no whole answer. Whether anything was
// sent comes from the transport, never from the error's text. URLs are dropped:
// some vendors sign in the query.
func transportError(ctx context.Context, err error, sent bool) *vendors.Error {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	e := &vendors.Error{Outcome: vendors.NotSent, Err: err, Sent: sent}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		e.Outcome = vendors.Cancelled
	case sent:
		e.Outcome = vendors.Ambiguous
	}
	return e
}

// verdict is the vendor's own word where it can be read, the HTTP status
// otherwise. It leaves the result in out: a success without one is in doubt.
func verdict(call Call, a Answer, out any) *vendors.Error {
	var err error
	switch {
	case call.Check != nil:
		err = call.Check(a)
	case a.Status/100 != 2:
		err = vendors.ErrUnreadable
	}
	if err == nil && out != nil {
		if unread := a.Decode(out); unread != nil {
			return &vendors.Error{Outcome: vendors.Ambiguous, Err: unread}
		}
	}
	if err == nil {
		return nil
	}
	var e *vendors.Error
	if !errors.As(err, &e) {
		e = &vendors.Error{Outcome: byStatus(a.Status), Err: err}
	}
	if e.Outcome == vendors.Throttled && e.RetryAfter == 0 {
		e.RetryAfter = retryAfter(a.Header)
	}
	return e
}

// byStatus classes an answer whose body says nothing, so that it is mostly not the
// vendor's: a proxy that knows no such path, or takes no such method, executed
// nothing and says nothing of the call. A page about the request itself would come
// again. A gateway's 5xx may stand before or behind the vendor's work, so nobody
// knows.
func byStatus(status int) vendors.Outcome {
	switch status {
	case http.StatusTooManyRequests:
		return vendors.Throttled
	case http.StatusUnauthorized, http.StatusForbidden:
		return vendors.AuthFault
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusRequestURITooLong,
		http.StatusUnprocessableEntity, http.StatusRequestHeaderFieldsTooLarge:
		return vendors.DefiniteNo
	case http.StatusRequestTimeout, statusClientClosed:
		return vendors.Ambiguous
	}
	if status/100 == 4 {
		return vendors.DefiniteFail
	}
	return vendors.Ambiguous
}

// statusClientClosed is what some proxies answer when the connection broke under
// their own call.
const statusClientClosed = 499

// retryAfter reads seconds or a date; 0 when there is none.
func retryAfter(h http.Header) time.Duration {
	raw := h.Get("Retry-After")
	if n, err := strconv.Atoi(raw); err == nil && n > 0 {
		return time.Duration(min(n, int(quietCap/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(raw); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// address finds URLs in a vendor's words: some repeat the one that was called,
// and some vendors sign in the query.
var address = regexp.MustCompile(`[A-Za-z][A-Za-z0-9+.-]*://[^\s"'<>]*`)

// bearer finds JSON Web Tokens in a vendor's words: some repeat the credentials that
// they refuse.
var bearer = regexp.MustCompile(`eyJ[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]*){1,2}`)

const maxText = 200 // bytes of the vendor's own words that an error keeps

func scrubber(secrets []vendors.Secret) *strings.Replacer {
	var pairs []string
	for _, s := range secrets {
		if s != "" {
			pairs = append(pairs, s.Reveal(), s.String())
		}
	}
	return strings.NewReplacer(pairs...)
}
