package linkv

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strconv"
	"time"

	"switchboard/vendors"
	"switchboard/vendors/upstream"
)

// The types of changeGold (docs/vendors/linkv.md#coins).
const (
	addCoins    = "1"
	removeCoins = "2"
)

// Balance returns the coins of user, whom LinkV registers when it has never seen
// them.
func (a *adapter) Balance(ctx context.Context, user string) (int64, error) {
	if err := limits.Check(a.name, vendors.OpBalance, vendors.Size{IDs: []string{user}}); err != nil {
		return 0, err
	}
	openID, err := a.openID(ctx, vendors.OpBalance, vendors.User{ID: user})
	if err != nil {
		return 0, err
	}
	return a.balance(ctx, openID)
}

func (a *adapter) balance(ctx context.Context, openID string) (int64, error) {
	var out struct {
		Data struct { // a list is refused: an answer without coins has no balance
			Tokens       upstream.Text `json:"tokens"`
			LivemeTokens upstream.Text `json:"livemeTokens"` // what one of the vendor's SDKs reads instead
		} `json:"data"`
	}
	call := a.liveCall(vendors.OpBalance, upstream.Read, "/open/finanv0/getUserTokens", upstream.Fields{{"uid", openID}})
	if err := a.live.Do(ctx, call, &out); err != nil {
		return 0, err
	}
	coins := out.Data.Tokens
	if coins == "" {
		coins = out.Data.LivemeTokens
	}
	n, err := coins.Int()
	if err != nil {
		return 0, a.unreadable(vendors.OpBalance) // money is never guessed
	}
	return n, nil
}

// Adjust adds or removes coins. LinkV applies one request id once.
func (a *adapter) Adjust(ctx context.Context, adj vendors.Adjustment) error {
	if err := limits.Check(a.name, vendors.OpAdjust, vendors.Size{IDs: []string{adj.User}}); err != nil {
		return err
	}
	if adj.Delta == 0 || adj.RequestID == "" {
		return vendors.Refuse(a.name, vendors.OpAdjust, vendors.ErrInvalid, "a change needs a request id and an amount other than zero")
	}
	openID, err := a.openID(ctx, vendors.OpAdjust, vendors.User{ID: adj.User})
	if err != nil {
		return vendors.BeforeWrite(err) // no coin has moved
	}
	call := a.liveCall(vendors.OpAdjust, upstream.Write, "/open/finanv0/changeGold", a.goldForm(openID, adj))
	call.Idempotent = true
	err = a.live.Do(ctx, call, nil)
	if adj.Delta < 0 && errors.Is(err, vendors.ErrUnknownCode) {
		return a.whyRefused(ctx, openID, adj, err)
	}
	return err
}

func (a *adapter) goldForm(openID string, adj vendors.Adjustment) upstream.Fields {
	form := upstream.Fields{
		{"uid", openID},
		{"request_id", a.requestID(adj.RequestID)},
		{"type", addCoins},
		{"value", strconv.FormatInt(adj.Delta, 10)},
		{"expriation", strconv.FormatInt(a.coinsExpire(time.Now()), 10)}, // the vendor's spelling
	}
	if adj.Delta < 0 {
		form.Set("type", removeCoins)
		form.Set("value", strconv.FormatInt(adj.Delta, 10)[1:]) // without the sign, exact for the lowest int64 too
	}
	if adj.Reason != "" {
		form.Set("reason", adj.Reason)
	}
	return form
}

// requestID makes the 32 characters that LinkV asks for out of any caller's
// id: the same for the same account and id, in every process and for ever, so
// that a repeat is a repeat at the vendor too.
func (a *adapter) requestID(callers string) string {
	sum := sha256.Sum256([]byte(a.cfg.LiveAppID + "\x00" + callers))
	return hex.EncodeToString(sum[:16])
}

// coinsExpire is the Unix time in seconds at which coins added now expire. It
// is the same all day, as in the vendor's own example.
func (a *adapter) coinsExpire(now time.Time) int64 {
	return now.UTC().Truncate(24*time.Hour).AddDate(0, 0, a.cfg.CoinDays).Unix()
}

// whyRefused looks at the balance after a removal was refused with a code that
// LinkV does not publish, as it does for too few coins
// (docs/vendors/linkv.md#codes). The refusal stands either way; only its reason is
// found out.
func (a *adapter) whyRefused(ctx context.Context, openID string, adj vendors.Adjustment, refusal error) error {
	have, err := a.balance(ctx, openID)
	var e *vendors.Error
	if err != nil || have+adj.Delta >= 0 || !errors.As(refusal, &e) {
		return refusal
	}
	told := *e
	told.Err = vendors.ErrInsufficient
	return &told
}
