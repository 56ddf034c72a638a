package im

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/conversation"
	"switchboard/handlers"
)

func missing(name string) error { return fmt.Errorf("%w: %s", conversation.ErrMissing, name) }

// listPart is the part of a list that was asked for. Echo is the size as it came:
// the document's per_page has the type that was sent.
type listPart struct {
	page, size int
	echo       any
	cursor     *string // from where to go on; nil: the list is asked for by pages
}

// listAnswer is a list that is read by cursor, which is ours: pages move when
// something is added at their top, a cursor does not.
type listAnswer struct {
	Data    any    `json:"data"`
	PerPage any    `json:"per_page"`
	Cursor  string `json:"cursor"` // where it goes on; empty at the end
	More    bool   `json:"more"`
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
		Page   json.RawMessage `json:"page"`
		Size   json.RawMessage `json:"size"`
		Cursor *string         `json:"cursor"`
	}
	if err := handlers.DecodeJSON(c, &in); err != nil {
		return listPart{}, err
	}
	p := listPart{page: 1, size: usual, cursor: in.Cursor}
	if c.Context().QueryArgs().Has("cursor") {
		cursor := c.Query("cursor")
		p.cursor = &cursor
	}
	if err := intFrom1("page", c.Query("page"), in.Page, &p.page); err != nil {
		return listPart{}, err
	}
	if err := intFrom1("size", c.Query("size"), in.Size, &p.size); err != nil {
		return listPart{}, err
	}
	p.size = min(p.size, maxPageSize)
	p.echo = p.size
	if c.Query("size") != "" || len(in.Size) > 0 && in.Size[0] == '"' {
		p.echo = strconv.Itoa(p.size)
	}
	return p, nil
}

// intFrom1 reads a number from 1 from the query or, when that has none, the body.
func intFrom1(name, query string, body json.RawMessage, into *int) error {
	raw := body
	if query != "" {
		raw, _ = json.Marshal(query)
	}
	if raw == nil {
		return nil
	}
	n := handlers.FlexInt(*into)
	if err := json.Unmarshal(raw, &n); err != nil || n < 1 {
		return handlers.Invalid("%s: a whole number from 1", name)
	}
	*into = int(n)
	return nil
}
