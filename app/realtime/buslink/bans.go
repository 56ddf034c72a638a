package buslink

import "context"

const unknownTick = -1 // of the clock of bans

// bans is what a Receiver knows of the clock of bans.
type bans struct {
	*Receiver
	tick  int64
	looks int // since all who are here were asked about
}

// look finds the bans whose news was lost by the clock that moves with each. When the
// clock cannot be read, nobody is taken for let in.
func (b *bans) look(ctx context.Context) {
	b.looks++
	tick, err := b.Store.BanTick(ctx)
	if err != nil {
		b.tick = unknownTick
		b.Forget()
		b.warn(ctx, err)
		return
	}
	if tick == b.tick && b.looks < lookEvery {
		return
	}
	if tick != b.tick {
		b.Forget()
	}
	if b.closeBanned(ctx) {
		b.tick, b.looks = tick, 0
	}
}

// closeBanned ends the sessions of those here who are banned, and says whether all
// were found.
func (b *bans) closeBanned(ctx context.Context) bool {
	banned, err := b.Store.Banned(ctx, b.Hub.Users())
	if err != nil {
		b.warn(ctx, err)
	}
	for _, u := range banned {
		b.Hub.Ban(u)
	}
	return err == nil
}

func (b *bans) warn(ctx context.Context, err error) {
	if ctx.Err() == nil {
		b.Log.Warn("bans cannot be read, sessions of banned users may stay open", "component", "realtime", "error", err)
	}
}
