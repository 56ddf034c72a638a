package messages

import (
	"context"
	"errors"
	"sync"

	"switchboard/vendors"
)

// maxIntroduced bounds what is remembered; then it is found out anew.
const maxIntroduced = 100_000

// introduced remembers whom an account knows, so that it is told once. The zero value is
// ready. It is safe for concurrent use.
type introduced struct {
	mu   sync.Mutex // guards done
	done map[string]bool
}

func (i *introduced) strangers(account string, ids []string) (out []string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	seen := map[string]bool{}
	for _, id := range ids {
		if !i.done[account+"\x00"+id] && !seen[id] {
			seen[id] = true
			out = append(out, id)
		}
	}
	return out
}

func (i *introduced) keep(account string, rows []vendors.MemberResult) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.done == nil || len(i.done) > maxIntroduced {
		i.done = map[string]bool{}
	}
	for _, r := range rows {
		if r.Err == nil {
			i.done[account+"\x00"+r.User] = true
		}
	}
}

func (i *introduced) drop(account, id string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.done, account+"\x00"+id)
}

// introduce makes people known to a vendor that does not take messages to strangers,
// before their first message there. Whom it does not take is left to the send, which
// tells why. An error says that nothing was sent.
func (s *Service) introduce(ctx context.Context, v *vendors.Vendor, m vendors.Message) error {
	if v.UserImport == nil || v.Traits.UnknownUsers == vendors.UnknownTaken || m.Kind != vendors.ToUsers && m.Kind != vendors.ToSystem {
		return nil
	}
	ids := s.introduced.strangers(v.Name, append([]string{m.From}, m.To...))
	size := v.Limits[vendors.OpUserImport].Targets
	if size <= 0 {
		size = max(len(ids), 1)
	}
	for len(ids) > 0 {
		some := make([]vendors.User, min(size, len(ids)))
		for i := range some {
			some[i].ID = ids[i]
		}
		ids = ids[len(some):]
		rows, err := v.UserImport.ImportUsers(ctx, some)
		s.introduced.keep(v.Name, rows)
		if o := vendors.OutcomeOf(err); err != nil && o != vendors.DefiniteNo && o != vendors.Partial {
			if o == vendors.Throttled {
				return err
			}
			return &vendors.Error{Vendor: v.Name, Op: vendors.OpSend(m.Kind), Outcome: vendors.NotSent, Effect: vendors.Write, Err: err}
		}
	}
	return nil
}

// sendTo is the vendor's send, behind what it has to know of people.
func (s *Service) sendTo(ctx context.Context, v *vendors.Vendor, m vendors.Message) (vendors.Receipt, error) {
	if err := s.introduce(ctx, v, m); err != nil {
		return vendors.Receipt{}, err
	}
	out, err := v.Messages.Send(ctx, m)
	for _, t := range out.Targets {
		if errors.Is(t.Err, vendors.ErrNotFound) {
			s.introduced.drop(v.Name, t.Target) // removed there meanwhile: the next message introduces them
		}
	}
	return out, err
}
