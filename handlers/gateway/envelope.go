// Package gateway serves the gateway API: conversations and /notify at the root,
// and the app's own back end under /inner (docs/product-api.md#gateway-api).
package gateway

import (
	"errors"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/app/problem"
	"switchboard/handlers"
)

// answer is the API's envelope: success leaves error out, failure leaves data out.
type answer struct {
	Code  int    `json:"code"`
	Error string `json:"error,omitempty"`
	Data  any    `json:"data,omitempty"`
}

func success(c *fiber.Ctx, data any) error { return c.JSON(answer{Data: data}) }

// The API's codes (docs/product-api.md#gateway-codes).
const (
	codeInvalid          = 10001
	codeInternal         = 10002
	codeForbidden        = 10003
	codeNoMember         = 10004
	codeNoConversation   = 10005
	codeArchived         = 10006
	codeBanned           = 10007
	codeInvalidToken     = 10101
	codeConversationType = 90010
	codeNoUsers          = 90011
	codeNoConversations  = 90012
	codeProtocol         = 90013
)

// Refusals that no domain has a word for.
var (
	errProtocol        = problem.New(problem.Invalid, "protoc must be ws, sse or poll")
	errNoConversations = problem.New(problem.Invalid, "conversation_ids: at least one is required")
)

// coded are the errors whose code does not follow from their kind.
var coded = []struct {
	match error
	code  int
}{
	{conversation.ErrUnknownUser, codeInvalid},
	{conversation.ErrKeyReused, codeInvalid},
	{conversation.ErrBanned, codeBanned},
	{conversation.ErrBadType, codeConversationType},
	{conversation.ErrUnknownConversation, codeNoConversation},
	{conversation.ErrNotMember, codeNoMember},
	{conversation.ErrArchived, codeArchived},
	{conversation.ErrNoMembers, codeNoUsers},
	{errProtocol, codeProtocol},
	{errNoConversations, codeNoConversations},
}

// Failure is fiber's error handler for the API's paths. The status is 200 for what
// the document gives a code for; what never reached a handler keeps its own.
func Failure(c *fiber.Ctx, err error) error {
	p := handlers.Refuse(c, err)
	status, code := codeOf(err, p.Status)
	return c.Status(status).JSON(answer{Code: code, Error: p.Text})
}

func codeOf(err error, status int) (int, int) {
	for _, row := range coded {
		if errors.Is(err, row.match) {
			return fiber.StatusOK, row.code
		}
	}
	switch {
	case status == fiber.StatusBadRequest, status == fiber.StatusUnprocessableEntity:
		return fiber.StatusOK, codeInvalid
	case status == fiber.StatusUnauthorized:
		return fiber.StatusOK, codeInvalidToken
	case status == fiber.StatusForbidden:
		return fiber.StatusOK, codeForbidden
	case status >= fiber.StatusInternalServerError:
		return status, codeInternal
	}
	return status, codeInvalid
}
