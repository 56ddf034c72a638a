package simulator

import (
	"slices"
	"time"

	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
)

// wire is a replica's transport: the vendor's delivery and what people do once it
// has arrived, in virtual time.
type wire struct {
	sim *sim
	svc *pairing.Service
}

// Take implements pairing.Transport.
func (w *wire) Take(out []pairing.Outgoing) {
	for _, o := range out {
		if o.Entry.Kind == ticket.ToClient {
			w.command(o)
			continue
		}
		w.sim.after(0, func() {
			if w.alive() {
				w.svc.Delivered(w.sim.ctx, o, w.svc.Deliver(w.sim.ctx, o))
			}
		})
	}
}

// alive reports whether the replica still serves; a dead one records nothing.
func (w *wire) alive() bool { return slices.Contains(w.sim.svcs, w.svc) }

// command sends a command to a device: late, not at all, or twice.
func (w *wire) command(o pairing.Outgoing) {
	s, t, e := w.sim, o.Ticket, o.Entry
	i := s.index[t.Asker]
	ids := []int{i, int(e.To), e.Round, e.Attempts}
	result, lost := ticket.Delivered, s.world.chance(0.002+s.scenario.loss, "lost "+e.Name, ids...)
	if s.vendorDown(s.at) || s.world.chance(0.005+s.scenario.failures, "fails "+e.Name, ids...) {
		result = ticket.DeliveryRetry
	}
	s.messages++
	if e.Name == ticket.CommandRescind {
		s.rescinds++
	}
	s.after(s.world.lognormal(120*time.Millisecond, 0.5, "wire "+e.Name, ids...), func() {
		if w.alive() {
			w.svc.Delivered(s.ctx, o, result)
		}
		switch {
		case result != ticket.Delivered:
		case e.Name == ticket.CommandDispatch && !lost:
			s.ring(t.AskNo, i, e.To, e.Round)
			if s.world.chance(0.001, "twice", ids...) {
				s.ring(t.AskNo, i, e.To, e.Round)
			}
		case e.Name == ticket.CommandEnd && e.To == t.Asker:
			s.again(i)
		}
	})
}
