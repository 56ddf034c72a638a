// Package im serves the conversation API under /im, with its files and its socket
// (docs/product-api.md#conversation-api).
package im

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/conversation"
	"switchboard/app/problem"
	"switchboard/app/realtime/wire"
	"switchboard/app/uploads"
	"switchboard/handlers"
	"switchboard/middleware"
)

// answer is the API's envelope. The request id is null when the caller gave none.
type answer struct {
	Code      int     `json:"code"`
	Message   string  `json:"message"`
	Data      any     `json:"data"`
	RequestID *string `json:"request-id"`
}

func success(c *fiber.Ctx, data any) error {
	return c.JSON(answer{Message: "ok", Data: data, RequestID: requestID(c)})
}

// requestID is what the caller sent as Request-Id or X-Request-Id.
func requestID(c *fiber.Ctx) *string {
	id := middleware.IDOf(c)
	if c.Get("Request-Id") != id && c.Get("X-Request-Id") != id {
		return nil
	}
	return wire.TextOrNil(id)
}

// The API's codes (docs/product-api.md#conversation-codes).
const (
	codeInternal            = 1
	codeUnknownUser         = 211
	codeBadUserID           = 212
	codeBanned              = 213
	codeRefused             = 214 // the token, the key or the caller's rights
	codeMissing             = 4001
	codeHeader              = 4002
	codeUnknownConversation = 4011
	codeConversationType    = 4405
	codeFormat              = 4406
	codeFileType            = 4601
)

var errNoAppID = problem.New(problem.Unauthenticated, "the app-id header is required")

// coded are the errors whose code does not follow from their kind. A conversation
// hides from clients that are no members.
var coded = []struct {
	match error
	code  int
}{
	{conversation.ErrMissing, codeMissing},
	{conversation.ErrNoMembers, codeMissing},
	{conversation.ErrUnknownUser, codeUnknownUser},
	{conversation.ErrBadUserID, codeBadUserID},
	{conversation.ErrBanned, codeBanned},
	{conversation.ErrBadType, codeConversationType},
	{conversation.ErrUnknownConversation, codeUnknownConversation},
	{conversation.ErrNotMember, codeUnknownConversation},
	{conversation.ErrArchived, codeRefused},
	{conversation.ErrNotAllowed, codeRefused},
	{conversation.ErrKeyReused, codeFormat},
	{uploads.ErrType, codeFileType},
	{access.ErrUnknownApp, codeHeader},
	{errNoAppID, codeHeader},
	{middleware.ErrNoToken, codeHeader},
	{middleware.ErrOtherApp, codeRefused},
	{middleware.ErrOtherUser, codeRefused},
	{access.ErrServerKey, codeRefused},
	{access.ErrToken, codeRefused},
	{access.ErrTokenExpired, codeRefused},
}

// Failure is fiber's error handler for the API's paths. The status is 200 where
// the document has a code.
func Failure(c *fiber.Ctx, err error) error {
	p := handlers.Refuse(c, err)
	code, status := codeOf(err, p), fiber.StatusOK
	if code == codeInternal {
		status = p.Status
	}
	return c.Status(status).JSON(answer{Code: code, Message: p.Text, RequestID: requestID(c)})
}

func codeOf(err error, p handlers.Problem) int {
	for _, row := range coded {
		if errors.Is(err, row.match) {
			return row.code
		}
	}
	if p.Status == fiber.StatusBadRequest || p.Status == fiber.StatusUnprocessableEntity {
		return codeFormat
	}
	return codeInternal
}
