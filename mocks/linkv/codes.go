package linkv

import (
	"maps"
	"net/http"
	"strconv"
	"strings"

	"switchboard/mocks/mock"
)

// LinkV's published codes (docs/vendors/linkv.md#codes).
const (
	codeOK        = "200"
	codeParameter = "400"
	codeTokenSign = "401" // getToken's; its error sample shows 403
	codeSign      = "403"
	codeSystem    = "500"
	codeAppKey    = "602" // getToken's
)

// INVENTED: LinkV publishes no code for any of these. They begin with 9, so
// that nobody takes them for LinkV's.
const (
	codeBlocked      = "9001" // the sender is blocked
	codeBlacklisted  = "9002" // the receiver keeps the sender away
	codeNoGroup      = "9003"
	codeGroupExists  = "9004" // blocked or not
	codeNotMember    = "9005"
	codeNotAdmin     = "9006"
	codeGagged       = "9007"
	codeNoUser       = "9011" // the uid is no openId that thGetToken gave
	codeInsufficient = "9012"
	codeRequestID    = "9013" // the request_id was applied with other content
)

var texts = map[string]string{
	codeOK:           "success",
	codeParameter:    "param error",
	codeTokenSign:    "sign err",
	codeSign:         "sign err",
	codeSystem:       "system error",
	codeAppKey:       "invalid appkey",
	codeBlocked:      "user is blocked",
	codeBlacklisted:  "user is in the blacklist",
	codeNoGroup:      "group does not exist",
	codeGroupExists:  "group exists",
	codeNotMember:    "user is not in the group",
	codeNotAdmin:     "user is not the group's admin",
	codeGagged:       "user is gagged",
	codeNoUser:       "user does not exist",
	codeInsufficient: "insufficient balance",
	codeRequestID:    "request_id is used",
}

// words writes answers: what is a number, what is text.
type words struct{ other bool }

// verdict is code as a number or as text; OtherTypes turns it round.
func (w words) verdict(code string, number bool) any {
	n, err := strconv.Atoi(code)
	if err == nil && number != w.other {
		return n
	}
	return code
}

// im is an IM answer: code is a number and status text, since the document's
// tables and samples differ (docs/vendors/linkv.md#text-or-number).
func (w words) im(c *mock.Call, code string, fields map[string]any) mock.Answer {
	body := map[string]any{
		"code": w.verdict(code, true), "status": w.verdict(code, false), "msg": text(code),
		"requestID": c.Namespace.Random.Hex(32),
	}
	maps.Copy(body, fields)
	return mock.Answer{Body: body, Code: code}
}

// live is a live answer: all text, under the content type of a script that
// names none.
func (w words) live(code string, data any) mock.Answer {
	body := map[string]any{"status": w.verdict(code, false), "msg": text(code)}
	if data != nil {
		body["data"] = data
	}
	return mock.Answer{Type: "text/html; charset=UTF-8", Body: body, Code: code}
}

func text(code string) string {
	if t := texts[code]; t != "" {
		return t
	}
	return "error " + code
}

// fail is the answer for a code, in the shape of the operation at hand: live
// failures have an empty list as data, getToken's too, and its code is text.
func (w words) fail(c *mock.Call, code string) mock.Answer {
	switch {
	case isLive(c):
		return w.live(code, []any{})
	case c.Op == opToken:
		return w.im(c, code, map[string]any{"code": w.verdict(code, false), "data": []any{}})
	default:
		return w.im(c, code, nil)
	}
}

// refuse answers for everything that does not reach an operation. LinkV names
// no limit of rate and no answer for one: the 429 is invented.
func (w words) refuse(c *mock.Call, p mock.Problem) mock.Answer {
	switch p.Kind {
	case mock.UnknownPath:
		return page(http.StatusNotFound, "404 Not Found")
	case mock.WrongMethod:
		return page(http.StatusMethodNotAllowed, "405 Not Allowed")
	case mock.TooFast:
		a := page(http.StatusTooManyRequests, "429 Too Many Requests")
		a.Header = http.Header{"Retry-After": {"1"}}
		return a
	case mock.UnknownSender:
		if c.Op == opToken {
			return w.fail(c, codeAppKey)
		}
		return w.fail(c, codeSign)
	case mock.BadSignature, mock.Coded:
		return w.fail(c, p.Code)
	case mock.Internal:
		return w.fail(c, codeSystem)
	}
	return w.fail(c, codeParameter)
}

func page(status int, title string) mock.Answer {
	body := "<html><head><title>" + title + "</title></head><body><h1>" + title + "</h1></body></html>"
	return mock.Answer{Status: status, Type: "text/html", Body: body, Code: strconv.Itoa(status)}
}

// isLive tells the live side's calls from the IM side's, by path; the coin form
// at sendEventMsg is a live call too.
func isLive(c *mock.Call) bool {
	return strings.HasPrefix(c.Path, "/open/") || c.Op == opEventGold
}
