package handlers

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
)

func missing(name string) error { return fmt.Errorf("%w: %s", conversation.ErrMissing, name) }

// whole is a whole number that clients send as a number or as a text.
type whole int

// UnmarshalJSON takes 1, "1", true and false; null leaves it as it is.
func (w *whole) UnmarshalJSON(raw []byte) error {
	text := string(raw)
	switch text {
	case "null":
		return nil
	case "true":
		*w = 1
		return nil
	case "false":
		*w = 0
		return nil
	}
	if raw[0] == '"' {
		if err := json.Unmarshal(raw, &text); err != nil {
			return err
		}
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		return &json.UnmarshalTypeError{Type: reflect.TypeFor[whole]()}
	}
	*w = whole(n)
	return nil
}

// listPart is the part of a list that was asked for. Echo is the size as it came:
// the document's per_page has the type that was sent.
type listPart struct {
	page, size int
	echo       any
}

// pageAnswer is a list in the conversation API.
type pageAnswer struct {
	CurrentPage int `json:"current_page"`
	Data        any `json:"data"`
	LastPage    int `json:"last_page"`
	PerPage     any `json:"per_page"`
	Total       int `json:"total"`
}

const maxPageSize = 100

// pageIn reads page and size from the query, or from a JSON body, which the
// document's sample sends with GET.
func pageIn(c *fiber.Ctx, usual int) (listPart, error) {
	var in struct {
		Page json.RawMessage `json:"page"`
		Size json.RawMessage `json:"size"`
	}
	if err := decodeJSON(c, &in); err != nil {
		return listPart{}, err
	}
	p := listPart{page: 1, size: usual}
	if err := number1("page", c.Query("page"), in.Page, &p.page); err != nil {
		return listPart{}, err
	}
	if err := number1("size", c.Query("size"), in.Size, &p.size); err != nil {
		return listPart{}, err
	}
	p.size = min(p.size, maxPageSize)
	p.echo = p.size
	if c.Query("size") != "" || len(in.Size) > 0 && in.Size[0] == '"' {
		p.echo = strconv.Itoa(p.size)
	}
	return p, nil
}

// number1 reads a number from 1 from the query or, when that has none, the body.
func number1(name, query string, body json.RawMessage, into *int) error {
	raw := body
	if query != "" {
		raw, _ = json.Marshal(query)
	}
	if raw == nil {
		return nil
	}
	n := whole(*into)
	if err := json.Unmarshal(raw, &n); err != nil || n < 1 {
		return invalid("%s: a whole number from 1", name)
	}
	*into = int(n)
	return nil
}
