package handlers

import (
	"bufio"
	"context"
	"io"
	"time"

	"github.com/gofiber/fiber/v2"
)

const linesTime = 10 * time.Minute // for an answer of many lines to be taken whole

// Lines answers with JSON Lines that write makes while they are taken: no more than a
// buffer of them is held. What goes wrong meanwhile is told to failed alone, since the
// answer has begun.
func Lines(c *fiber.Ctx, write func(context.Context, io.Writer) error, failed func(error)) error {
	ctx := context.WithoutCancel(c.UserContext())
	if err := c.Context().SetWriteDeadline(time.Now().Add(linesTime)); err != nil {
		return err
	}
	c.Set(fiber.HeaderContentType, "application/x-ndjson")
	c.Context().SetBodyStreamWriter(func(w *bufio.Writer) {
		ctx, cancel := context.WithTimeout(ctx, linesTime)
		defer cancel()
		err := write(ctx, w)
		if err == nil {
			err = w.Flush()
		}
		if err != nil {
			failed(err)
		}
	})
	return nil
}
