package product

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/ledger"
	"switchboard/app/moderation"
	"switchboard/app/problem"
	"switchboard/handlers"
	"switchboard/middleware"
	"switchboard/vendors"
)

// Words serves the sensitive words under /api/server/words.
type Words struct {
	Words  *moderation.Service
	Lists  moderation.VendorLists
	Ledger *ledger.Ledger
}

// Mount adds the routes; r is behind middleware.Server.
func (h Words) Mount(r fiber.Router) {
	r.Get("/words", h.list)
	r.Post("/words", func(c *fiber.Ctx) error { return h.change(c, false) })
	r.Delete("/words", func(c *fiber.Ctx) error { return h.change(c, true) })
}

// listedWord is one entry of the merged list.
type listedWord struct {
	Text    string            `json:"text"`
	Origin  moderation.Origin `json:"origin"`
	Replace string            `json:"replace,omitempty"`
	Whole   bool              `json:"whole"`
}

// list answers a page of what texts are checked against now. A list that is read anew
// between two pages may repeat or leave out an entry.
func (h Words) list(c *fiber.Ctx) error {
	limit, err := limitOf(c)
	if err != nil {
		return err
	}
	behind, err := behindOf(c)
	if err != nil {
		return err
	}
	from, ok := int64(0), true
	if behind != "" {
		from, ok = handlers.ParseInt(behind)
	}
	if !ok || from < 0 {
		return handlers.Invalid("cursor: not one of ours")
	}
	all, reason := h.shown(middleware.AppOf(c).ID)
	page := all[min(int(from), len(all)):min(int(from)+limit, len(all))]
	out := make([]listedWord, len(page))
	for i, w := range page {
		out[i] = listedWord{Text: w.Text, Origin: w.Origin, Replace: w.Replace, Whole: w.Whole}
	}
	var next *string
	if end := int(from) + limit; end < len(all) {
		cursor := cursorOf(strconv.Itoa(end))
		next = &cursor
	}
	return success(c, fiber.Map{"words": out, "next": next, "reason": reason})
}

// shown is what an app may see of the merged list. An account that other apps have, or
// that is not the app's, has words of theirs: they are left out, with the reason.
func (h Words) shown(app string) (list []moderation.Listed, reason *string) {
	all, routes := h.Words.Merged(), h.Lists.Routes
	if all.Account == "" || slices.Contains(routes.AccountsFor(app), all.Account) && routes.Alone(app, all.Account) {
		return all.Words, nil
	}
	why := handlers.Find(errOthersWords).Text
	return slices.DeleteFunc(slices.Clone(all.Words), func(w moderation.Listed) bool { return w.Origin == moderation.OfVendor }), &why
}

// errOthersWords is why a vendor's words are not shown.
var errOthersWords = problem.New(problem.Forbidden, "the vendor's list is other apps' as well, and is not shown")

const (
	maxWords    = 200
	maxWordText = 256 // bytes of a word or its replacement
)

// change adds words to the vendor's own list, or removes them.
func (h Words) change(c *fiber.Ctx, remove bool) error {
	var in struct {
		Words []struct {
			Text    string `json:"text"`
			Replace string `json:"replace"`
		} `json:"words"`
	}
	if err := handlers.DecodeParams(c, &in); err != nil {
		return err
	}
	if len(in.Words) == 0 || len(in.Words) > maxWords {
		return handlers.Invalid("words: 1 to %d are required", maxWords)
	}
	change := moderation.Change{Remove: remove}
	for _, w := range in.Words {
		if w.Text == "" || len(w.Text) > maxWordText || len(w.Replace) > maxWordText {
			return handlers.Invalid("words: texts of 1 to %d bytes are required", maxWordText)
		}
		word := vendors.Word{Text: w.Text}
		if !remove {
			word.Replace = w.Replace
		}
		if !slices.ContainsFunc(change.Words, func(had vendors.Word) bool { return had.Text == w.Text }) {
			change.Words = append(change.Words, word)
		}
	}
	if shares(h.Lists.Routes, middleware.AppOf(c).ID, vendors.CapWords, "words.change") {
		return errShared
	}
	w := ledger.Write{Key: c.Get(handlers.IdempotencyKey), Op: vendors.OpWordChange, Payload: change}
	return idempotent(c, h.Ledger, w, func(ctx context.Context) (any, error) {
		fates, err := h.Lists.Apply(ctx, change)
		if err != nil {
			return nil, err
		}
		defer h.Words.Again()
		return wordRows(fates)
	})
}

func wordRows(fates []moderation.Fate) (any, error) {
	var set rowSet
	for _, f := range fates {
		set.add(rowOf(f.Text, f.Account, f.Err), f.Err)
	}
	return set.result()
}

// SettleWords is the ledger's recipe for a change of words in doubt.
func SettleWords(l moderation.VendorLists) ledger.Recipe {
	return func(ctx context.Context, _, account string, _ time.Time, payload, _ []byte) (any, error) {
		fates, err := l.Settle(ctx, account, payload)
		if err != nil {
			return nil, err
		}
		return wordRows(fates)
	}
}
