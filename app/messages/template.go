package messages

import (
	"context"
	"errors"

	"switchboard/vendors"
)

// separately is how many targets of a template one portion has where every text is a
// call of its own.
const separately = 20

// SendTemplate is Send for a template. A vendor without templates is sent each target's
// text as a message of its own. Of two fillings of one target the first counts.
func (s *Service) SendTemplate(ctx context.Context, by vendors.Request, t vendors.Template) (vendors.Receipt, error) {
	var to []string
	var fillings []vendors.Filling
	seen := map[string]bool{}
	for _, f := range t.To {
		if !seen[f.Target] {
			seen[f.Target] = true
			to, fillings = append(to, f.Target), append(fillings, f)
		}
	}
	return s.sendAll(ctx, by, vendors.OpSendTemplate, to, func(ctx context.Context, v *vendors.Vendor, some []int) (vendors.Receipt, error) {
		t := t
		t.To = pick(fillings, some)
		if v.Templates == nil {
			return s.sendFilled(ctx, v, t)
		}
		return v.Templates.SendTemplate(ctx, t)
	})
}

// sendFilled sends a template text by text. A vendor that was not reached for one is
// not asked for the rest; the error is that of the first when nobody was served.
func (s *Service) sendFilled(ctx context.Context, v *vendors.Vendor, t vendors.Template) (vendors.Receipt, error) {
	texts := make([]string, len(t.To))
	for i, f := range t.To {
		text, complete := t.Fill(f)
		if !complete {
			return vendors.Receipt{}, vendors.Refuse(v.Name, vendors.OpSendTemplate, vendors.ErrInvalid, "a placeholder has no value")
		}
		texts[i] = text
	}
	out := vendors.Receipt{Targets: make([]vendors.TargetResult, len(t.To))}
	served, stopped := false, error(nil)
	for i, f := range t.To {
		out.Targets[i] = vendors.TargetResult{Target: f.Target, Err: stopped}
		if stopped != nil {
			continue
		}
		one, err := s.sendTo(ctx, v, vendors.Message{Kind: t.Kind, From: t.From, To: []string{f.Target}, Content: vendors.Content{Kind: vendors.Text, Text: texts[i]}})
		if err == nil && len(one.Targets) == 1 {
			out.Targets[i] = one.Targets[0]
		}
		if err != nil {
			out.Targets[i].Err = err
		}
		if o := vendors.OutcomeOf(err); err != nil && o != vendors.DefiniteNo && o != vendors.Ambiguous || errors.Is(err, vendors.ErrUnsupported) {
			stopped = err // nothing was sent, and nothing of the rest would be
		}
		served = served || out.Targets[i].Err == nil || vendors.OutcomeOf(out.Targets[i].Err) == vendors.Ambiguous
	}
	if !served {
		return vendors.Receipt{}, out.Targets[0].Err
	}
	return out, nil
}
