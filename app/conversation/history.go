package conversation

import (
	"context"
	"slices"
)

const (
	historyLimit = 500     // messages in one answer
	historyBytes = 2 << 20 // of what they say; the first one is shown in any case
	historyRead  = 128     // messages that are read of the store at once
	resumeLimit  = 1000    // messages that a resume serves
)

// Window is a stretch of a conversation's history. Its ends need not be ids of
// stored messages: they order like text.
type Window struct {
	From, To            string // message ids; empty: no bound
	AfterFrom, BeforeTo bool   // leave the end itself out
	Limit               int    // 0 or more than 500: 500
	Newest              bool   // take from the To end when there are more than Limit
	Descending          bool   // the order of the answer, after choosing
}

// History is what a Window shows.
type History struct {
	Messages []Message
	More     bool // the window holds more than Limit, or than fits one answer
	Cut      bool // it is less than Limit: no more fitted the answer
}

// History reads stored messages that the caller may see: ErrUnknownConversation,
// ErrNotMember, ErrBadFormat for an end that is no message id.
func (s *Service) History(ctx context.Context, c Caller, conversation string, w Window) (History, error) {
	m, err := s.viewer(ctx, c, conversation)
	if err != nil {
		return History{}, err
	}
	from, to, err := s.seqRange(ctx, conversation, w)
	if err != nil {
		return History{}, err
	}
	from = max(from, m.JoinSeq+1)
	if to >= 0 && to < from {
		return History{}, nil
	}
	limit := w.Limit
	if limit <= 0 || limit > historyLimit {
		limit = historyLimit
	}
	h, err := s.read(ctx, conversation, from, max(to, 0), limit, w.Newest)
	if err != nil {
		return History{}, err
	}
	if w.Descending != w.Newest {
		slices.Reverse(h.Messages)
	}
	return h, nil
}

// read takes messages from one end until there are limit of them or they fill an answer,
// in the order of taking. What is read at once is bounded too: each may be large.
func (s *Service) read(ctx context.Context, conversation string, from, to int64, limit int, newest bool) (h History, err error) {
	bytes := 0
	for {
		n := min(limit+1-len(h.Messages), historyRead)
		found, err := s.store.Messages(ctx, conversation, from, to, n, newest)
		if err != nil {
			return History{}, err
		}
		if newest {
			slices.Reverse(found)
		}
		for _, m := range found {
			bytes += len(m.Text) + len(m.Attr) + len(m.URL)
			h.Cut = len(h.Messages) > 0 && bytes > historyBytes
			if h.More = h.Cut || len(h.Messages) == limit; h.More {
				return h, nil
			}
			h.Messages = append(h.Messages, m)
		}
		if len(found) < n {
			return h, nil
		}
		if last := found[n-1].Seq; !newest {
			from = last + 1
		} else if to = last - 1; to < from {
			return h, nil
		}
	}
}

// seqRange turns the window's ids into seqs; to -1: no upper bound.
func (s *Service) seqRange(ctx context.Context, conversation string, w Window) (from, to int64, err error) {
	from, to = 1, -1
	if w.From != "" {
		seq, exact, err := s.seqOf(ctx, conversation, w.From)
		if err != nil {
			return 0, 0, err
		}
		if from = seq + 1; exact && !w.AfterFrom {
			from = seq
		}
	}
	if w.To != "" {
		seq, exact, err := s.seqOf(ctx, conversation, w.To)
		if err != nil {
			return 0, 0, err
		}
		if to = seq; exact && w.BeforeTo {
			to = seq - 1
		}
	}
	return from, to, nil
}

func (s *Service) seqOf(ctx context.Context, conversation, id string) (int64, bool, error) {
	if !ValidMessageID(id) {
		return 0, false, because(ErrBadFormat, "%q is no message id", id)
	}
	return s.store.SeqOf(ctx, conversation, id)
}

// MessagePage lists the messages that the caller may see, newest first:
// ErrUnknownConversation, ErrNotMember.
func (s *Service) MessagePage(ctx context.Context, c Caller, conversation string, page, size int) (Page[Message], error) {
	p := pageOf[Message](page, size, 10)
	m, err := s.viewer(ctx, c, conversation)
	if err != nil {
		return p, err
	}
	conv, err := s.store.Conversation(ctx, c.App, conversation)
	if err != nil {
		return p, err
	}
	first, err := s.store.FirstSeq(ctx, conversation, m.JoinSeq)
	if err != nil || first == 0 {
		return p, err
	}
	// Seqs are gapless from the oldest that is kept on, so they count.
	p.Total = int(conv.Last.Seq - first + 1)
	newest := conv.Last.Seq - int64(p.offset())
	if newest < first {
		return p, nil
	}
	p.Items, err = s.store.Messages(ctx, conversation, first, newest, p.Size, true)
	slices.Reverse(p.Items)
	return p, err
}

// Since is what a user missed after the message after, over all conversations
// that the user is in now, in id order, which keeps every conversation's own order.
// Recovered false: it is more than 1,000, or after is no message id, or what followed it
// was swept away by now, and the messages are not given.
func (s *Service) Since(ctx context.Context, app, user, after string) (missed []Message, recovered bool, err error) {
	if !ValidMessageID(after) {
		return nil, false, nil
	}
	missed, err = s.store.Since(ctx, app, user, after, s.openHistory(app), resumeLimit+1)
	if err != nil || len(missed) > resumeLimit {
		return nil, false, err
	}
	// Read after the messages: a sweep that took some of them has moved it by then.
	horizon, err := s.store.Horizon(ctx, app)
	if err != nil || after < horizon {
		return nil, false, err
	}
	return missed, true, nil
}

// After reads the app's messages with ids above the id, in id order. Ids are given
// in the order of commits, over all replicas: what is read once is never preceded
// by a later commit. Who reads on from the last id they have sees every message of
// the app once and in order; News only says when to look. Limit at most 1,000.
func (s *Service) After(ctx context.Context, app, id string, limit int) ([]Logged, error) {
	return s.store.After(ctx, app, id, min(max(limit, 1), resumeLimit))
}

// LastID is the id to read on from with After, also when all was swept away; empty when
// there is no message yet.
func (s *Service) LastID(ctx context.Context, app string) (string, error) {
	last, err := s.store.LastID(ctx, app)
	if err != nil || last != "" {
		return last, err
	}
	return s.store.Horizon(ctx, app)
}
