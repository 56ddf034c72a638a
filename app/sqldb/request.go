package sqldb

import "sync/atomic"

// request is one write on its way to a writer.
type request struct {
	key   string
	run   func(*Tx) error
	batch batch // for an item of a batch, instead of run
	item  any
	err   error // owned by the writer until it answers
	done  chan error
	state atomic.Int32
}

const (
	waiting int32 = iota
	taken
	withdrawn
)

func (r *request) take() bool { return r.state.CompareAndSwap(waiting, taken) }

// batch is a Batch whatever its items are.
type batch interface {
	runAll(tx *Tx, part []*request) error
	tell(part []*request) // of their commit
}
