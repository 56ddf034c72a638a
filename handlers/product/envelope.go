// Package product serves the product API: the clients' side under /api/v1, the
// back ends' under /api/server (docs/product-api.md#product-api).
package product

import (
	"errors"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/rooms"
	"switchboard/handlers"
	"switchboard/vendors"
)

// answer is the API's envelope. Time is in Unix seconds; err is null on success.
type answer struct {
	Code int     `json:"code"`
	Data any     `json:"data"`
	Err  *string `json:"err"`
	Time int64   `json:"time"`
}

func success(c *fiber.Ctx, data any) error {
	return c.JSON(answer{Data: data, Time: time.Now().Unix()})
}

// Failure is fiber's error handler for the API's paths.
func Failure(c *fiber.Ctx, err error) error {
	p := handlers.Refuse(c, err)
	status, code := codeOf(err, p)
	return c.Status(status).JSON(answer{Code: code, Data: dataOf(err), Err: &p.Text, Time: time.Now().Unix()})
}

// dataOf is what a caller can go on with after a refusal; nil for most.
func dataOf(err error) any {
	var busy *ticket.BusyError
	var later *pairing.RetryError
	var unable *rooms.UnableError
	var lacking *vendors.UnableError
	switch {
	case errors.As(err, &busy):
		return fiber.Map{"ask_no": busy.AskNo}
	case errors.As(err, &later):
		return fiber.Map{"retry_after_ms": later.After.Milliseconds()}
	case errors.As(err, &lacking):
		return fiber.Map{"unable": orEmpty(lacking.Unable), "able": orEmpty(lacking.Able)}
	case errors.As(err, &unable):
		return fiber.Map{"able": orEmpty(unable.Able)}
	}
	return nil
}
