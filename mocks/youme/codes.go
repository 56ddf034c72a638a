package youme

import (
	"maps"
	"strconv"

	"switchboard/mocks/mock"
)

// INVENTED: YouMe refers to a table of ErrorCodes and publishes none; only 0 is
// known. These begin with 9, so that nobody takes them for YouMe's.
const (
	codeAppKey     = "90001"
	codeIdentifier = "90002"
	codeChecksum   = "90003"
	codeExpired    = "90004"
	codeCommand    = "90005"
	codeMethod     = "90006"
	codeBody       = "90007"
	codeField      = "90008"
	codeAppID      = "90009"
	codeTooLong    = "90010"
	codeNoChannel  = "90011"
	codeNoUser     = "90012" // not in that channel
	codeSilenced   = "90013"
	codeTooFast    = "90429"
	codeInternal   = "90500"
)

// AuthCodes are the invented codes that mean the caller's credentials or clock.
func AuthCodes() []string { return []string{codeAppKey, codeIdentifier, codeChecksum, codeExpired} }

var texts = map[string]string{
	codeAppKey:     "unknown appkey",
	codeIdentifier: "unknown identifier",
	codeChecksum:   "checksum error",
	codeExpired:    "checksum expired",
	codeCommand:    "unknown command",
	codeMethod:     "only POST is supported",
	codeBody:       "body is not a JSON object",
	codeField:      "parameter error",
	codeAppID:      "AppID does not belong to the appkey",
	codeTooLong:    "content too long",
	codeNoChannel:  "channel does not exist",
	codeNoUser:     "user is not in the channel",
	codeSilenced:   "user is silenced",
	codeTooFast:    "too many requests",
	codeInternal:   "internal error",
}

// Codes of the identity command, which has its own envelope (docs/vendors/youme.md#codes).
const (
	identityOK        = 0
	identityNoChannel = 401
	identityNoUser    = 402
	identityOldID     = 403
)

// ok is a query's answer: the payload with the envelope around it, or without
// when the account answers plainly.
func (a *App) ok(payload map[string]any) mock.Answer {
	body := map[string]any{}
	if !a.cfg.PlainAnswers || payload == nil {
		body = map[string]any{"ActionStatus": "OK", "ErrorCode": 0, "ErrorInfo": ""}
	}
	maps.Copy(body, payload)
	return mock.Answer{Body: body, Code: "0"}
}

// fail is the envelope of a failure: both of its fields say so. A code that is
// no number is YouMe's no more than ours and becomes the internal one.
func fail(code string) mock.Answer {
	n, err := strconv.Atoi(code)
	if err != nil || n == 0 {
		n, code = 90500, codeInternal
	}
	text := texts[code]
	if text == "" {
		text = "error " + code
	}
	return mock.Answer{Body: map[string]any{"ActionStatus": "FAIL", "ErrorCode": n, "ErrorInfo": text}, Code: code}
}

// refuse answers everything that does not reach a command. Every answer of
// YouMe is HTTP 200, one to a caller who is too fast included.
func refuse(_ *mock.Call, p mock.Problem) mock.Answer {
	switch p.Kind {
	case mock.UnknownPath:
		return fail(codeCommand)
	case mock.WrongMethod:
		return fail(codeMethod)
	case mock.UnknownSender:
		return fail(codeAppKey)
	case mock.TooLarge:
		return fail(codeBody)
	case mock.TooFast:
		return fail(codeTooFast)
	case mock.BadSignature, mock.Coded:
		return fail(p.Code)
	case mock.Invalid:
		switch p.Violation.Rule {
		case "json":
			return fail(codeBody)
		case "x-max-bytes":
			return fail(codeTooLong)
		}
		return fail(codeField)
	}
	return fail(codeInternal)
}
