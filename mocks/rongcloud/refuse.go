package rongcloud

import (
	"net/http"
	"strconv"

	"switchboard/mocks/mock"
)

// The body codes (docs/vendors/rongcloud.md#codes).
const (
	codeOK           = 200
	codeRTCOK        = 10000 // of the /v2/rtc calls
	codeNoPath       = 404
	codeGroupFull    = 405
	codeInternal     = 1000
	codeUnknownKey   = 1001
	codeParameter    = 1002
	codeNoData       = 1003
	codeSignature    = 1004
	codeTooLong      = 1005
	codeTooFast      = 1008
	codeOff          = 1009
	codeNoKeepAlive  = 1015
	codeKeepAliveMax = 1016
	codeTestUsers    = 2007
	codeNoChatRoom   = 23410
	codeNotInUltra   = 24406
	codeTranslateOff = 28400
	codeNoRTCRoom    = 40003 // docs/vendors/rongcloud.md#rtc
)

// statuses is the HTTP status of each code; a code that is not listed goes out
// with 200, as 1015 is documented to. INVENTED: that 23410, 24406 and 28400 do too, and
// 405 as the code of a full group, of which only the status is known.
var statuses = map[int]int{
	codeNoPath: 404, codeGroupFull: 405, codeInternal: 500, codeUnknownKey: 401, codeParameter: 400, codeNoData: 400,
	codeSignature: 401, codeTooLong: 400, 1006: 401, 1007: 401, codeTooFast: 429, codeOff: 430,
	codeKeepAliveMax: 403, 1050: 504, codeTestUsers: 403,
}

var texts = map[int]string{
	codeNoPath: "Unknown path", codeInternal: "Internal error", codeUnknownKey: "App key or secret is wrong",
	codeParameter: "Parameter error", codeNoData: "No POST data", codeSignature: "Signature error", codeTooLong: "Parameter too long",
	1006: "App is locked or deleted", 1007: "Call is restricted", codeTooFast: "Request rate limit exceeded",
	codeOff: "Service is not enabled", 1050: "Internal timeout", codeTestUsers: "Too many test users",
}

// failure is the vendor's no to one call.
type failure struct {
	code int
	text string // empty: the usual text of the code
}

// fail makes a failure; text says what in particular was wrong.
func fail(code int, text string) *failure { return &failure{code: code, text: text} }

// badParameter is code 1002 about one parameter.
func badParameter(name, what string) *failure {
	return fail(codeParameter, "Parameter '"+name+"' "+what)
}

func (f *failure) answer() mock.Answer {
	text := f.text
	if text == "" {
		text = texts[f.code]
	}
	if text == "" {
		text = "Error " + strconv.Itoa(f.code)
	}
	body := reply{"code": f.code, "errorMessage": text}
	status := statuses[f.code]
	if status == 0 {
		status = http.StatusOK
	}
	return mock.Answer{Status: status, Code: strconv.Itoa(f.code), Body: body}
}

// refuse answers whatever is wrong before an operation runs. INVENTED: that a
// key which the vendor does not know is 1001 and not 1004.
func refuse(c *mock.Call, p mock.Problem) mock.Answer {
	return withMessage(c, refusal(c, p))
}

func refusal(c *mock.Call, p mock.Problem) mock.Answer {
	switch p.Kind {
	case mock.UnknownPath, mock.WrongMethod:
		return fail(codeNoPath, "").answer()
	case mock.TooLarge:
		return fail(codeTooLong, "").answer()
	case mock.UnknownSender:
		return fail(codeUnknownKey, "").answer()
	case mock.BadSignature:
		return fail(codeSignature, "").answer()
	case mock.TooFast:
		return fail(codeTooFast, "").answer()
	case mock.Invalid:
		return invalid(c, p.Violation).answer()
	case mock.Coded:
		if code, err := strconv.Atoi(p.Code); err == nil {
			return fail(code, "").answer()
		}
	}
	return fail(codeInternal, "").answer()
}

// invalid turns a breach of the openapi into 1002, 1003 or 1005. A text that is
// too long to translate is 1002 (docs/vendors/rongcloud.md#translation).
func invalid(c *mock.Call, v mock.Violation) *failure {
	switch {
	case len(c.Body) == 0 && (v.Rule == "required" || v.Rule == "json"):
		return fail(codeNoData, "")
	case c.Op != "translate" && (v.Rule == "maxLength" || v.Rule == "x-max-bytes"):
		return fail(codeTooLong, "Parameter '"+v.Field+"' is too long")
	case v.Field == "":
		return fail(codeParameter, "")
	case v.Rule == "required":
		return badParameter(v.Field, "is required")
	}
	return badParameter(v.Field, "is invalid")
}
