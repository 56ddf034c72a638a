package linkv

import (
	"math"
	"slices"
	"strconv"

	"switchboard/mocks/mock"
)

// account is a user at the live side.
type account struct {
	user, openID   string
	name, portrait string
	coins          int64
	paid           []PaidOrder
}

// PaidOrder is an order that orderSuccess told of, as it came.
type PaidOrder struct{ Coins, OrderID, Money, Channel, Platform string }

// PaidOrders returns the orders of a user or an openId that were applied, oldest
// first.
func (a *App) PaidOrders(userOrOpenID string) (paid []PaidOrder) {
	a.Do(func() {
		if acc := a.account(userOrOpenID); acc != nil {
			paid = slices.Clone(acc.paid)
		}
	})
	return paid
}

// order is what a request_id was used for. A repeat has to ask for the same;
// expriation and reason may differ, since a client that repeats a call makes
// the first of them anew.
type order struct {
	paid             bool
	uid, kind, value string
}

// register returns the user's account, which begins with StartBalance coins.
func (a *App) register(user string) *account {
	if acc := a.accounts[user]; acc != nil {
		return acc
	}
	acc := &account{user: user, openID: a.Random.Digits(21), coins: a.cfg.StartBalance}
	a.accounts[user], a.byOpenID[acc.openID] = acc, acc
	return acc
}

// thGetToken wants name and portrait the first time, and takes them later.
func (a *App) thGetToken(c *mock.Call) mock.Answer {
	user, name, portrait := c.Get("userId"), c.Get("name"), c.Get("portraitUri")
	if a.accounts[user] == nil && (name == "" || portrait == "") {
		return a.words.fail(c, codeParameter)
	}
	acc := a.register(user)
	if name != "" {
		acc.name = name
	}
	if portrait != "" {
		acc.portrait = portrait
	}
	return a.words.live(codeOK, map[string]any{
		"token": a.Random.Hex(64), "im_token": a.issue(user, c.Now), "userId": user, "aid": c.Get("aid"), "openId": acc.openID,
	})
}

func (a *App) getUserTokens(c *mock.Call) mock.Answer {
	acc := a.byOpenID[c.Get("uid")]
	if acc == nil {
		return a.words.fail(c, codeNoUser)
	}
	return a.words.live(codeOK, a.coins(acc))
}

// coins carries both names that the vendor's clients read.
func (a *App) coins(acc *account) map[string]any {
	n := a.words.verdict(strconv.FormatInt(acc.coins, 10), false)
	return map[string]any{"tokens": n, "livemeTokens": n, "isMigrate": "0"}
}

func (a *App) changeGold(c *mock.Call) mock.Answer {
	if _, code := a.apply(c); code != codeOK {
		return a.words.fail(c, code)
	}
	return a.words.live(codeOK, nil)
}

func (a *App) orderSuccess(c *mock.Call) mock.Answer {
	acc, code := a.apply(c)
	if code != codeOK {
		return a.words.fail(c, code)
	}
	return a.words.live(codeOK, a.coins(acc))
}

// apply changes the coins once per request_id. A change that was refused used
// none: it may come again when there are coins enough.
func (a *App) apply(c *mock.Call) (*account, string) {
	acc := a.byOpenID[c.Get("uid")]
	if acc == nil {
		return nil, codeNoUser
	}
	o := order{paid: c.Op == opOrder, uid: acc.openID, kind: c.Get("type"), value: c.Get("value")}
	if earlier, done := a.orders[c.Get("request_id")]; done {
		if earlier != o {
			return nil, codeRequestID
		}
		return acc, codeOK
	}
	n, err := strconv.ParseInt(o.value, 10, 64)
	if err != nil || o.kind == "1" && acc.coins > math.MaxInt64-n {
		return nil, codeParameter
	}
	if o.kind == "2" {
		if acc.coins < n {
			return nil, codeInsufficient
		}
		n = -n
	}
	acc.coins += n
	a.orders[c.Get("request_id")] = o
	if o.paid {
		acc.paid = append(acc.paid, PaidOrder{
			Coins: o.value, OrderID: c.Get("order_id"), Money: c.Get("money"), Channel: c.Get("channel"), Platform: c.Get("platform"),
		})
	}
	return acc, codeOK
}
