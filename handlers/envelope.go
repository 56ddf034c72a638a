package handlers

import (
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"
)

// family is a surface with an envelope of its own (DESIGN.md section 8).
type family struct {
	failure func(c *fiber.Ctx, err error, p failure, data any) error
}

// familyOf tells the family from the path, so that requests which no route
// serves are answered in the right envelope as well.
func familyOf(path string) family {
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	switch {
	case first == "api":
		return family{productFailure}
	case first == "im", first == "storage":
		return family{imFailure}
	case first == "inner", isGateway("/" + first):
		return family{gatewayFailure}
	}
	return family{plainFailure}
}

// productAnswer is the envelope of the product API (seed 000). Time is in Unix
// seconds; err is null on success.
type productAnswer struct {
	Code int     `json:"code"`
	Data any     `json:"data"`
	Err  *string `json:"err"`
	Time int64   `json:"time"`
}

func productSuccess(c *fiber.Ctx, data any) error {
	return c.JSON(productAnswer{Data: data, Time: time.Now().Unix()})
}

func productFailure(c *fiber.Ctx, _ error, p failure, data any) error {
	return c.Status(p.status).JSON(productAnswer{Code: p.product, Data: data, Err: &p.text, Time: time.Now().Unix()})
}

// gatewayAnswer is the envelope of the gateway API (seed 003): success leaves
// error out, failure leaves data out.
type gatewayAnswer struct {
	Code  int    `json:"code"`
	Error string `json:"error,omitempty"`
	Data  any    `json:"data,omitempty"`
}

// The gateway API's codes that do not come from a rule of its domain.
const (
	gatewayInvalid      = 10001
	gatewayInternal     = 10002
	gatewayForbidden    = 10003
	gatewayInvalidToken = 10101
)

func gatewaySuccess(c *fiber.Ctx, data any) error { return c.JSON(gatewayAnswer{Data: data}) }

// gatewayFailure keeps HTTP 200 for what the document gives a code for; what
// never reached a handler keeps its status.
func gatewayFailure(c *fiber.Ctx, err error, p failure, _ any) error {
	status, code := fiber.StatusOK, gatewayInvalid
	if documented := documentedCodes(err).gateway; documented != 0 {
		return c.JSON(gatewayAnswer{Code: documented, Error: p.text})
	}
	switch p.status {
	case fiber.StatusBadRequest, fiber.StatusUnprocessableEntity:
	case fiber.StatusUnauthorized:
		code = gatewayInvalidToken
	case fiber.StatusForbidden:
		code = gatewayForbidden
	default:
		if status = p.status; status >= fiber.StatusInternalServerError {
			code = gatewayInternal
		}
	}
	return c.Status(status).JSON(gatewayAnswer{Code: code, Error: p.text})
}

// plainFailure is for what no document describes: operators' paths and probes.
func plainFailure(c *fiber.Ctx, _ error, p failure, _ any) error {
	return c.Status(p.status).JSON(fiber.Map{"error": p.text})
}
